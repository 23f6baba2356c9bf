//! `ingest verify` in parts, against the clock, interrupted, and what it tells machines.

use std::fs;
use std::process::Command;

use serde_json::Value;
use testkit::TempStore;
use testkit::process::{self, Output};

use crate::command::{contents, ingest, sample_arguments};
use crate::exports::{comment, rechat};

/// Runs `verify` with a cache folder of its own.
fn verify(store: &TempStore, cache: &TempStore, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingest"));
    command.arg("verify").args(arguments).env("DOUGPT_STORE", store.url()).env_remove("RUST_LOG");
    process::output(command.env("XDG_CACHE_HOME", cache.path()))
}

fn json(store: &TempStore, cache: &TempStore, arguments: &[&str], code: i32) -> Value {
    let output = verify(store, cache, &[arguments, &["--json"]].concat()).expect_code(code);
    // What went wrong is told on stderr, after any progress.
    let told = if code == 2 { output.stderr.lines().last().unwrap_or_default() } else { &output.stdout };
    serde_json::from_str(told).expect("one JSON line")
}

fn notes(cache: &TempStore) -> usize {
    fs::read_dir(cache.path().join("dougpt/verify")).map_or(0, Iterator::count)
}

/// A store with several chats and one recording.
fn store() -> TempStore {
    let store = TempStore::new();
    ingest(&store, sample_arguments("demo-1")).expect_code(0);
    for number in 0..4 {
        let chat = store.path().join("chat.json");
        fs::write(&chat, rechat(&[comment("a", 1, &number.to_string())])).unwrap();
        let (vod, chat_path) = (format!("file:chat-{number}.mkv"), chat.display().to_string());
        ingest(&store, ["--vod", &vod, "--chat", &chat_path, "--chat-only"]).expect_code(0);
        fs::remove_file(&chat).unwrap();
    }
    store
}

#[test]
fn parts_together_are_everything() {
    let (store, cache) = (store(), TempStore::new());
    let whole = json(&store, &cache, &[], 0);
    assert_eq!((&whole["complete"], &whole["depth"]), (&Value::Bool(true), &Value::from("full")));
    let count = |value: &Value, name: &str| value[name].as_u64().unwrap();
    let promised = contents(store.path()).keys().filter(|path| !path.starts_with("runs/")).count() as u64;
    // Records and manifests are looked at each time.
    let (records, mut objects, mut bytes) = (count(&whole, "objects") - promised, 0, 0);
    for part in ["1/3", "2/3", "3/3"] {
        let found = json(&store, &cache, &["--subset", part], 0);
        assert_eq!(found["subset"], part);
        objects += count(&found, "objects") - records;
        bytes += count(&found, "bytes");
    }
    assert_eq!((objects, bytes), (promised, count(&whole, "bytes")));
    // Damage is found by one part of them, whichever it is.
    for path in contents(store.path()).into_keys().filter(|path| !path.starts_with("runs/")) {
        let file = store.path().join(&path);
        let sound = fs::read(&file).unwrap();
        fs::write(&file, [&sound[..], b"x"].concat()).unwrap();
        let codes = ["1/3", "2/3", "3/3"].map(|part| verify(&store, &cache, &["--subset", part]).code.unwrap());
        assert_eq!(codes.iter().sum::<i32>(), 1, "{path}: {codes:?}");
        fs::write(&file, &sound).unwrap();
    }
    assert_eq!(notes(&cache), 0, "what is complete leaves no notes");
}

#[test]
fn the_time_limit_stops_and_the_same_command_goes_on() {
    let (store, cache) = (store(), TempStore::new());
    let whole = json(&store, &cache, &[], 0);
    // The time is up before the first object is begun.
    let none = json(&store, &cache, &["--max-duration", "0.001"], 0);
    assert_eq!(none["complete"], false);
    assert!(none["left"].as_u64().unwrap() > 0);
    assert_eq!(notes(&cache), 1);
    // As if it had been killed after some objects.
    let file = fs::read_dir(cache.path().join("dougpt/verify")).unwrap().next().unwrap().unwrap().path();
    let objects: Vec<_> = contents(store.path()).into_keys().filter(|path| path.starts_with("blobs/")).collect();
    let noted = fs::read_to_string(&file).unwrap() + &objects[..2].join("\n") + "\n" + &objects[2][..20];
    fs::write(&file, noted).unwrap();
    let said = verify(&store, &cache, &["--max-duration", "0.001"]).expect_code(0).stdout;
    assert!(said.contains("2 more were sound in the verify before"), "{said}");
    assert!(said.contains("the time was up with ") && said.contains("the same command goes on there"), "{said}");
    let rest = json(&store, &cache, &["--max-duration", "1:00"], 0);
    // Another limit is the same question.
    assert_eq!((&rest["resumed"], &rest["complete"]), (&Value::from(2), &Value::Bool(true)));
    assert_eq!(rest["objects"].as_u64().unwrap() + 2, whole["objects"].as_u64().unwrap());
    assert_eq!(notes(&cache), 0);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    json(&store, &cache, &["--max-duration", "0.001"], 0);
    fs::write(&file, fs::read_to_string(&file).unwrap() + &objects[0] + "\n").unwrap();
    assert_eq!(json(&store, &cache, &["--anew"], 0)["resumed"], 0);
}

#[test]
fn trouble_has_a_kind_for_machines() {
    let (store, cache) = (store(), TempStore::new());
    let kind = |value: Value| value["kind"].as_str().unwrap().to_owned();
    assert_eq!(kind(json(&store, &cache, &["none"], 2)), "no_such_asset");
    let gone = TempStore::new();
    let url = gone.path().join("none");
    assert_eq!(kind(json(&store, &cache, &["--store", url.to_str().unwrap()], 2)), "unreachable");
    json(&store, &cache, &["--max-duration", "0.001"], 0);
    let file = fs::read_dir(cache.path().join("dougpt/verify")).unwrap().next().unwrap().unwrap().path();
    let held = fs::File::open(file).unwrap();
    held.lock().unwrap();
    let locked = json(&store, &cache, &[], 2);
    assert!(locked["error"].as_str().unwrap().contains("is running; wait until it is done"), "{locked}");
    assert_eq!(kind(locked), "locked");
    for wrong in [["--subset", "0/3"], ["--subset", "101%"], ["--max-duration", "soon"], ["--max-duration", "0"]] {
        verify(&store, &cache, &wrong).expect_code(2);
    }
    verify(&store, &cache, &["--quick", "--subset", "1/2"]).expect_code(2);
}

#[tokio::test]
async fn runs_whose_tables_do_not_fit_together_are_damaged() {
    use manifest::RunKey;
    use schemas::{ChatMessage, Media, Problem, Vod};

    let (store, cache) = (store(), TempStore::new());
    let opened = store::Store::open(&store.url()).await.unwrap();
    let generation = opened.vod(&"file/demo-1".parse().unwrap()).await.unwrap().unwrap();
    let run = opened.run("ingest", &generation.run_id).await.unwrap();
    let mut rows = opened.rows::<ChatMessage>(&run).await.unwrap();
    let mut vod = opened.rows::<Vod>(&run).await.unwrap();
    let problems = opened.rows::<Problem>(&run).await.unwrap();
    // A run that somebody forged: every digest is right, and half of the messages are gone.
    rows.truncate(rows.len() / 2);
    rows.reverse();
    rows[0].offset_ms += 100_000;
    vod[0].audio_digest = Some(ids::Digest::of(b"another"));
    vod[0].duration_ms = 1;
    let key = RunKey { params: serde_json::json!({ "forged": true }), ..run.manifest.key.clone() };
    let mut writer = opened.begin(key).unwrap();
    writer.count("messages", usize::try_from(vod[0].messages).unwrap());
    writer.count("rows", rows.len() + 1);
    writer.count("problems", problems.len());
    writer.table::<Vod>(&vod).await.unwrap();
    writer.table::<Media>(&[]).await.unwrap();
    writer.table::<ChatMessage>(&rows).await.unwrap();
    writer.table::<Problem>(&problems).await.unwrap();
    let forged = writer.commit().await.unwrap();
    opened.add_generation(&generation.vod, &forged, "2025-01-01T00:00:00Z").await.unwrap();

    let found = json(&store, &cache, &[], 1);
    let object = format!("runs/ingest/{}/manifest.json", forged.id());
    let damaged: Vec<_> = found["damaged"].as_array().unwrap().iter().collect();
    assert!(damaged.iter().all(|damage| damage["object"] == object.as_str()), "{damaged:?}");
    let reasons: Vec<_> = damaged.iter().map(|damage| damage["reason"].as_str().unwrap()).collect();
    for expect in ["problems are not ", "its manifest counts ", "names another audio", "not numbered in the order"] {
        assert!(reasons.iter().any(|reason| reason.contains(expect)), "{expect}: {reasons:?}");
    }
    assert!(
        found["notes"][0]["note"].as_str().unwrap().ends_with(" come more than 60000 ms after the end at 1 ms"),
        "{found}"
    );
    assert!(found["next"].as_str().unwrap().starts_with("what next: copy the damaged objects back"), "{found}");
}

#[test]
fn what_is_damaged_is_moved_away_and_made_again() {
    let (store, cache) = (TempStore::new(), TempStore::new());
    let arguments = sample_arguments("demo-1");
    ingest(&store, &arguments).expect_code(0);
    let sound = contents(store.path());
    let paths: Vec<_> = sound.keys().collect();
    assert!(paths.iter().any(|path| path.ends_with("/manifest.json")), "{paths:?}");
    for (number, path) in paths.iter().enumerate() {
        let file = store.path().join(path);
        let aside = store.path().join("damaged").join(path);
        // Every other object is gone altogether.
        if number % 2 == 0 {
            fs::write(&file, "spoiled").unwrap();
        } else {
            fs::remove_file(&file).unwrap();
        }
        let found = verify(&store, &cache, &["--set-aside"]).expect_code(1).stdout;
        assert!(found.contains(&format!("damaged: {path}: ")), "{found}");
        assert!(found.contains("    needed by file/demo-1 generation 1\n"), "{path}: {found}");
        assert_eq!(found.contains(&format!("    moved to damaged/{path}\n")), number % 2 == 0, "{found}");
        assert_eq!(aside.exists(), number % 2 == 0, "{path}");
        ingest(&store, &arguments).expect_code(0);
        verify(&store, &cache, &[]).expect_code(0);
        let _ = fs::remove_dir_all(store.path().join("damaged"));
        assert_eq!(contents(store.path()), sound, "{path} is not what it was");
    }
    let list = ingest(&store, ["list"]).expect_code(0).stdout;
    assert_eq!(list.lines().count(), 2, "the VOD has more than its one generation: {list}");
}

#[test]
fn a_damaged_vod_does_not_hide_the_others() {
    let store = store();
    for path in ["vods/file/chat-0/1.json", "vods/file/chat-1/1.json"] {
        fs::write(store.path().join(path), "{").unwrap();
    }
    let list = ingest(&store, ["list"]).expect_code(0).stdout;
    assert_eq!(list.lines().count(), 6, "{list}");
    assert_eq!(list.matches("damaged: ").count(), 2, "{list}");
    assert!(list.contains("see `ingest verify`") && list.contains("file/demo-1"), "{list}");
}
