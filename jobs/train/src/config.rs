//! The settings of a training run: defaults from `default.toml`, what differs from a file, all of it checked.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::TrainError;

/// Every setting with its default, commented.
pub const DEFAULTS: &str = include_str!("default.toml");

/// No settings file is larger.
const LIMIT: u64 = 1 << 20;

/// Settings as written in TOML; `default.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Inner width of the adapter.
    pub rank: usize,
    /// The adapter's output is multiplied by alpha / rank.
    pub alpha: f64,
    /// Highest learning rate.
    pub peak_learning_rate: f64,
    /// Last learning rate as a share of the highest.
    pub final_share: f64,
    /// Steps until the highest learning rate.
    pub warmup_steps: u64,
    /// Optimiser steps, unless `epochs` is given.
    #[serde(default)]
    pub steps: Option<u64>,
    /// Passes over the training examples, instead of `steps`.
    #[serde(default)]
    pub epochs: Option<f64>,
    /// Examples in a step.
    pub batch_size: usize,
    /// Longest example, tokens.
    pub max_tokens: usize,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Largest global norm of a gradient.
    pub clip_norm: f64,
    /// Steps between two measurements of the validation loss.
    pub evaluate_every: u64,
    /// Most examples of a measurement.
    pub validation_examples: usize,
    /// Share of the training split to measure on when there is no split `val`.
    pub validation_share: f64,
    /// Measurements without a better one before training ends; 0 is never.
    pub patience: u64,
    /// Steps between two checkpoints. Not part of a run's identity: it changes no result.
    #[serde(skip_serializing)]
    pub checkpoint_every: u64,
    /// Decides order and start.
    pub seed: u64,
    /// Trains on shuffled replies, to test gates.
    pub shuffle_labels: bool,
}

impl Config {
    /// The defaults with what the file at `path` says instead.
    ///
    /// # Errors
    /// When the file cannot be read or a setting cannot work; the error names it.
    pub fn load(path: Option<&Path>) -> Result<Self, TrainError> {
        let Some(path) = path else { return Self::parse("", "the built-in settings") };
        let unreadable = |source| TrainError::ConfigFile { path: path.to_owned(), source };
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        std::io::Read::read_to_string(&mut std::io::Read::take(file, LIMIT), &mut text).map_err(unreadable)?;
        Self::parse(&text, &path.display().to_string())
    }

    /// The defaults with what `text` says instead; `name` is what errors call it.
    ///
    /// # Errors
    /// When `text` is not TOML or a setting cannot work.
    pub fn parse(text: &str, name: &str) -> Result<Self, TrainError> {
        let syntax =
            |source: toml::de::Error| TrainError::ConfigSyntax { name: name.to_owned(), source: Box::new(source) };
        let mut settings: toml::Table = DEFAULTS.parse().map_err(syntax)?;
        let given: toml::Table = text.parse().map_err(syntax)?;
        if given.contains_key("epochs") && !given.contains_key("steps") {
            settings.remove("steps");
        }
        settings.extend(given);
        let config: Self = settings.try_into().map_err(syntax)?;
        config.check()?;
        Ok(config)
    }

    /// Steps to train with so many training examples.
    pub fn total_steps(&self, examples: usize) -> u64 {
        match (self.steps, self.epochs) {
            (Some(steps), _) => steps,
            (None, epochs) => {
                let wanted = epochs.unwrap_or(1.0) * examples as f64 / self.batch_size.max(1) as f64;
                // Both factors were checked, so this is a small positive number.
                (wanted.ceil() as u64).max(1)
            }
        }
    }

    fn check(&self) -> Result<(), TrainError> {
        let within = |value: f64, low: f64, high: f64| value >= low && value <= high;
        let whole = |value: u64, low: u64, high: u64| (low..=high).contains(&value);
        let checks = [
            ("rank", whole(self.rank as u64, 1, 1024), "a whole number from 1 to 1024"),
            ("alpha", within(self.alpha, 1e-3, 1e6), "a number from 0.001 to 1000000, commonly twice the rank"),
            ("peak_learning_rate", within(self.peak_learning_rate, 1e-9, 1.0), "a number from 1e-9 to 1"),
            ("final_share", within(self.final_share, 0.0, 1.0), "a number from 0 to 1"),
            ("warmup_steps", whole(self.warmup_steps, 0, 1 << 32), "a whole number from 0"),
            ("steps", self.steps.is_none_or(|steps| whole(steps, 1, 1 << 32)), "a whole number from 1"),
            ("steps", self.steps.is_some() != self.epochs.is_some(), "given alone, or `epochs` instead of it"),
            ("epochs", self.epochs.is_none_or(|epochs| within(epochs, 1e-3, 1e4)), "a number from 0.001 to 10000"),
            ("batch_size", whole(self.batch_size as u64, 1, 4096), "a whole number from 1 to 4096"),
            ("max_tokens", whole(self.max_tokens as u64, 16, 1 << 20), "a whole number from 16 to 1048576"),
            ("weight_decay", within(self.weight_decay, 0.0, 1.0), "a number from 0 to 1"),
            ("beta1", within(self.beta1, 0.0, 0.9999), "a number from 0 to 0.9999"),
            ("beta2", within(self.beta2, 0.0, 0.999_999), "a number from 0 to 0.999999"),
            ("clip_norm", within(self.clip_norm, 1e-6, 1e6), "a number from 0.000001 to 1000000"),
            ("evaluate_every", whole(self.evaluate_every, 1, 1 << 32), "a whole number from 1"),
            ("validation_examples", self.validation_examples <= 1 << 20, "a whole number up to 1048576"),
            ("validation_share", within(self.validation_share, 0.0, 0.5), "a number from 0 to 0.5"),
            ("patience", whole(self.patience, 0, 1 << 32), "a whole number from 0"),
            ("checkpoint_every", whole(self.checkpoint_every, 1, 1 << 32), "a whole number from 1"),
            ("seed", i64::try_from(self.seed).is_ok(), "a whole number up to 9223372036854775807"),
        ];
        match checks.into_iter().find(|(_, holds, _)| !holds) {
            Some((setting, _, expected)) => Err(TrainError::Setting { setting, expected }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_a_file_names_only_what_differs() {
        let defaults = Config::parse("", "test").unwrap();
        let changed = Config::parse("rank = 4\nseed = 9", "test").unwrap();
        assert_eq!(changed, Config { rank: 4, seed: 9, ..defaults.clone() });
        let epochs = Config::parse("epochs = 1.5\nbatch_size = 4", "test").unwrap();
        assert_eq!((epochs.steps, epochs.total_steps(10)), (None, 4));
        assert_eq!(defaults.total_steps(10), defaults.steps.unwrap());
    }

    #[test]
    fn checkpoints_are_no_part_of_the_identity() {
        let json = |text| serde_json::to_value(Config::parse(text, "test").unwrap()).unwrap();
        assert_eq!(json("checkpoint_every = 1"), json(""));
        assert_ne!(json("seed = 1"), json(""));
    }

    /// Expects `text` to be refused with the setting's name in the error.
    fn check(text: &str, named: &str) {
        let error = Config::parse(text, "x.toml").unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(format!("{error} {source}").contains(named), "{text}: {error} {source}");
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        check("rank = 0", "`rank`");
        check("alpha = nan", "`alpha`");
        check("steps = 3\nepochs = 1.0", "`steps`");
        check("epochs = -1.0", "`epochs`");
        check("validation_share = 0.9", "`validation_share`");
        check("seed = -1", "seed");
        check("rnak = 3", "rnak");
        check("rank = ", "x.toml");
    }
}
