//! Makes up broadcasts whose lag is known: a streamer who talks, and a chat that takes up some of the words.

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemas::{ChatMessage, Word};

/// What to make up.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Seed of everything.
    pub seed: u64,
    /// Length, ms.
    pub duration_ms: i64,
    /// Messages a minute.
    pub rate: f64,
    /// Share of messages that take up a word.
    pub echoing: f64,
    /// Chat time less word time, ms.
    pub lag_ms: i64,
}

impl Plan {
    /// A quarter of an hour with a chat of 20 messages a minute.
    pub fn new(seed: u64, lag_ms: i64) -> Self {
        Self { seed, duration_ms: 900_000, rate: 20.0, echoing: 0.35, lag_ms }
    }

    /// Makes it up.
    pub fn make(&self) -> (Vec<Word>, Vec<ChatMessage>) {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let words = self.speech(&mut random);
        let chat = self.chat(&words, &mut random);
        (words, chat)
    }

    /// Sentences of 4 to 14 words with pauses between; every few words a rare one.
    fn speech(&self, random: &mut ChaCha8Rng) -> Vec<Word> {
        let mut words = Vec::new();
        let (mut at, mut utterance) = (1_000, 0);
        while at < self.duration_ms - 5_000 {
            for _ in 0..random.random_range(4..15) {
                let text = if random.random_bool(0.2) { rare(random) } else { common(random) };
                let length = random.random_range(180..450);
                words.push(word(words.len(), utterance, at, at + length, &text));
                at += length + 20;
            }
            utterance += 1;
            at += random.random_range(300..6_000);
        }
        words
    }

    /// Messages at random times; an echoing one comes a reaction after one of the words, give or take a second.
    fn chat(&self, words: &[Word], random: &mut ChaCha8Rng) -> Vec<ChatMessage> {
        let count = (self.duration_ms as f64 / 60_000.0 * self.rate) as usize;
        let taken_up: Vec<&Word> = words.iter().filter(|word| word.text.starts_with("rare")).collect();
        let mut lines: Vec<(i64, String)> = Vec::new();
        while lines.len() < count {
            if random.random_bool(self.echoing) {
                let word = taken_up.choose(random).expect("there are rare words");
                let at = word.start_ms + self.lag_ms + random.random_range(-1_500..=1_500);
                lines.push((at, format!("{} {}", common(random), word.text)));
            } else {
                let line = (0..random.random_range(1..6)).map(|_| common_or_rare(random)).collect::<Vec<_>>();
                lines.push((random.random_range(0..self.duration_ms), line.join(" ")));
            }
        }
        lines.sort();
        lines.into_iter().enumerate().map(|(ordinal, (at, text))| message(ordinal, at, &text)).collect()
    }
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

fn rare(random: &mut ChaCha8Rng) -> String {
    // Squaring makes some of the rare words rarer than others, as in any vocabulary.
    let draw: f64 = random.random();
    format!("rare{:03}", (draw * draw * 400.0) as usize)
}

fn common(random: &mut ChaCha8Rng) -> String {
    let draw: f64 = random.random();
    format!("so{}", ["and", "that", "just", "chat", "really", "going"][(draw * draw * 6.0) as usize])
}

fn common_or_rare(random: &mut ChaCha8Rng) -> String {
    if random.random_bool(0.1) { rare(random) } else { common(random) }
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
