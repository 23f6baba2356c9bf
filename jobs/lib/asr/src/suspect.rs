//! Marks text that Whisper is known to make up: it is kept, and never silently trusted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::utterances::Utterance;
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
    /// A long text of few different words, which is how decoding that got stuck looks when it varies.
    LowEntropy,
    /// The model itself believes that nobody speaks, and is not sure of the words either.
    NoSpeech,
    /// The same sentence as in the two utterances before.
    Repeated,
}

impl Suspect {
    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Suspect::RepeatLoop => "repeat_loop",
            Suspect::Blocklist => "blocklist",
            Suspect::TooFast => "too_fast",
            Suspect::OutsideSpeech => "outside_speech",
            Suspect::LowEntropy => "low_entropy",
            Suspect::NoSpeech => "no_speech",
            Suspect::Repeated => "repeated",
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

/// Whisper takes a text of lower entropy than 2.4 nats over 32 tokens for stuck: about eleven different words.
const ENTROPY_WORDS: usize = 32;
const LEAST_ENTROPY: f64 = 2.4;
/// Whisper's own threshold for silence, and the mean probability of words below which it holds (log -1, rounded).
const NO_SPEECH: f32 = 0.6;
const UNSURE: f32 = 0.37;
/// Shorter sentences are repeated by people too.
const REPEATED_WORDS: usize = 4;
/// So many equal utterances in a row are one too many.
const REPEATED_TIMES: usize = 3;

/// Every reason to doubt these words, spoken within `length_ms` of a chunk with that probability of no speech, in the
/// order of [`Suspect`].
pub(crate) fn doubts(words: &[Word], length_ms: u64, no_speech: f32) -> Vec<Suspect> {
    let plain: Vec<String> = words.iter().map(|word| plain(&word.text)).filter(|word| !word.is_empty()).collect();
    let characters: u64 = plain.iter().map(|word| word.chars().count() as u64).sum();
    let fast = characters >= MEASURED_CHARACTERS
        && characters.saturating_mul(1000) > CHARACTERS_PER_SECOND.saturating_mul(length_ms);
    let mut doubts = Vec::new();
    doubts.extend(loops(&plain).then_some(Suspect::RepeatLoop));
    doubts.extend(BLOCKLIST.contains(&plain.join(" ").as_str()).then_some(Suspect::Blocklist));
    doubts.extend(fast.then_some(Suspect::TooFast));
    doubts
        .extend(plain.windows(ENTROPY_WORDS).any(|part| entropy(part) < LEAST_ENTROPY).then_some(Suspect::LowEntropy));
    let mean = words.iter().map(|word| word.probability).sum::<f32>() / words.len().max(1) as f32;
    doubts.extend((no_speech > NO_SPEECH && mean < UNSURE).then_some(Suspect::NoSpeech));
    doubts
}

/// Entropy of the words, nats.
fn entropy(words: &[String]) -> f64 {
    let mut counts = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_insert(0_u32) += 1;
    }
    let share = |count: &u32| f64::from(*count) / words.len() as f64;
    counts.values().map(|count| -share(count) * share(count).ln()).sum()
}

/// Marks every run of utterances that say the same sentence again and again. They are all of a recording, in order.
pub fn mark_repeated(utterances: &mut [Utterance]) {
    let texts: Vec<Vec<String>> = utterances
        .iter()
        .map(|said| said.words.iter().map(|word| plain(&word.text)).filter(|word| !word.is_empty()).collect())
        .collect();
    let mut start = 0;
    for run in texts.chunk_by(|left, right| left == right) {
        let stuck = run.len() >= REPEATED_TIMES && run.first().is_some_and(|words| words.len() >= REPEATED_WORDS);
        if stuck {
            let same = utterances.iter_mut().skip(start).take(run.len());
            same.for_each(|said| said.suspect.push(Suspect::Repeated));
        }
        start += run.len();
    }
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

    fn said(text: &str, probability: f32) -> Vec<Word> {
        let word = |text: &str| Word { text: text.to_owned(), start_ms: 0, end_ms: 0, probability };
        text.split_whitespace().map(word).collect()
    }

    #[test]
    fn doubts_are_told_from_speech() {
        use Suspect::{Blocklist, LowEntropy, RepeatLoop, TooFast};
        let varied = "we go left then right then left and we go up and then down and left and right and we go \
                      then up and down then we go right and left then";
        let fine = "one two three four five six seven eight nine ten eleven twelve then one two three four five six \
                    seven eight nine ten eleven twelve so we one two three four five six";
        let cases: [(&str, u64, &[Suspect]); 12] = [
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
            (varied, 20_000, &[LowEntropy]),
            (fine, 20_000, &[]),
        ];
        for (text, length_ms, expected) in cases {
            assert_eq!(doubts(&said(text, 1.0), length_ms, 0.0), expected, "{text}");
        }
        let silent = |probability, no_speech| doubts(&said("a quiet word", probability), 2000, no_speech);
        assert_eq!(silent(0.3, 0.9), [Suspect::NoSpeech]);
        assert_eq!((silent(0.6, 0.9), silent(0.3, 0.5)), (vec![], vec![]));
    }

    #[test]
    fn a_sentence_said_three_times_in_a_row_is_marked() {
        let texts = ["I am here, chat.", "i am here chat", "I am here chat!", "yes", "yes", "yes", "I am here chat"];
        let utterance = |text: &&str| Utterance {
            start_ms: 0,
            end_ms: 1,
            text: (*text).to_owned(),
            words: said(text, 1.0),
            suspect: Vec::new(),
        };
        let mut utterances: Vec<_> = texts.iter().map(utterance).collect();
        mark_repeated(&mut utterances);
        let marked: Vec<_> = utterances.iter().map(|said| said.suspect.len()).collect();
        assert_eq!(marked, [1, 1, 1, 0, 0, 0, 0]);
    }
}
