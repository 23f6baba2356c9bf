//! Table `tag`: every finding of every dataset filter.

use ids::{Platform, VodId};

crate::table::table! {
    /// One reason not to use one chat message; a message may have several.
    "tag" v 1 => Tag {
        /// Where the broadcast was published.
        platform: Platform,
        /// Its id there.
        vod_id: VodId,
        /// The chat message.
        message_id: String,
        /// The filter's file name without `.sql`, or the name of a cap.
        filter: String,
        /// What the filter found.
        reason: String,
    }
}
