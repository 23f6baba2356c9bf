//! The settings of a build: a commented file of defaults, and what a user's file changes.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use ids::{Digest, VodKey};
use serde::{Deserialize, Serialize};

/// Every setting with its default, as a commented file.
pub const DEFAULTS: &str = include_str!("default.toml");

/// No configuration file is larger: 1 MiB.
const LIMIT: u64 = 1 << 20;

/// The settings of a build, validated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which messages are dropped.
    pub filters: Filters,
    /// What a reply sees of the chat.
    pub context: ContextLimits,
    /// How often anybody or anything may be repeated.
    pub caps: Caps,
    /// What is too similar across splits.
    pub leak: Leak,
    /// Which broadcasts are held out.
    pub splits: Splits,
    /// How viewers are renamed. Never serialised: manifests name the key by its digest.
    #[serde(skip_serializing)]
    pub pseudonyms: Pseudonyms,
}

/// Which messages are dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filters {
    /// Logins of bots beyond the well-known ones.
    pub bots: Vec<String>,
    /// Names of filters that are not applied.
    pub off: Vec<String>,
    /// Shortest reply, characters.
    pub min_characters: u32,
    /// Longest reply, characters.
    pub max_characters: u32,
    /// Fewest words a reply answers.
    pub min_words: u32,
    /// Shortest text that can be copypasta, characters.
    pub copypasta_characters: u32,
    /// People within the window that make a text copypasta.
    pub copypasta_people: u32,
    /// The window, ms.
    pub copypasta_window_ms: u32,
    /// Times in a broadcast that make a text copypasta.
    pub copypasta_times: u32,
    /// Times from one sender that make a text spam.
    pub repeat_times: u32,
}

/// What a reply sees of the chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextLimits {
    /// Most chat lines.
    pub chat_lines: u32,
    /// Oldest chat line, ms before the reply.
    pub chat_window_ms: u32,
}

/// How often anybody or anything may be repeated; the first ones are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Most examples of one sender in one broadcast.
    pub per_user_per_vod: u32,
    /// Most examples of one text in one broadcast.
    pub per_text_per_vod: u32,
    /// Most examples of one text.
    pub per_text: u32,
}

/// What is too similar across splits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leak {
    /// Shortest text that counts, characters.
    pub min_characters: u32,
    /// Jaccard similarity from which two texts are the same, percent.
    pub similarity_percent: u32,
}

/// Which broadcasts are held out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Splits {
    /// Key of the hash.
    pub salt: String,
    /// Thousandths of broadcasts in `val`.
    pub val_permille: u32,
    /// Thousandths of broadcasts in `test`.
    pub test_permille: u32,
    /// Broadcasts decided by hand.
    pub pin: BTreeMap<String, String>,
}

/// How viewers are renamed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pseudonyms {
    /// Key of the hash.
    pub key: String,
}

impl Config {
    /// The defaults, changed by the file at `path` if there is one.
    ///
    /// # Errors
    /// When the file cannot be read or a setting is unknown or out of range; the error names it.
    pub fn load(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Self::parse("") };
        let context = || format!("the configuration {} cannot be used", path.display());
        let size = std::fs::metadata(path).with_context(context)?.len();
        ensure!(size <= LIMIT, "the configuration {} has {size} bytes; a setting or two fit into less", path.display());
        Self::parse(&std::fs::read_to_string(path).with_context(context)?).with_context(context)
    }

    /// The defaults, changed by `text`.
    ///
    /// # Errors
    /// When a setting is unknown or out of range.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mut table: toml::Table = toml::from_str(DEFAULTS).context("the defaults cannot be read")?;
        merge(&mut table, toml::from_str(text)?);
        let config: Self = table.try_into()?;
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> anyhow::Result<()> {
        let (filters, splits) = (&self.filters, &self.splits);
        ensure!(
            filters.min_characters >= 1 && filters.min_characters <= filters.max_characters,
            "filters.min_characters has to be at least 1 and at most filters.max_characters"
        );
        for name in &filters.off {
            ensure!(
                sql::named(sql::Kind::Filter, name).is_some(),
                "filters.off names {name:?}, which is no filter; there are {}",
                sql::of(sql::Kind::Filter).map(|query| query.name).collect::<Vec<_>>().join(", ")
            );
        }
        ensure!(filters.copypasta_people >= 2, "filters.copypasta_people has to be at least 2");
        ensure!(filters.copypasta_times >= 2, "filters.copypasta_times has to be at least 2");
        ensure!(filters.repeat_times >= 2, "filters.repeat_times has to be at least 2");
        ensure!(self.context.chat_lines <= 100, "context.chat_lines has to be at most 100");
        let caps = &self.caps;
        ensure!(
            caps.per_user_per_vod >= 1 && caps.per_text_per_vod >= 1 && caps.per_text >= 1,
            "every cap has to be at least 1; to drop everything, name no VOD"
        );
        ensure!(
            (50..=100).contains(&self.leak.similarity_percent),
            "leak.similarity_percent has to be 50 to 100; below, texts that share a template count as the same"
        );
        let held_out = u64::from(splits.val_permille) + u64::from(splits.test_permille);
        ensure!(held_out <= 1000, "splits.val_permille and splits.test_permille are together more than 1000");
        for (vod, split) in &splits.pin {
            vod.parse::<VodKey>().with_context(|| format!("splits.pin names {vod:?}"))?;
            let known = ["train", "val", "test"].contains(&split.as_str());
            ensure!(known, "splits.pin gives {vod} the split {split:?}; it has to be train, val or test");
        }
        ensure!(!self.pseudonyms.key.is_empty(), "pseudonyms.key is empty; set a text only you know");
        Ok(())
    }

    /// The settings the SQL filters read, by name; lists have one row for each item.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let filters = &self.filters;
        let numbers = [
            ("min_characters", filters.min_characters),
            ("max_characters", filters.max_characters),
            ("min_words", filters.min_words),
            ("copypasta_characters", filters.copypasta_characters),
            ("copypasta_people", filters.copypasta_people),
            ("copypasta_window_ms", filters.copypasta_window_ms),
            ("copypasta_times", filters.copypasta_times),
            ("repeat_times", filters.repeat_times),
        ];
        let bots = filters.bots.iter().map(|login| ("bots", login.clone()));
        numbers.into_iter().map(|(name, number)| (name, number.to_string())).chain(bots).collect()
    }

    /// Digest of the pseudonyms' key: it decides the examples, and the key itself is not to be kept.
    pub fn key_digest(&self) -> Digest {
        Digest::of(self.pseudonyms.key.as_bytes())
    }
}

/// Puts the values of `changes` in place of those of `table`, table by table. `splits.pin` is a value.
fn merge(table: &mut toml::Table, changes: toml::Table) {
    for (name, change) in changes {
        match (table.get_mut(&name), change) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(change)) => merge(inner, change),
            (_, change) => drop(table.insert(name, change)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_changes_only_what_it_names() {
        let defaults = Config::parse("").unwrap();
        let config = Config::parse("[caps]\nper_text = 7\n[splits]\npin = { \"file/a\" = \"val\" }").unwrap();
        assert_eq!(config.caps, Caps { per_text: 7, ..defaults.caps });
        assert_eq!(config.splits.pin, BTreeMap::from([("file/a".into(), "val".into())]));
        assert_eq!(config.filters, defaults.filters);
        assert!(!serde_json::to_string(&config).unwrap().contains("pseudonyms"));
    }

    #[test]
    fn a_bad_setting_is_named() {
        for (text, named) in [
            ("[cups]\nper_text = 1", "cups"),
            ("[caps]\nper_txt = 1", "per_txt"),
            ("[caps]\nper_text = 0", "cap"),
            ("[caps]\nper_text = \"many\"", "invalid type"),
            ("[filters]\noff = [\"boot\"]", "boot"),
            ("[filters]\nmin_characters = 300", "filters.min_characters"),
            ("[splits]\nval_permille = 990", "splits.val_permille"),
            ("[splits.pin]\n\"demo\" = \"test\"", "demo"),
            ("[splits.pin]\n\"file/a\" = \"held\"", "held"),
            ("[pseudonyms]\nkey = \"\"", "pseudonyms.key"),
            ("[leak]\nsimilarity_percent = 10", "leak.similarity_percent"),
            ("caps = 3", "caps"),
            ("[", ""),
        ] {
            let error = format!("{:#}", Config::parse(text).unwrap_err());
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
