//! What can go wrong between a question and its rows.

use datafusion::error::DataFusionError;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine could not be set up.
    #[error("the SQL engine cannot start")]
    Start(#[source] Box<DataFusionError>),
    /// A table could not be registered.
    #[error("table {table} cannot be registered")]
    Register {
        /// The table.
        table: String,
        /// What DataFusion says.
        source: Box<DataFusionError>,
    },
    /// Rows could not become a batch of their table.
    #[error("the given rows do not fit their table")]
    Rows(#[from] schemas::SchemaError),
    /// A run wrote a table in a version this program does not know.
    #[error("{path} is version {found} of its table, this program knows up to {known}; use a newer one")]
    Version {
        /// The part.
        path: String,
        /// Its version.
        found: u32,
        /// The newest version known.
        known: u32,
    },
    /// The statement cannot be planned: its syntax, a name, or because it would change something.
    #[error("{name} is not a query that can be run here; it has to be a SELECT over the tables of the store")]
    Plan {
        /// The file or `the query`.
        name: String,
        /// What DataFusion says.
        source: Box<DataFusionError>,
    },
    /// The statement is nested or chained too deep to be planned on any stack.
    #[error("{name} joins more than {limit} parts by operators; put the values into a list (IN, VALUES) instead")]
    Deep {
        /// The file or `the query`.
        name: String,
        /// The most there may be.
        limit: usize,
    },
    /// The query failed while it ran.
    #[error("{name} failed")]
    Run {
        /// The file or `the query`.
        name: String,
        /// What DataFusion says.
        source: Box<DataFusionError>,
    },
    /// The result cannot be written as text.
    #[error("the result cannot be written as text")]
    Text(#[from] arrow::error::ArrowError),
    /// The store cannot be read.
    #[error("the store cannot be read for SQL")]
    Store(#[from] store::StoreError),
}
