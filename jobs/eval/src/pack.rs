//! The evaluation pack: what is measured and what the gate demands, as one checked value with one meaning.

use std::path::Path;

use llm::Sampling;
use serde::{Deserialize, Serialize};

use crate::EvalError;

/// Every setting with its default, commented.
pub const DEFAULTS: &str = include_str!("pack.toml");

/// No pack is larger.
const LIMIT: u64 = 1 << 20;

/// Settings and rules as written in TOML; `pack.toml` says what each means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// Most held-out examples that are scored.
    pub examples: usize,
    /// Most of them that are answered and scored under another context.
    pub replies: usize,
    /// Whether the baseline answers too.
    pub baseline_replies: bool,
    /// Fewest examples of a conclusive rule.
    pub minimum_examples: usize,
    /// Fewest answers of a conclusive rule.
    pub minimum_replies: usize,
    /// Rounds of every bootstrap.
    pub bootstrap_rounds: usize,
    /// Fewest broadcasts to resample whole.
    pub minimum_vods: usize,
    /// Neighbouring examples in a block, with fewer broadcasts than that.
    pub block_examples: usize,
    /// Decides every draw.
    pub seed: u64,
    /// How answers are drawn.
    pub sampling: Draw,
    /// What is demanded.
    pub gate: Gate,
}

/// How answers are drawn; see `llm::Sampling`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draw {
    /// 0 takes the likeliest token.
    pub temperature: f64,
    /// Keeps this many likeliest tokens; 0 keeps all.
    pub top_k: usize,
    /// Keeps the likeliest tokens of this joint probability.
    pub top_p: f64,
    /// Keeps tokens of this share of the likeliest one's probability.
    pub min_p: f64,
    /// Disfavours tokens that were seen; 1 is off.
    pub repetition_penalty: f64,
    /// Most tokens of an answer.
    pub max_tokens: usize,
}

/// The bounds of the rules; `pack.toml` says what each is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Most nats per token worse than another adapter.
    pub reply_nll_margin: f64,
    /// Least lift, nats per token.
    pub context_lift: f64,
    /// Most lift lost against the baseline, nats per token.
    pub context_lift_margin: f64,
    /// Largest distance of lengths, as a share of the true mean.
    pub length_distance: f64,
    /// Largest difference of the shares with an emote.
    pub emote_rate: f64,
    /// Largest loss of distinct word pairs.
    pub distinct_2: f64,
    /// Largest excess of copies of training replies.
    pub copy_rate: f64,
    /// Largest excess of toxic answers.
    pub toxicity_rate: f64,
    /// Toxicity from which an answer is toxic.
    pub toxic_from: f64,
    /// Largest share of answers the guard blocks.
    pub guard_block_rate: f64,
    /// Largest share of empty answers.
    pub empty_rate: f64,
}

impl Pack {
    /// The defaults with what the file at `path` says instead.
    ///
    /// # Errors
    /// When the file cannot be read or a setting cannot work; the error names it.
    pub fn load(path: Option<&Path>) -> Result<Self, EvalError> {
        let Some(path) = path else { return Self::parse("", "the built-in pack") };
        let unreadable = |source| EvalError::PackFile { path: path.to_owned(), source };
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        std::io::Read::read_to_string(&mut std::io::Read::take(file, LIMIT), &mut text).map_err(unreadable)?;
        Self::parse(&text, &path.display().to_string())
    }

    /// The defaults with what `text` says instead; `name` is what errors call it.
    ///
    /// # Errors
    /// When `text` is not TOML or a setting cannot work.
    pub fn parse(text: &str, name: &str) -> Result<Self, EvalError> {
        let syntax =
            |source: toml::de::Error| EvalError::PackSyntax { name: name.to_owned(), source: Box::new(source) };
        let mut settings: toml::Table = DEFAULTS.parse().map_err(syntax)?;
        let given: toml::Table = text.parse().map_err(syntax)?;
        for (key, value) in given {
            match (settings.get_mut(&key), value) {
                (Some(toml::Value::Table(own)), toml::Value::Table(given)) => own.extend(given),
                (_, value) => drop(settings.insert(key, value)),
            }
        }
        let pack: Self = settings.try_into().map_err(syntax)?;
        pack.check()?;
        Ok(pack)
    }

    /// The sampling of an answer with this seed.
    pub fn sampling(&self, seed: u64, stop: &[u32]) -> Sampling {
        Sampling {
            repetition_penalty: self.sampling.repetition_penalty as f32,
            temperature: self.sampling.temperature as f32,
            top_k: self.sampling.top_k,
            top_p: self.sampling.top_p as f32,
            min_p: self.sampling.min_p as f32,
            seed,
            max_tokens: self.sampling.max_tokens,
            stop: stop.to_vec(),
        }
    }

    fn check(&self) -> Result<(), EvalError> {
        let whole = |value: usize, low: usize, high: usize| (low..=high).contains(&value);
        let share = |value: f64| (0.0..=1.0).contains(&value);
        let bound = |value: f64| (0.0..=1e6).contains(&value);
        let (draw, gate) = (&self.sampling, &self.gate);
        let checks = [
            ("examples", whole(self.examples, 1, 1 << 20), "a whole number from 1 to 1048576"),
            ("replies", whole(self.replies, 1, self.examples), "a whole number from 1 to `examples`"),
            // A rule that nothing stands behind would pass on nothing.
            ("minimum_examples", whole(self.minimum_examples, 2, 1 << 20), "a whole number from 2"),
            ("minimum_replies", whole(self.minimum_replies, 2, 1 << 20), "a whole number from 2"),
            ("bootstrap_rounds", whole(self.bootstrap_rounds, 1000, 1_000_000), "a whole number from 1000 to 1000000"),
            ("minimum_vods", whole(self.minimum_vods, 2, 1 << 20), "a whole number from 2"),
            ("block_examples", whole(self.block_examples, 1, 1 << 20), "a whole number from 1"),
            ("seed", i64::try_from(self.seed).is_ok(), "a whole number up to 9223372036854775807"),
            ("sampling.temperature", (0.0..=10.0).contains(&draw.temperature), "a number from 0 to 10"),
            ("sampling.top_k", draw.top_k <= 1 << 20, "a whole number up to 1048576"),
            ("sampling.top_p", share(draw.top_p) && draw.top_p > 0.0, "a number above 0 and up to 1"),
            ("sampling.min_p", share(draw.min_p), "a number from 0 to 1"),
            ("sampling.repetition_penalty", (0.1..=10.0).contains(&draw.repetition_penalty), "a number from 0.1 to 10"),
            ("sampling.max_tokens", whole(draw.max_tokens, 1, 4096), "a whole number from 1 to 4096"),
            ("gate.reply_nll_margin", bound(gate.reply_nll_margin), "a number from 0"),
            ("gate.context_lift", bound(gate.context_lift), "a number from 0"),
            ("gate.context_lift_margin", bound(gate.context_lift_margin), "a number from 0"),
            ("gate.length_distance", bound(gate.length_distance), "a number from 0"),
            ("gate.emote_rate", share(gate.emote_rate), "a number from 0 to 1"),
            ("gate.distinct_2", share(gate.distinct_2), "a number from 0 to 1"),
            ("gate.copy_rate", share(gate.copy_rate), "a number from 0 to 1"),
            ("gate.toxicity_rate", share(gate.toxicity_rate), "a number from 0 to 1"),
            ("gate.toxic_from", share(gate.toxic_from), "a number from 0 to 1"),
            ("gate.guard_block_rate", share(gate.guard_block_rate), "a number from 0 to 1"),
            ("gate.empty_rate", share(gate.empty_rate), "a number from 0 to 1"),
        ];
        match checks.into_iter().find(|(_, holds, _)| !holds) {
            Some((setting, _, expected)) => Err(EvalError::Setting { setting, expected }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_names_only_what_differs_inside_sections_too() {
        let defaults = Pack::parse("", "test").unwrap();
        let changed = Pack::parse("seed = 5\n[gate]\ncopy_rate = 0.1", "test").unwrap();
        let gate = Gate { copy_rate: 0.1, ..defaults.gate.clone() };
        assert_eq!(changed, Pack { seed: 5, gate, ..defaults });
    }

    #[test]
    fn what_is_judged_is_what_is_served() {
        let sampling = Pack::parse("", "test").unwrap().sampling(0, &[]);
        let served =
            Sampling { temperature: Sampling::TEMPERATURE, top_p: Sampling::TOP_P, ..Sampling::greedy(40, vec![]) };
        assert_eq!(sampling, served);
    }

    /// Expects `text` to be refused with the setting's name in the error.
    fn check(text: &str, named: &str) {
        let error = Pack::parse(text, "x.toml").unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(format!("{error} {source}").contains(named), "{text}: {error} {source}");
    }

    #[test]
    fn what_would_let_anything_pass_is_refused_by_name() {
        check("minimum_replies = 0", "`minimum_replies`");
        check("bootstrap_rounds = 10", "`bootstrap_rounds`");
        check("replies = 1000000", "`replies`");
        check("[gate]\ncopy_rate = 2.0", "`gate.copy_rate`");
        check("[gate]\nreply_nll_margin = nan", "`gate.reply_nll_margin`");
        check("[gate]\nreply_nll_margin = inf", "`gate.reply_nll_margin`");
        check("[gate]\nnew_rule = 1.0", "new_rule");
        check("gate = 1", "x.toml");
    }
}
