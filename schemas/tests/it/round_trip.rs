//! Rows become batches and come back; a batch that is none of the table is refused with the column's name.

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};
use schemas::{Field, Row, SchemaError, TABLES, Table};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Text that every kind of id accepts: a digest is a name, a VOD's id and a run's id too.
const ID: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Calls `$body` with each row type.
macro_rules! for_each_row {
    ($body:ident) => {
        [
            $body::<schemas::Vod>(),
            $body::<schemas::Media>(),
            $body::<schemas::Segment>(),
            $body::<schemas::Span>(),
            $body::<schemas::ChatMessage>(),
            $body::<schemas::Problem>(),
            $body::<schemas::Utterance>(),
            $body::<schemas::Word>(),
            $body::<schemas::OffsetSegment>(),
            $body::<schemas::AlignedTurn>(),
            $body::<schemas::Tag>(),
            $body::<schemas::Example>(),
            $body::<schemas::Dropped>(),
            $body::<schemas::TrainMetric>(),
            $body::<schemas::EvalSample>(),
            $body::<schemas::EvalResult>(),
            $body::<schemas::InferLog>(),
        ]
    };
}

trait Tested: Row + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned {}
impl<R: Row + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned> Tested for R {}

/// A value that any column of that kind takes.
fn plain(field: &Field) -> Value {
    match (field.kind)() {
        DataType::Utf8 if field.name == "platform" => json!("file"),
        DataType::Utf8 => json!(ID),
        DataType::Boolean => json!(false),
        DataType::List(_) => json!([]),
        _ => json!(0),
    }
}

fn plain_row(table: &Table) -> Map<String, Value> {
    table.fields.iter().map(|field| (field.name.to_owned(), plain(field))).collect()
}

/// Whether the column `name` takes any text, and is no id.
fn is_free<R: Tested>(name: &str) -> bool {
    let mut row = plain_row(R::TABLE);
    row.insert(name.to_owned(), json!("no id\n"));
    serde_json::from_value::<R>(Value::Object(row)).is_ok()
}

/// Any value of a column.
fn any_value<R: Tested>(field: &Field) -> BoxedStrategy<Value> {
    let value = match (field.kind)() {
        DataType::Utf8 if field.name == "platform" => {
            prop::sample::select(vec!["twitch", "youtube", "file"]).prop_map(Value::from).boxed()
        }
        DataType::Utf8 if is_free::<R>(field.name) => any::<String>().prop_map(Value::from).boxed(),
        DataType::Utf8 => {
            any::<[u8; 4]>().prop_map(|bytes| json!(format!("{:08x}{}", u32::from_le_bytes(bytes), &ID[8..]))).boxed()
        }
        DataType::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        DataType::Int64 => any::<i64>().prop_map(Value::from).boxed(),
        DataType::Float32 => {
            any::<f32>().prop_filter("JSON has no NaN", |x| x.is_finite()).prop_map(|x| json!(x)).boxed()
        }
        DataType::Float64 => {
            any::<f64>().prop_filter("JSON has no NaN", |x| x.is_finite()).prop_map(|x| json!(x)).boxed()
        }
        DataType::List(_) => prop::collection::vec(any::<String>(), 0..3).prop_map(|x| json!(x)).boxed(),
        other => panic!("a column of type {other}: say here what its values are"),
    };
    if field.nullable { prop_oneof![1 => Just(Value::Null), 3 => value].boxed() } else { value }
}

fn any_rows<R: Tested>() -> BoxedStrategy<Vec<R>> {
    let row: Vec<_> = R::TABLE.fields.iter().map(any_value::<R>).collect();
    let row = row.prop_map(|values| {
        let names = R::TABLE.fields.iter().map(|field| field.name.to_owned());
        serde_json::from_value(Value::Object(names.zip(values).collect())).expect("a row of its own values")
    });
    prop::collection::vec(row, 0..5).boxed()
}

fn comes_back<R: Tested>() -> &'static str {
    let law = |rows: Vec<R>| -> TestCaseResult {
        let batch = R::to_batch(&rows).expect("a batch");
        prop_assert_eq!(batch.schema(), R::TABLE.schema());
        prop_assert_eq!(R::from_batch(&batch).expect("rows"), rows);
        Ok(())
    };
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() });
    if let Err(error) = runner.run(&any_rows::<R>(), law) {
        panic!("{}: {error}", R::TABLE.name);
    }
    R::TABLE.name
}

#[test]
fn every_row_of_every_table_comes_back() {
    let tested = for_each_row!(comes_back);
    assert_eq!(tested.as_slice(), TABLES.iter().map(|table| table.name).collect::<Vec<_>>(), "a table is not tested");
}

fn refuses_other_columns<R: Tested>() -> &'static str {
    let row: R = serde_json::from_value(Value::Object(plain_row(R::TABLE))).expect("a row");
    let batch = R::to_batch(&[row]).expect("a batch");
    for (index, field) in R::TABLE.fields.iter().enumerate() {
        let replaced = |array: Option<ArrayRef>| {
            let schema = batch.schema();
            let columns = schema.fields().iter().zip(batch.columns()).enumerate();
            let columns = columns.filter_map(|(at, (known, column))| match (&array, at == index) {
                (None, true) => None,
                (Some(array), true) => Some((known.name().clone(), Arc::clone(array))),
                (_, false) => Some((known.name().clone(), Arc::clone(column))),
            });
            R::from_batch(&RecordBatch::try_from_iter(columns).expect("a batch"))
        };
        let missing = replaced(None);
        assert!(matches!(missing, Err(SchemaError::Column { column, .. }) if column == field.name), "{missing:?}");
        let kind = (field.kind)();
        let other: ArrayRef = match kind {
            DataType::Boolean => Arc::new(StringArray::from(vec!["true"])),
            _ => Arc::new(arrow::array::BooleanArray::from(vec![true])),
        };
        let retyped = replaced(Some(other));
        assert!(matches!(retyped, Err(SchemaError::Column { column, .. }) if column == field.name), "{retyped:?}");
        let null = replaced(Some(arrow::array::new_null_array(&kind, 1)));
        match field.nullable {
            true => assert!(null.is_ok(), "{}: {null:?}", field.name),
            false => assert!(
                matches!(null, Err(SchemaError::Value { column, row: 0, .. }) if column == field.name),
                "{null:?}"
            ),
        }
        if kind == DataType::Utf8 && !is_free::<R>(field.name) {
            let bad = replaced(Some(Arc::new(StringArray::from(vec!["no id\n"]))));
            assert!(matches!(bad, Err(SchemaError::Value { column, row: 0, .. }) if column == field.name), "{bad:?}");
        }
    }
    assert_eq!(batch.column(0).len(), 1);
    R::TABLE.name
}

#[test]
fn a_batch_of_other_columns_is_refused_by_name() {
    assert_eq!(for_each_row!(refuses_other_columns).len(), TABLES.len());
}
