//! Evidence from words: a rare word said at one time and typed at another votes for the time between.

use super::evidence::{Echo, Evidence};
use super::grid::Lags;

/// A term said more often than this in reach of one message votes for nothing in particular and is left out.
const MOST_CANDIDATES: usize = 16;

/// Votes over lags, before smoothing. `moved` gives the time at which an echo is taken to be.
pub fn votes(evidence: &Evidence, lags: &Lags, moved: impl Fn(i64) -> i64) -> Vec<f64> {
    let mut curve = vec![0.0; lags.count()];
    for echo in &evidence.echoes {
        vote(evidence, lags, echo, moved(echo.at_ms), &mut curve);
    }
    curve
}

/// Adds the votes of one echo at `at_ms`. Its weight is split among all times the term was said in reach, so that
/// common words do not outvote telling ones by number.
pub fn vote(evidence: &Evidence, lags: &Lags, echo: &Echo, at_ms: i64, curve: &mut [f64]) {
    let candidates = in_reach(evidence, lags, echo.term, at_ms);
    if candidates.is_empty() || candidates.len() > MOST_CANDIDATES {
        return;
    }
    let share = echo.weight / candidates.len() as f64;
    for &said in candidates {
        if let Some(index) = lags.index(at_ms - said) {
            curve[index] += share;
        }
    }
}

/// How many echoes have their word within `tolerance_ms` of the lag.
pub fn support(evidence: &Evidence, lag_ms: i64, tolerance_ms: i64) -> usize {
    evidence.echoes.iter().filter(|echo| supports(evidence, echo, lag_ms, tolerance_ms)).count()
}

/// Whether the word of an echo was said within `tolerance_ms` of the lag.
pub fn supports(evidence: &Evidence, echo: &Echo, lag_ms: i64, tolerance_ms: i64) -> bool {
    let Some(times) = evidence.said.get(echo.term) else { return false };
    let from = times.partition_point(|&said| said < echo.at_ms - lag_ms - tolerance_ms);
    times.get(from).is_some_and(|&said| said <= echo.at_ms - lag_ms + tolerance_ms)
}

/// The times the term was said from which a message at `at_ms` could be an echo.
fn in_reach<'a>(evidence: &'a Evidence, lags: &Lags, term: usize, at_ms: i64) -> &'a [i64] {
    let (earliest, latest) = lags.range_ms();
    let Some(times) = evidence.said.get(term) else { return &[] };
    let from = times.partition_point(|&said| said < at_ms - latest);
    let to = times.partition_point(|&said| said <= at_ms - earliest);
    times.get(from..to).unwrap_or(&[])
}
