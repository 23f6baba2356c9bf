//! Rules that are regular expressions, some with a check that an expression cannot make.

use std::net::Ipv4Addr;

use regex::{Captures, Regex};
use serde::Deserialize;

/// A pattern as the rules file writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatternSource {
    regex: String,
    /// What a match becomes; `$1` is its first group. Absent where a match cannot be masked.
    replace: Option<String>,
    verify: Option<Verify>,
}

/// A pattern ready to search with. Searching takes linear time whatever the text (crate `regex`).
pub(crate) struct Pattern {
    regex: Regex,
    replace: Option<String>,
    verify: Option<Verify>,
}

/// What has to hold of a number beyond its form.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verify {
    /// Its digits have a valid check digit (ISO/IEC 7812-1, Luhn).
    Luhn,
    /// It has as many digits as a telephone number, and is no round sum.
    Phone,
    /// It is an IPv4 address that can belong to somebody.
    PublicAddress,
}

impl Pattern {
    pub(crate) fn new(source: PatternSource) -> Result<Self, Box<regex::Error>> {
        let PatternSource { regex, replace, verify } = source;
        Ok(Self { regex: Regex::new(&regex).map_err(Box::new)?, replace, verify })
    }

    pub(crate) fn can_mask(&self) -> bool {
        self.replace.is_some()
    }

    /// Nothing if there is no match; else the text with every match replaced, if the pattern has a replacement.
    pub(crate) fn look(&self, text: &str) -> Option<Option<String>> {
        if !self.matches(text).any(|_| true) {
            return None;
        }
        let Some(replace) = &self.replace else { return Some(None) };
        let mut masked = String::with_capacity(text.len());
        let mut end = 0;
        for captures in self.matches(text) {
            let Some(whole) = captures.get(0) else { continue };
            masked.push_str(text.get(end..whole.start()).unwrap_or_default());
            captures.expand(replace, &mut masked);
            end = whole.end();
        }
        masked.push_str(text.get(end..).unwrap_or_default());
        Some(Some(masked))
    }

    fn matches<'t>(&self, text: &'t str) -> impl Iterator<Item = Captures<'t>> {
        let holds = |captures: &Captures<'t>| captures.get(0).is_some_and(|whole| self.holds(text, whole.range()));
        self.regex.captures_iter(text).filter(holds)
    }

    fn holds(&self, text: &str, range: std::ops::Range<usize>) -> bool {
        let Some(verify) = self.verify else { return true };
        let (before, after) = (text.get(..range.start).unwrap_or_default(), text.get(range.end..).unwrap_or_default());
        let found = text.get(range).unwrap_or_default();
        let ends = |text: &str| text.ends_with(|c: char| c.is_ascii_digit());
        let begins = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        let whole = !ends(before) && !begins(after);
        match verify {
            // The check digit says enough: cards written one after the other are still cards.
            Verify::Luhn => luhn(found),
            Verify::Phone => whole && phone(found),
            // Five or more numbers with dots are a version, not an address.
            Verify::PublicAddress => {
                let longer = before.strip_suffix('.').is_some_and(ends) || after.strip_prefix('.').is_some_and(begins);
                whole && !longer && public_address(found)
            }
        }
    }
}

fn digits(text: &str) -> impl DoubleEndedIterator<Item = u32> {
    text.chars().filter_map(|character| character.to_digit(10))
}

fn distinct_digits(text: &str) -> usize {
    digits(text).collect::<std::collections::BTreeSet<_>>().len()
}

fn luhn(text: &str) -> bool {
    let sum: u32 = digits(text)
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => digit,
            (_, double) => double / 10 + double % 10,
        })
        .sum();
    // All zeros pass the sum and are nobody's card.
    sum.is_multiple_of(10) && sum > 0
}

fn phone(text: &str) -> bool {
    let separated = text.chars().any(|character| " .()-".contains(character));
    let least = if separated { 8 } else { 11 };
    (least..=15).contains(&digits(text).count()) && distinct_digits(text) >= 4
}

fn public_address(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok_and(|address| {
        !(address.is_private()
            || address.is_loopback()
            || address.is_unspecified()
            || address.is_link_local()
            || address.is_broadcast()
            || address.is_documentation())
    })
}
