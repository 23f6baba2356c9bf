//! Runs `sql/slt/*.slt`: statements that fill tables, and `run NAME` for the text of a registered query.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use async_trait::async_trait;
use datafusion::common::cast::as_string_array;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::{SessionConfig, SessionContext};
use engine::{Answer, RELATIONS};
use schemas::TABLES;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner};

/// What a script can do wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failure(String);

/// The rules under which the guard would not let `text` out, as `dataset build` gives them to SQL.
fn objection(guard: &guard::Guard, text: &str) -> Option<String> {
    let verdict = guard.check_output(text);
    let rules: Vec<_> = verdict.findings.iter().map(|finding| finding.rule.as_str()).collect();
    (verdict.action == guard::Action::Block).then(|| rules.join(" "))
}

/// A session whose tables take rows: every column may be null, so that a case names only what it is about.
struct Tables(SessionContext);

impl Tables {
    fn new() -> Self {
        let mut config = SessionConfig::new().with_target_partitions(1);
        config.options_mut().sql_parser.map_string_types_to_utf8view = false;
        let session = SessionContext::new_with_config(config);
        let objection = create_udf(
            "objection",
            vec![DataType::Utf8],
            DataType::Utf8,
            Volatility::Immutable,
            Arc::new(|arguments: &[ColumnarValue]| {
                let guard = guard::Guard::builtin();
                let arrays = ColumnarValue::values_to_arrays(arguments)?;
                let texts = as_string_array(&arrays[0])?.iter().map(|text| objection(&guard, text?));
                Ok(ColumnarValue::Array(Arc::new(texts.collect::<arrow::array::StringArray>())))
            }),
        );
        session.register_udf(objection);
        let tables = Self(session);
        tables.reset();
        tables
    }

    fn reset(&self) {
        let declared = TABLES.iter().map(|table| {
            let label = if table.name == "infer_log" { "file" } else { "run" };
            let label = Field::new(label, DataType::Utf8, true);
            let fields = table
                .schema()
                .fields()
                .iter()
                .map(|field| field.as_ref().clone().with_nullable(true))
                .collect::<Vec<_>>();
            (table.name, Arc::new(Schema::new([vec![label], fields].concat())))
        });
        for (name, schema) in declared.chain(RELATIONS.iter().map(|relation| (relation.name, relation.schema()))) {
            self.0.deregister_table(name).unwrap();
            self.0.register_table(name, Arc::new(MemTable::try_new(schema, vec![vec![]]).unwrap())).unwrap();
        }
    }
}

#[async_trait]
impl AsyncDB for Tables {
    type Error = Failure;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Failure> {
        if sql == "reset" {
            self.reset();
            return Ok(DBOutput::StatementComplete(0));
        }
        let text = match sql.strip_prefix("run ") {
            None => sql,
            Some(name) => {
                let query = sql::ALL.iter().find(|query| query.name == name);
                query.ok_or_else(|| Failure(format!("no query is called {name}")))?.text
            }
        };
        let failure = |error: datafusion::error::DataFusionError| Failure(error.to_string());
        let frame = self.0.sql(text).await.map_err(failure)?;
        let schema = Arc::clone(frame.schema().inner());
        let answer = Answer { schema, batches: frame.collect().await.map_err(failure)? };
        if sql.starts_with("INSERT") {
            return Ok(DBOutput::StatementComplete(0));
        }
        let rows = answer.texts().map_err(|error| Failure(error.to_string()))?;
        let rows = rows.into_iter().map(|row| row.into_iter().map(|value| value.unwrap_or("NULL".into())).collect());
        let types = vec![DefaultColumnType::Text; answer.schema.fields().len()];
        Ok(DBOutput::Rows { types, rows: rows.collect() })
    }

    async fn shutdown(&mut self) {}
}

async fn check(file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../sql/slt").join(file);
    let mut runner = Runner::new(|| async { Ok(Tables::new()) });
    if let Err(error) = runner.run_file_async(path).await {
        panic!("{error}");
    }
}

#[tokio::test]
async fn filters() {
    check("filters.slt").await;
}

#[tokio::test]
async fn audits() {
    check("audits.slt").await;
}
