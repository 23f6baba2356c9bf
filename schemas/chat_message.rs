//! Table `chat_message`: the chat of a broadcast, whatever the export.

use ids::{Platform, VodId};

crate::table::table! {
    /// One chat message, ordered by offset_ms, created_at_us and message_id.
    "chat_message" v 1 => ChatMessage {
        /// Where the broadcast was published.
        platform: Platform,
        /// Its id there.
        vod_id: VodId,
        /// The platform's id of the message; unique in the broadcast.
        message_id: String,
        /// Position in the broadcast's order, from 0.
        ordinal: i64,
        /// Time from the start of the VOD, ms; may be negative.
        offset_ms: i64,
        /// When it was sent, µs since 1970 UTC, if the export says.
        created_at_us: Option<i64>,
        /// The sender's id; null for deleted accounts.
        user_id: Option<String>,
        /// The sender's login name; null for deleted accounts.
        user_login: Option<String>,
        /// The text as sent.
        text: String,
        /// Names of the emotes in the text, in order, as the export marks them.
        emotes: Vec<String>,
        /// The text without its marked emotes.
        text_without_emotes: String,
        /// Badges as name/version.
        badges: Vec<String>,
        /// Kind of system notice (resub, raid, ...), if it is one.
        notice: Option<String>,
        /// Sent with /me.
        is_action: bool,
        /// Bits cheered.
        bits: i64,
    }
}
