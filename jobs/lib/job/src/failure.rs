//! Errors of a known kind: people read the words, machines the kind.

use std::error::Error;
use std::fmt;

/// An error with its kind: a short fixed word like `not_found`, which the JSON error names.
///
/// It says and is caused by what the error inside says and is caused by, so that nothing is told twice.
#[derive(Debug)]
pub struct Failure {
    kind: &'static str,
    inner: Box<dyn Error + Send + Sync>,
}

impl Failure {
    /// `error` as one of that kind.
    pub fn new(kind: &'static str, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, inner: error.into() }
    }

    /// The kind of `error`, if one of its causes has one.
    pub fn kind_of(error: &anyhow::Error) -> Option<&'static str> {
        error.chain().find_map(|cause| cause.downcast_ref::<Self>()).map(|failure| failure.kind)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.inner.source()
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn the_kind_is_found_below_contexts_and_changes_no_words() {
        let bare = anyhow::anyhow!("no such video");
        assert_eq!(Failure::kind_of(&bare), None);
        let error: anyhow::Result<()> = Err(Failure::new("not_found", "no such video").into());
        let error = error.context("taking in twitch/1").unwrap_err();
        assert_eq!(Failure::kind_of(&error), Some("not_found"));
        let words: Vec<_> = error.chain().map(ToString::to_string).collect();
        assert_eq!(words, ["taking in twitch/1", "no such video"]);
    }
}
