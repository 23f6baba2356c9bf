//! Times for words of which only the order is known: they share the speech by their length.

use crate::chunks::Span;
use crate::words::Word;

/// What it costs, in ms of speech that is too long or too short for its words, to pause after a word inside a sentence.
const MID_SENTENCE_MS: u64 = 1_000;

/// The same after a comma and the like.
const AT_COMMA_MS: u64 = 400;

/// The words with times by their length. Speech is said at a fairly even pace and pauses come where sentences end, so each
/// span, all in order and apart, gets the words that fill it best at the pace of all, where possible up to a sentence's end;
/// inside its span a word is good to a few tenths of a second.
pub fn spread(mut words: Vec<Word>, spans: &[Span]) -> Vec<Word> {
    let counts = counts(&words, spans);
    let mut rest = words.as_mut_slice();
    for (span, count) in spans.iter().zip(counts) {
        let (own, others) = rest.split_at_mut(count);
        let all: u64 = own.iter().map(size).sum();
        let mut said = 0;
        for word in own {
            let at = |said: u64| span.start_ms + said.saturating_mul(span.length_ms()) / all.max(1);
            (word.start_ms, word.end_ms) = (at(said), at(said + size(word)));
            said += size(word);
        }
        rest = others;
    }
    words
}

/// A word takes the time of its characters and of one more for the gap after it.
fn size(word: &Word) -> u64 {
    word.text.chars().count() as u64 + 1
}

/// How many words each span gets, so that the sum of what it costs is least; of equals the one with fewer words early on.
fn counts(words: &[Word], spans: &[Span]) -> Vec<usize> {
    let mut before = vec![0];
    for word in words {
        before.push(before.last().copied().unwrap_or(0) + size(word));
    }
    let characters = before.last().copied().unwrap_or(0).max(1);
    let speech: u64 = spans.iter().map(Span::length_ms).sum();
    let length = |from: usize, to: usize| (before[to] - before[from]).saturating_mul(speech) / characters;
    // What the first so many words cost in the spans so far, and for each span with which word it then starts.
    let mut least: Vec<Option<u64>> = (0..=words.len()).map(|count| (count == 0).then_some(0)).collect();
    let mut starts = Vec::new();
    for (number, span) in spans.iter().enumerate() {
        let pause = |last: Option<&Word>| if number + 1 < spans.len() { pause_ms(last) } else { 0 };
        let best = |end: usize| {
            let cost = |from: usize| Some((least[from]? + length(from, end).abs_diff(span.length_ms()), from));
            (0..=end).filter_map(cost).min().map(|(cost, from)| (cost + pause(words[..end].last()), from))
        };
        let found: Vec<_> = (0..=words.len()).map(best).collect();
        least = found.iter().map(|best| best.map(|(cost, _)| cost)).collect();
        starts.push(found.iter().map(|best| best.map_or(0, |(_, from)| from)).collect::<Vec<_>>());
    }
    let (mut counts, mut end) = (Vec::new(), words.len());
    for starts in starts.iter().rev() {
        counts.push(end - starts[end]);
        end = starts[end];
    }
    counts.reverse();
    counts
}

/// What a pause after that word costs.
fn pause_ms(last: Option<&Word>) -> u64 {
    let text = last.map_or(".", |word| word.text.trim_end_matches(['"', '\'', ')', ']', '”', '’', '»', '」']));
    match text.chars().last() {
        None | Some('.' | '?' | '!' | '…' | '。' | '？' | '！') => 0,
        Some(',' | ';' | ':' | '-' | '–' | '—' | '，' | '、' | '；') => AT_COMMA_MS,
        _ => MID_SENTENCE_MS,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spans(bounds: &[(u64, u64)]) -> Vec<Span> {
        bounds.iter().map(|&(start_ms, end_ms)| Span { start_ms, end_ms }).collect()
    }

    fn words(text: &str) -> Vec<Word> {
        let word = |text: &str| Word { text: text.to_owned(), start_ms: 0, end_ms: 0, probability: 1.0 };
        text.split_whitespace().map(word).collect()
    }

    fn times(text: &str, bounds: &[(u64, u64)]) -> Vec<(u64, u64)> {
        spread(words(text), &spans(bounds)).iter().map(|word| (word.start_ms, word.end_ms)).collect()
    }

    #[test]
    fn words_share_the_speech_by_their_length() {
        let bounds = [(1_000, 2_000), (5_000, 5_400)];
        assert_eq!(times("one, fours abc", &bounds), [(1_000, 1_454), (1_454, 2_000), (5_000, 5_400)]);
        assert_eq!(times("x", &[]), [(0, 0)]);
        assert_eq!(times("", &bounds), []);
    }

    #[test]
    fn pauses_are_where_sentences_end() {
        // By length alone "It" would still be said before the pause.
        let found = times("That was a slow one. It went well", &[(0, 2_000), (4_000, 5_200)]);
        assert_eq!((found[4].1, found[5].0, found[7].1), (2_000, 4_000, 5_200));
        // A pause far from any sentence's end is one inside a sentence.
        let found = times("one two three four five six seven eight nine ten. eleven", &[(0, 2_000), (4_000, 6_000)]);
        assert!(found[3].1 <= 2_000 && found[7].0 >= 4_000, "{found:?}");
    }

    proptest! {
        #[test]
        fn every_word_is_inside_a_span_and_in_order(
            text in "([a-z.,]{1,9} ){0,40}",
            lengths in prop::collection::vec((0..3_000_u64, 0..3_000_u64), 1..8),
        ) {
            let mut at = 0;
            let bounds: Vec<_> = lengths.iter().map(|&(gap, length)| {
                at += gap + length;
                (at - length, at)
            }).collect();
            let found = times(&text, &bounds);
            prop_assert_eq!(found.len(), text.split_whitespace().count());
            prop_assert!(found.is_sorted());
            for (from, to) in found {
                prop_assert!(bounds.iter().any(|span| span.0 <= from && from <= to && to <= span.1));
            }
        }
    }
}
