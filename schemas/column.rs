//! How one Rust type becomes one Arrow column and comes back.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListBuilder, PrimitiveArray, RecordBatch, StringArray, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Int64Type};
use ids::{Digest, Name, Platform, RunId, VodId};

use crate::SchemaError;

/// A type that can be a column.
pub trait Column: Sized {
    /// Whether null is a value.
    const NULLABLE: bool = false;
    /// The Arrow type.
    fn kind() -> DataType;
    /// All `values` as one array.
    fn array<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef
    where
        Self: 'a;
    /// The value at `row`, or `None` when it breaks the rule of its type. `array` has the type [`Column::kind`].
    fn value(array: &dyn Array, row: usize) -> Option<Self>;
}

/// Every value of the column `name` of `batch`.
pub(crate) fn read<T: Column>(
    batch: &RecordBatch,
    table: &'static str,
    name: &'static str,
) -> Result<Vec<T>, SchemaError> {
    let array = batch.column_by_name(name).filter(|array| same_type(array.data_type(), &T::kind()));
    let array = array.ok_or(SchemaError::Column { table, column: name })?;
    (0..array.len())
        .map(|row| {
            let present = T::NULLABLE || array.is_valid(row);
            let value = if present { T::value(array.as_ref(), row) } else { None };
            value.ok_or(SchemaError::Value { table, column: name, row })
        })
        .collect()
}

/// Whether a stored type is the declared one; the names of list items do not count.
fn same_type(stored: &DataType, declared: &DataType) -> bool {
    match (stored, declared) {
        (DataType::List(stored), DataType::List(declared)) => same_type(stored.data_type(), declared.data_type()),
        (stored, declared) => stored == declared,
    }
}

macro_rules! primitive {
    ($rust:ty, $arrow:ty, $kind:expr) => {
        impl Column for $rust {
            fn kind() -> DataType {
                $kind
            }
            fn array<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
                Arc::new(PrimitiveArray::<$arrow>::from_iter_values(values.copied()))
            }
            fn value(array: &dyn Array, row: usize) -> Option<Self> {
                Some(array.as_primitive::<$arrow>().value(row))
            }
        }
        impl Column for Option<$rust> {
            const NULLABLE: bool = true;
            fn kind() -> DataType {
                $kind
            }
            fn array<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
                Arc::new(values.copied().collect::<PrimitiveArray<$arrow>>())
            }
            fn value(array: &dyn Array, row: usize) -> Option<Self> {
                Some(array.is_valid(row).then(|| array.as_primitive::<$arrow>().value(row)))
            }
        }
    };
}
primitive!(i64, Int64Type, DataType::Int64);
primitive!(f32, Float32Type, DataType::Float32);
primitive!(f64, Float64Type, DataType::Float64);

impl Column for bool {
    fn kind() -> DataType {
        DataType::Boolean
    }
    fn array<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
        Arc::new(values.map(|value| Some(*value)).collect::<BooleanArray>())
    }
    fn value(array: &dyn Array, row: usize) -> Option<Self> {
        Some(array.as_boolean().value(row))
    }
}

/// Types stored as their text: `Display` out, `FromStr` in.
macro_rules! text {
    ($($rust:ty),+) => {$(
        impl Column for $rust {
            fn kind() -> DataType {
                DataType::Utf8
            }
            fn array<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
                Arc::new(StringArray::from_iter_values(values.map(ToString::to_string)))
            }
            fn value(array: &dyn Array, row: usize) -> Option<Self> {
                array.as_string::<i32>().value(row).parse().ok()
            }
        }
        impl Column for Option<$rust> {
            const NULLABLE: bool = true;
            fn kind() -> DataType {
                DataType::Utf8
            }
            fn array<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
                Arc::new(values.map(|value| value.as_ref().map(ToString::to_string)).collect::<StringArray>())
            }
            fn value(array: &dyn Array, row: usize) -> Option<Self> {
                match array.is_valid(row) {
                    true => array.as_string::<i32>().value(row).parse().ok().map(Some),
                    false => Some(None),
                }
            }
        }
    )+};
}
text!(String, Digest, Name, Platform, RunId, VodId);

impl Column for Vec<String> {
    fn kind() -> DataType {
        DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)))
    }
    fn array<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
        let mut builder = ListBuilder::new(StringBuilder::new());
        for value in values {
            builder.append_value(value.iter().map(Some));
        }
        Arc::new(builder.finish())
    }
    fn value(array: &dyn Array, row: usize) -> Option<Self> {
        let items = array.as_list::<i32>().value(row);
        let items = items.as_string::<i32>();
        items.iter().map(|item| item.map(str::to_owned)).collect()
    }
}
