//! Nodes of Twitch's query API, behind a good one.
#![no_main]

use libfuzzer_sys::fuzz_target;

const BEFORE: &str = r#"{"video":{"createdAt":"2025-03-01T18:00:00Z"},"comments":[{"id":"good","contentOffsetSeconds":1,
"createdAt":"2025-03-01T18:00:01.4Z","message":{"fragments":[{"text":"hello"}]}},"#;

fuzz_target!(|bytes: &[u8]| ingest_fuzz::chat_within(BEFORE, bytes, "]}"));
