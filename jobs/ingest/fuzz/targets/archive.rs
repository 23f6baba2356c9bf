//! Archives of the old chat API, behind the video's object and a good comment.
#![no_main]

use libfuzzer_sys::fuzz_target;

const BEFORE: &str = r#"[{"title":"t","_id":"v77","recorded_at":"2025-03-01T18:00:00Z","length":600},
{"_id":"good","created_at":"2025-03-01T18:00:01.25Z","content_offset_seconds":1.25,"message":{"body":"hello"}},"#;

fuzz_target!(|bytes: &[u8]| ingest_fuzz::chat_within(BEFORE, bytes, "]"));
