//! The sample stream's script: what is said, and the pools the chat is drawn from.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Error;

/// `sample/script.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    pub(super) streamer: Streamer,
    pub(super) voice: Voice,
    /// Mood to emote.
    pub(super) emotes: BTreeMap<String, String>,
    /// Mood, or `any`, to templates.
    pub(super) templates: BTreeMap<String, Vec<String>>,
    pub(super) viewers: Viewers,
    pub(super) dirt: Dirt,
    pub(super) broadcast: Vec<Broadcast>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Streamer {
    pub(super) login: String,
    pub(super) name: String,
    pub(super) id: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Voice {
    pub(super) name: String,
    pub(super) words_per_minute: u32,
    pub(super) word_gap: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Viewers {
    pub(super) logins: Vec<String>,
    pub(super) chatter: Vec<String>,
}

/// What the filters of a data set have to catch, one pool per kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dirt {
    /// Login and text.
    pub(super) bot: Vec<(String, String)>,
    /// Command and the bot's answer.
    pub(super) command: Vec<(String, String)>,
    pub(super) link: Vec<String>,
    pub(super) toxic: Vec<String>,
    pub(super) pii: Vec<String>,
    pub(super) injection: Vec<String>,
    pub(super) unicode: Vec<String>,
    pub(super) late: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Broadcast {
    pub(super) id: String,
    pub(super) title: String,
    /// The hour the broadcast starts at, `YYYY-MM-DDTHH` in UTC.
    pub(super) started_hour: String,
    pub(super) shape: Shape,
    /// Between hearing a noun and its replies.
    pub(super) lag_ms: i64,
    pub(super) seed: u64,
    pub(super) spam: String,
    pub(super) copypasta: String,
    pub(super) utterance: Vec<Utterance>,
}

/// The tool whose export the chat file looks like.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Shape {
    /// TwitchDownloader's chat JSON 1.4.
    TwitchDownloader,
    /// The array of a v5 rechat archive: the video, then its comments.
    Rechat,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Utterance {
    pub(super) at_ms: i64,
    pub(super) text: String,
    /// The distinctive word chat echoes; the last of `text`.
    pub(super) noun: String,
    pub(super) mood: String,
    /// Replies only this utterance gets.
    pub(super) says: Vec<String>,
}

impl Script {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        toml::from_str(text).map_err(|source| Error::Script(Box::new(source)))
    }
}

impl Broadcast {
    /// A time of the broadcast on the clock, as RFC 3339 in UTC. Sample broadcasts last minutes, so the hour stays.
    pub(super) fn clock(&self, at_ms: i64) -> String {
        let (minute, second, milli) = (at_ms / 60_000, at_ms / 1000 % 60, at_ms % 1000);
        format!("{}:{minute:02}:{second:02}.{milli:03}Z", self.started_hour)
    }
}

impl Utterance {
    /// The noun with the punctuation after it, when it ends the text.
    pub(super) fn end(&self) -> Option<&str> {
        let at = self.text.rfind(&self.noun)?;
        let end = self.text.get(at..)?;
        end.get(self.noun.len()..)?.chars().all(|c| c.is_ascii_punctuation()).then_some(end)
    }
}
