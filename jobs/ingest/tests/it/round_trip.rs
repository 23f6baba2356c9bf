//! What is exported as TwitchDownloader's JSON comes back as it was, as far as that format can carry it.

use schemas::{ChatMessage, Vod};

use crate::command::{ingest, sample_arguments};
use crate::exports::{Parsed, parse, parse_from, vod};
use crate::formats::FORMATS;
use testkit::TempStore;

fn exported(parsed: &Parsed) -> Vec<u8> {
    let row = Vod {
        platform: vod().platform,
        vod_id: vod().id,
        source: "file:x.mkv".into(),
        title: parsed.video.title.clone(),
        channel: parsed.video.channel.clone(),
        started_at: parsed.video.started_at.clone(),
        duration_ms: parsed.video.length_ms.unwrap_or(0),
        media_digest: None,
        audio_digest: None,
        chat_digest: None,
        chat_format: Some(parsed.format.clone()),
        messages: parsed.messages as i64,
    };
    let mut bytes = Vec::new();
    ingest::export::twitchdownloader(&row, &parsed.rows, &mut bytes).expect("bytes");
    bytes
}

/// A row without what version 1.4 has no place for.
fn carried(row: &ChatMessage) -> ChatMessage {
    ChatMessage {
        restoration: "exact".into(),
        offset_raw_ms: Some(row.offset_ms),
        deleted_at_ms: None,
        system_text: None,
        reply_to: None,
        reply_to_login: None,
        is_action: false,
        ..row.clone()
    }
}

#[test]
fn an_export_comes_back() {
    let mut all = String::new();
    for (name, file, started_at) in FORMATS {
        let first = parse_from(file.as_bytes(), *started_at).unwrap();
        let bytes = exported(&first);
        assert_eq!(bytes, exported(&first), "{name}");
        let again = parse(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(again.format, "twitchdownloader/1.4");
        assert_eq!(again.rows, first.rows.iter().map(carried).collect::<Vec<_>>(), "{name}");
        assert_eq!((again.video.title.clone(), again.video.channel.clone()), (first.video.title, first.video.channel));
        assert_eq!(exported(&again), bytes, "{name}: the second export is the first");
        if matches!(*name, "twitch-gql" | "irc") {
            all.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_command_exports_and_takes_in_again() {
    let store = TempStore::new();
    ingest(&store, sample_arguments("demo-3")).expect_code(0);
    let path = store.path().join("out.json");
    let output = path.display().to_string();
    let export = ["export", "demo-3", "--format", "twitchdownloader", "-o", &output];
    let said = ingest(&store, export).expect_code(0).stdout;
    let first = std::fs::read(&path).unwrap();
    ingest(&store, ["--vod", "file:x.mkv", "--chat-only", "--chat", &output, "--id", "again"]).expect_code(0);
    let second = ingest(&store, ["export", "again", "--format", "twitchdownloader"]).expect_code(0).stdout;
    let comments = |text: &str| {
        text.split_once("\"comments\":")
            .expect("comments")
            .1
            .replace("\"content_id\":\"demo-3\"", "\"content_id\":\"again\"")
    };
    assert_eq!(comments(second.trim_end()), comments(String::from_utf8(first).unwrap().trim_end()));
    assert!(said.starts_with("ingest export file/demo-3: "), "{said}");
    ingest(&store, ["--vod", &sample_arguments("demo-1")[1], "--media-only"]).expect_code(0);
    let said = ingest(&store, ["export", "demo-1", "--format", "twitchdownloader"]).expect_code(2).stderr;
    assert!(said.contains("was taken in without chat; run ingest with --chat"), "{said}");
}
