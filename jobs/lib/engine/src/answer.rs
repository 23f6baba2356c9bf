//! What a query gave, as batches and as text.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::EngineError;

/// The rows a query gave.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Names and types of the columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
}

impl Answer {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The names of the columns.
    pub fn columns(&self) -> Vec<&str> {
        self.schema.fields().iter().map(|field| field.name().as_str()).collect()
    }

    /// Every row as text, value by value; null is `None`.
    ///
    /// # Errors
    /// When a value has no text.
    pub fn texts(&self) -> Result<Vec<Vec<Option<String>>>, EngineError> {
        let options = FormatOptions::default();
        let mut rows = Vec::with_capacity(self.len());
        for batch in &self.batches {
            let formatters = batch.columns().iter().map(|array| ArrayFormatter::try_new(array.as_ref(), &options));
            let formatters = formatters.collect::<Result<Vec<_>, _>>()?;
            for row in 0..batch.num_rows() {
                let values = batch.columns().iter().zip(&formatters).map(|(array, formatter)| {
                    let text = array.is_valid(row).then(|| formatter.value(row).try_to_string());
                    text.transpose().map_err(EngineError::from)
                });
                rows.push(values.collect::<Result<Vec<_>, _>>()?);
            }
        }
        Ok(rows)
    }
}
