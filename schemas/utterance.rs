//! Table `utterance`: what was said between two silences.

use ids::{Platform, VodId};

crate::table::table! {
    /// One stretch of speech, bounded by voice activity detection.
    "utterance" v 1 => Utterance {
        /// Where the broadcast was published.
        platform: Platform,
        /// Its id there.
        vod_id: VodId,
        /// Position in the broadcast, from 0.
        ordinal: i64,
        /// Start of the speech, ms from the start of the VOD.
        start_ms: i64,
        /// End of the speech, ms from the start of the VOD.
        end_ms: i64,
        /// The words joined.
        text: String,
        /// Number of words.
        words: i64,
        /// Mean word probability, 0 to 1.
        probability: f64,
        /// Language the recogniser was told, e.g. `en`.
        language: String,
        /// Reasons to distrust the text (loop, blocklist, rate); empty when there are none.
        suspect: Vec<String>,
    }
}
