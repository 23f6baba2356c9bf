//! The `models` command as a person runs it, with real model files.

use std::path::Path;
use std::process::Command;

use testkit::TempStore;
use testkit::process::{self, Output};

/// The smallest real model.
const SMALL: &str = "silero-v6.2.0";

/// Runs the command over `store`; model files come from `cache`.
fn models(store: &TempStore, cache: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_models"));
    command.args(arguments).env("DOUGPT_STORE", store.url()).env("DOUGPT_MODEL_CACHE", cache);
    // No address can be reached: what is not in the cache fails at once instead of after a look-up.
    command.env("HTTPS_PROXY", "http://127.0.0.1:9").env("https_proxy", "http://127.0.0.1:9");
    process::output(&mut command)
}

/// How many files the store has.
fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).map(|entries| entries.flatten().collect::<Vec<_>>()).unwrap_or_default();
    entries.iter().map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

#[test]
fn a_model_is_pulled_from_the_cache_once() {
    let (store, cache) = (TempStore::new(), testkit::models::cache());
    testkit::models::cached(SMALL);
    let first = models(&store, &cache, &["pull", SMALL]).expect_code(0);
    assert!(first.stdout.starts_with(&format!("models {SMALL}: done, run ")), "{}", first.stdout);
    let before = files(store.path());
    let second = models(&store, &cache, &["pull", SMALL]).expect_code(0);
    assert_eq!(second.stdout, first.stdout.replace(": done", ": already done"));
    assert_eq!(files(store.path()), before, "the second run writes nothing");

    let list = models(&store, &cache, &["list", "--json"]).expect_code(0);
    let list: serde_json::Value = serde_json::from_str(&list.stdout).unwrap();
    let pulled: Vec<_> = list.as_array().unwrap().iter().filter(|pin| pin["in_store"] == true).collect();
    assert_eq!(pulled.len(), 1);
    assert_eq!(pulled[0]["name"], SMALL);
    let show = models(&store, &cache, &["show", SMALL]).expect_code(0).stdout;
    assert!(show.contains("store    yes\n") && show.contains("url      https://"), "{show}");
}

#[test]
fn the_run_is_the_same_in_every_store_and_by_either_way_in() {
    let cache = testkit::models::cache();
    let file = testkit::models::cached(SMALL);
    let digest = |arguments: &[&str]| {
        let result = models(&TempStore::new(), &cache, arguments).expect_code(0).stdout;
        serde_json::from_str::<serde_json::Value>(&result).unwrap()["manifest_digest"].clone()
    };
    let pulled = digest(&["pull", SMALL, "--json"]);
    assert_eq!(pulled, digest(&["import", file.to_str().unwrap(), "--name", SMALL, "--json"]));
}

#[test]
fn nothing_but_the_pinned_bytes_gets_in() {
    let folder = tempfile::tempdir().unwrap();
    let pinned = testkit::models::cached(SMALL);
    let digest = pinned.file_name().unwrap().to_owned();
    let mut bytes = std::fs::read(&pinned).unwrap();
    bytes[1000] ^= 1;
    let wrong = folder.path().join("wrong.bin");
    std::fs::write(&wrong, &bytes).unwrap();
    let short = folder.path().join("short.bin");
    std::fs::write(&short, &bytes[..10]).unwrap();
    let damaged_cache = folder.path().join("cache");
    std::fs::create_dir(&damaged_cache).unwrap();
    std::fs::write(damaged_cache.join(digest), &bytes).unwrap();
    let empty_cache = folder.path().join("empty");
    let [wrong, short] = [&wrong, &short].map(|path| path.to_str().unwrap());

    for (cache, arguments, expect) in [
        (&empty_cache, ["import", wrong, "--name", SMALL].as_slice(), "its SHA-256 is "),
        (&empty_cache, &["import", short, "--name", SMALL], "it has 10 bytes, the pinned file has 885098"),
        (&empty_cache, &["import", "/nonexistent", "--name", SMALL], "cannot be read"),
        (&empty_cache, &["import", wrong, "--name", "silero"], "known are silero-v6.2.0, "),
        (&damaged_cache, &["pull", SMALL], "delete it and pull again"),
        (&empty_cache, &["pull", SMALL], "no address gave it"),
        (&empty_cache, &["pull", SMALL, "tiny.eng"], "there is no model \"tiny.eng\"; known are tiny.en, "),
    ] {
        let store = TempStore::new();
        let output = models(&store, cache, arguments).expect_code(2);
        assert!(output.stderr.contains(expect) && output.stdout.is_empty(), "{arguments:?}: {}", output.stderr);
        assert_eq!(files(store.path()), 0, "{arguments:?} wrote to the store");
    }
}
