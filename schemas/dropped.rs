//! Table `dropped`: every turn that did not become an example.

use ids::{Platform, VodId};

crate::table::table! {
    /// One chat message that did not become an example, with the first reason.
    "dropped" v 1 => Dropped {
        /// Where the broadcast was published.
        platform: Platform,
        /// Its id there.
        vod_id: VodId,
        /// The chat message.
        message_id: String,
        /// The filter or cap that decided.
        filter: String,
        /// What it found.
        reason: String,
    }
}
