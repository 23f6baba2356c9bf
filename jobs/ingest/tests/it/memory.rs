//! Memory does not grow with the chat: a large file is taken in within a fixed bound.

use std::fs::File;
use std::io::BufWriter;
use std::process::{Command, Stdio};

use testkit::TempStore;
use testkit::big_chat::BigChat;

/// Most resident memory that ingest may take, KiB. Rows in memory would take twice as much; a file of 1 GB takes a little
/// more, for the ids alone grow with it.
const BOUND_KIB: u64 = 160 << 10;

/// Runs ingest over `chat` and returns the most memory it had, in KiB.
fn peak(store: &TempStore, chat: &str) -> u64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingest"));
    command.args(["--vod", "file:big.mkv", "--chat-only", "--chat", chat]).env("DOUGPT_STORE", store.url());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    // The kernel forgets a process's peak with the process, so it is asked while there is one.
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(kib.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return peak;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[tokio::test]
async fn a_large_chat_stays_within_the_bound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.json");
    // In no order, so that runs are written and merged, and more rows than two row groups hold.
    let big = BigChat { bytes: 160 << 20, whole_seconds: true, shuffled: true };
    let count = big.twitchdownloader(&mut BufWriter::new(File::create(&path).unwrap())).unwrap();
    let store = TempStore::new();
    let peak = peak(&store, path.to_str().unwrap());
    assert!(peak > 8 << 10 && peak < BOUND_KIB, "{peak} KiB");

    let opened = store::Store::open_to_read(&store.url()).unwrap();
    let generation = opened.vod(&"file/big".parse().unwrap()).await.unwrap().unwrap();
    let run = opened.run("ingest", &generation.run_id).await.unwrap();
    assert_eq!(run.manifest.counts["rows"], count);
    let rows = opened.rows::<schemas::ChatMessage>(&run).await.unwrap();
    let order = |row: &schemas::ChatMessage| (row.offset_ms, row.created_at_us);
    assert!(rows.windows(2).all(|pair| order(&pair[0]) <= order(&pair[1])));
    assert!(rows.iter().zip(0..).all(|(row, ordinal)| row.ordinal == ordinal && row.restoration == "created_at"));
    assert_eq!(run.manifest.facts["restorations"]["created_at"], count);
}
