//! Rules about words: kinds and severities from rustrict, which sees through disguise, and the linear model's score.

use rustrict::{Censor, Type};
use serde::Deserialize;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::toxicity::toxicity;

/// Which words a rule is about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WordRule {
    /// Any of these kinds.
    kinds: Vec<Kind>,
    /// At least this severe.
    severity: Severity,
    /// And at least this probability.
    score: Option<f64>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Profane,
    Offensive,
    Sexual,
    Mean,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Severity {
    Mild,
    Moderate,
    Severe,
}

/// What is known about the words of one text, found out once and only if a rule asks.
#[derive(Default)]
pub(crate) struct Words {
    kinds: Option<Type>,
    score: Option<f64>,
}

impl Words {
    /// The score of `text` if `rule` applies to it.
    pub(crate) fn look(&mut self, text: &str, rule: &WordRule) -> Option<f64> {
        // Asterisks are emphasis and footnotes in chat; only letters count.
        let analyse = || Censor::new(words_only(text)).with_ignore_self_censoring(true).analyze();
        let kinds = *self.kinds.get_or_insert_with(analyse);
        let wanted = rule.kinds.iter().fold(Type::NONE, |all, kind| all | kind.mask()) & rule.severity.mask();
        if kinds.isnt(wanted) {
            return None;
        }
        let score = *self.score.get_or_insert_with(|| score(text));
        (score >= rule.score.unwrap_or(0.0)).then_some((score * 1e4).round() / 1e4)
    }
}

/// The characters of `text` less its numbers and the names made of them: rustrict reads digits as letters, and neither
/// a score nor `@viewer_58016faa9f` is an insult. A single digit stays, since it may stand for a letter in a word that is
/// spaced out.
fn words_only(text: &str) -> impl Iterator<Item = char> {
    let is_number = |word: &str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let bare = word.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_punctuation());
        (digits > 1 && bare) || (digits > 2 && word.len() > 9)
    };
    text.split_inclusive(char::is_whitespace).filter(move |word| !is_number(word.trim_end())).flat_map(str::chars)
}

/// The higher score of the text as it is and of its words without disguise.
fn score(text: &str) -> f64 {
    toxicity(text).max(toxicity(&undisguised(text)))
}

/// Plain letters for styled and accented ones, for digits inside words, and words for letters that stand alone in a
/// row.
fn undisguised(text: &str) -> String {
    let plain: String = text.nfkd().filter(|character| !is_combining_mark(*character)).collect();
    let mut words = String::with_capacity(plain.len());
    let mut spaced = false;
    for word in plain.split_whitespace() {
        let single = word.chars().nth(1).is_none();
        if !(single && spaced) {
            words.push(' ');
        }
        spaced = single;
        // Three letters make a word out of "d1ck" and leave "1v1" and "b4" alone.
        if single || word.chars().filter(|character| character.is_alphabetic()).count() >= 3 {
            words.extend(word.chars().map(letter));
        } else {
            words.push_str(word);
        }
    }
    words
}

/// The letter that a digit or sign is used for.
fn letter(character: char) -> char {
    match character {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        _ => character,
    }
}

impl Kind {
    fn mask(self) -> Type {
        match self {
            Self::Profane => Type::PROFANE,
            Self::Offensive => Type::OFFENSIVE,
            Self::Sexual => Type::SEXUAL,
            Self::Mean => Type::MEAN,
        }
    }
}

impl Severity {
    fn mask(self) -> Type {
        match self {
            Self::Mild => Type::MILD_OR_HIGHER,
            Self::Moderate => Type::MODERATE_OR_HIGHER,
            Self::Severe => Type::SEVERE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguises_come_off() {
        let check = |text, expect| assert_eq!(undisguised(text).trim(), expect, "{text}");
        check("r3t4rd", "retard");
        check("m 0 r o n it is", "moron it is");
        check("ｍｏｒóｎ", "moron");
        check("1v1 at 3pm b4 100", "1v1 at 3pm b4 100");
    }

    #[test]
    fn numbers_and_made_up_names_are_no_words() {
        let check = |text, expect| assert_eq!(words_only(text).collect::<String>(), expect, "{text}");
        check("80085 n1gg3r f 4 g 12:34", "n1gg3r f 4 g ");
        check("hi @viewer_58016faa9f no", "hi no");
    }
}
