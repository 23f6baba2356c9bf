//! Ties each chat message to the words it answers.

use std::collections::BTreeSet;

use schemas::{AlignedTurn, ChatMessage, Word};

use crate::estimate::bursts::Bursts;
use crate::estimate::evidence::Evidence;
use crate::estimate::grid::SLOT_MS;
use crate::estimate::verdict::Verdict;
use crate::pieces::{self, Piece};

/// How far back the window reaches before the word that is answered, ms: two or three sentences.
const BEFORE_MS: i64 = 12_000;
/// How far it reaches past that moment, ms: the spread of reactions, and the error of the lag.
const AFTER_MS: i64 = 1_000;
/// How much further back it may reach for the beginning of a sentence, ms; beyond, it begins with the next one.
const STRETCH_MS: i64 = 8_000;

/// One row for each message, in order.
pub fn turns(pieces: &[Piece], evidence: &Evidence, words: &[Word], chat: &[ChatMessage]) -> Vec<AlignedTurn> {
    let mut ordered: Vec<&Word> = words.iter().collect();
    ordered.sort_by_key(|word| (word.start_ms, word.ordinal));
    let liveliness = Bursts::of(evidence).chat;
    let burst = |at_ms: i64| {
        let slot = usize::try_from(at_ms.div_euclid(SLOT_MS)).ok().and_then(|slot| liveliness.get(slot));
        (slot.copied().unwrap_or(0.0) * 1_000.0).round() / 1_000.0
    };
    let each = |message: &ChatMessage| AlignedTurn {
        burst: burst(message.offset_ms),
        ..turn(lag_ms(pieces, message.offset_ms), evidence, &ordered, message)
    };
    chat.iter().map(each).collect()
}

/// The lag at a time of the chat, if it is known there.
fn lag_ms(pieces: &[Piece], at_ms: i64) -> Option<i64> {
    let piece = pieces::at(pieces, at_ms)?;
    (piece.estimate.verdict != Verdict::NotIdentifiable).then_some(piece.estimate.lag_ms)
}

fn turn(lag_ms: Option<i64>, evidence: &Evidence, words: &[&Word], message: &ChatMessage) -> AlignedTurn {
    let mut turn = AlignedTurn {
        platform: message.platform,
        vod_id: message.vod_id.clone(),
        message_id: message.message_id.clone(),
        ordinal: message.ordinal,
        offset_ms: message.offset_ms,
        status: "no_lag".to_owned(),
        lag_ms,
        window_start_ms: None,
        window_end_ms: None,
        first_word: None,
        last_word: None,
        transcript: String::new(),
        echo: 0.0,
        shared: Vec::new(),
        burst: 0.0,
    };
    let Some(lag_ms) = lag_ms else { return turn };
    let answered = message.offset_ms.saturating_sub(lag_ms);
    let (from, to) = (answered.saturating_sub(BEFORE_MS), answered.saturating_add(AFTER_MS));
    let window = window(words, from, to);
    if let (Some(first), Some(last)) = (window.first(), window.last()) {
        let transcript = window.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        turn.status = "aligned".to_owned();
        turn.window_start_ms = Some(first.start_ms);
        turn.window_end_ms = window.iter().map(|word| word.end_ms).max();
        turn.first_word = Some(first.ordinal);
        turn.last_word = Some(last.ordinal);
        (turn.echo, turn.shared) = echo(evidence, &message.text_without_emotes, &transcript);
        turn.transcript = transcript;
    } else {
        turn.status = "no_speech".to_owned();
        turn.window_start_ms = Some(from);
        turn.window_end_ms = Some(to);
    }
    turn
}

/// The words that begin in `from..=to`, from the beginning of a sentence where there is one near.
fn window<'a, 'words>(words: &'a [&'words Word], from: i64, to: i64) -> &'a [&'words Word] {
    let mut first = words.partition_point(|word| word.start_ms < from);
    let end = words.partition_point(|word| word.start_ms <= to);
    if first >= end {
        return &[];
    }
    let utterance = words[first].utterance;
    let begins = words[..first].iter().rposition(|word| word.utterance != utterance).map_or(0, |before| before + 1);
    if words[begins].start_ms >= from.saturating_sub(STRETCH_MS) {
        first = begins;
    } else if let Some(ahead) = words[first..end].iter().position(|word| word.utterance != utterance) {
        first += ahead;
    }
    &words[first..end]
}

/// The share of the message's rare terms that the transcript holds, and these terms.
fn echo(evidence: &Evidence, message: &str, transcript: &str) -> (f64, Vec<String>) {
    let asked: BTreeSet<String> = evidence.rare_terms(message);
    let held = evidence.rare_terms(transcript);
    let shared: Vec<String> = asked.intersection(&held).cloned().collect();
    (shared.len() as f64 / asked.len().max(1) as f64, shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(ordinal: i64, utterance: i64, start_ms: i64) -> Word {
        Word {
            platform: ids::Platform::File,
            vod_id: "x".parse().unwrap(),
            ordinal,
            utterance,
            start_ms,
            end_ms: start_ms + 300,
            text: format!("word{ordinal}"),
            probability: 1.0,
        }
    }

    #[test]
    fn a_window_is_whole_sentences_up_to_the_moment() {
        // Sentences of 5 words from 0, 10, 20 s; the last one goes on for 30 s.
        let mut words: Vec<Word> = (0..15).map(|n| word(n, n / 5, n / 5 * 10_000 + n % 5 * 400)).collect();
        words.extend((15..90).map(|n| word(n, 2, 22_000 + (n - 15) * 400)));
        let words: Vec<&Word> = words.iter().collect();
        let check = |answered: i64, expect: Option<(i64, i64)>| {
            let found = window(&words, answered - BEFORE_MS, answered + AFTER_MS);
            let ends = found.first().zip(found.last()).map(|(first, last)| (first.ordinal, last.ordinal));
            assert_eq!(ends, expect, "{answered}");
        };
        check(1_600, Some((0, 4)));
        check(-1_500, None);
        check(0, Some((0, 2)));
        // 12 s before 12.8 s is in the middle of the first sentence: it is taken whole.
        check(12_800, Some((0, 9)));
        check(19_500, Some((5, 11)));
        // Deep in the long sentence its beginning is out of reach, and no other begins.
        check(45_000, Some((43, 75)));
        check(80_000, None);
        check(i64::MAX - AFTER_MS, None);
    }
}
