//! Names that people give: datasets, adapters, models, release channels.

use std::fmt;
use std::str::FromStr;

use crate::{IdError, serde_as_text};

/// A name of 1 to 64 characters out of `a-z 0-9 . _ -` that begins with a letter or digit and has no `..`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(String);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
        let first = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if first && text.len() <= 64 && text.bytes().all(allowed) && !text.contains("..") {
            return Ok(Self(text.to_owned()));
        }
        Err(IdError::new("name", text, "use 1 to 64 of a-z, 0-9, '.', '_', '-', beginning with a letter or digit"))
    }
}
serde_as_text!(Name);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_path_components() {
        for good in ["a", "tiny.en", "demo-1", "smollm2-135m-instruct", "0"] {
            assert_eq!(good.parse::<Name>().unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "a..b", "-a", "A", "a/b", "a\\b", "a b", "ä", "a\0", &"a".repeat(65)] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }
}
