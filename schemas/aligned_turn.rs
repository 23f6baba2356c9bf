//! Table `aligned_turn`: each chat message with the transcript window it answers.

use ids::{Platform, VodId};

crate::table::table! {
    /// One chat message tied to what the streamer had said when it was written.
    "aligned_turn" v 2 => AlignedTurn {
        /// Where the broadcast was published.
        platform: Platform,
        /// Its id there.
        vod_id: VodId,
        /// The chat message.
        message_id: String,
        /// Position of the message in the broadcast's chat, from 0.
        ordinal: i64,
        /// Time of the message, ms from the start of the VOD.
        offset_ms: i64,
        /// `aligned`, `no_speech` (nothing was said in the window) or `no_lag` (the lag is not identifiable).
        status: String,
        /// The lag that was applied, ms.
        lag_ms: Option<i64>,
        /// Start of the transcript window, ms from the start of the VOD.
        window_start_ms: Option<i64>,
        /// End of the transcript window, ms from the start of the VOD.
        window_end_ms: Option<i64>,
        /// First word of the window (word.ordinal).
        first_word: Option<i64>,
        /// Last word of the window (word.ordinal).
        last_word: Option<i64>,
        /// The words of the window joined.
        transcript: String,
        /// Share of the message's rare words that the window holds, 0 to 1.
        echo: f64,
        /// Those words, in the order of the alphabet.
        shared: Vec<String>,
        /// How much livelier the chat is then than it is on the whole around it: square roots of messages a second.
        burst: f64,
    }
}
