//! Table `example`: training pairs with where each came from.

use ids::{Digest, Platform, RunId, VodId};

crate::table::table! {
    /// One context and the chat message that answered it.
    "example" v 1 => Example {
        /// Identity of the example: digest of dataset-independent content (broadcast, message, context, reply).
        example_id: Digest,
        /// `train`, `val` or `test`; the whole broadcast is in one split.
        split: String,
        /// Where the broadcast was published.
        platform: Platform,
        /// Its id there.
        vod_id: VodId,
        /// The chat message that is the reply.
        message_id: String,
        /// Time of the reply, ms from the start of the VOD.
        offset_ms: i64,
        /// The sender under a keyed pseudonym.
        author: String,
        /// The channel's name as the prompt shows it.
        channel: String,
        /// What the streamer had just said.
        transcript: String,
        /// Pseudonyms of the senders of the recent chat lines, oldest first.
        chat_authors: Vec<String>,
        /// The recent chat lines, oldest first.
        chat_texts: Vec<String>,
        /// Message ids of the recent chat lines, oldest first.
        chat_message_ids: Vec<String>,
        /// The reply to learn.
        reply: String,
        /// Start of the transcript window, ms from the start of the VOD.
        window_start_ms: i64,
        /// End of the transcript window, ms from the start of the VOD.
        window_end_ms: i64,
        /// First word of the window (word.ordinal).
        first_word: i64,
        /// Last word of the window (word.ordinal).
        last_word: i64,
        /// Digest of the media as it was given.
        media_digest: Digest,
        /// Digest of the audio the words were heard in.
        audio_digest: Digest,
        /// The run that took the chat in.
        ingest_run: RunId,
        /// The run that recognised the words.
        transcribe_run: RunId,
        /// The run that tied message and words.
        align_run: RunId,
    }
}
