//! Puts recognised words into the stretches of speech they were said in.

use serde::{Deserialize, Serialize};

use crate::chunks::Span;
use crate::suspect::{Suspect, doubts};
use crate::words::Word;

/// What was said in one stretch of speech.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Utterance {
    /// Where the speech starts, by voice activity.
    pub start_ms: u64,
    /// Where it ends, by voice activity.
    pub end_ms: u64,
    /// The words joined by spaces.
    pub text: String,
    /// The words, with times inside the utterance.
    pub words: Vec<Word>,
    /// Reasons to doubt the text; empty for most.
    pub suspect: Vec<Suspect>,
}

/// Gives each word to the span it shares most time with, else to the nearest. Words and spans are in order and on one
/// clock.
///
/// Of a word beside a pause one bound is sure and the other lies somewhere in the pause; sharing time with the right span
/// does not depend on which. Span bounds beat word times, so words are then cut to their span. Spans without words give
/// nothing; words without any span become one utterance of their own, marked as outside speech. `no_speech` is what the
/// model says of the chunk.
pub fn utterances(words: &[Word], spans: &[Span], no_speech: f32) -> Vec<Utterance> {
    if spans.is_empty() {
        return outside(words, no_speech).into_iter().collect();
    }
    let mut said: Vec<Vec<Word>> = vec![Vec::new(); spans.len()];
    let mut at = 0;
    for word in words {
        // Words come in order, so a word never goes to an earlier span than the one before; and of the spans that start
        // after the word only the first can be the nearest. Of equals the earlier one is taken.
        let started = spans.partition_point(|span| span.start_ms <= word.end_ms).max(at);
        let near = spans.iter().enumerate().take(started + 1).skip(at).rev();
        at = near.max_by_key(|(_, span)| closeness(span, word)).map_or(at, |(index, _)| index);
        if let Some(list) = said.get_mut(at) {
            list.push(word.clone());
        }
    }
    let said = spans.iter().zip(said).filter(|(_, words)| !words.is_empty());
    said.map(|(span, words)| inside(*span, words, no_speech)).collect()
}

/// Milliseconds that a span and a word share; below zero their distance.
fn closeness(span: &Span, word: &Word) -> i128 {
    i128::from(span.end_ms.min(word.end_ms)) - i128::from(span.start_ms.max(word.start_ms))
}

fn inside(span: Span, mut words: Vec<Word>, no_speech: f32) -> Utterance {
    let end_ms = span.end_ms.max(span.start_ms);
    for word in &mut words {
        word.start_ms = word.start_ms.clamp(span.start_ms, end_ms);
        word.end_ms = word.end_ms.clamp(word.start_ms, end_ms);
    }
    // The first word starts where speech starts.
    if let Some(first) = words.first_mut() {
        first.start_ms = span.start_ms;
    }
    let suspect = doubts(&words, end_ms - span.start_ms, no_speech);
    Utterance { start_ms: span.start_ms, end_ms, text: text(&words), words, suspect }
}

fn outside(words: &[Word], no_speech: f32) -> Option<Utterance> {
    let (start_ms, end_ms) = (words.first()?.start_ms, words.last()?.end_ms);
    let mut suspect = doubts(words, end_ms.saturating_sub(start_ms), no_speech);
    suspect.push(Suspect::OutsideSpeech);
    Some(Utterance { start_ms, end_ms, text: text(words), words: words.to_vec(), suspect })
}

fn text(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn word(text: &str, start_ms: u64, end_ms: u64) -> Word {
        Word { text: text.to_owned(), start_ms, end_ms, probability: 0.9 }
    }

    #[test]
    fn words_go_where_they_were_said() {
        let spans = [(1000, 2000), (2300, 3000), (9000, 9500)].map(|(start_ms, end_ms)| Span { start_ms, end_ms });
        let words = [
            word("okay", 0, 1400),
            word("chat", 1400, 2400), // Its end is in the next span already,
            word("now", 1900, 2650),  // the start of this one still in the span before,
            word("bye", 2650, 8800),  // and these two share a long pause.
            word("hi", 4000, 9250),
            word("there", 9700, 9800), // Past all speech.
        ];
        let found = utterances(&words, &spans, 0.0);
        let texts: Vec<_> = found.iter().map(|said| (said.start_ms, said.end_ms, said.text.as_str())).collect();
        assert_eq!(texts, [(1000, 2000, "okay chat"), (2300, 3000, "now bye"), (9000, 9500, "hi there")]);
        let times: Vec<_> =
            found.iter().flat_map(|said| &said.words).map(|word| (word.start_ms, word.end_ms)).collect();
        assert_eq!(times, [(1000, 1400), (1400, 2000), (2300, 2650), (2650, 3000), (9000, 9250), (9500, 9500)]);
        assert!(found.iter().all(|said| said.suspect.is_empty()));
    }

    #[test]
    fn words_without_speech_are_kept_and_marked() {
        let found = utterances(&[word("hello", 5, 900)], &[], 0.0);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].suspect, [Suspect::OutsideSpeech]);
        assert_eq!(utterances(&[], &[], 0.0), []);
        assert_eq!(utterances(&[], &[Span { start_ms: 0, end_ms: 10 }], 0.0), []);
    }

    proptest! {
        #[test]
        fn no_word_is_lost_or_moved_out(
            lengths in prop::collection::vec((0..3000_u64, 0..2000_u64), 0..30),
            speech in prop::collection::vec((0..5000_u64, 1..5000_u64), 1..10),
        ) {
            let mut at = 0;
            let words: Vec<Word> = lengths.iter().enumerate().map(|(index, &(gap, length))| {
                at += gap + length;
                word(&index.to_string(), at - length, at)
            }).collect();
            let mut at = 0;
            let spans: Vec<Span> = speech.iter().map(|&(gap, length)| {
                at += gap + length;
                Span { start_ms: at - length, end_ms: at }
            }).collect();
            let found = utterances(&words, &spans, 0.0);
            let kept: Vec<&str> = found.iter().flat_map(|said| &said.words).map(|word| word.text.as_str()).collect();
            let given: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            prop_assert_eq!(kept, given);
            for said in &found {
                let bounds = Span { start_ms: said.start_ms, end_ms: said.end_ms };
                prop_assert!(spans.contains(&bounds));
                for word in &said.words {
                    prop_assert!(said.start_ms <= word.start_ms && word.start_ms <= word.end_ms && word.end_ms <= said.end_ms);
                }
            }
        }
    }
}
