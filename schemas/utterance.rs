//! Table `utterance`: what was said between two silences.

use ids::{Digest, Platform, VodId};

crate::table::table! {
    /// One stretch of speech, bounded by voice activity detection.
    "utterance" v 2 => Utterance {
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
        /// Probability that nobody speaks in the piece it was heard in, by the speech model, 0 to 1.
        no_speech: f64,
        /// Language the recogniser was told, e.g. `en`.
        language: String,
        /// Reasons to distrust the text (loop, blocklist, rate); empty when there are none.
        suspect: Vec<String>,
        /// Digest of the speech model.
        model_digest: Digest,
        /// What ran the model, with its version.
        engine: String,
        /// How words were timed: `precise` (time warping over attention) or `fast`.
        timing: String,
    }
}
