//! DataFusion with every table registered: SQL over a store, or over rows that are not in any store yet.
//!
//! Each table of [`schemas::TABLES`] stands under its own name with one more column ahead: `run`, the run that wrote the
//! row, or `file` for `infer_log`. The tables about the store itself are [`RELATIONS`]. Only queries run; whatever would
//! write, set or create is refused.

mod answer;
mod catalog;
mod depth;
mod error;
mod external;
mod parts;
mod relation;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::cast::as_string_array;
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::{SessionConfig, SessionContext};
use schemas::{InferLog, Row, TABLES, Table};
use store::{Run, Store};

pub use answer::Answer;
pub use catalog::RELATIONS;
pub use error::EngineError;
pub use external::create_statements;
pub use relation::{Kind, Relation};

use parts::{Part, Parts, with_label};

/// How many partitions a query over a store is cut into. Fixed, so that plans are the same on every machine.
const PARTITIONS: usize = 4;

/// A query may hold this much memory, bytes; sorts and groups beyond it spill to the temporary folder.
const MEMORY: usize = 2 << 30;

/// Where the store's objects stand inside the engine. No query can name it.
const OBJECTS: &str = "store://objects";

/// A session in which every table is registered.
pub struct Engine {
    session: SessionContext,
}

impl Engine {
    /// The committed content of `store`, as it is now.
    ///
    /// # Errors
    /// When a manifest or record of the store cannot be read.
    pub async fn open(store: &Store) -> Result<Self, EngineError> {
        let engine = Self::start(PARTITIONS)?;
        let objects = ObjectStoreUrl::parse(OBJECTS).map_err(start)?;
        engine.session.register_object_store(objects.as_ref(), store.objects());
        let (mut rows, runs) = catalog::read(store).await?;
        for relation in RELATIONS {
            let rows = rows.remove(relation.name).unwrap_or_default();
            engine.register_batch(relation.name, relation.batch(&rows)?)?;
        }
        let mut parts = committed(&runs)?;
        let logs = store.list("logs/infer").await?;
        let logs = logs.into_iter().map(|(path, size)| Part { label: path.clone(), path, size });
        parts.insert(InferLog::TABLE.name, logs.collect());
        for table in TABLES {
            let parts = parts.remove(table.name).unwrap_or_default();
            let provider = Parts::new(label(table), table.schema(), parts, objects.clone());
            engine.register(table.name, Arc::new(provider))?;
        }
        Ok(engine)
    }

    /// Every table, empty, to be filled with [`Engine::put`].
    ///
    /// # Errors
    /// When DataFusion does not start.
    pub fn in_memory() -> Result<Self, EngineError> {
        let engine = Self::start(1)?;
        for relation in RELATIONS {
            engine.register_batch(relation.name, relation.batch(&[])?)?;
        }
        for table in TABLES {
            let schema = with_label(label(table), &table.schema());
            engine.register_batch(table.name, RecordBatch::new_empty(schema))?;
        }
        Ok(engine)
    }

    /// Makes `rows` the content of their table, all written by `run`.
    ///
    /// # Errors
    /// When the rows do not fit their table.
    pub fn put<R: Row>(&self, run: &str, rows: &[R]) -> Result<(), EngineError> {
        let batch = R::to_batch(rows)?;
        let ahead: ArrayRef = Arc::new(StringArray::from_iter_values(std::iter::repeat_n(run, rows.len())));
        let columns = std::iter::once(ahead).chain(batch.columns().iter().cloned()).collect();
        let schema = with_label(label(R::TABLE), &batch.schema());
        self.register_batch(R::TABLE.name, RecordBatch::try_new(schema, columns)?)
    }

    /// Makes `settings`, name and value, the content of the table `setting`.
    ///
    /// # Errors
    /// When DataFusion refuses the table.
    pub fn put_settings(&self, settings: &[(&str, String)]) -> Result<(), EngineError> {
        let cells = settings.iter().map(|(name, value)| vec![relation::Cell::text(name), relation::Cell::text(value)]);
        self.register_batch(catalog::SETTING.name, catalog::SETTING.batch(&cells.collect::<Vec<_>>())?)
    }

    /// Registers `function` as a SQL function from text to text; of null it is null.
    pub fn add_function(&self, name: &str, function: fn(&str) -> Option<String>) {
        let body = move |arguments: &[ColumnarValue]| {
            let arrays = ColumnarValue::values_to_arrays(arguments)?;
            let texts =
                arrays.first().ok_or_else(|| DataFusionError::Execution("one argument is needed".to_owned()))?;
            let answers: StringArray = as_string_array(texts)?.iter().map(|text| text.and_then(function)).collect();
            Ok(ColumnarValue::Array(Arc::new(answers)))
        };
        let text = DataType::Utf8;
        self.session.register_udf(create_udf(name, vec![text.clone()], text, Volatility::Immutable, Arc::new(body)));
    }

    /// The answer to one query.
    ///
    /// # Errors
    /// [`EngineError::Plan`] when it is no query, [`EngineError::Run`] when it fails.
    pub async fn query(&self, sql: &str) -> Result<Answer, EngineError> {
        let start: String = sql.chars().take(100).collect();
        let name = format!("the query {start:?}");
        if depth::joints(sql) > depth::LIMIT {
            return Err(EngineError::Deep { name, limit: depth::LIMIT });
        }
        self.ask(&name, sql, &[]).await
    }

    /// The answer to one query called `name` in messages, with `$parameter` replaced by text.
    ///
    /// # Errors
    /// [`EngineError::Plan`] when it is no query, [`EngineError::Run`] when it fails.
    pub async fn ask(&self, name: &str, sql: &str, parameters: &[(&str, &str)]) -> Result<Answer, EngineError> {
        let plan = |source| EngineError::Plan { name: name.to_owned(), source: Box::new(source) };
        let only_queries = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        let mut frame = self.session.sql_with_options(sql, only_queries).await.map_err(plan)?;
        if !parameters.is_empty() {
            let values = parameters.iter().map(|(name, value)| ((*name).to_owned(), ScalarValue::from(*value)));
            frame = frame.with_param_values(ParamValues::from(values.collect::<Vec<_>>())).map_err(plan)?;
        }
        let schema: SchemaRef = Arc::clone(frame.schema().inner());
        let run = |source| EngineError::Run { name: name.to_owned(), source: Box::new(source) };
        Ok(Answer { schema, batches: frame.collect().await.map_err(run)? })
    }

    fn start(partitions: usize) -> Result<Self, EngineError> {
        let mut config =
            SessionConfig::new().with_target_partitions(partitions).with_information_schema(true).with_batch_size(8192);
        // Text is one type everywhere: what `schemas` declares.
        config.options_mut().sql_parser.map_string_types_to_utf8view = false;
        let runtime = RuntimeEnvBuilder::new().with_memory_limit(MEMORY, 1.0).build_arc().map_err(start)?;
        Ok(Self { session: SessionContext::new_with_config_rt(config, runtime) })
    }

    fn register_batch(&self, name: &str, batch: RecordBatch) -> Result<(), EngineError> {
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]]);
        let table =
            table.map_err(|source| EngineError::Register { table: name.to_owned(), source: Box::new(source) })?;
        self.register(name, Arc::new(table))
    }

    fn register(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<(), EngineError> {
        let failed = |source| EngineError::Register { table: name.to_owned(), source: Box::new(source) };
        self.session.deregister_table(name).map_err(failed)?;
        self.session.register_table(name, table).map_err(failed)?;
        Ok(())
    }
}

fn start(source: DataFusionError) -> EngineError {
    EngineError::Start(Box::new(source))
}

/// The column that stands ahead of a table's own.
fn label(table: &Table) -> &'static str {
    if table.name == InferLog::TABLE.name { "file" } else { "run" }
}

/// The parts that `runs` name, by table.
fn committed(runs: &[Run]) -> Result<BTreeMap<&'static str, Vec<Part>>, EngineError> {
    let mut parts: BTreeMap<&'static str, Vec<Part>> = BTreeMap::new();
    for run in runs {
        for output in run.manifest.tables.values() {
            // A table this program does not know cannot be asked for by name either.
            let Some(table) = TABLES.iter().find(|table| table.name == output.table) else { continue };
            if output.version > table.version {
                return Err(EngineError::Version {
                    path: output.path.clone(),
                    found: output.version,
                    known: table.version,
                });
            }
            let part = Part { path: output.path.clone(), size: output.size, label: run.id().to_string() };
            parts.entry(table.name).or_default().push(part);
        }
    }
    Ok(parts)
}
