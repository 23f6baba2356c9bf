//! A point in time as people write it: a date with time, or how long ago.

use std::str::FromStr;

use chrono::DateTime;

/// Since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Milliseconds since 1970 UTC.
    At(i64),
    /// So many milliseconds ago.
    Ago(i64),
}

impl Since {
    /// Milliseconds since 1970 UTC, when it is `now_ms`.
    pub fn at_ms(self, now_ms: i64) -> i64 {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now_ms.saturating_sub(ago),
        }
    }
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error = || format!("{text:?} is no time; write RFC 3339 (2026-01-31T12:00:00Z) or 90s, 15m, 2h, 7d");
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(at.timestamp_millis()));
        }
        let units = [("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
        let found = units.into_iter().find_map(|(unit, ms)| Some((text.strip_suffix(unit)?, ms)));
        let (count, ms) = found.ok_or_else(error)?;
        let count: u32 = count.parse().map_err(|_| error())?;
        i64::from(count).checked_mul(ms).map(Self::Ago).ok_or_else(error)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_dates_or_ages() {
        let check = |text: &str, expect: i64| assert_eq!(text.parse::<Since>().unwrap().at_ms(100_000_000), expect);
        check("90s", 99_910_000);
        check("1h", 96_400_000);
        check("1970-01-01T00:00:01+00:00", 1000);
        check("1970-01-01T01:00:00.5+01:00", 500);
        for bad in ["", "s", "1", "-1h", "1w", "2026-01-31", "now", "1 h"] {
            assert!(bad.parse::<Since>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_or_an_error(text in "\\PC{0,30}|[0-9]{0,12}[smhd]", now in any::<i64>()) {
            if let Ok(since) = text.parse::<Since>() {
                let _ = since.at_ms(now);
            }
        }
    }
}
