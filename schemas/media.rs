//! Table `media`: the media objects of a broadcast.

use ids::{Digest, Platform, VodId};

crate::table::table! {
    /// One media object: the source as it was given or what was made of it.
    "media" v 1 => Media {
        /// Where the broadcast was published.
        platform: Platform,
        /// Its id there.
        vod_id: VodId,
        /// `source` or `audio`.
        role: String,
        /// Digest of the bytes.
        digest: Digest,
        /// Size, bytes.
        size: i64,
        /// Whether the store holds the bytes as a blob.
        stored: bool,
        /// Container, e.g. `matroska,webm`.
        container: String,
        /// Audio codec, e.g. `opus`.
        codec: String,
        /// Samples a second.
        sample_rate: i64,
        /// Audio channels.
        channels: i64,
        /// Length, ms.
        duration_ms: i64,
    }
}
