//! Table `segment`: the pieces in which a platform serves a broadcast's media.

use ids::{Digest, Platform, VodId};

crate::table::table! {
    /// One media segment of a broadcast, as it was served.
    "segment" v 1 => Segment {
        /// Where the broadcast was published.
        platform: Platform,
        /// Its id there.
        vod_id: VodId,
        /// Position in the playlist, from 0.
        ordinal: i64,
        /// Its first sample, ms from the start of what was taken; negative where a cut begins inside of it.
        start_ms: i64,
        /// Length by the playlist, ms.
        duration_ms: i64,
        /// Its name in the playlist.
        name: String,
        /// `original`, `unmuted` (kept sound, not for everybody) or `muted` (silenced by the platform).
        variant: String,
        /// Whether time stamps begin anew with it.
        discontinuity: bool,
        /// Wall clock of its first sample, RFC 3339, if the playlist says.
        program_date_time: Option<String>,
        /// Digest of its bytes; null for a gap.
        digest: Option<Digest>,
        /// Size, bytes; 0 for a gap.
        size: i64,
        /// Why it is missing: `missing`, `forbidden` or `corrupt`; null when it is there.
        gap: Option<String>,
    }
}
