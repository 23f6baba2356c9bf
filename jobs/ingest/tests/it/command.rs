//! The command over a real store, with the sample stream and a real ffmpeg.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use schemas::{ChatMessage, Media, Problem, Vod};
use serde_json::Value;
use store::Store;
use testkit::TempStore;
use testkit::process::{self, Output};
use testkit::sample;

use crate::exports::{comment, rechat};

/// Runs the command over `store`.
pub fn ingest<A: AsRef<OsStr>>(store: &TempStore, arguments: impl IntoIterator<Item = A>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingest"));
    command.args(arguments).env("DOUGPT_STORE", store.url()).env_remove("RUST_LOG");
    command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    process::output(&mut command)
}

/// The arguments that take in a broadcast of the sample.
pub fn sample_arguments(name: &str) -> Vec<String> {
    let file = |ending: &str| sample::dir().join(format!("{name}{ending}")).display().to_string();
    ["--vod".into(), format!("file:{}", file(".mkv")), "--chat".into(), file(".chat.json")].into()
}

/// Every file of a store but the records, which hold times, with its digest.
pub fn contents(folder: &Path) -> BTreeMap<String, ids::Digest> {
    fn walk(folder: &Path, root: &Path, found: &mut BTreeMap<String, ids::Digest>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.insert(name, ids::Digest::of(&std::fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found.retain(|name, _| !name.contains("/record-") && !name.starts_with("vods/"));
    found
}

fn json(output: Output) -> Value {
    serde_json::from_str(&output.expect_code(0).stdout).expect("one JSON line")
}

#[tokio::test]
async fn the_sample_is_taken_in_whole_and_once() {
    let store = TempStore::new();
    for broadcast in &sample::truth().broadcasts {
        let arguments = sample_arguments(&broadcast.id);
        let first = ingest(&store, &arguments).expect_code(0);
        let expected = broadcast.messages.len();
        assert!(first.stdout.starts_with(&format!("ingest file/{}: done, run ", broadcast.id)), "{}", first.stdout);
        assert!(first.stdout.contains(&format!("({expected} messages, 1 problems, chat is ")), "{}", first.stdout);
        let before = contents(store.path());
        let second = ingest(&store, &arguments).expect_code(0);
        assert_eq!(second.stdout, first.stdout.replace(": done", ": already done"));
        assert_eq!(contents(store.path()), before, "the second run writes nothing");

        let opened = Store::open_to_read(&store.url()).unwrap();
        let generation = opened.vod(&format!("file/{}", broadcast.id).parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(generation.generation, 1);
        let run = opened.run("ingest", &generation.run_id).await.unwrap();
        let vod = opened.rows::<Vod>(&run).await.unwrap().remove(0);
        assert_eq!(vod.source, format!("file:{}.mkv", broadcast.id));
        assert_eq!(vod.started_at.as_deref(), Some(broadcast.started_at.as_str()));
        assert!((vod.duration_ms - broadcast.duration_ms).abs() <= 100, "{vod:?}");
        let rows = opened.rows::<ChatMessage>(&run).await.unwrap();
        let problems = opened.rows::<Problem>(&run).await.unwrap();
        assert_eq!(rows.len(), broadcast.messages.len());
        assert!(rows.iter().all(|row| broadcast.messages.contains_key(&row.message_id)));
        assert_eq!(problems[0].reason, "duplicate_id");
        let media = opened.rows::<Media>(&run).await.unwrap();
        assert_eq!(
            media.iter().map(|row| (row.role.as_str(), row.stored)).collect::<Vec<_>>(),
            [("source", false), ("audio", true)]
        );
        assert_eq!(vod.audio_digest, Some(media[1].digest));
    }
    let list = json(ingest(&store, ["list", "--json"]));
    assert_eq!(list.as_array().unwrap().len(), sample::truth().broadcasts.len());
    ingest(&store, ["verify"]).expect_code(0);
    ingest(&store, ["verify", "--quick", "demo-1", "file/demo-2"]).expect_code(0);
}

#[test]
fn two_stores_hold_the_same_bytes_whatever_the_folder_and_threads() {
    let (one, two) = (TempStore::new(), TempStore::new());
    let moved = tempfile::tempdir().unwrap();
    for ending in [".mkv", ".chat.json"] {
        let name = format!("demo-1{ending}");
        std::fs::copy(sample::dir().join(&name), moved.path().join(&name)).unwrap();
    }
    let first = json(ingest(&one, [&sample_arguments("demo-1")[..], &["--json".into()]].concat()));
    let mut again = Command::new(env!("CARGO_BIN_EXE_ingest"));
    again.args(["--vod", "file:demo-1.mkv", "--chat", "demo-1.chat.json", "--json", "--threads", "1"]);
    let second = json(process::output(again.current_dir(moved.path()).env("DOUGPT_STORE", two.url())));
    assert_eq!(first["manifest_digest"], second["manifest_digest"]);
    assert_eq!(contents(one.path()), contents(two.path()));
}

#[test]
fn the_bytes_of_a_chat_are_those_of_this_logic_version() {
    // Change these digests only together with LOGIC_VERSION.
    let folder = tempfile::tempdir().unwrap();
    let chat = folder.path().join("golden.json");
    let mut odd = comment("d", "7.5", "Kappa hello Kappa");
    odd["message"]["fragments"] = serde_json::json!([
        {"text": "Kappa", "emoticon": {"emoticon_id": "25"}}, {"text": " hello "}, {"text": "Kappa", "emoticon": {"emoticon_id": "25"}}
    ]);
    odd["commenter"] = Value::Null;
    let comments = [comment("a", 1, "one"), odd, comment("a", 2, "again"), comment("b", 0.25, " "), Value::Null];
    std::fs::write(&chat, rechat(&comments)).unwrap();
    let store = TempStore::new();
    let chat = chat.display().to_string();
    let result = json(ingest(&store, ["--vod", "file:golden.mkv", "--chat", &chat, "--chat-only", "--json"]));
    insta::assert_snapshot!(serde_json::to_string_pretty(&result).unwrap());
}

#[test]
fn a_newest_generation_that_is_less_than_the_one_before_says_so() {
    let store = TempStore::new();
    let arguments = sample_arguments("demo-1");
    // --vod may be left out.
    let whole = ["demo-1"].map(|_| arguments[1].clone()).into_iter().chain(arguments[2..].to_vec());
    let whole: Vec<String> = whole.collect();
    let first = ingest(&store, &whole).expect_code(0);
    assert!(!first.stderr.contains("generation"), "{}", first.stderr);
    let less = ingest(&store, [&arguments[..2], &["--to".into(), "0:10".into()]].concat()).expect_code(0);
    for said in [
        "no chat is taken in; --chat FILE names one",
        "generation 2 has no chat, unlike generation 1",
        "is only a part",
    ] {
        assert!(less.stderr.contains(said), "{said}: {}", less.stderr);
    }
    let again = ingest(&store, &whole).expect_code(0);
    assert!(again.stderr.contains("is the newest again, as generation 3"), "{}", again.stderr);
    let show = json(ingest(&store, ["show", "demo-1", "--json"]));
    assert_eq!(show["generation"]["generation"], 3);
}

#[test]
fn media_and_chat_can_be_taken_alone_and_a_new_run_is_a_new_generation() {
    let store = TempStore::new();
    let arguments = sample_arguments("demo-1");
    let line = |output: Output| output.expect_code(0).stdout;
    assert!(line(ingest(&store, &arguments[..2])).contains("(0 messages, 0 problems)"));
    let chat_only = ["--vod", "file:elsewhere/demo-1.mkv", "--chat", &arguments[3], "--chat-only"];
    assert!(line(ingest(&store, chat_only)).contains(" messages, 1 problems, chat is twitchdownloader/1.4)"));
    let whole = [&arguments[..], &["--keep-media".into(), "--title".into(), "A new title".into()]].concat();
    line(ingest(&store, &whole));
    let show = json(ingest(&store, ["show", "demo-1", "--json"]));
    assert_eq!(show["generation"]["generation"], 3);
    assert_eq!(show["vod"]["title"], "A new title");
    assert_eq!(show["media"][0]["stored"], true);
    assert_eq!(show["blobs"]["media"]["digest"], show["vod"]["media_digest"]);
    let text = line(ingest(&store, ["show", "file/demo-1"]));
    assert!(text.contains("title       A new title\n") && text.contains("duplicate_id: an earlier element"), "{text}");
    line(ingest(&store, ["verify"]));

    let sound = store.path().join("sound.flac");
    line(ingest(&store, ["audio", "demo-1", "-o", sound.to_str().unwrap()]));
    let audio = std::fs::read(&sound).unwrap();
    assert_eq!(show["vod"]["audio_digest"], ids::Digest::of(&audio).to_string());
    let file = store.path().join("demo-1.mkv");
    line(ingest(&store, ["media", "demo-1", "-o", file.to_str().unwrap()]));
    assert_eq!(std::fs::read(&file).unwrap(), std::fs::read(sample::dir().join("demo-1.mkv")).unwrap());
    // An earlier generation is still there, and may have less.
    let first = json(ingest(&store, ["show", "demo-1", "--generation", "1", "--json"]));
    assert_eq!((&first["generation"]["generation"], &first["counts"]["rows"]), (&Value::from(1), &Value::from(0)));
    let none = ingest(&store, ["media", "demo-1", "--generation", "2", "-o", file.to_str().unwrap()]).expect_code(2);
    assert!(none.stderr.contains("run ingest with --keep-media"), "{}", none.stderr);
    let absent = ingest(&store, ["show", "demo-1", "--generation", "4"]).expect_code(2);
    assert!(absent.stderr.contains("has no generation 4; it has 1 to 3"), "{}", absent.stderr);
    assert!(audio.starts_with(b"fLaC"));
}

#[tokio::test]
async fn a_range_moves_time_and_loses_no_message() {
    let store = TempStore::new();
    let whole = ingest(&store, [&sample_arguments("demo-2")[..], &["--json".into()]].concat());
    let part = ["--from", "20.5", "--to", "1:00", "--id", "part", "--json"].map(str::to_owned);
    let part = ingest(&store, [&sample_arguments("demo-2")[..], &part].concat());
    let opened = Store::open_to_read(&store.url()).unwrap();
    let mut found = Vec::new();
    for value in [json(whole), json(part)] {
        let run = opened.run("ingest", &value["run_id"].as_str().unwrap().parse().unwrap()).await.unwrap();
        found.push((
            opened.rows::<Vod>(&run).await.unwrap().remove(0),
            opened.rows::<ChatMessage>(&run).await.unwrap(),
            opened.rows::<Problem>(&run).await.unwrap(),
        ));
    }
    let (part, whole) = (found.pop().unwrap(), found.pop().unwrap());
    assert_eq!(part.0.duration_ms, 39_500);
    assert_eq!((part.1.len() + part.2.len()) as i64, part.0.messages);
    assert_eq!(part.0.messages, whole.0.messages);
    let inside: Vec<_> = whole.1.iter().filter(|row| (20_500..60_000).contains(&row.offset_ms)).collect();
    assert!(!inside.is_empty());
    let moved: Vec<_> = part.1.iter().map(|row| (&row.message_id, row.offset_ms + 20_500)).collect();
    assert_eq!(moved, inside.iter().map(|row| (&row.message_id, row.offset_ms)).collect::<Vec<_>>());
}

#[test]
fn verify_names_what_is_damaged_or_missing() {
    let store = TempStore::new();
    let arguments = sample_arguments("demo-1");
    ingest(&store, &arguments).expect_code(0);
    ingest(&store, ["--vod", &arguments[1], "--chat", &arguments[3], "--title", "Again"]).expect_code(0);
    // Nothing promises the newest record but itself; the first one is missed when it is gone.
    let objects: Vec<_> = contents(store.path()).into_keys().chain(["vods/file/demo-1/1.json".to_owned()]).collect();
    assert_eq!(objects.len(), 2 * (6 + 1) + 2 + 1, "tables and manifest of each, shared blobs, a record: {objects:?}");
    for object in objects {
        let path = store.path().join(&object);
        let whole = std::fs::read(&path).unwrap();
        let mut changed = whole.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 0x20;
        std::fs::write(&path, &changed).unwrap();
        let said = ingest(&store, ["verify", "--full"]).expect_code(1).stdout;
        assert!(said.starts_with(&format!("damaged: {object}: ")), "{object}: {said}");
        std::fs::remove_file(&path).unwrap();
        for depth in ["--full", "--quick"] {
            let said = ingest(&store, ["verify", depth]).expect_code(1).stdout;
            assert!(said.contains(&format!("damaged: {object}: it is missing\n")), "{object}: {said}");
        }
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        let said = ingest(&store, ["verify", "--quick"]).expect_code(1).stdout;
        assert!(said.contains(&format!("damaged: {object}: ")), "{object}: {said}");
        std::fs::write(&path, &whole).unwrap();
    }
    let said = ingest(&store, ["verify"]).expect_code(0).stdout;
    assert!(said.starts_with("ingest verify: sound (1 VOD, "), "{said}");
}

#[test]
fn an_export_is_inspected_without_a_store() {
    let store = TempStore::new();
    let chat = sample::dir().join("demo-1.chat.json").display().to_string();
    let found = json(ingest(&store, ["inspect", &chat, "--json"]));
    let expected = sample::truth().broadcasts.iter().find(|broadcast| broadcast.id == "demo-1").unwrap().messages.len();
    assert_eq!(found["elements"].as_u64(), Some(expected as u64 + 1));
    assert_eq!(found["messages"].as_u64().unwrap() + found["problems"].as_u64().unwrap(), expected as u64 + 1);
    let text = ingest(&store, ["inspect", &chat]).expect_code(0).stdout;
    assert!(text.contains("format      twitchdownloader/1.") && text.contains("messages, 1 problems"), "{text}");
    assert!(contents(store.path()).is_empty());
    let missing = ingest(&store, ["inspect", "/nowhere/none.json"]).expect_code(2).stderr;
    assert!(missing.contains("/nowhere/none.json"), "{missing}");
}
