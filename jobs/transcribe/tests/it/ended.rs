//! Asked to end, as a service manager does: nothing is left in the temporary folder, and the same command goes on.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use testkit::process;

use crate::{MODELS, Stage};

#[tokio::test]
async fn sigterm_leaves_no_file_behind() {
    let stage = Stage::set(MODELS).await;
    let temporary = tempfile::tempdir().expect("a folder");
    let left = || std::fs::read_dir(temporary.path()).expect("a folder").count();
    let command = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_transcribe"));
        command.args(["--vod", "demo-1", "--threads", "1"]);
        command.env("DOUGPT_STORE", stage.folder.url()).env("TMPDIR", temporary.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let mut child = command().spawn().expect("the command");
    let start = Instant::now();
    while left() == 0 {
        assert!(start.elapsed() < Duration::from_secs(60), "it makes no temporary file");
        sleep(Duration::from_millis(5));
    }
    sleep(Duration::from_millis(300));
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
    assert_eq!(child.wait().expect("an end").code(), Some(143));
    assert_eq!(left(), 0);
    assert!(stage.store.run_ids("transcribe").await.expect("ids").is_empty());
    process::output(&mut command()).expect_code(0);
    assert_eq!(stage.only().await.manifest.counts["utterances"], 17);
}
