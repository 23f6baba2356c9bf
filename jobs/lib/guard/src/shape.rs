//! Rules about a text's shape: how long it is, what repeats in it, whether there is anything to see.

use unicode_segmentation::UnicodeSegmentation;

/// How far back from the limit a cut looks for the end of a word, in characters.
const WORD_SEARCH: usize = 60;

/// `text` cut to at most `limit` characters, if it is longer. The cut falls between words where one ends near the
/// limit, and never inside what a reader sees as one character.
pub(crate) fn cut(text: &str, limit: usize) -> Option<String> {
    let (end, _) = text.char_indices().nth(limit)?;
    let head = text.get(..end)?;
    let near = head.char_indices().rev().take(WORD_SEARCH).find(|(_, character)| character.is_whitespace());
    if let Some((space, _)) = near.filter(|(space, _)| *space > 0) {
        return head.get(..space).map(|head| head.trim_end().to_owned());
    }
    // Whole clusters of the text, so that a family emoji at the limit goes rather than loses a child.
    let whole = text.grapheme_indices(true).map(|(start, _)| start).take_while(|start| *start <= end).last();
    let whole = whole.filter(|start| *start > 0).unwrap_or(end);
    text.get(..whole).map(str::to_owned)
}

/// `text` with no character more than `limit` times in a row, if one is.
pub(crate) fn shorten_character_runs(text: &str, limit: usize) -> Option<String> {
    let (mut last, mut run, mut removed) = (None, 0_usize, false);
    let mut kept = String::with_capacity(text.len());
    for character in text.chars() {
        run = if last == Some(character) { run + 1 } else { 1 };
        last = Some(character);
        if run <= limit {
            kept.push(character);
        } else {
            removed = true;
        }
    }
    removed.then_some(kept)
}

/// `text` with no word more than `limit` times in a row, if one is. Upper and lower case are the same word.
pub(crate) fn shorten_word_runs(text: &str, limit: usize) -> Option<String> {
    let (mut last, mut run, mut removed) = (String::new(), 0_usize, false);
    let mut kept = Vec::new();
    for word in text.split_whitespace() {
        let same = word.to_lowercase();
        run = if last == same { run + 1 } else { 1 };
        last = same;
        if run <= limit {
            kept.push(word);
        } else {
            removed = true;
        }
    }
    removed.then(|| kept.join(" "))
}

/// `text` without the `@` of its mentions, if it mentions more than `limit` names.
pub(crate) fn quieten_mentions(text: &str, limit: usize) -> Option<String> {
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    let starts = |rest: &str| rest.strip_prefix('@').is_some_and(|name| name.starts_with(is_name));
    let mentions = text.match_indices('@').filter(|(at, _)| text.get(*at..).is_some_and(starts)).count();
    (mentions > limit).then(|| text.replace('@', ""))
}

/// Whether `text` shows nothing: white space, control and ignorable characters, and marks without a letter.
pub(crate) fn nothing_visible(text: &str) -> bool {
    let invisible = |character: char| {
        character.is_whitespace()
            || character.is_control()
            || unicode_normalization::char::is_combining_mark(character)
            || matches!(
                character,
                '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{180B}'..='\u{180F}'
                    | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}'
                    | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}'
            )
    };
    text.chars().all(invisible)
}
