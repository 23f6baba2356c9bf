//! `sql/tables.sql` is made from the schemas, and DataFusion takes it.

use std::path::Path;

use datafusion::prelude::SessionContext;

/// `DOUGPT_BLESS=1` writes the file anew after a schema has changed.
#[test]
fn the_statements_are_those_of_the_schemas() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../sql/tables.sql");
    let expect = engine::create_statements();
    if std::env::var_os("DOUGPT_BLESS").is_some() {
        std::fs::write(&path, &expect).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap();
    assert!(found == expect, "sql/tables.sql is not what the schemas say: run this test with DOUGPT_BLESS=1");
}

#[tokio::test]
async fn datafusion_reads_a_store_through_them() {
    let folder = testkit::TempStore::new();
    let store = store::Store::open(&folder.url()).await.unwrap();
    crate::engine::commit_problems(&store, 1, 3).await;
    let session = SessionContext::new();
    for statement in sql::TABLES.split_inclusive(";\n") {
        let located = statement.replace("LOCATION '", &format!("LOCATION '{}/", folder.path().display()));
        if statement.contains(" problem (") {
            session.sql(&located).await.unwrap();
        } else {
            // An empty folder is fine too: a store grows table by table.
            let plan = session.state().create_logical_plan(&located).await;
            plan.unwrap_or_else(|error| panic!("{error}: {statement}"));
        }
    }
    let rows = session.sql("SELECT * FROM problem WHERE position = 1").await.unwrap().count().await.unwrap();
    assert_eq!(rows, 1);
}
