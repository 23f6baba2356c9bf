//! What the estimator looks at: words with their times, and chat messages with how much each of them counts.

use std::collections::BTreeMap;

use schemas::{ChatMessage, Word};

use super::grid::reach_ms;
use super::terms::{Vocabulary, bits, terms};

/// Longest recording that is looked at: a week. Longer claims come from damaged clocks.
const LONGEST_MS: i64 = 7 * 24 * 3_600_000;

/// Accounts that write by machine on most channels; their lines answer commands and timers, not the streamer.
const BOTS: &[&str] = &[
    "botisimo",
    "botrix",
    "commanderroot",
    "deepbot",
    "fossabot",
    "kofistreambot",
    "mixitupapp",
    "moobot",
    "nightbot",
    "pokemoncommunitygame",
    "sery_bot",
    "soundalerts",
    "streamelements",
    "streamlabs",
    "streamstickers",
    "tangiabot",
    "wizebot",
];

/// A term says something about the lag only if it is this rare in speech and in chat alike, bits: one message in eight.
const RARE_BITS: f64 = 3.0;
/// What a message made of emotes only counts for bursts; it shows that something happened, and spam looks the same.
const EMOTE_ONLY: f64 = 0.5;
/// A text of at least this many terms that comes more than once is a paste; shorter ones coincide by themselves.
const PASTE_TERMS: usize = 4;
/// Terms a single message may vote with in full; a longer message spreads its vote.
const FULL_VOTES: usize = 4;

/// Speech and chat of one recording, on one clock.
#[derive(Debug)]
pub struct Evidence {
    /// Length of the recording, ms.
    pub duration_ms: i64,
    /// Starts of all words, ms, in order of time.
    pub words: Vec<i64>,
    /// Starts of the words of each shared rare term, ms, in order of time.
    pub said: Vec<Vec<i64>>,
    /// Shared rare terms in chat.
    pub echoes: Vec<Echo>,
    /// What was written when, whatever it says.
    pub activity: Vec<(i64, f64)>,
    /// Messages looked at.
    pub messages: usize,
    /// How rare the terms are, by name; only those that count as rare on both sides.
    rare: BTreeMap<String, f64>,
}

/// A shared rare term in one chat message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Echo {
    /// Time of the message, ms.
    pub at_ms: i64,
    /// Which term: an index into [`Evidence::said`].
    pub term: usize,
    /// What it counts, bits.
    pub weight: f64,
}

/// Whether an account writes by machine.
pub fn is_machine(login: &str) -> bool {
    BOTS.contains(&login.to_lowercase().as_str())
}

/// How much a message counts for bursts, or nothing if it was not written by a person for the streamer.
fn weight(message: &ChatMessage) -> Option<f64> {
    let machine = message.user_login.as_deref().is_some_and(is_machine);
    let command = message.text.trim_start().starts_with('!');
    if machine || command || message.notice.is_some() {
        return None;
    }
    Some(if message.text_without_emotes.trim().is_empty() { EMOTE_ONLY } else { 1.0 })
}

impl Evidence {
    /// Gathers what `words` and `chat` say about the lag in a recording of `duration_ms`.
    pub fn gather(duration_ms: i64, words: &[Word], chat: &[ChatMessage]) -> Self {
        let duration_ms = duration_ms.clamp(0, LONGEST_MS);
        let inside = |at: i64| (0..duration_ms).contains(&at);

        let mut vocabulary = Vocabulary::default();
        let mut said: Vec<Vec<i64>> = Vec::new();
        let mut starts = Vec::new();
        for word in words.iter().filter(|word| inside(word.start_ms)) {
            starts.push(word.start_ms);
            for term in terms(&word.text) {
                let number = vocabulary.number(&term);
                said.resize_with(vocabulary.count(), Vec::new);
                said[number].push(word.start_ms);
            }
        }
        starts.sort_unstable();
        said.iter_mut().for_each(|times| times.sort_unstable());

        let written: Vec<Written> = chat
            .iter()
            .filter(|message| inside(message.offset_ms))
            .filter_map(|message| Written::read(message, &vocabulary))
            .collect();
        let mut in_chat = vec![0; said.len()];
        for term in written.iter().flat_map(|message| &message.known) {
            in_chat[*term] += 1;
        }
        // A word tells as much as on the side where it is more common.
        let rarity: Vec<f64> = said
            .iter()
            .zip(&in_chat)
            .map(|(times, &messages)| bits(starts.len(), times.len()).min(bits(written.len(), messages)))
            .collect();
        let names = vocabulary.names();
        let rare = names
            .filter(|&(_, number)| rarity[number] >= RARE_BITS)
            .map(|(name, number)| (name.to_owned(), rarity[number]))
            .collect();

        let mut pastes: BTreeMap<&[String], usize> = BTreeMap::new();
        for message in &written {
            *pastes.entry(&message.all).or_default() += 1;
        }
        let mut echoes = Vec::new();
        for message in &written {
            let copies = match message.all.len() >= PASTE_TERMS {
                true => pastes.get(message.all.as_slice()).copied().unwrap_or(1),
                false => 1,
            };
            let votes: Vec<usize> = message.known.iter().copied().filter(|&term| rarity[term] >= RARE_BITS).collect();
            let share = FULL_VOTES as f64 / votes.len().max(FULL_VOTES) as f64 / copies as f64;
            echoes.extend(votes.iter().map(|&term| Echo { at_ms: message.at_ms, term, weight: rarity[term] * share }));
        }
        let activity = written.iter().map(|message| (message.at_ms, message.weight)).collect();
        Self { duration_ms, words: starts, said, echoes, activity, messages: written.len(), rare }
    }

    /// What the chat between two times says, with all the speech that it may answer. Times count from a moment before, so
    /// that what costs time is as long as the part.
    pub fn part(&self, from_ms: i64, to_ms: i64) -> Self {
        let (earliest, latest) = reach_ms();
        let start = (from_ms - latest).max(0);
        let end = (to_ms - earliest).min(self.duration_ms);
        let heard = |times: &[i64]| -> Vec<i64> {
            let (from, to) = (times.partition_point(|at| *at < start), times.partition_point(|at| *at < end));
            times.get(from..to).unwrap_or(&[]).iter().map(|at| at - start).collect()
        };
        let inside = |at: i64| (from_ms..to_ms).contains(&at);
        let echoes = self.echoes.iter().filter(|echo| inside(echo.at_ms));
        let activity: Vec<_> =
            self.activity.iter().filter(|(at, _)| inside(*at)).map(|(at, weight)| (at - start, *weight)).collect();
        Self {
            duration_ms: end - start,
            words: heard(&self.words),
            said: self.said.iter().map(|times| heard(times)).collect(),
            echoes: echoes.map(|echo| Echo { at_ms: echo.at_ms - start, ..*echo }).collect(),
            messages: activity.len(),
            activity,
            rare: self.rare.clone(),
        }
    }

    /// The rare terms of `text`, each once.
    pub fn rare_terms(&self, text: &str) -> std::collections::BTreeSet<String> {
        terms(text).into_iter().filter(|term| self.rare.contains_key(term)).collect()
    }
}

/// One message that counts.
struct Written {
    at_ms: i64,
    weight: f64,
    /// Every term in order.
    all: Vec<String>,
    /// Terms that were also said, each once, in order of their numbers.
    known: Vec<usize>,
}

impl Written {
    fn read(message: &ChatMessage, vocabulary: &Vocabulary) -> Option<Self> {
        let weight = weight(message)?;
        let all = terms(&message.text_without_emotes);
        let mut known: Vec<usize> = all.iter().filter_map(|term| vocabulary.known(term)).collect();
        known.sort_unstable();
        known.dedup();
        Some(Self { at_ms: message.offset_ms, weight, all, known })
    }
}
