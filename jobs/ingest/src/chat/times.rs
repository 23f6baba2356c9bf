//! Times as exports write them, as whole numbers: milliseconds from the start of the VOD, microseconds since 1970.

use chrono::{DateTime, Datelike, SecondsFormat, Utc};

use super::lenient::Scalar;

/// No message is further from the start of its broadcast than a year, ms.
pub(super) const FURTHEST_MS: i64 = 366 * 24 * 3600 * 1000;

/// Seconds, as an integer, a float or a text of one, in whole milliseconds; `None` when it is none or too far.
pub(super) fn milliseconds(seconds: &Scalar<'_>) -> Option<i64> {
    let ms = match seconds {
        Scalar::Integer(seconds) => seconds.checked_mul(1000)?,
        Scalar::Float(seconds) => rounded(*seconds)?,
        Scalar::Text(text) => match text.parse::<i64>() {
            Ok(seconds) => seconds.checked_mul(1000)?,
            Err(_) => rounded(text.parse().ok()?)?,
        },
        _ => return None,
    };
    (-FURTHEST_MS..=FURTHEST_MS).contains(&ms).then_some(ms)
}

/// The nearest millisecond. Exports write three decimals, which come back exactly.
fn rounded(seconds: f64) -> Option<i64> {
    let ms = (seconds * 1000.0).round();
    (ms.abs() <= FURTHEST_MS as f64).then_some(ms as i64)
}

/// An RFC 3339 time in µs since 1970 UTC, finer digits cut off.
pub(super) fn microseconds(text: &str) -> Option<i64> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    // The year 1 is what .NET writes for no time.
    (time.year() > 1).then(|| time.timestamp_micros())
}

/// A Unix time in s, ms or µs, told apart by its size, or an RFC 3339 time; in µs since 1970 UTC.
pub(super) fn clock(written: &Scalar<'_>) -> Option<i64> {
    let number = match written {
        Scalar::Integer(number) => *number as f64,
        Scalar::Float(number) => *number,
        Scalar::Text(text) => match text.parse() {
            Ok(number) => number,
            Err(_) => return microseconds(text),
        },
        _ => return None,
    };
    // Seconds reach 1e11 in the year 5138, milliseconds were 1e11 in 1973.
    let us = match number {
        0.0..1e11 => number * 1e6,
        1e11..1e14 => number * 1e3,
        1e14..1e17 => number,
        _ => return None,
    };
    Some(us.round() as i64)
}

/// An RFC 3339 time in UTC with milliseconds, moved by `shift_ms`; `None` when `text` is none.
pub fn to_utc(text: &str, shift_ms: i64) -> Option<String> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    let moved = time.checked_add_signed(chrono::TimeDelta::try_milliseconds(shift_ms)?)?;
    // RFC 3339 has no years above, and the year 1 is what .NET writes for no time.
    (2..=9999).contains(&moved.year()).then(|| moved.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Milliseconds since 1970 as an RFC 3339 time in UTC; `None` beyond the year 9999.
pub(super) fn from_ms(ms: i64) -> Option<String> {
    let time = DateTime::from_timestamp_millis(ms)?;
    (0..=9999).contains(&time.year()).then(|| time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_of_any_kind_become_milliseconds() {
        let text = |text: &'static str| Scalar::Text(text.into());
        for (seconds, expect) in [
            (Scalar::Integer(3), Some(3000)),
            (Scalar::Integer(-2), Some(-2000)),
            (Scalar::Integer(i64::MAX), None),
            (Scalar::Integer(31_622_401), None),
            (Scalar::Float(0.884), Some(884)),
            (Scalar::Float(2426.586), Some(2_426_586)),
            (Scalar::Float(-0.0004), Some(0)),
            (Scalar::Float(-12.3456), Some(-12_346)),
            (Scalar::Float(1e300), None),
            (Scalar::Float(f64::NAN), None),
            (text("12.5"), Some(12_500)),
            (text("7"), Some(7000)),
            (text("inf"), None),
            (text("nan"), None),
            (text("0:12"), None),
            (text(""), None),
            (Scalar::Absent, None),
            (Scalar::Flag(true), None),
        ] {
            assert_eq!(milliseconds(&seconds), expect, "{seconds:?}");
        }
    }

    #[test]
    fn every_millisecond_written_as_seconds_comes_back() {
        for ms in (0..100_000).chain(345_600_000..345_700_000) {
            let seconds: f64 = format!("{}.{:03}", ms / 1000, ms % 1000).parse().unwrap();
            assert_eq!(milliseconds(&Scalar::Float(seconds)), Some(ms));
        }
    }

    #[test]
    fn clock_times_are_utc() {
        assert_eq!(microseconds("2021-07-15T02:01:48.745066981Z"), Some(1_626_314_508_745_066));
        assert_eq!(microseconds("2021-07-15T04:01:48+02:00"), Some(1_626_314_508_000_000));
        assert_eq!(microseconds("yesterday"), None);
        assert_eq!(to_utc("2021-07-15T04:01:48+02:00", 1500).as_deref(), Some("2021-07-15T02:01:49.500Z"));
        assert_eq!(to_utc("2021-07-15", 0), None);
    }
}
