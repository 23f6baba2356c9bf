//! The texts a person sees: help, and every error with what to do next.

use std::fmt::Write;
use std::process::Command;

use testkit::process;

use crate::exports::{comment, twitchdownloader};

/// Runs the command in `folder` and returns what it prints, with its exit code.
fn ingest(folder: &std::path::Path, arguments: &[&str]) -> process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingest"));
    command.args(arguments).current_dir(folder).env_remove("DOUGPT_STORE").env_remove("RUST_LOG").env("COLUMNS", "100");
    process::output(&mut command)
}

#[test]
fn help_is_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = String::new();
    for arguments in [["--help"].as_slice(), &["verify", "--help"]] {
        writeln!(all, "$ ingest {}\n{}", arguments.join(" "), ingest(folder.path(), arguments).expect_code(0).stdout)
            .unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn every_mistake_is_told_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    put("good.json", twitchdownloader(4, &[comment("a", 1, "hi")]).as_bytes());
    put("cut.json", b"{\"comments\":[{\"_id\":\"a\",\n\"message\":");
    put("other.json", b"{\"replayChatItemAction\":{\"actions\":[]}}\n{}");
    put("keys.json", b"{\"data\":1,\"items\":[]}");
    put("list.json", b"[1,2]");
    put("text.json", b"hello");
    put("empty.json", b"");
    put("foreign.json", b"{\"comments\":[{\"id\":\"1\",\"text\":\"hi\"}]}");
    put("two.json", b"{\"comments\":[]}\n{\"comments\":[]}");
    put("noise.mkv", b"this is no media file");
    put("sound.mkv", testkit::sample::FILES.iter().find(|(name, _)| *name == "demo-1.mkv").unwrap().1);
    let silent = ["-loglevel", "error", "-f", "lavfi", "-i", "color=s=16x16:d=0.2", "-c:v", "ffv1", "silent.mkv"];
    process::output(Command::new("ffmpeg").args(silent).current_dir(folder.path())).expect_code(0);

    let mut all = String::new();
    for arguments in [
        [].as_slice(),
        &["--vod", "1087079172", "--id", "talk"],
        &["--vod", "1087079172", "--quality", "../x"],
        &["--vod", "https://www.twitch.tv/somebody"],
        &["--vod", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"],
        &["--from-file", "missing.txt"],
        &["--vod", "sound.mkv"],
        &["--vod", "file:"],
        &["--vod", "file:missing.mkv"],
        &["--vod", "file:."],
        &["--vod", "file:noise.mkv"],
        &["--vod", "file:silent.mkv"],
        &["--vod", "file:配信.mkv"],
        &["--vod", "file:sound.mkv", "--id", "../x"],
        &["--vod", "file:sound.mkv", "--started-at", "noon"],
        &["--vod", "file:sound.mkv", "--title", "\u{1b}[31m"],
        &["--vod", "file:sound.mkv", "--from", "2:00", "--to", "1:00"],
        &["--vod", "file:sound.mkv", "--from", "1h"],
        &["--vod", "file:sound.mkv", "--chat", "missing.json"],
        &["--vod", "file:sound.mkv", "--chat", "cut.json"],
        &["--vod", "file:sound.mkv", "--chat", "other.json"],
        &["--vod", "file:sound.mkv", "--chat", "keys.json"],
        &["--vod", "file:sound.mkv", "--chat", "list.json"],
        &["--vod", "file:sound.mkv", "--chat", "text.json"],
        &["--vod", "file:sound.mkv", "--chat", "empty.json"],
        &["--vod", "file:sound.mkv", "--chat", "foreign.json"],
        &["--vod", "file:sound.mkv", "--chat", "two.json"],
        &["--vod", "file:sound.mkv", "--chat", "good.json", "--media-only"],
        &["--vod", "file:sound.mkv", "--chat-only"],
        &["--vod", "file:sound.mkv", "list"],
        &["show", "x"],
    ] {
        let output = ingest(folder.path(), arguments).expect_code(2);
        assert_eq!(output.stdout, "", "{arguments:?}");
        // What ffmpeg says holds addresses and is another release's tomorrow.
        let said = match output.stderr.split_once("flac or wav: ") {
            Some((ours, _)) => format!("{ours}flac or wav: <ffmpeg's words>\n"),
            None => output.stderr,
        };
        writeln!(all, "$ ingest {}\n{}", arguments.join(" ").replace('\u{1b}', "<ESC>"), said).unwrap();
    }
    assert!(!folder.path().join(".dougpt").exists(), "a mistake makes no store");
    insta::assert_snapshot!(all);
}
