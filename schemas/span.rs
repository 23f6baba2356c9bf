//! Table `span`: stretches of a broadcast that are special.

use ids::{Platform, VodId};

crate::table::table! {
    /// One stretch of a broadcast: a chapter, silence made by the platform, or media that is missing.
    "span" v 1 => Span {
        /// Where the broadcast was published.
        platform: Platform,
        /// Its id there.
        vod_id: VodId,
        /// `chapter`, `muted` (as the platform's player shows it), `muted_segment` (as served) or `gap`.
        kind: String,
        /// Its begin, ms from the start of what was taken; negative where a cut begins inside of it.
        start_ms: i64,
        /// Its end, ms.
        end_ms: i64,
        /// Name of a chapter's game, reason of a gap.
        label: Option<String>,
    }
}
