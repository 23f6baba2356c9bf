//! Lines of chat-downloader, and ganymede's, behind a good one.
#![no_main]

use libfuzzer_sys::fuzz_target;

const BEFORE: &str = concat!(
    r#"{"message_id":"good","message":"hello","message_type":"text_message","author":{"id":"1","name":"ann"},"#,
    r#""timestamp":1740852001000000}"#,
    "\n"
);

fuzz_target!(|bytes: &[u8]| ingest_fuzz::chat_within(BEFORE, bytes, ""));
