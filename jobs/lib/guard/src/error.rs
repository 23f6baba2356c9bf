//! Why a set of rules cannot be used.

/// Rules or weights that cannot work. Without them there is no guard, and nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The rules are not TOML of the known shape.
    #[error("the guard's rules are not readable; compare them with the built-in rules.toml")]
    Syntax(#[source] Box<toml::de::Error>),
    /// The rules are of a form this program does not know.
    #[error("the guard's rules have version {found} and this program reads {known}")]
    Version {
        /// The version they state.
        found: u32,
        /// The version this program reads.
        known: u32,
    },
    /// A rule cannot work.
    #[error("guard rule {id:?}: {reason}")]
    Rule {
        /// The rule's id.
        id: String,
        /// What to change.
        reason: &'static str,
    },
    /// A rule's pattern is not a regular expression.
    #[error("guard rule {id:?} has a pattern that is not a regular expression")]
    Pattern {
        /// The rule's id.
        id: String,
        /// Where it goes wrong.
        #[source]
        source: Box<regex::Error>,
    },
    /// The toxicity weights are damaged.
    #[error("the toxicity weights are damaged; take data/toxicity.bin from the sources again")]
    Weights,
}
