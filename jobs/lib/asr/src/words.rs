//! Joins recognised tokens into words with times.

use serde::{Deserialize, Serialize};

/// A recognised word. Times are milliseconds from the start of the samples it was heard in, until shifted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// The word with its punctuation, without spaces around it.
    pub text: String,
    /// Where attention comes to the word: good to about 0.2 s, but after a pause anywhere inside the pause.
    pub start_ms: u64,
    /// Where attention leaves the word: good to about 0.2 s, but before a pause anywhere inside the pause.
    pub end_ms: u64,
    /// Mean probability of its tokens, 0 to 1.
    pub probability: f32,
}

impl Word {
    /// The same word, that many milliseconds later.
    pub fn shifted(mut self, by_ms: u64) -> Word {
        self.start_ms = self.start_ms.saturating_add(by_ms);
        self.end_ms = self.end_ms.saturating_add(by_ms);
        self
    }
}

/// One text token as recognised.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// Its bytes; a character may be split over tokens.
    pub(crate) bytes: Vec<u8>,
    /// Where time warping ends it, in milliseconds; `None` where it gave no time.
    pub(crate) end_ms: Option<u64>,
    /// Its probability.
    pub(crate) probability: f32,
}

/// Joins tokens on their bytes, and only then reads them as UTF-8. Where the language has no spaces, every complete
/// character sequence that a token ends is a word.
pub(crate) fn words(tokens: &[Token], spaces: bool, length_ms: u64) -> Vec<Word> {
    let mut groups: Vec<(Vec<u8>, Vec<&Token>)> = Vec::new();
    for token in tokens {
        match groups.last_mut() {
            Some((bytes, members)) if !starts_word(token, bytes, spaces) => {
                bytes.extend_from_slice(&token.bytes);
                members.push(token);
            }
            _ => groups.push((token.bytes.clone(), vec![token])),
        }
    }
    // Where one token ends the next begins. Punctuation has no sound: it soaks up the pause after a word, so a word ends
    // with its last letter and the next one starts after the punctuation.
    let (mut words, mut at) = (Vec::<Word>::new(), 0);
    for (bytes, members) in groups {
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        let (start_ms, mut end_ms) = (at, None);
        for token in &members {
            at = token.end_ms.unwrap_or(at).clamp(at, length_ms.max(at));
            if !is_punctuation(token) {
                end_ms = Some(at);
            }
        }
        if text.is_empty() {
            continue;
        }
        let probability = members.iter().map(|token| token.probability).sum::<f32>() / members.len() as f32;
        words.push(Word { text, start_ms, end_ms: end_ms.unwrap_or(at), probability });
    }
    words
}

fn starts_word(token: &Token, before: &[u8], spaces: bool) -> bool {
    let split = std::str::from_utf8(before).is_err_and(|error| error.error_len().is_none());
    !split && (token.bytes.starts_with(b" ") || (!spaces && !is_punctuation(token)))
}

/// Whether the token is text without a letter or digit; a part of a character counts as a letter.
fn is_punctuation(token: &Token) -> bool {
    std::str::from_utf8(&token.bytes).is_ok_and(|text| !text.chars().any(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(pieces: &[(&[u8], i64)]) -> Vec<Token> {
        let token = |&(bytes, end): &(&[u8], i64)| Token {
            bytes: bytes.to_vec(),
            end_ms: u64::try_from(end).ok(),
            probability: 0.5,
        };
        pieces.iter().map(token).collect()
    }

    fn check(pieces: &[(&[u8], i64)], spaces: bool, expected: &[(&str, u64, u64)]) {
        let words = words(&tokens(pieces), spaces, 5000);
        let found: Vec<_> = words.iter().map(|word| (word.text.as_str(), word.start_ms, word.end_ms)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn tokens_join_into_words() {
        check(&[], true, &[]);
        // The comma lasts through a pause.
        let pause: [(&[u8], i64); 4] = [(b" Hel", 300), (b"lo", 400), (b",", 2420), (b" you", 2700)];
        check(&pause, true, &[("Hello,", 0, 400), ("you", 2420, 2700)]);
        // Characters split over tokens: 'é' in a word, an emoji of its own.
        check(&[(b" caf\xc3", 500), (b"\xa9", 600)], true, &[("café", 0, 600)]);
        check(&[(b" \xf0\x9f", 500), (b"\x98\x80", 600)], true, &[("😀", 0, 600)]);
        // Without spaces.
        let (first, second, stop) = ("你".as_bytes(), "好".as_bytes(), "。".as_bytes());
        let tokens = [(first, 200), (&second[..2], 300), (&second[2..], 400), (stop, 900)];
        check(&tokens, false, &[("你", 0, 200), ("好。", 200, 400)]);
        // A missing time, a time that goes back, and one past the end.
        let times: [(&[u8], i64); 4] = [(b" a", 500), (b" b", -1), (b" c", 400), (b" d", 9000)];
        check(&times, true, &[("a", 0, 500), ("b", 500, 500), ("c", 500, 500), ("d", 500, 5000)]);
        // Bytes that are no text at all.
        check(&[(b" \xff\xfe", 100), (b" ", 200)], true, &[("\u{fffd}\u{fffd}", 0, 100)]);
    }
}
