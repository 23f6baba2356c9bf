//! Lines of yt-dlp's live_chat, behind a good one.
#![no_main]

use libfuzzer_sys::fuzz_target;

const BEFORE: &str = concat!(
    r#"{"replayChatItemAction":{"actions":[{"addChatItemAction":{"item":{"liveChatTextMessageRenderer":{"id":"good","#,
    r#""timestampUsec":"1740852001000000","message":{"runs":[{"text":"hello"}]}}}}}],"videoOffsetTimeMsec":"1000"}}"#,
    "\n"
);

fuzz_target!(|bytes: &[u8]| ingest_fuzz::chat_within(BEFORE, bytes, ""));
