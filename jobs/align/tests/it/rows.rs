//! Made-up broadcasts as the rows that `ingest` and `transcribe` give.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemas::{ChatMessage, Word};
use testkit::broadcast::Plan;

/// Makes up a broadcast.
pub fn made_up(plan: &Plan) -> (Vec<Word>, Vec<ChatMessage>) {
    let made = plan.make();
    let words = made.words.iter().enumerate();
    let words = words.map(|(at, it)| word(at, it.utterance as i64, it.start_ms, it.end_ms, &it.text));
    let chat = made.chat.iter().enumerate().map(|(at, line)| message(at, line.at_ms, &line.text));
    (words.collect(), chat.collect())
}

/// Texts stay, times are dealt anew: a chat of the same words that belongs to no speech.
pub fn shuffled(mut chat: Vec<ChatMessage>, seed: u64) -> Vec<ChatMessage> {
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x5eed);
    for last in (1..chat.len()).rev() {
        let other = random.random_range(0..=last);
        let time = chat[last].offset_ms;
        chat[last].offset_ms = chat[other].offset_ms;
        chat[other].offset_ms = time;
    }
    chat.sort_by_key(|message| (message.offset_ms, message.ordinal));
    chat
}

/// A word.
pub fn word(ordinal: usize, utterance: i64, start_ms: i64, end_ms: i64, text: &str) -> Word {
    Word {
        platform: ids::Platform::File,
        vod_id: "made-up".parse().expect("an id"),
        ordinal: ordinal as i64,
        utterance,
        start_ms,
        end_ms,
        text: text.to_owned(),
        probability: 1.0,
    }
}

/// A message.
pub fn message(ordinal: usize, offset_ms: i64, text: &str) -> ChatMessage {
    ChatMessage {
        message_id: format!("message-{ordinal}"),
        ordinal: ordinal as i64,
        offset_ms,
        user_login: Some(format!("viewer{}", ordinal % 37)),
        ..ChatMessage::plain(ids::Platform::File, "made-up".parse().expect("an id"), text.to_owned())
    }
}
