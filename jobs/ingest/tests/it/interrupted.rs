//! Killed at any instant: nothing is visible or everything, and nothing is left behind.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use testkit::TempStore;
use testkit::process;

use crate::command::{contents, sample_arguments};

fn command(store: &TempStore, temporary: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingest"));
    command.args(sample_arguments("demo-1")).env("DOUGPT_STORE", store.url()).env("TMPDIR", temporary);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn a_killed_run_leaves_nothing_visible_and_the_next_one_gives_the_same_bytes() {
    let temporary = tempfile::tempdir().unwrap();
    let reference = TempStore::new();
    process::output(&mut command(&reference, temporary.path())).expect_code(0);
    let expected = contents(reference.path());
    let store = TempStore::new();
    let mut killed = 0;
    // From before anything happened to after everything did.
    for delay in [5, 20, 40, 60, 80, 100, 130, 160, 200, 250, 300] {
        let mut child = command(&store, temporary.path()).spawn().unwrap();
        sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        let manifests = contents(store.path()).into_iter().filter(|(name, _)| name.ends_with("/manifest.json"));
        for (name, digest) in manifests {
            assert_eq!(expected.get(&name), Some(&digest), "a manifest is visible that is not whole");
        }
    }
    assert!(killed > 0, "nothing was killed");
    process::output(&mut command(&store, temporary.path())).expect_code(0);
    let mut found = contents(store.path());
    // What a killed local writer left are unnamed parts, which no reader sees.
    found.retain(|name, _| !name.starts_with("probe/") && !name.contains('#'));
    assert_eq!(found, expected);
    let left: Vec<_> = std::fs::read_dir(temporary.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
}
