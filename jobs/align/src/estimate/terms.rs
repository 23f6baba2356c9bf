//! Turns text into terms that speech and chat can share: folded in case, elongation and inflection.

use std::collections::BTreeMap;

/// Longest text that is read into terms, characters. Chat lines end at 500; anything longer is a paste.
const LONGEST: usize = 2_000;

/// The terms of `text` in order, repeats included.
pub fn terms(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut token = String::new();
    for character in text.chars().take(LONGEST).chain([' ']) {
        if character.is_alphanumeric() {
            token.extend(character.to_lowercase());
        } else if character != '\'' && character != '’' {
            found.extend(fold(&token));
            token.clear();
        }
    }
    found
}

/// A token as a term, or nothing when it is too short to carry a meaning.
///
/// The stemmer is deliberately crude: it only has to fold a spoken and a typed form of one word onto each other, and it
/// may not depend on a language model. Elongations (`dragooon`) lose their run, since chat uses them freely.
fn fold(token: &str) -> Option<String> {
    if !token.is_empty() && token.chars().all(char::is_numeric) {
        return (token.chars().count() >= 2).then(|| token.to_owned());
    }
    let mut term = squeeze(token);
    if term.ends_with('s') && !term.ends_with("ss") {
        shorten(&mut term, 1);
    }
    for ending in ["ing", "ed"] {
        if term.ends_with(ending) && shorten(&mut term, ending.len()) {
            break;
        }
    }
    if term.ends_with('e') {
        shorten(&mut term, 1);
    }
    (term.chars().count() >= 3).then_some(term)
}

/// Drops the last `bytes` of `term` if three characters remain. The endings are ASCII, so bytes are characters.
fn shorten(term: &mut String, bytes: usize) -> bool {
    let enough = term.chars().count() >= bytes + 3;
    if enough {
        term.truncate(term.len() - bytes);
    }
    enough
}

/// Runs of three and more equal characters become one.
fn squeeze(token: &str) -> String {
    let characters: Vec<char> = token.chars().collect();
    let runs = characters.chunk_by(|a, b| a == b);
    runs.flat_map(|run| run.iter().take(if run.len() < 3 { run.len() } else { 1 })).collect()
}

/// The logarithm to base 2 of `total / count` by straight lines between powers of two, in bits.
///
/// Exact on every machine, which the logarithm of a maths library is not; never off by more than 0.09.
pub fn bits(total: usize, count: usize) -> f64 {
    let log = |value: usize| {
        let value = value.max(1);
        let power = value.ilog2();
        f64::from(power) + (value as f64 / (1_u64 << power) as f64 - 1.0)
    };
    (log(total) - log(count)).max(0.0)
}

/// Terms by number, so that the inner loops compare integers.
#[derive(Debug, Default)]
pub struct Vocabulary {
    numbers: BTreeMap<String, usize>,
}

impl Vocabulary {
    /// The number of `term`, given now if it is new.
    pub fn number(&mut self, term: &str) -> usize {
        if let Some(&number) = self.numbers.get(term) {
            return number;
        }
        let number = self.numbers.len();
        self.numbers.insert(term.to_owned(), number);
        number
    }

    /// The number of `term`, if it was ever given one.
    pub fn known(&self, term: &str) -> Option<usize> {
        self.numbers.get(term).copied()
    }

    /// Every term with its number.
    pub fn names(&self) -> impl Iterator<Item = (&str, usize)> {
        self.numbers.iter().map(|(name, &number)| (name.as_str(), number))
    }

    /// How many terms there are.
    pub fn count(&self) -> usize {
        self.numbers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spoken_and_typed_forms_meet() {
        let check = |text: &str, expect: &[&str]| assert_eq!(terms(text), expect, "{text}");
        check("Dragon.", &["dragon"]);
        check("DRAGOOOOON dragons dragon's", &["dragon", "dragon", "dragon"]);
        check("castle castles", &["castl", "castl"]);
        check("ride riding rides", &["rid", "rid", "rid"]);
        check("box boxes, boss", &["box", "box", "boss"]);
        check("42 7 +2 to an", &["42"]);
        check("ＦＯＯ café", &["ｆｏｏ", "café"]);
        check("", &[]);
    }

    #[test]
    fn bits_are_logarithms_near_enough() {
        for (total, count) in [(1, 1), (8, 1), (1000, 3), (100_000, 17), (5, 7)] {
            let exact = (total as f64 / count as f64).log2().max(0.0);
            assert!((bits(total, count) - exact).abs() < 0.18, "{total}/{count}");
        }
        assert_eq!(bits(1024, 8), 7.0);
    }
}
