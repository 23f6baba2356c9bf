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
    /// And disguised, if true.
    #[serde(default)]
    evasive: bool,
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
        let analyse = || Censor::new(without_numbers(text)).with_ignore_self_censoring(true).analyze();
        let kinds = *self.kinds.get_or_insert_with(analyse);
        let wanted = rule.kinds.iter().fold(Type::NONE, |all, kind| all | kind.mask()) & rule.severity.mask();
        if kinds.isnt(wanted) || (rule.evasive && kinds.isnt(Type::EVASIVE)) {
            return None;
        }
        let score = *self.score.get_or_insert_with(|| score(text));
        (score >= rule.score.unwrap_or(0.0)).then_some((score * 1e4).round() / 1e4)
    }
}

/// The characters of `text` less its numbers: rustrict reads digits as letters, and a score is no insult. A single digit
/// stays, since it may stand for a letter in a word that is spaced out.
fn without_numbers(text: &str) -> impl Iterator<Item = char> {
    let is_number = |word: &str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        digits > 1 && word.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_punctuation())
    };
    text.split_inclusive(char::is_whitespace).filter(move |word| !is_number(word.trim_end())).flat_map(str::chars)
}

/// The higher score of the text as it is and of its plain letters.
fn score(text: &str) -> f64 {
    let score = toxicity(text);
    if text.is_ascii() {
        return score;
    }
    let plain: String = text.nfkd().filter(|character| !is_combining_mark(*character)).collect();
    score.max(toxicity(&plain))
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
