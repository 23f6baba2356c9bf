//! Table `problem`: input that could not become a row, with the reason.

use ids::{Platform, VodId};

crate::table::table! {
    /// One element of an input that was not taken, and why.
    "problem" v 1 => Problem {
        /// Where the broadcast was published.
        platform: Platform,
        /// Its id there.
        vod_id: VodId,
        /// Which input, e.g. `chat`.
        input: String,
        /// Position of the element in the input, from 0.
        position: i64,
        /// Short machine-readable reason, e.g. `duplicate_id`.
        reason: String,
        /// What was wrong, in words.
        detail: String,
        /// The beginning of the element as it was, at most 500 characters.
        raw: String,
    }
}
