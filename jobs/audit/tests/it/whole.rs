//! What the commands say about a store in which everything is right, and about rows that are not.

use audit::{Args, judge, lineage};
use clap::{CommandFactory, Parser};
use engine::Engine;
use job::{Exit, HasFlags, Job};
use sql::Kind;

use crate::store_of_all::{All, REPLY};

async fn command(all: &All, line: &[&str]) -> anyhow::Result<Exit> {
    let url = all.folder.url();
    let line = ["audit"].iter().chain(line).copied().chain(["--store", &url, "--progress", "never", "--quiet"]);
    let args = Args::parse_from(line);
    let job = Job::new("audit", "0.1.0", args.flags().clone());
    audit::command(args, job).await
}

#[tokio::test]
async fn a_store_in_which_all_is_right_passes_every_audit() {
    let all = All::new().await;
    let engine = Engine::open(&all.store).await.unwrap();
    assert!(sql::of(Kind::Audit).count() >= 12);
    for audit in sql::of(Kind::Audit) {
        let verdict = judge(&engine, audit, None).await.unwrap();
        assert!(verdict.passed, "{verdict:?}");
    }
    for line in [&["run"][..], &["run", "--dataset", "demo"], &["run", "--audit", "messages_lost"], &["verify"]] {
        assert_eq!(command(&all, line).await.unwrap(), Exit::Done, "{line:?}");
    }
}

#[tokio::test]
async fn a_row_that_breaks_a_rule_fails_the_audit() {
    let all = All::new().await;
    let log = all.store.infer_log().await.unwrap();
    let wrong = schemas::InferLog { parity_mismatch: true, reply_id: Some("r-bad".into()), ..log[0].clone() };
    all.store.append_infer_log("2026-01-02", &"cli".parse().unwrap(), &[wrong]).await.unwrap();
    let engine = Engine::open(&all.store).await.unwrap();
    let audit = sql::named(Kind::Audit, "parity_mismatch").unwrap();
    let verdict = judge(&engine, audit, None).await.unwrap();
    assert_eq!((verdict.passed, verdict.rows, verdict.findings[0][1].as_str()), (false, 1, "r-bad"));
    assert_eq!(command(&all, &["run"]).await.unwrap(), Exit::No);
    // The dataset itself is as good as before.
    assert_eq!(command(&all, &["run", "--dataset", "demo"]).await.unwrap(), Exit::Done);
    assert!(command(&all, &["run", "--audit", "none"]).await.is_err());
}

#[tokio::test]
async fn a_reply_is_followed_down_to_its_source() {
    let all = All::new().await;
    let engine = Engine::open(&all.store).await.unwrap();
    let (lines, value) = lineage(&engine, REPLY).await.unwrap();
    for link in [
        "reply r-00000000000000aa",
        "no shot a dragon",
        "release stable 1",
        "adapter demo@1",
        "dataset demo@1",
        &format!("example {}", all.example),
        "message m0",
        "9000 ms of file/v",
        "words 0 to 1 of file/v",
        "1000 to 3000 ms",
        &format!("audio {}", ids::Digest::of(b"audio")),
        &format!("media {}", ids::Digest::of(b"media")),
        "file:v.mkv",
        "run eval",
        "run train",
        "run dataset",
        "run align",
        "run transcribe",
        "run ingest",
        &format!("tiny.en {}", ids::Digest::of(b"file of tiny.en")),
        &ids::Digest::of(b"executable").to_string(),
        "0.1.0 (logic 1)",
    ] {
        assert!(lines.contains(link), "no {link:?} in\n{lines}");
    }
    // The reply shares its words with the first example, so that one comes first.
    let position = |text: &str| lines.find(text).unwrap();
    assert!(position(&all.example.to_string()) < position(&ids::Digest::of(b"m1").to_string()));
    assert_eq!((value["kind"].as_str(), value["id"].as_str()), (Some("reply"), Some(REPLY)));

    let (lines, _) = lineage(&engine, &all.example.to_string()).await.unwrap();
    assert!(lines.starts_with("example ") && lines.contains("file:v.mkv"), "{lines}");
    let (lines, _) = lineage(&engine, "m2").await.unwrap();
    assert!(lines.contains("dropped bot: bot nightbot") && lines.contains("demo@1"), "{lines}");
    let (lines, _) = lineage(&engine, "m1").await.unwrap();
    assert!(lines.contains("it is so over"), "{lines}");
    let error = lineage(&engine, "r-0").await.unwrap_err().to_string();
    assert!(error.contains("\"r-0\""), "{error}");
}

#[tokio::test]
async fn queries_are_answered_and_nothing_else() {
    let all = All::new().await;
    let file = all.folder.path().join("../question.sql");
    for line in [
        &["sql", "SELECT count(*) FROM word"][..],
        &["sql", "SHOW TABLES", "--format", "csv"],
        &["sql", "SELECT * FROM example", "--format", "json"],
        &["sql", "--report", "runs"],
    ] {
        assert_eq!(command(&all, line).await.unwrap(), Exit::Done, "{line:?}");
    }
    for (line, named) in [
        (&["sql", "drop table word"][..], "drop table word"),
        (&["sql", "selec 1"], "selec 1"),
        (&["sql", "-f", file.to_str().unwrap()], "question.sql"),
        (&["sql", "--report", "lineage_reply"], "lineage_reply"),
        (&["lineage", "r-0"], "r-0"),
    ] {
        let error = format!("{:#}", command(&all, line).await.unwrap_err());
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn the_command_line_is_sound() {
    Args::command().debug_assert();
    for bad in [&["audit"][..], &["audit", "sql"], &["audit", "lineage"], &["audit", "sql", "x", "-f", "y"]] {
        assert!(Args::try_parse_from(bad).is_err(), "{bad:?}");
    }
}
