//! Tells what an element of an export is by the keys it has, never by the file's name.

use std::borrow::Cow;
use std::fmt;

use ids::VodKey;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::draft::{Outcome, Reject};
use super::lenient::Object;
use super::{capture, comment, downloader, live, node};

/// The shapes of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The old chat API, which TwitchDownloader still writes.
    Comment,
    /// A node of Twitch's query API.
    Node,
    /// chat-downloader.
    Downloader,
    /// A YouTube live chat.
    Live,
    /// Twitch's chat protocol.
    Capture,
}

impl Kind {
    /// What `json` is; `None` when its keys do not tell.
    pub(super) fn of(json: &str) -> Option<Self> {
        let Ok(Object::Is(keys)) = serde_json::from_str::<Object<Keys>>(json) else { return None };
        let has = |name: &str| keys.0.contains(&name);
        match () {
            () if has("replayChatItemAction") => Some(Self::Live),
            () if has("contentOffsetSeconds") => Some(Self::Node),
            () if has("content_offset_seconds") => Some(Self::Comment),
            () if has("message_type") || has("action_type") || (has("message_id") && has("author")) => {
                Some(Self::Downloader)
            }
            () if has("t") && has("type") => Some(Self::Capture),
            () => None,
        }
    }

    /// Reads an element.
    pub(super) fn read(self, json: &str, vod: &VodKey) -> Result<Outcome, Reject> {
        match self {
            Self::Comment => comment::row(json, vod),
            Self::Node => node::row(json, vod),
            Self::Downloader => downloader::outcome(json, vod),
            Self::Live => live::outcome(json, vod),
            Self::Capture => capture::outcome(json, vod),
        }
    }
}

/// The keys that tell.
const TELLING: &[&str] = &[
    "replayChatItemAction",
    "contentOffsetSeconds",
    "content_offset_seconds",
    "message_type",
    "action_type",
    "message_id",
    "author",
    "t",
    "type",
];

struct Keys(Vec<&'static str>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Telling;
        impl<'de> Visitor<'de> for Telling {
            type Value = Keys;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut found = Vec::new();
                while let Some((key, IgnoredAny)) = map.next_entry::<Cow<'_, str>, IgnoredAny>()? {
                    let telling = TELLING.iter().find(|telling| **telling == key);
                    found.extend(telling.filter(|telling| !found.contains(*telling)));
                }
                Ok(Keys(found))
            }
        }
        deserializer.deserialize_map(Telling)
    }
}
