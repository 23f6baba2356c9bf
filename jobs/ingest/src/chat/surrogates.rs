//! Repairs half surrogate pairs in JSON escapes: some exporters cut messages in the middle of an emoji.

/// `text` with every escape of half a pair replaced by that of U+FFFD; `None` when there is none.
pub(super) fn repair(text: &str) -> Option<String> {
    let mut repaired = String::with_capacity(text.len());
    let mut changed = false;
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at(at);
        repaired.push_str(plain);
        let length = match (unit(escape), unit(escape.get(6..).unwrap_or_default())) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                changed = true;
                repaired.push_str("\\ufffd");
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            // Any other escape: the backslash and the character it escapes.
            _ => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        let (kept, after) = escape.split_at_checked(length).unwrap_or((escape, ""));
        repaired.push_str(kept);
        rest = after;
    }
    repaired.push_str(rest);
    changed.then_some(repaired)
}

/// The UTF-16 unit of the escape `\uXXXX` that `text` begins with.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_half_pairs_change() {
        for (text, expect) in [
            (r"plain", None),
            (r"\ud83d\ude00", None),
            (r"\\ud83d", None),
            (r"\u00e9\n\", None),
            (r"a\ud83db", Some(r"a\ufffdb")),
            (r"\uDE00", Some(r"\ufffd")),
            (r"\ud83d\ud83d\ude00", Some(r"\ufffd\ud83d\ude00")),
            (r"\\\ud83d", Some(r"\\\ufffd")),
            (r"\ud83d\", Some(r"\ufffd\")),
            (r"\ué", None),
        ] {
            assert_eq!(repair(text).as_deref(), expect, "{text}");
        }
    }
}
