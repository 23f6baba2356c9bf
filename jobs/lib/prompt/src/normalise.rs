//! One spelling for all text that enters a prompt: one line, visible characters only.

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// `text` as one line of visible characters.
///
/// Control characters, line breaks and every run of white space become one space, ends are trimmed, invisible
/// characters vanish, planes without characters become U+FFFD, and the result is in Unicode normalization form C
/// (UAX #15). Joiners stay where scripts and emoji need them: between two visible characters outside ASCII.
/// Applying it twice changes nothing.
pub fn normalise(text: &str) -> String {
    // ASCII without anything to change is most of chat.
    let plain = |byte: &u8| matches!(byte, b' '..=b'~');
    if text.as_bytes().iter().all(plain) && !text.contains("  ") {
        return text.trim_matches(' ').to_owned();
    }
    // Form C first: a few characters outside ASCII turn into ASCII, which decides about joiners beside them.
    let composed: String = text.nfc().collect();
    let visible = visible_line(&composed);
    // What was removed may have kept a letter and its accent apart.
    if is_nfc(&visible) { visible } else { visible.nfc().collect() }
}

/// The first `limit` characters, without a space or joiner left hanging at the end.
pub(crate) fn clip(text: &str, limit: usize) -> &str {
    let end = text.char_indices().nth(limit).map_or(text.len(), |(index, _)| index);
    text[..end].trim_end_matches(is_loose)
}

/// What may not begin or end a normalised text.
pub(crate) fn is_loose(character: char) -> bool {
    character == ' ' || is_joiner(character)
}

fn visible_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character.is_whitespace() || character.is_control() {
            if !line.is_empty() && !line.ends_with(' ') {
                line.push(' ');
            }
        } else if is_joiner(character) {
            if line.chars().next_back().is_some_and(joins) && characters.peek().copied().is_some_and(joins) {
                line.push(character);
            }
        } else if matches!(character, '\u{40000}'..='\u{DFFFF}') {
            line.push(char::REPLACEMENT_CHARACTER);
        } else if !is_invisible(character) {
            line.push(character);
        }
    }
    line.truncate(line.trim_end_matches(' ').len());
    line
}

fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200C}' | '\u{200D}')
}

/// Whether a joiner beside `character` can mean something.
fn joins(character: char) -> bool {
    !character.is_ascii()
        && !character.is_whitespace()
        && !character.is_control()
        && !is_joiner(character)
        && !is_invisible(character)
}

/// Format characters, fillers and tags that show nothing (Unicode: Default_Ignorable_Code_Point, less the variation
/// selectors that choose how an emoji looks).
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'
            | '\u{200E}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expect: &str) {
        assert_eq!(normalise(text), expect, "{text:?}");
    }

    #[test]
    fn lines_are_single_and_visible() {
        check("gg wp", "gg wp");
        check("  a\r\n\tb \u{2028}c\0d\u{85}", "a b c d");
        check("f\u{200B}r\u{FEFF}ee\u{AD} \u{E0000}", "free");
        check("\u{202E}drow", "drow");
        check("e\u{301} e\u{200B}\u{301}", "é é");
        check("K\u{200D}a", "Ka");
        check("\u{50000}", "\u{FFFD}");
        check("\n\u{3000}\u{200D}", "");
    }

    #[test]
    fn joiners_stay_inside_emoji_and_scripts() {
        check("👨\u{200D}👩\u{200D}👧 🏳\u{FE0F}\u{200D}🌈", "👨\u{200D}👩\u{200D}👧 🏳\u{FE0F}\u{200D}🌈");
        check("می\u{200C}خواهم", "می\u{200C}خواهم");
        check("a\u{200D}b \u{200D}👩 👩\u{200D}", "ab 👩 👩");
        check("👩\u{200D}\u{200D}👩", "👩\u{200D}👩");
    }

    #[test]
    fn clipping_leaves_no_loose_end() {
        assert_eq!(clip("ab cd", 3), "ab");
        assert_eq!(clip("👩\u{200D}👩", 2), "👩");
        assert_eq!(clip("é", 5), "é");
    }

    proptest! {
        #[test]
        fn twice_is_once(text in "(\\PC|[\\x00-\\x20\u{200B}-\u{2060}\u{300}-\u{30F}\u{1100}-\u{11FF}\u{212A}k]){0,40}") {
            let once = normalise(&text);
            prop_assert_eq!(&normalise(&once), &once);
            prop_assert!(once.chars().all(|c| !c.is_control() && (c == ' ' || !c.is_whitespace())));
        }

        #[test]
        fn any_characters_are_survived(text in any::<String>()) {
            let once = normalise(&text);
            prop_assert_eq!(normalise(&once), once);
        }
    }
}
