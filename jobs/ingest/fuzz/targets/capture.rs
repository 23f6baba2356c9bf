//! Lines of captures of Twitch's chat protocol, behind a good one.
#![no_main]

use libfuzzer_sys::fuzz_target;

const BEFORE: &str = concat!(r#"{"t":1740852001000,"type":"PRIVMSG","u":"Ann","msg":"hello","id":"good"}"#, "\n");

fuzz_target!(|bytes: &[u8]| ingest_fuzz::chat_within(BEFORE, bytes, ""));
