//! All broadcasts together: caps and leaks, then what is an example and what was dropped.
//!
//! Broadcasts come in the order in which they first entered the dataset. What a broadcast gives depends on it and on the
//! ones before it, so a new one never changes an older one's examples.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use schemas::{Dropped, Example, Tag};

use crate::Config;
use crate::prepare::{Candidate, Prepared};
use crate::similar::Similar;

/// Tags of caps and leaks, in the order in which they decide.
pub const USER_CAP: &str = "cap_user";
/// Too many examples of one text in one broadcast.
pub const TEXT_VOD_CAP: &str = "cap_text_vod";
/// Too many examples of one text.
pub const TEXT_CAP: &str = "cap_text";
/// Too similar to an older example in another split.
pub const LEAK: &str = "leak";

/// The rows of a dataset, in the order of broadcasts and messages.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selected {
    /// Every finding.
    pub tags: Vec<Tag>,
    /// What is learnt and measured.
    pub examples: Vec<Example>,
    /// Everything else, each with the first reason.
    pub dropped: Vec<Dropped>,
    /// Turns looked at: examples and dropped together.
    pub turns: usize,
}

/// Selects from broadcasts, each with its split, oldest in the dataset first.
pub fn select<'a>(broadcasts: impl IntoIterator<Item = (&'a Prepared, &'a str)>, config: &Config) -> Selected {
    let mut selected = Selected::default();
    let mut seen = Seen::new(config);
    for (prepared, split) in broadcasts {
        seen.next_broadcast();
        for turn in &prepared.turns {
            selected.turns += 1;
            let mut tags = turn.tags.clone();
            if let Some(candidate) = &turn.example {
                match seen.objection(candidate, split) {
                    None => selected.examples.push(Example { split: split.to_owned(), ..candidate.example.clone() }),
                    Some((filter, reason)) => tags.push(tag(candidate, filter, reason)),
                }
            }
            // A turn without example has a tag, so that each turn is in one table of the two.
            selected.dropped.extend(tags.first().map(dropped));
            selected.tags.extend(tags);
        }
    }
    selected
}

/// What the broadcasts so far have used up.
struct Seen<'a> {
    config: &'a Config,
    users: BTreeMap<String, u32>,
    texts_here: BTreeMap<String, u32>,
    texts: BTreeMap<String, u32>,
    similar: Similar,
    /// Split and example id of each text in `similar`.
    origins: Vec<(String, String)>,
}

impl<'a> Seen<'a> {
    fn new(config: &'a Config) -> Self {
        Self {
            config,
            users: BTreeMap::new(),
            texts_here: BTreeMap::new(),
            texts: BTreeMap::new(),
            similar: Similar::default(),
            origins: Vec::new(),
        }
    }

    fn next_broadcast(&mut self) {
        self.users.clear();
        self.texts_here.clear();
    }

    /// Why `candidate` may not be an example of `split`; if it may, it is counted.
    fn objection(&mut self, candidate: &Candidate, split: &str) -> Option<(&'static str, String)> {
        let (caps, leak) = (&self.config.caps, &self.config.leak);
        let words = words(&candidate.example.reply);
        let text = if words.is_empty() { candidate.example.reply.clone() } else { words.clone() };
        let used = |counts: &BTreeMap<String, u32>, key: &str| counts.get(key).copied().unwrap_or_default();
        if used(&self.users, &candidate.user_id) >= caps.per_user_per_vod {
            return Some((USER_CAP, format!("more than {} of one sender in the broadcast", caps.per_user_per_vod)));
        }
        if used(&self.texts_here, &text) >= caps.per_text_per_vod {
            return Some((TEXT_VOD_CAP, format!("more than {} of one text in the broadcast", caps.per_text_per_vod)));
        }
        if used(&self.texts, &text) >= caps.per_text {
            return Some((TEXT_CAP, format!("more than {} of one text", caps.per_text)));
        }
        if words.chars().count() >= leak.min_characters as usize {
            let elsewhere = |number: usize| self.origins.get(number).is_some_and(|(other, _)| other != split);
            let older = self.similar.find(&words, leak.similarity_percent, elsewhere);
            if let Some((other, id)) = older.and_then(|number| self.origins.get(number)) {
                return Some((LEAK, format!("like {id} in {other}")));
            }
            self.similar.add(&words);
            self.origins.push((split.to_owned(), candidate.example.example_id.to_string()));
        }
        *self.users.entry(candidate.user_id.clone()).or_default() += 1;
        *self.texts_here.entry(text.clone()).or_default() += 1;
        *self.texts.entry(text).or_default() += 1;
        None
    }
}

/// `text` reduced to its words, as the audits of caps and leaks do in SQL.
pub fn words(text: &str) -> String {
    static NO_WORD: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[^\p{L}\p{N}]+").unwrap_or_else(|error| unreachable!("{error}")));
    NO_WORD.replace_all(&text.to_lowercase(), " ").trim_matches(' ').to_owned()
}

fn tag(candidate: &Candidate, filter: &str, reason: String) -> Tag {
    let example = &candidate.example;
    Tag {
        platform: example.platform,
        vod_id: example.vod_id.clone(),
        message_id: example.message_id.clone(),
        filter: filter.to_owned(),
        reason,
    }
}

fn dropped(tag: &Tag) -> Dropped {
    let Tag { platform, vod_id, message_id, filter, reason } = tag.clone();
    Dropped { platform, vod_id, message_id, filter, reason }
}
