//! Table `vod`: what one ingest run took in.

use ids::{Digest, Platform, VodId};

crate::table::table! {
    /// One broadcast as one ingest run found it.
    "vod" v 1 => Vod {
        /// Where it was published.
        platform: Platform,
        /// Its id there.
        vod_id: VodId,
        /// Where the media came from: a URL, or file: and the file's name without its folder.
        source: String,
        /// Title, if the export names one.
        title: Option<String>,
        /// The channel's name, if the export names one.
        channel: Option<String>,
        /// Start of the broadcast, RFC 3339, if known.
        started_at: Option<String>,
        /// Length of the media, ms.
        duration_ms: i64,
        /// Digest of the media as it was given, if media was taken in.
        media_digest: Option<Digest>,
        /// Digest of the demuxed audio (16 kHz mono FLAC), if media was taken in.
        audio_digest: Option<Digest>,
        /// Digest of the chat export as it was given, if chat was taken in.
        chat_digest: Option<Digest>,
        /// Which reader understood the chat export.
        chat_format: Option<String>,
        /// Messages in the chat export; rows of chat_message plus rows of problem.
        messages: i64,
    }
}
