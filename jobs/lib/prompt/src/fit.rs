//! Shortening: which part of a text that is too long stays.

use crate::normalise::{clip, is_loose};
use crate::spec::Limits;
use crate::{PromptError, Tokenizer, normalise};

/// The newest end of `text` within `limits`, cut between words where there are any.
pub(crate) fn newest(tokenizer: &Tokenizer, text: &str, limits: &Limits) -> Result<String, PromptError> {
    let text = normalise(text);
    let mut kept = match text.char_indices().rev().nth(limits.transcript_characters.saturating_sub(1)) {
        Some((start, _)) if start > 0 => from_word(&text, start),
        _ => text.as_str(),
    };
    loop {
        let ids = tokenizer.encode(kept)?;
        let extra = ids.len().saturating_sub(limits.transcript_tokens);
        if extra == 0 {
            return Ok(kept.to_owned());
        }
        // Encoding what is left may cut its first word differently, so it is counted again.
        let surplus: usize = ids.iter().take(extra).map(|&id| tokenizer.token_bytes(id).len()).sum();
        kept = from_word(kept, surplus);
    }
}

/// The end of `text` from the first word that begins at byte `start` or later, always shorter than `text`. A cut
/// inside a word would leave a piece that nobody said; only a text that is all one word is cut there.
fn from_word(text: &str, start: usize) -> &str {
    let start = (start.max(1)..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
    let space = text.bytes().enumerate().skip(start - 1).find(|(_, byte)| *byte == b' ');
    let start = space.map_or(start, |(at, _)| at + 1);
    text.get(start..).unwrap_or_default().trim_start_matches(is_loose)
}

/// A name as one word: white space and colons, which could pose as the end of the name, become `_`.
pub(crate) fn name(text: &str, limit: usize, unnamed: &str) -> String {
    let text = normalise(text);
    let name: String = clip(&text, limit).chars().map(|c| if c == ' ' || c == ':' { '_' } else { c }).collect();
    if name.is_empty() { unnamed.to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_fall_between_words_and_always_shorten() {
        let check = |text, start, expect| assert_eq!(from_word(text, start), expect, "{text:?} {start}");
        check("one two three", 0, "two three");
        check("one two three", 4, "two three");
        check("one two three", 5, "three");
        check("one two three", 9, "hree");
        check("ééé", 1, "éé");
        check("ééé", 100, "");
        check("👩\u{200D}👩", 4, "👩");
    }

    #[test]
    fn names_are_one_word_without_colons() {
        assert_eq!(name(" a: b\n", 25, "someone"), "a__b");
        assert_eq!(name("abcdef", 3, "someone"), "abc");
        assert_eq!(name("\u{200B}", 3, "someone"), "someone");
    }
}
