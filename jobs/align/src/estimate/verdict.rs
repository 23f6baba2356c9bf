//! When a lag is believed: the thresholds, each with its reason.

use std::fmt;

/// At most this share of shifted chats may score as high, or there is no lag. With 399 shifts that is at most one of
/// them; unrelated chat passes once in two hundred times, and the other thresholds catch most of those.
pub const LARGEST_P_VALUE: f64 = 0.005;
/// Fewer echoes than this are an anecdote.
const FEWEST_ECHOES: usize = 8;
/// A peak that is less than this above the next separate one could be the next separate one.
const LOWEST_PEAK_RATIO: f64 = 1.2;
/// An interval wider than this, ms, reaches into the next sentence: people speak one in about six seconds, and a chat that
/// follows their rhythm repeats its score at that distance.
const WIDEST_MS: i64 = 6_000;

/// Below this many echoes a lag is weak: one running joke could have made it.
const GOOD_ECHOES: usize = 16;
/// A lag whose peak is not half as high again as the next is weak.
const GOOD_PEAK_RATIO: f64 = 1.5;
/// A lag that is not known to ±1.5 s is weak: reactions themselves spread by about a second.
const GOOD_WIDTH_MS: i64 = 3_000;

/// Whether a lag was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// There is a lag and it is known well.
    Ok,
    /// There is a lag, but it is known badly.
    Weak,
    /// No lag can be told from chance.
    NotIdentifiable,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Weak => "weak",
            Self::NotIdentifiable => "not_identifiable",
        })
    }
}

/// What a verdict rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grounds {
    /// Share of shifted chats that score at least as high, by words and bursts or by words alone, whichever is larger.
    pub p_value: f64,
    /// Highest score over the second-highest separate one.
    pub peak_ratio: f64,
    /// Width of the 95 % interval, ms.
    pub width_ms: i64,
    /// Word echoes near the lag.
    pub echoes: usize,
}

impl Grounds {
    /// The verdict.
    pub fn verdict(&self) -> Verdict {
        if self.p_value > LARGEST_P_VALUE
            || self.echoes < FEWEST_ECHOES
            || self.peak_ratio < LOWEST_PEAK_RATIO
            || self.width_ms > WIDEST_MS
        {
            return Verdict::NotIdentifiable;
        }
        let good = self.echoes >= GOOD_ECHOES && self.peak_ratio >= GOOD_PEAK_RATIO && self.width_ms <= GOOD_WIDTH_MS;
        if good { Verdict::Ok } else { Verdict::Weak }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_threshold_decides() {
        let good = Grounds { p_value: 0.0025, peak_ratio: 4.0, width_ms: 900, echoes: 60 };
        let check = |grounds: Grounds, expect| assert_eq!(grounds.verdict(), expect, "{grounds:?}");
        check(good, Verdict::Ok);
        check(Grounds { p_value: 0.0075, ..good }, Verdict::NotIdentifiable);
        check(Grounds { echoes: 7, ..good }, Verdict::NotIdentifiable);
        check(Grounds { echoes: 15, ..good }, Verdict::Weak);
        check(Grounds { peak_ratio: 1.1, ..good }, Verdict::NotIdentifiable);
        check(Grounds { peak_ratio: 1.4, ..good }, Verdict::Weak);
        check(Grounds { width_ms: 9_000, ..good }, Verdict::NotIdentifiable);
        check(Grounds { width_ms: 3_500, ..good }, Verdict::Weak);
    }
}
