//! Table `offset_segment`: how far chat lags behind speech.

use ids::{Platform, VodId};

crate::table::table! {
    /// One stretch of a broadcast with one lag between speech and the chat that answers it.
    "offset_segment" v 2 => OffsetSegment {
        /// Where the broadcast was published.
        platform: Platform,
        /// Its id there.
        vod_id: VodId,
        /// Start of the stretch, ms from the start of the VOD.
        from_ms: i64,
        /// End of the stretch, ms from the start of the VOD.
        to_ms: i64,
        /// `ok`, `weak` or `not_identifiable`.
        verdict: String,
        /// Chat time minus speech time, ms; null when not identifiable.
        lag_ms: Option<i64>,
        /// Lower end of the 95 % bootstrap interval, ms.
        low_ms: Option<i64>,
        /// Upper end of the 95 % bootstrap interval, ms.
        high_ms: Option<i64>,
        /// The part of the lag that is the clocks': chat time less media time, ms; null where no clock tells.
        clock_shift_ms: Option<i64>,
        /// Which clock tells: `program_date_time` (of the media) or `created_at` (of the chat, against the broadcast's start).
        clock: Option<String>,
        /// The rest of the lag: how long viewers take, ms; null where no clock tells.
        reaction_ms: Option<i64>,
        /// Share of circular shifts of the chat that score at least as high; small is good.
        p_value: f64,
        /// Highest score over the second-highest separate one.
        peak_ratio: f64,
        /// Word echoes that support the lag.
        echoes: i64,
        /// Chat messages looked at.
        messages: i64,
    }
}
