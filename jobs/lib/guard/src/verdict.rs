//! What the guard says about a text.

use serde::{Deserialize, Serialize};

/// The guard's judgement of one text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What to do with the text.
    pub action: Action,
    /// Every rule that found something, in the order of the rules.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// The text to go on with: `text` itself, its masked form, or nothing.
    pub fn text<'a>(&'a self, text: &'a str) -> Option<&'a str> {
        match &self.action {
            Action::Allow => Some(text),
            Action::Mask(masked) => Some(masked),
            Action::Block => None,
        }
    }

    /// Whether some rule of `category` found something.
    pub fn has(&self, category: Category) -> bool {
        self.findings.iter().any(|finding| finding.category == category)
    }
}

/// What to do with a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Use it as it is.
    Allow,
    /// Use this in its place.
    Mask(String),
    /// Use nothing of it.
    Block,
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The kind of rule.
    pub category: Category,
    /// The rule's id in `rules.toml`, e.g. `pii.email`.
    pub rule: String,
    /// How sure it is, 0 to 1 in steps of 0.0001: the toxicity model's probability for rules about words, else 1.
    pub score: f64,
}

/// The kinds of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Longer than a message may be, or more than one line.
    Length,
    /// Runs, invisible characters, stacked marks.
    Spam,
    /// Nothing visible.
    Empty,
    /// Look-alikes of control tokens and of instructions to the model.
    Injection,
    /// Data about a person: email, card, phone, network address.
    Pii,
    /// Addresses of pages.
    Link,
    /// Commands to chat or bots.
    Command,
    /// Calling everybody, or many at once.
    Mention,
    /// Slurs, threats, calls to self-harm, sexual content.
    Severe,
    /// Abuse short of that.
    Toxicity,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 10] = [
        Self::Length,
        Self::Spam,
        Self::Empty,
        Self::Injection,
        Self::Pii,
        Self::Link,
        Self::Command,
        Self::Mention,
        Self::Severe,
        Self::Toxicity,
    ];

    /// The category as rules and logs write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Spam => "spam",
            Self::Empty => "empty",
            Self::Injection => "injection",
            Self::Pii => "pii",
            Self::Link => "link",
            Self::Command => "command",
            Self::Mention => "mention",
            Self::Severe => "severe",
            Self::Toxicity => "toxicity",
        }
    }
}

impl std::fmt::Display for Category {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
