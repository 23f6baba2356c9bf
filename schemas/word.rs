//! Table `word`: every recognised word with its times.

use ids::{Platform, VodId};

crate::table::table! {
    /// One recognised word; times from dynamic time warping over cross-attention.
    "word" v 1 => Word {
        /// Where the broadcast was published.
        platform: Platform,
        /// Its id there.
        vod_id: VodId,
        /// Position in the broadcast, from 0.
        ordinal: i64,
        /// The utterance it belongs to.
        utterance: i64,
        /// Start, ms from the start of the VOD.
        start_ms: i64,
        /// End, ms from the start of the VOD.
        end_ms: i64,
        /// The word with its punctuation.
        text: String,
        /// Probability of its tokens, geometric mean, 0 to 1.
        probability: f64,
    }
}
