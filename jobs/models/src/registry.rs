//! models.toml as validated pins: the only model files that any job may load.

use std::fmt;

use ids::{Digest, Name};
use serde::{Deserialize, Serialize};

/// The pins this program was built with.
const BUILT_IN: &str = include_str!("../models.toml");

/// No model file may be larger: 64 GiB, as for any blob.
const LARGEST: u64 = 64 << 30;

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Speech recognition.
    Whisper,
    /// Voice activity detection.
    Vad,
    /// A base language model.
    Llm,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Whisper => "whisper",
            Self::Vad => "vad",
            Self::Llm => "llm",
        })
    }
}

/// One model file, pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The name everybody uses.
    pub name: Name,
    /// What it is for.
    pub kind: Kind,
    /// The publisher's file name.
    pub file: String,
    /// Size, bytes.
    pub size: u64,
    /// Digest of the bytes.
    pub sha256: Digest,
    /// Whether the jobs' defaults name it.
    #[serde(default)]
    pub bundled: bool,
    /// SPDX expression.
    pub licence: String,
    /// Where it is published, best first; all https.
    pub urls: Vec<String>,
}

/// Why models.toml, or a name looked up in it, is not good.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It is not TOML of the right shape.
    #[error("models.toml cannot be read")]
    Toml(#[from] toml::de::Error),
    /// A pin breaks a rule.
    #[error("models.toml, model {name}: {rule}")]
    Pin {
        /// The pin.
        name: Name,
        /// The rule.
        rule: &'static str,
    },
    /// There is no such model.
    #[error("there is no model {name:?}; known are {known}")]
    Unknown {
        /// As it was asked for.
        name: String,
        /// The known names, closest first.
        known: String,
    },
}

/// All pins.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    #[serde(rename = "model")]
    pins: Vec<Pin>,
}

impl Registry {
    /// The pins this program was built with.
    ///
    /// # Errors
    /// When models.toml breaks a rule; a test keeps that from happening.
    pub fn built_in() -> Result<Self, RegistryError> {
        Self::parse(BUILT_IN)
    }

    /// The pins in `text`.
    ///
    /// # Errors
    /// [`RegistryError::Toml`] and [`RegistryError::Pin`].
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let registry: Self = toml::from_str(text)?;
        for (index, pin) in registry.pins.iter().enumerate() {
            let earlier = registry.pins.get(..index).unwrap_or_default();
            if let Some(rule) = broken_rule(pin, earlier) {
                return Err(RegistryError::Pin { name: pin.name.clone(), rule });
            }
        }
        Ok(registry)
    }

    /// Every pin, in the order of the file.
    pub fn pins(&self) -> &[Pin] {
        &self.pins
    }

    /// The pin called `name`.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`], which lists the known names, closest first.
    pub fn find(&self, name: &str) -> Result<&Pin, RegistryError> {
        self.pins.iter().find(|pin| pin.name.as_str() == name).ok_or_else(|| {
            let name: String = name.chars().take(80).collect();
            let mut known: Vec<_> = self.pins.iter().map(|pin| pin.name.as_str()).collect();
            known.sort_by_key(|known| (distances(&name, known), *known));
            RegistryError::Unknown { name, known: known.join(", ") }
        })
    }
}

/// The first rule that `pin` breaks.
fn broken_rule(pin: &Pin, earlier: &[Pin]) -> Option<&'static str> {
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
    let rules = [
        (earlier.iter().all(|other| other.name != pin.name), "the name is taken by another model"),
        (earlier.iter().all(|other| other.sha256 != pin.sha256), "the digest is that of another model"),
        (plain(&pin.file) && !pin.file.contains(['/', '\\']), "file has to be a file name without a folder"),
        ((1..=LARGEST).contains(&pin.size), "size has to be 1 byte to 64 GiB"),
        (plain(&pin.licence), "licence has to be an SPDX expression"),
        (!pin.urls.is_empty(), "urls is empty"),
        (pin.urls.iter().all(|url| plain(url) && url.starts_with("https://")), "every URL has to be https"),
        (pin.urls.iter().all(|url| !url.contains(['@', '?', '#'])), "no URL may hold credentials or a query"),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map(|(_, rule)| rule)
}

/// Levenshtein distances in characters: of `a` from the beginning of `b` that is closest to it, because a name that was cut
/// short is meant as it begins, and from all of `b`.
fn distances(a: &str, b: &str) -> (usize, usize) {
    let b: Vec<_> = b.chars().collect();
    let mut row: Vec<_> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (to, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let cost = (diagonal + usize::from(from != *to)).min(left + 1).min(*above + 1);
            diagonal = std::mem::replace(above, cost);
            left = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    let last = row.last().copied().unwrap_or_default();
    (row.into_iter().min().unwrap_or_default(), last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_pins_are_good_and_have_the_names_of_the_jobs() {
        let registry = Registry::built_in().unwrap();
        for (name, kind) in
            [("tiny.en", Kind::Whisper), ("silero-v6.2.0", Kind::Vad), ("smollm2-135m-instruct", Kind::Llm)]
        {
            assert_eq!(registry.find(name).unwrap().kind, kind, "{name}");
        }
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones_closest_first() {
        let registry = Registry::built_in().unwrap();
        for (name, closest) in
            [("silero", "silero-v6.2.0"), ("tinyen", "tiny.en"), ("smollm-135m", "smollm2-135m-instruct")]
        {
            let error = registry.find(name).unwrap_err().to_string();
            assert!(error.starts_with(&format!("there is no model {name:?}; known are {closest}, ")), "{error}");
        }
        let error = registry.find(&"x".repeat(100_000)).unwrap_err().to_string();
        assert!(error.len() < 600, "{error}");
    }

    #[test]
    fn each_rule_refuses_its_breach() {
        let pin = |name: &str, replace: (&str, &str)| {
            let digest = Digest::of(name.as_bytes());
            format!(
                "[[model]]\nname = \"{name}\"\nkind = \"vad\"\nfile = \"a.bin\"\nsize = 9\nsha256 = \"{digest}\"\n\
                 licence = \"MIT\"\nurls = [\"https://host.example/a.bin\"]\n"
            )
            .replace(replace.0, replace.1)
        };
        assert!(Registry::parse(&pin("a", ("", ""))).is_ok());
        let twice = pin("a", ("", "")) + &pin("b", ("name = \"b\"", "name = \"a\""));
        let same = pin("a", ("", "")) + &pin("b", (&Digest::of(b"b").to_string(), &Digest::of(b"a").to_string()));
        for (text, expect) in [
            (twice, "the name is taken"),
            (same, "the digest is that of another"),
            (pin("a", ("\"a.bin\"", "\"../a.bin\"")), "without a folder"),
            (pin("a", ("size = 9", "size = 0")), "size"),
            (pin("a", ("\"MIT\"", "\"\"")), "licence"),
            (pin("a", ("[\"https://host.example/a.bin\"]", "[]")), "urls is empty"),
            (pin("a", ("https://", "http://")), "https"),
            (pin("a", ("host.example", "me:secret@host.example")), "credentials"),
            (pin("a", ("kind = \"vad\"", "kind = \"toaster\"")), "cannot be read"),
            (pin("a", ("size = 9", "size = 9\nsise = 9")), "cannot be read"),
        ] {
            let error = Registry::parse(&text).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}\n{text}");
        }
    }

    #[test]
    fn distance_counts_edits() {
        for (a, b, expect) in
            [("", "", 0), ("abc", "", 3), ("", "abc", 3), ("kitten", "sitting", 3), ("tiny.en", "tinyen", 1)]
        {
            assert_eq!(distances(a, b).1, expect, "{a} {b}");
        }
    }
}
