//! The tables as DDL, so that DataFusion's own shell can look at a store without this program.

use std::fmt::Write;

use arrow::datatypes::DataType;
use schemas::{InferLog, TABLES, Table};

const HEAD: &str = "\
-- The tables of a store for DataFusion's own shell: in the store's folder, `datafusion-cli -f .../sql/tables.sql`.
-- Made from schemas/ by a test of the engine; `audit sql` has these tables already, and of committed runs only.
";

/// `CREATE EXTERNAL TABLE` for every table, with locations relative to the store.
pub fn create_statements() -> String {
    let mut text = HEAD.to_owned();
    for table in TABLES {
        statement(&mut text, table);
    }
    text
}

fn statement(text: &mut String, table: &Table) {
    let (partition, location) = if table.name == InferLog::TABLE.name {
        ("date", "logs/infer/".to_owned())
    } else {
        ("run", format!("tables/{}/v{}/", table.name, table.version))
    };
    // Writing to a String does not fail.
    let _ = write!(text, "\n-- {}\nCREATE EXTERNAL TABLE {} (\n", table.description, table.name);
    for field in table.fields {
        let null = if field.nullable { "" } else { " NOT NULL" };
        let _ = writeln!(text, "    \"{}\" {}{null},", field.name, sql_type(&(field.kind)()));
    }
    let _ = writeln!(text, "    \"{partition}\" VARCHAR NOT NULL");
    let _ = writeln!(text, ") STORED AS PARQUET PARTITIONED BY ({partition}) LOCATION '{location}';");
}

fn sql_type(kind: &DataType) -> String {
    match kind {
        DataType::Int64 => "BIGINT".to_owned(),
        DataType::Float32 => "REAL".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::List(item) => format!("{}[]", sql_type(item.data_type())),
        _ => "VARCHAR".to_owned(),
    }
}
