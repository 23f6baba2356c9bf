//! Comments of TwitchDownloader's files, behind a good one.
#![no_main]

use libfuzzer_sys::fuzz_target;

const BEFORE: &str = r#"{"FileInfo":{"Version":{"Major":1,"Minor":4,"Patch":0}},"streamer":{"name":"Fencer","id":900},
"video":{"created_at":"2025-03-01T18:00:00Z"},"comments":[{"_id":"good","created_at":"2025-03-01T18:00:01.25Z",
"content_offset_seconds":1,"message":{"body":"hello"}},"#;

fuzz_target!(|bytes: &[u8]| ingest_fuzz::chat_within(BEFORE, bytes, "]}"));
