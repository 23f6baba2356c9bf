//! Small tables made of what manifests and version records say.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

/// A table of facts about the store.
#[derive(Debug)]
pub struct Relation {
    /// Its name in SQL.
    pub name: &'static str,
    /// What one row is.
    pub description: &'static str,
    /// Its columns in order: name, whether it is a number, what it holds.
    pub columns: &'static [(&'static str, Kind, &'static str)],
}

/// What a column of a [`Relation`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, may be null.
    Text,
    /// A whole number.
    Integer,
}

/// One value of a [`Relation`].
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Text(Option<String>),
    Integer(i64),
}

impl Cell {
    /// The text of anything that is written as text.
    pub(crate) fn text(value: impl ToString) -> Self {
        Self::Text(Some(value.to_string()))
    }

    pub(crate) fn optional(value: Option<impl ToString>) -> Self {
        Self::Text(value.map(|value| value.to_string()))
    }

    pub(crate) fn count(value: u64) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl Relation {
    /// The Arrow schema.
    pub fn schema(&self) -> SchemaRef {
        let field = |(name, kind, _): &(&str, Kind, &str)| {
            let kind = if *kind == Kind::Integer { DataType::Int64 } else { DataType::Utf8 };
            Field::new(*name, kind, true)
        };
        Arc::new(Schema::new(self.columns.iter().map(field).collect::<Vec<_>>()))
    }

    /// `rows` as one batch; a missing or misplaced cell is null.
    pub(crate) fn batch(&self, rows: &[Vec<Cell>]) -> Result<RecordBatch, ArrowError> {
        let column = |(index, (_, kind, _)): (usize, &(&str, Kind, &str))| -> ArrayRef {
            let cells = rows.iter().map(|row| row.get(index));
            match kind {
                Kind::Integer => Arc::new(Int64Array::from_iter(cells.map(|cell| match cell {
                    Some(Cell::Integer(value)) => Some(*value),
                    _ => None,
                }))),
                Kind::Text => Arc::new(StringArray::from_iter(cells.map(|cell| match cell {
                    Some(Cell::Text(value)) => value.as_deref(),
                    _ => None,
                }))),
            }
        };
        RecordBatch::try_new(self.schema(), self.columns.iter().enumerate().map(column).collect())
    }
}
