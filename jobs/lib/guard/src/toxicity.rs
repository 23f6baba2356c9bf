//! How likely a text is abusive, from the words in it alone: a small linear model whose weights are a data file.
//!
//! The model is TF-IDF with unit length, then the mean of linear support vector machines, each calibrated by a sigmoid
//! (Platt 1999). `data/NOTICE` names its authors and how the file is laid out.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::GuardError;

/// The built-in weights.
pub(crate) const WEIGHTS: &[u8] = include_bytes!("../data/toxicity.bin");

static MODEL: LazyLock<Toxicity> =
    LazyLock::new(|| Toxicity::read(WEIGHTS).expect("the built-in weights are valid: a test reads them"));

const MAGIC: [u8; 8] = *b"DPTOX\0\0\x01";
const MAX_WORDS: usize = 1 << 20;
const MAX_FOLDS: usize = 64;

/// The probability, 0 to 1, that `text` is abusive, by its plain words alone.
///
/// Disguised words count nothing and swearing counts as much as abuse ("wtf lol" is 0.97), so no rule decides by this
/// alone.
pub fn toxicity(text: &str) -> f64 {
    MODEL.score(text)
}

/// A linear model over words.
struct Toxicity {
    /// Sorted by bytes.
    words: Vec<Box<str>>,
    /// Inverse document frequency of each word, then its coefficient in each fold.
    weights: Vec<f32>,
    folds: Vec<Fold>,
}

struct Fold {
    intercept: f64,
    slope: f64,
    offset: f64,
}

impl Toxicity {
    /// Reads the data file.
    fn read(bytes: &[u8]) -> Result<Self, GuardError> {
        Self::parse(bytes).ok_or(GuardError::Weights)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&MAGIC)?;
        let word_count = usize::try_from(u32::from_le_bytes(take(&mut rest)?)).ok()?;
        let fold_count = usize::try_from(u32::from_le_bytes(take(&mut rest)?)).ok()?;
        if word_count > MAX_WORDS || !(1..=MAX_FOLDS).contains(&fold_count) {
            return None;
        }
        let mut number = || Some(f64::from_le_bytes(take(&mut rest)?)).filter(|number| number.is_finite());
        let folds = (0..fold_count)
            .map(|_| Some(Fold { intercept: number()?, slope: number()?, offset: number()? }))
            .collect::<Option<Vec<_>>>()?;
        let weights = (0..word_count.checked_mul(fold_count + 1)?)
            .map(|_| Some(f32::from_le_bytes(take(&mut rest)?)).filter(|number| number.is_finite()))
            .collect::<Option<Vec<_>>>()?;
        let words: Vec<Box<str>> = std::str::from_utf8(rest).ok()?.lines().map(Box::from).collect();
        let sorted = words.windows(2).all(|pair| pair[0] < pair[1]);
        (sorted && words.len() == word_count).then_some(Self { words, weights, folds })
    }

    /// The probability, 0 to 1, that `text` is abusive.
    fn score(&self, text: &str) -> f64 {
        // A map ordered by word keeps the order of every sum, and with it the last bit of the score.
        let mut counts = BTreeMap::<usize, f64>::new();
        for word in words(&text.to_lowercase()) {
            if let Ok(index) = self.words.binary_search_by(|known| (**known).cmp(word)) {
                *counts.entry(index).or_default() += 1.0;
            }
        }
        let mut sums = vec![0.0; self.folds.len()];
        let mut length = 0.0;
        for (index, count) in counts {
            let width = self.folds.len() + 1;
            let Some((frequency, coefficients)) =
                self.weights.get(index * width..(index + 1) * width).and_then(<[f32]>::split_first)
            else {
                continue;
            };
            let weight = count * f64::from(*frequency);
            length += weight * weight;
            for (sum, coefficient) in sums.iter_mut().zip(coefficients) {
                *sum += weight * f64::from(*coefficient);
            }
        }
        let scale = if length > 0.0 { length.sqrt().recip() } else { 0.0 };
        let calibrated = self.folds.iter().zip(&sums).map(|(fold, sum)| {
            let margin = sum * scale + fold.intercept;
            (1.0 + (fold.slope * margin + fold.offset).exp()).recip()
        });
        calibrated.sum::<f64>() / self.folds.len() as f64
    }
}

/// Runs of at least two letters, digits or underscores.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    text.split(move |character| !is_word(character)).filter(|word| word.chars().nth(1).is_some())
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(serde::Deserialize)]
    struct Row {
        text: String,
        prob: f64,
    }

    /// Scores by alt-profanity-check 1.9.1.
    #[test]
    fn scores_are_those_of_the_reference() {
        let rows: Vec<Row> = serde_json::from_str(include_str!("../tests/toxicity_reference.json")).unwrap();
        assert_eq!(rows.len(), 20);
        for Row { text, prob } in rows {
            let score = toxicity(&text);
            assert!((score - prob).abs() < 1e-7, "{text:?}: {score} instead of {prob}");
        }
    }

    #[test]
    fn words_are_counted_once_each_time_and_in_any_case() {
        assert_eq!(toxicity("SHIT game"), toxicity("game...shit"));
        assert!(toxicity("shit shit game") > toxicity("shit game game"));
    }

    #[test]
    fn damaged_weights_are_refused() {
        for end in [0, 8, 12, 16, 40, 200, WEIGHTS.len() / 2, WEIGHTS.len() - 20] {
            assert!(matches!(Toxicity::read(&WEIGHTS[..end]), Err(GuardError::Weights)), "{end}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(mut bytes in any::<Vec<u8>>(), counts in any::<[u8; 8]>(), head in any::<bool>()) {
            if head {
                bytes.splice(..0, MAGIC.into_iter().chain(counts));
            }
            if let Ok(model) = Toxicity::read(&bytes) {
                model.score("some text");
            }
        }
    }
}
