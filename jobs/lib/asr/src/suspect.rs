//! Marks text that Whisper is known to make up: it is kept, and never silently trusted.

use serde::{Deserialize, Serialize};

use crate::words::Word;

/// Why an utterance may not have been said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suspect {
    /// The same words over and over: decoding got stuck.
    RepeatLoop,
    /// A phrase of the subtitle files Whisper learned from, standing alone.
    Blocklist,
    /// More characters a second than anybody speaks.
    TooFast,
    /// Words where no speech was detected.
    OutsideSpeech,
}

impl Suspect {
    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Suspect::RepeatLoop => "repeat_loop",
            Suspect::Blocklist => "blocklist",
            Suspect::TooFast => "too_fast",
            Suspect::OutsideSpeech => "outside_speech",
        }
    }
}

/// Whole utterances, in lower-case words, that Whisper writes over silence and music (arXiv 2501.11378 lists more).
const BLOCKLIST: &[&str] = &[
    "bye bye",
    "dont forget to like and subscribe",
    "like and subscribe",
    "please like and subscribe",
    "please subscribe",
    "please subscribe to my channel",
    "see you in the next video",
    "subscribe to my channel",
    "subtitles by the amaraorg community",
    "thank you for watching",
    "thank you so much for watching",
    "thanks for watching",
    "transcription by castingwords",
    "well be right back",
];
/// Fast talkers reach about 20 characters a second; nobody keeps this up.
const CHARACTERS_PER_SECOND: u64 = 25;
/// Shorter text says nothing about speed.
const MEASURED_CHARACTERS: u64 = 12;
/// Longest repeated phrase that is looked for, in words.
const LONGEST_PHRASE: usize = 12;

/// Every reason to doubt these words, spoken within `length_ms`, in the order of [`Suspect`].
pub(crate) fn doubts(words: &[Word], length_ms: u64) -> Vec<Suspect> {
    let plain: Vec<String> = words.iter().map(|word| plain(&word.text)).filter(|word| !word.is_empty()).collect();
    let characters: u64 = plain.iter().map(|word| word.chars().count() as u64).sum();
    let fast = characters >= MEASURED_CHARACTERS
        && characters.saturating_mul(1000) > CHARACTERS_PER_SECOND.saturating_mul(length_ms);
    let mut doubts = Vec::new();
    doubts.extend(loops(&plain).then_some(Suspect::RepeatLoop));
    doubts.extend(BLOCKLIST.contains(&plain.join(" ").as_str()).then_some(Suspect::Blocklist));
    doubts.extend(fast.then_some(Suspect::TooFast));
    doubts
}

/// Letters and digits in lower case.
fn plain(word: &str) -> String {
    word.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether some phrase stands often enough in a row. People do shout a word five times, so short phrases need more.
fn loops(words: &[String]) -> bool {
    (1..=LONGEST_PHRASE).any(|size| {
        let times = match size {
            1 => 7,
            2 => 5,
            3 => 4,
            _ => 3,
        };
        // A run of equal words `size` apart that is (times - 1) * size long is the phrase said `times` times.
        let mut run = 0;
        words.iter().zip(words.iter().skip(size)).any(|(word, later)| {
            run = if word == later { run + 1 } else { 0 };
            run >= (times - 1) * size
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubts_are_told_from_speech() {
        use Suspect::{Blocklist, RepeatLoop, TooFast};
        let cases: [(&str, u64, &[Suspect]); 10] = [
            ("", 0, &[]),
            ("We finally did it, thank you everyone.", 3000, &[]),
            ("no no no no no no", 2000, &[]),
            ("no no no no no no no", 2000, &[RepeatLoop]),
            ("Let's go! Let's go! Let's go! Let's go!", 4000, &[]),
            ("go on then go on then go on then go on then", 4000, &[RepeatLoop]),
            ("I am a fish. I am a fish. I am a fish.", 4000, &[RepeatLoop]),
            ("Thanks for watching!", 1500, &[Blocklist]),
            ("Thanks for watching me lose again", 2500, &[]),
            ("this sentence was never said in so little time", 900, &[TooFast]),
        ];
        for (text, length_ms, expected) in cases {
            let word = |text: &str| Word { text: text.to_owned(), start_ms: 0, end_ms: 0, probability: 1.0 };
            let words: Vec<Word> = text.split_whitespace().map(word).collect();
            assert_eq!(doubts(&words, length_ms), expected, "{text}");
        }
    }
}
