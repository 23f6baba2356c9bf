//! Times as Twitch writes them, because testkit has no use for a calendar beyond this.

/// Milliseconds since 1970 of a time such as `2023-09-23T17:37:06Z` or `2023-09-23T17:40:11.123Z`.
///
/// # Panics
/// When the text is no such time: scenario files are ours.
pub fn parse(text: &str) -> i64 {
    let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<i64>().ok());
    let parts = (number(0, 4), number(5, 7), number(8, 10), number(11, 13), number(14, 16), number(17, 19));
    let (Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)) = parts else {
        panic!("{text:?} is no time such as 2023-09-23T17:37:06Z");
    };
    let fraction = text.get(20..).map(|rest| rest.trim_end_matches('Z')).filter(|digits| !digits.is_empty());
    let millis = fraction.map_or(0, |digits| format!("{digits:0<3}")[..3].parse().unwrap_or(0));
    (((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millis
}

/// The time without a fraction: `2023-09-23T17:37:06Z`.
pub(super) fn whole(ms: i64) -> String {
    let (year, month, day) = date(ms.div_euclid(86_400_000));
    let second = ms.div_euclid(1000).rem_euclid(86_400);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// The time as comments have it: with milliseconds, but without zeros at their end, which the service leaves out.
pub(super) fn shortest(ms: i64) -> String {
    let millis = ms.rem_euclid(1000);
    if millis == 0 {
        return whole(ms);
    }
    let digits = format!("{millis:03}");
    format!("{}.{}Z", whole(ms).trim_end_matches('Z'), digits.trim_end_matches('0'))
}

/// Always three digits, as playlists have it.
pub(super) fn with_millis(ms: i64) -> String {
    format!("{}.{:03}Z", whole(ms).trim_end_matches('Z'), ms.rem_euclid(1000))
}

/// Days from 1970-01-01, in the Gregorian calendar; years begin in March, so that the leap day is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

fn date(days: i64) -> (i64, i64, i64) {
    let mut year = 1970 + days.div_euclid(366);
    while self::days(year + 1, 1, 1) <= days {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| self::days(year, *month, 1) <= days).unwrap_or(1);
    (year, month, days - self::days(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2023-09-23T17:37:06Z", 1_695_490_626_000),
            ("2024-02-29T23:59:59.5Z", 1_709_251_199_500),
            ("2024-12-31T00:00:00.007Z", 1_735_603_200_007),
            ("2025-01-01T00:00:00Z", 1_735_689_600_000),
        ] {
            assert_eq!((parse(text), shortest(ms).as_str()), (ms, text));
        }
        assert_eq!(with_millis(1_709_251_199_500), "2024-02-29T23:59:59.500Z");
    }
}
