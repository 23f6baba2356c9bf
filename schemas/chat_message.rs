//! Table `chat_message`: the chat of a broadcast, whatever the export.

use ids::{Platform, VodId};

crate::table::table! {
    /// One chat message, ordered by offset_ms, created_at_us and message_id.
    "chat_message" v 2 => ChatMessage {
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
        /// How offset_ms is known: exact (the source has ms), created_at (from the clock), spread (evenly over its second), none (from the first message of a capture).
        restoration: String,
        /// Time from the start of the VOD as the source wrote it, ms; null where it wrote a clock time only.
        offset_raw_ms: Option<i64>,
        /// When it was sent, µs since 1970 UTC, if the export says.
        created_at_us: Option<i64>,
        /// When a moderator took it away, ms from the start of the VOD; null where nobody did or the source cannot tell.
        deleted_at_ms: Option<i64>,
        /// The sender's id, or login where the source has no ids; null for deleted accounts.
        user_id: Option<String>,
        /// The sender's login name; null for deleted accounts.
        user_login: Option<String>,
        /// The sender's name as it is shown; null for deleted accounts.
        display_name: Option<String>,
        /// The colour of the sender's name, #RRGGBB, if one was chosen.
        user_color: Option<String>,
        /// The text as sent; empty only for notices and lost emotes.
        text: String,
        /// Names of the emotes in the text, in order, as the export marks them.
        emotes: Vec<String>,
        /// The text without its marked emotes.
        text_without_emotes: String,
        /// The pieces of the text in order; empty when it is one piece without an emote.
        fragments: Vec<String>,
        /// The emote id of each piece in fragments, or an empty text.
        fragment_emotes: Vec<String>,
        /// Badges as name/version.
        badges: Vec<String>,
        /// Kind of system notice (resub, raid, ...), if it is one.
        notice: Option<String>,
        /// What the platform wrote for a notice, beside the sender's own text.
        system_text: Option<String>,
        /// Id of the message it replies to, if the source says.
        reply_to: Option<String>,
        /// Login name of whom it replies to, if the source says.
        reply_to_login: Option<String>,
        /// Sent with /me.
        is_action: bool,
        /// Bits cheered.
        bits: i64,
    }
}

impl ChatMessage {
    /// A message of nobody with nothing but a text, for struct update syntax.
    pub fn plain(platform: Platform, vod_id: VodId, text: String) -> Self {
        Self {
            platform,
            vod_id,
            message_id: String::new(),
            ordinal: 0,
            offset_ms: 0,
            restoration: "exact".to_owned(),
            offset_raw_ms: None,
            created_at_us: None,
            deleted_at_ms: None,
            user_id: None,
            user_login: None,
            display_name: None,
            user_color: None,
            text_without_emotes: text.clone(),
            text,
            emotes: Vec::new(),
            fragments: Vec::new(),
            fragment_emotes: Vec::new(),
            badges: Vec::new(),
            notice: None,
            system_text: None,
            reply_to: None,
            reply_to_login: None,
            is_action: false,
            bits: 0,
        }
    }
}
