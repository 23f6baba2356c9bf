//! What is known about the sample stream because it was made, for tests to measure against.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `sample/truth.json`: what every job should find out about the sample stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// The broadcasts, in order of id.
    pub broadcasts: Vec<Broadcast>,
}

impl Truth {
    /// The broadcast called `id`.
    ///
    /// # Panics
    /// When there is none.
    pub fn broadcast(&self, id: &str) -> &Broadcast {
        self.broadcasts.iter().find(|broadcast| broadcast.id == id).unwrap_or_else(|| panic!("no broadcast {id}"))
    }
}

/// One broadcast of the sample stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broadcast {
    /// `demo-1` and so on; the media is `<id>.mkv`, the chat `<id>.chat.json`.
    pub id: String,
    /// Clock time of media time 0, RFC 3339.
    pub started_at: String,
    /// Length of the media in milliseconds.
    pub duration_ms: i64,
    /// Replies come this many milliseconds after the first sound of the utterance's noun, give or take 600 ms.
    pub lag_ms: i64,
    /// What is said, in order of time.
    pub utterances: Vec<Utterance>,
    /// Every message of the chat file by its id.
    pub messages: BTreeMap<String, Message>,
    /// Ids the chat file has twice; the two messages are equal.
    pub duplicated: Vec<String>,
}

/// One spoken sentence. Times are milliseconds of the media.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Utterance {
    /// The exact words with punctuation.
    pub text: String,
    /// First sound.
    pub start_ms: i64,
    /// Last sound.
    pub end_ms: i64,
    /// The distinctive word chat echoes; no other utterance of the broadcast has it.
    pub noun: String,
    /// First sound of the noun (to about 100 ms), from which lags are measured.
    pub noun_ms: i64,
}

/// What a message is and what it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Why the message was made.
    pub kind: Kind,
    /// Index of the utterance the message answers.
    pub utterance: Option<usize>,
    /// From that utterance's `noun_ms` to the message.
    pub lag_ms: Option<i64>,
}

/// Why a message was made; all but `Reply` and `Chatter` are there for the filters to catch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Answers an utterance in the style of the chat: what a data set should keep.
    Reply,
    /// A viewer's harmless line that answers nothing.
    Chatter,
    /// A bot speaks of its own accord.
    Bot,
    /// A viewer's `!command`.
    Command,
    /// A bot answers a command.
    BotReply,
    /// Advertises a link.
    Link,
    /// One viewer repeats one line.
    Repeat,
    /// One of several viewers who paste the same long text.
    Copypasta,
    /// Nothing but emotes; answers an utterance.
    EmoteOnly,
    /// Insults.
    Toxic,
    /// Contains an e-mail address or a phone number.
    Pii,
    /// A platform notice (subscription), not typed by hand.
    Notice,
    /// A reply whose author's account is gone: `commenter` is null.
    NullCommenter,
    /// A reply with typed chat-template tokens such as `<|im_end|>`.
    Injection,
    /// A reply in emoji, right-to-left, zero-width, stacked or full-width characters.
    Unicode,
    /// Later than the end of the media.
    Late,
}
