//! Bad input: a clear error that names what and where, exit code 2, nothing written, no panic.

use std::net::TcpListener;

use crate::cli::{Cli, files, sample};

/// Takes in the first broadcast of the sample with one argument changed, and sees it refused.
fn ingest_refused(cli: &Cli, media: &str, chat: &str, says: &[&str]) {
    let vod = format!("file:{media}");
    cli.refused("ingest", &["--vod", &vod, "--chat", chat, "--id", "bad"], says);
    let left: Vec<_> =
        files(&cli.store()).into_iter().filter(|file| !file.to_string_lossy().contains("probe")).collect();
    assert!(left.is_empty(), "something was written: {left:?}");
}

#[test]
fn media_and_chat_that_are_not_what_they_should_be() {
    let cli = Cli::new();
    let media = sample("demo-1.mkv");
    let chat = sample("demo-1.chat.json");
    ingest_refused(&cli, "/nowhere/none.mkv", &chat, &["/nowhere/none.mkv"]);
    ingest_refused(&cli, &media, "/nowhere/none.json", &["/nowhere/none.json"]);
    let empty = cli.file("empty.json", "");
    ingest_refused(&cli, &media, &empty, &["empty.json", "empty"]);
    let whole = std::fs::read(&chat).expect("the sample");
    let truncated = cli.file("truncated.json", &whole[..whole.len() / 2]);
    ingest_refused(&cli, &media, &truncated, &["truncated.json", "line"]);
    let other = cli.file("other.json", r#"{"hello": ["world"]}"#);
    ingest_refused(&cli, &media, &other, &["other.json", "comments"]);
    let text = cli.file("text.mkv", "this is no media file");
    ingest_refused(&cli, &text, &chat, &["text.mkv"]);
    let silent = cli.file("silent.mkv", "");
    let made = testkit::process::run(
        "ffmpeg",
        ["-v", "error", "-y", "-f", "lavfi", "-i", "color=size=64x64:duration=1", "-an", &silent],
    );
    made.expect_code(0);
    ingest_refused(&cli, &silent, &chat, &["silent.mkv", "no audio"]);
}

#[test]
fn names_that_do_not_exist() {
    let cli = Cli::new();
    cli.refused("models", &["pull", "huge.en"], &["huge.en", "tiny.en"]);
    cli.refused("transcribe", &["--vod", "file/none"], &["file/none"]);
    cli.refused("align", &["--vod", "file/none"], &["file/none"]);
    cli.refused("train", &["--dataset", "none", "--base", "smollm2-135m-instruct", "--name", "x"], &["none"]);
    cli.refused("eval", &["gate", "none"], &["none"]);
    cli.refused("infer", &["serve", "--channel", "none"], &["trusted"]);
    cli.refused("audit", &["lineage", "r-0000000000000000"], &["r-0000000000000000"]);
    cli.refused("audit", &["sql", "selec 1"], &["selec"]);
    cli.refused("audit", &["sql", "drop table word"], &["drop"]);
}

#[test]
fn a_model_that_is_not_the_pinned_one() {
    let cli = Cli::new();
    let corrupt = cli.file("corrupt.gguf", [b"GGUF".as_slice(), &[0xff; 4096]].concat());
    cli.refused("models", &["import", &corrupt, "--name", "smollm2-135m-instruct"], &["corrupt.gguf", "98362432"]);
    let mut cache = cli.command("models", &["pull", "smollm2-135m-instruct"]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let digest = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";
    std::fs::write(folder.path().join(digest), b"GGUF").expect("a file can be written");
    let output = testkit::process::output(cache.env("DOUGPT_MODEL_CACHE", folder.path())).expect_code(2);
    assert!(output.stderr.contains(digest), "{}", output.stderr);
    assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
}

#[test]
fn stores_that_cannot_be_used() {
    let cli = Cli::new();
    let file = cli.file("file", "not a folder");
    let vod = format!("file:{}", sample("demo-1.mkv"));
    let chat = sample("demo-1.chat.json");
    let arguments = |store: &str| ["--vod", &vod, "--chat", &chat, "--store", store].map(str::to_owned);
    for (store, says) in
        [(file.as_str(), "file"), ("/proc/none", "/proc/none"), ("ftp://x/y", "ftp"), ("s3://", "bucket")]
    {
        let arguments = arguments(store);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        cli.refused("ingest", &arguments, &[says]);
    }
}

#[test]
fn an_address_that_is_taken() {
    let cli = Cli::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    cli.refused("infer", &["serve", "--addr", &address], &[&address]);
}

#[test]
fn no_place_for_the_key_of_a_promotion() {
    let cli = Cli::new();
    let mut demo = cli.command("pipeline", &["demo"]);
    for variable in ["HOME", "XDG_CONFIG_HOME", "DOUGPT_SIGNING_KEY", "DOUGPT_TRUSTED_KEYS"] {
        demo.env_remove(variable);
    }
    let output = testkit::process::output(&mut demo).expect_code(2);
    assert!(output.stderr.contains("DOUGPT_SIGNING_KEY"), "{}", output.stderr);
    assert_eq!(output.stdout, "", "a job ran before it was said");
}
