//! What a table is: its name, version and fields, and how rows become Arrow batches and come back.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;

/// One column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Column name.
    pub name: &'static str,
    /// What it holds, with its unit.
    pub description: &'static str,
    /// Its Arrow type.
    pub kind: fn() -> DataType,
    /// Whether it may be null.
    pub nullable: bool,
}

/// A table of the store.
#[derive(Debug)]
pub struct Table {
    /// Table name, also its folder in the store.
    pub name: &'static str,
    /// Version of the schema; part of the folder.
    pub version: u32,
    /// What one row is.
    pub description: &'static str,
    /// The columns in order.
    pub fields: &'static [Field],
}

impl Table {
    /// The Arrow schema of this table.
    pub fn schema(&self) -> SchemaRef {
        let fields: Vec<_> = self
            .fields
            .iter()
            .map(|field| arrow::datatypes::Field::new(field.name, (field.kind)(), field.nullable))
            .collect();
        Arc::new(Schema::new(fields))
    }

    /// The description kept in `golden/<table>.v<N>.json`, for people and other languages.
    pub fn describe(&self) -> serde_json::Value {
        let fields: Vec<_> = self
            .fields
            .iter()
            .map(|field| {
                serde_json::json!({
                    "name": field.name,
                    "type": (field.kind)().to_string(),
                    "nullable": field.nullable,
                    "description": field.description,
                })
            })
            .collect();
        serde_json::json!({
            "table": self.name, "version": self.version, "description": self.description, "fields": fields,
        })
    }
}

/// Why a batch is not a batch of the table it was taken for.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A batch has other columns than its table.
    #[error("table {table}: column {column:?} is missing or has another type")]
    Column {
        /// The table that was expected.
        table: &'static str,
        /// The first column that does not fit.
        column: &'static str,
    },
    /// A value breaks the rule of its column.
    #[error("table {table}: row {row} of column {column:?} is not valid")]
    Value {
        /// The table that was read.
        table: &'static str,
        /// The column that holds the value.
        column: &'static str,
        /// Zero-based row.
        row: usize,
    },
    /// Arrow refused to make a batch.
    #[error("table {table}: the columns do not make a batch")]
    Batch {
        /// The table that was written.
        table: &'static str,
        /// What Arrow says.
        source: ArrowError,
    },
}

/// A row of one table.
pub trait Row: Sized + Clone + Send + Sync + 'static {
    /// The table it belongs to.
    const TABLE: &'static Table;

    /// All `rows` as one Arrow batch.
    ///
    /// # Errors
    /// [`SchemaError::Batch`] when Arrow refuses the columns.
    fn to_batch(rows: &[Self]) -> Result<RecordBatch, SchemaError>;

    /// The rows of `batch`, checked column by column and value by value.
    ///
    /// # Errors
    /// [`SchemaError::Column`] and [`SchemaError::Value`].
    fn from_batch(batch: &RecordBatch) -> Result<Vec<Self>, SchemaError>;
}

/// Declares a table: the row struct, its Arrow fields and both conversions.
macro_rules! table {
    (
        $(#[doc = $table_doc:literal])+
        $name:literal v $version:literal => $row:ident {
            $( $(#[doc = $field_doc:literal])+ $field:ident : $type:ty, )+
        }
    ) => {
        $(#[doc = $table_doc])+
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $row {
            $( $(#[doc = $field_doc])+ pub $field: $type, )+
        }

        impl $row {
            /// The table these rows belong to.
            pub const TABLE: &'static $crate::Table = &$crate::Table {
                name: $name,
                version: $version,
                description: concat!($($table_doc),+).trim_ascii(),
                fields: &[$( $crate::Field {
                    name: stringify!($field),
                    description: concat!($($field_doc),+).trim_ascii(),
                    kind: <$type as $crate::Column>::kind,
                    nullable: <$type as $crate::Column>::NULLABLE,
                } ),+],
            };
        }

        impl $crate::Row for $row {
            const TABLE: &'static $crate::Table = $row::TABLE;

            fn to_batch(rows: &[Self]) -> Result<arrow::array::RecordBatch, $crate::SchemaError> {
                let columns = vec![$( <$type as $crate::Column>::array(rows.iter().map(|row| &row.$field)) ),+];
                arrow::array::RecordBatch::try_new(Self::TABLE.schema(), columns)
                    .map_err(|source| $crate::SchemaError::Batch { table: $name, source })
            }

            fn from_batch(batch: &arrow::array::RecordBatch) -> Result<Vec<Self>, $crate::SchemaError> {
                $( let $field = $crate::column::read::<$type>(batch, $name, stringify!($field))?; )+
                $( let mut $field = $field.into_iter(); )+
                let mut rows = Vec::with_capacity(batch.num_rows());
                for _ in 0..batch.num_rows() {
                    $( let Some($field) = $field.next() else { break }; )+
                    rows.push(Self { $( $field ),+ });
                }
                Ok(rows)
            }
        }
    };
}
pub(crate) use table;
