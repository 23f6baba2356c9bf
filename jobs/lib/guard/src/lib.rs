//! Text filters and verdicts, the same for eval and infer.
//!
//! [`Guard::check_input`] looks at text that becomes context, [`Guard::check_output`] at a reply before anybody sees
//! it. What is looked for stands in `data/rules.toml`, in order, with what is done about it in either direction.

mod error;
mod pattern;
mod rules;
mod shape;
mod toxicity;
mod verdict;
mod words;

use std::borrow::Cow;

use ids::{Digest, Hasher};
use unicode_normalization::{UnicodeNormalization, is_nfkc};

use rules::{Find, Policy, Rule};
use words::Words;

pub use error::GuardError;
pub use toxicity::toxicity;
pub use verdict::{Action, Category, Finding, Verdict};

const RULES: &str = include_str!("../data/rules.toml");

/// The word list's version; a test holds it against the lock file, because other words make another guard.
const WORD_LIST: &str = "rustrict 0.7.39";

/// Masking can uncover something new, as taking out an invisible character can join a word. More rounds than this
/// only an attacker needs.
const MAX_ROUNDS: usize = 4;

/// A set of rules, ready to judge texts.
pub struct Guard {
    rules: Vec<Rule>,
    digest: Digest,
}

/// Which way a text goes.
#[derive(Clone, Copy)]
enum Direction {
    Input,
    Output,
}

impl Guard {
    /// The rules this program is built with.
    ///
    /// # Panics
    /// Never in a released program: they are part of it, and a test reads them.
    pub fn builtin() -> Self {
        Self::parse(RULES).expect("the built-in rules are valid")
    }

    /// Reads rules in the form of the built-in `rules.toml`.
    ///
    /// # Errors
    /// A rule that cannot work; the error names it. There is no guard without rules.
    pub fn parse(source: &str) -> Result<Self, GuardError> {
        let rules = rules::parse(source)?;
        let mut hasher = Hasher::default();
        for part in [b"dougpt guard 1".as_slice(), WORD_LIST.as_bytes(), toxicity::WEIGHTS, source.as_bytes()] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Ok(Self { rules, digest: hasher.digest() })
    }

    /// The digest of all that decides a verdict: rules, weights and word list.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Judges text that is to become context: a chat line, or what the streamer said.
    pub fn check_input(&self, text: &str) -> Verdict {
        self.check(text, Direction::Input)
    }

    /// Judges a reply. The text of `Action::Mask` passes this check as it is.
    pub fn check_output(&self, text: &str) -> Verdict {
        self.check(text, Direction::Output)
    }

    fn check(&self, text: &str, direction: Direction) -> Verdict {
        let mut findings = Vec::new();
        let mut current = Cow::Borrowed(text);
        for _ in 0..MAX_ROUNDS {
            match self.round(&current, direction, &mut findings) {
                Action::Allow => {
                    let action = match current {
                        Cow::Borrowed(_) => Action::Allow,
                        Cow::Owned(masked) => Action::Mask(masked),
                    };
                    return Verdict { action, findings };
                }
                Action::Mask(masked) => current = Cow::Owned(masked),
                Action::Block => break,
            }
        }
        Verdict { action: Action::Block, findings }
    }

    /// Applies every rule once, each to what the ones before it left.
    fn round(&self, text: &str, direction: Direction, findings: &mut Vec<Finding>) -> Action {
        let mut current = Cow::Borrowed(text);
        if !self.apply(&mut current, direction, findings, |_| true) {
            return Action::Block;
        }
        // Full-width and styled letters read like plain ones (Unicode form KC). The text keeps its own letters unless
        // a pattern shows only in the plain ones.
        if !is_nfkc(&current) {
            let plain: String = current.nfkc().collect();
            let mut masked = Cow::Borrowed(plain.as_str());
            if !self.apply(&mut masked, direction, findings, |rule| matches!(rule.find, Find::Pattern(_))) {
                return Action::Block;
            }
            if let Cow::Owned(masked) = masked {
                return Action::Mask(masked);
            }
        }
        match current {
            Cow::Borrowed(_) => Action::Allow,
            Cow::Owned(masked) => Action::Mask(masked),
        }
    }

    /// Applies the rules that `select` takes to `text`. False means block.
    fn apply(
        &self,
        text: &mut Cow<'_, str>,
        direction: Direction,
        findings: &mut Vec<Finding>,
        select: impl Fn(&Rule) -> bool,
    ) -> bool {
        let mut words = Words::default();
        let mut passes = true;
        for rule in self.rules.iter().filter(|rule| select(rule)) {
            let policy = match direction {
                Direction::Input => rule.input,
                Direction::Output => rule.output,
            };
            if policy == Policy::Off {
                continue;
            }
            let Some(hit) = rule.find.look(text, &mut words) else { continue };
            let finding = Finding { category: rule.category, rule: rule.id.clone(), score: hit.score };
            if !findings.contains(&finding) {
                findings.push(finding);
            }
            match (policy, hit.masked) {
                (Policy::Mask, Some(masked)) => {
                    *text = Cow::Owned(masked);
                    words = Words::default();
                }
                // Too long to look at any further.
                (Policy::Block, _) if rule.category == Category::Length => return false,
                (Policy::Block | Policy::Mask, _) => passes = false,
                (Policy::Off | Policy::Allow, _) => {}
            }
        }
        passes
    }
}
