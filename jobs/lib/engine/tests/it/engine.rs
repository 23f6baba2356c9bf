//! What a query can see, and what it cannot do.

use std::collections::BTreeMap;

use engine::{Engine, EngineError, RELATIONS};
use ids::Digest;
use manifest::RunKey;
use schemas::{Problem, TABLES};
use store::{Run, Store};

fn problem(position: i64) -> Problem {
    Problem {
        platform: "file".parse().unwrap(),
        vod_id: "v".parse().unwrap(),
        input: "chat".into(),
        position,
        reason: "not_text".into(),
        detail: "the body is a number".into(),
        raw: "7".into(),
    }
}

fn key(number: u32) -> RunKey {
    RunKey {
        job: "ingest".into(),
        logic_version: number,
        params: serde_json::json!({"vod": "file/v", "caps": {"per_text": 2}}),
        inputs: BTreeMap::from([("chat".into(), Digest::of(b"chat"))]),
        models: BTreeMap::new(),
    }
}

/// Commits an ingest run with `rows` problems.
pub async fn commit_problems(store: &Store, number: u32, rows: i64) -> Run {
    let mut run = store.begin(key(number)).unwrap();
    run.table(&(0..rows).map(problem).collect::<Vec<_>>()).await.unwrap();
    run.count("problems", usize::try_from(rows).unwrap());
    run.commit().await.unwrap()
}

async fn one(engine: &Engine, sql: &str) -> String {
    let rows = engine.query(sql).await.unwrap().texts().unwrap();
    assert_eq!(rows.len(), 1, "{sql}");
    rows[0].iter().map(|value| value.as_deref().unwrap_or("NULL")).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn every_table_is_there_even_in_an_empty_store() {
    for engine in [Engine::open(&Store::in_memory()).await.unwrap(), Engine::in_memory().unwrap()] {
        for table in TABLES {
            let answer = engine.query(&format!("SELECT * FROM {}", table.name)).await.unwrap();
            let label = if table.name == "infer_log" { "file" } else { "run" };
            let mut expect = vec![label];
            expect.extend(table.fields.iter().map(|field| field.name));
            assert_eq!(answer.columns(), expect);
        }
        for relation in RELATIONS {
            let answer = engine.query(&format!("SELECT * FROM {}", relation.name)).await.unwrap();
            assert_eq!(answer.columns(), relation.columns.iter().map(|(name, ..)| *name).collect::<Vec<_>>());
            assert!(answer.is_empty());
        }
    }
}

#[tokio::test]
async fn rows_of_committed_runs_are_seen_and_no_others() {
    let store = Store::in_memory();
    let first = commit_problems(&store, 1, 3).await;
    commit_problems(&store, 2, 4).await;
    let mut left = store.begin(key(3)).unwrap();
    left.table(&[problem(99)]).await.unwrap();
    drop(left);
    let engine = Engine::open(&store).await.unwrap();
    assert_eq!(one(&engine, "SELECT count(*), max(position), count(DISTINCT run) FROM problem").await, "7 3 2");
    let by_run = format!("SELECT count(*) FROM problem WHERE run = '{}' AND position >= 1", first.id());
    assert_eq!(one(&engine, &by_run).await, "2");
    assert_eq!(
        one(&engine, "SELECT reason, run FROM problem ORDER BY position, run LIMIT 1").await.split(' ').next(),
        Some("not_text")
    );
    assert_eq!(one(&engine, "SELECT rows FROM run_output JOIN run USING (run_id) WHERE logic_version = 1").await, "3");
    let param =
        "SELECT value FROM run_param JOIN run USING (run_id) WHERE name = 'caps.per_text' AND logic_version = 2";
    assert_eq!(one(&engine, param).await, "2");
    assert_eq!(one(&engine, "SELECT sum(value) FROM run_count").await, "7");
}

#[tokio::test]
async fn rows_that_are_in_no_store_can_be_asked() {
    let engine = Engine::in_memory().unwrap();
    engine.put("draft", &[problem(1), problem(2)]).unwrap();
    engine.put("draft", &[problem(5)]).unwrap();
    engine.put_settings(&[("limit", "5".to_owned())]).unwrap();
    engine.add_function("twice", |text| Some(text.repeat(2)));
    let sql = "SELECT run, position, twice(raw) FROM problem
               WHERE position = (SELECT CAST(value AS BIGINT) FROM setting WHERE name = 'limit')";
    assert_eq!(one(&engine, sql).await, "draft 5 77");
    let answer =
        engine.ask("by reason", "SELECT position FROM problem WHERE reason = $id", &[("id", "not_text")]).await;
    assert_eq!(answer.unwrap().len(), 1);
}

#[tokio::test]
async fn only_queries_run() {
    let folder = testkit::TempStore::new();
    let target = folder.path().join("out.csv");
    let engine = Engine::in_memory().unwrap();
    for sql in [
        "CREATE TABLE x (a INT)",
        "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
        "CREATE VIEW x AS SELECT 1",
        "DROP TABLE problem",
        "INSERT INTO problem SELECT * FROM problem",
        "DELETE FROM problem",
        &format!("COPY (SELECT 1) TO '{}'", target.display()),
        "SET datafusion.execution.batch_size = 1",
        "SELECT * FROM '/etc/passwd'",
        "SELECT 1; SELECT 2",
        "SELEC 1",
        "",
    ] {
        let error = engine.query(sql).await.err();
        assert!(matches!(error, Some(EngineError::Plan { .. })), "{sql}: {error:?}");
    }
    assert!(!target.exists());
    let error = engine.query("SELECT CAST('x' AS BIGINT) FROM (VALUES ('x')) AS t(a)").await.err();
    assert!(error.is_some());
}

#[tokio::test]
async fn every_report_can_be_planned() {
    let engine = Engine::open(&Store::in_memory()).await.unwrap();
    for report in sql::of(sql::Kind::Report) {
        let parameters: &[_] = if report.text.contains("$id") { &[("id", "none")] } else { &[] };
        engine.ask(report.name, report.text, parameters).await.unwrap();
    }
}
