//! Where the lag may change: the best path through lags over time, on which every change costs (Viterbi 1967; alass does
//! the same for subtitles with its split penalty).

use crate::estimate::blocks::Blocks;
use crate::estimate::evidence::Evidence;
use crate::estimate::grid::{Lags, sharpen};
use crate::estimate::lexical;

/// What a change of the lag costs, in deviations of a block's scores. Chance gains less over any stretch; five minutes of
/// twenty messages gain more.
const PENALTY: f64 = 30.0;

/// Most changes that are looked at: each costs an estimate.
const MOST: usize = 8;

/// No stretch is shorter, ms: there is no telling its lag.
const SHORTEST_MS: i64 = 150_000;

/// How far from where it is proposed a step may lie, ms.
const REACH_MS: i64 = 90_000;

/// An echo speaks for a lag if it is this near, ms.
const NEAR_MS: i64 = 2_000;

/// Times at which the lag may change, ms, in order.
pub(super) fn propose(evidence: &Evidence) -> Vec<i64> {
    let (lags, blocks) = (Lags::of(evidence.duration_ms), Blocks::of(evidence.duration_ms));
    let mut surface = vec![vec![0.0; lags.count()]; blocks.count()];
    for echo in &evidence.echoes {
        if let Some(row) = surface.get_mut(blocks.index(echo.at_ms)) {
            lexical::vote(evidence, &lags, echo, echo.at_ms, row);
        }
    }
    surface.iter_mut().for_each(|row| *row = sharpen(row));
    let count = (lags.count() * blocks.count()).max(1) as f64;
    let deviation = (surface.iter().flatten().map(|score| score * score).sum::<f64>() / count).sqrt();
    if deviation <= 0.0 {
        return Vec::new();
    }
    let path = path(&surface, PENALTY * deviation);
    let mut changes: Vec<usize> = (1..path.len()).filter(|&block| path[block] != path[block - 1]).collect();
    // A short stretch is no stretch: its second change goes, and what is left of it belongs to the one before.
    let start = |block: usize| blocks.start_ms(block);
    let mut last = 0;
    changes.retain(|&block| {
        let kept = start(block) - last >= SHORTEST_MS && evidence.duration_ms - start(block) >= SHORTEST_MS;
        last = if kept { start(block) } else { last };
        kept
    });
    // Of too many those between the farthest lags stay.
    let size = |block: &usize| path[*block].abs_diff(path[*block - 1]);
    changes.sort_by_key(|block| (std::cmp::Reverse(size(block)), *block));
    changes.truncate(MOST);
    changes.sort_unstable();
    changes.into_iter().map(start).collect()
}

/// For each block the lag of the path with the highest sum, where each change costs `penalty`.
fn path(surface: &[Vec<f64>], penalty: f64) -> Vec<usize> {
    let mut sums: Vec<f64> = vec![0.0; surface.first().map_or(0, Vec::len)];
    // For each block and lag, where the path was before; its own lag unless it changed.
    let mut before: Vec<Vec<usize>> = Vec::with_capacity(surface.len());
    for row in surface {
        let best = highest(&sums);
        let jump = sums.get(best).copied().unwrap_or(0.0) - penalty;
        let mut from: Vec<usize> = (0..sums.len()).collect();
        for ((sum, from), score) in sums.iter_mut().zip(&mut from).zip(row) {
            if jump > *sum {
                *sum = jump;
                *from = best;
            }
            *sum += score;
        }
        before.push(from);
    }
    let mut at = highest(&sums);
    let mut path: Vec<usize> = before
        .iter()
        .rev()
        .map(|from| {
            let here = at;
            at = from.get(at).copied().unwrap_or(at);
            here
        })
        .collect();
    path.reverse();
    path
}

/// The index of the highest; the first of equals.
fn highest(values: &[f64]) -> usize {
    let better = |best: usize, index: usize| if values[index] > values[best] { index } else { best };
    (0..values.len()).reduce(better).unwrap_or(0)
}

/// Where a step between two lags is, ms: where most echoes before it are of the first lag and most after it of the second.
pub(super) fn place(evidence: &Evidence, (left, right): (i64, i64), proposed: i64, (from, to): (i64, i64)) -> i64 {
    let (first, last) = ((proposed - REACH_MS).max(from), (proposed + REACH_MS).min(to));
    let mut votes: Vec<(i64, f64)> = Vec::new();
    for echo in evidence.echoes.iter().filter(|echo| (first..last).contains(&echo.at_ms)) {
        let speaks = |lag| if lexical::supports(evidence, echo, lag, NEAR_MS) { echo.weight } else { 0.0 };
        votes.push((echo.at_ms, speaks(left) - speaks(right)));
    }
    votes.sort_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)));
    // All that is before the step speaks for the first lag: the sum is highest there.
    let (mut sum, mut best, mut at) = (0.0, 0.0, first);
    for (index, (time, vote)) in votes.iter().enumerate() {
        sum += vote;
        if sum > best {
            best = sum;
            // Between this echo and the next one.
            at = votes.get(index + 1).map_or(last, |(next, _)| time + (next - time) / 2);
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_to_pay() {
        let row = |lag: usize| (0..9).map(|at| if at == lag { 2.0 } else { -0.25 }).collect::<Vec<_>>();
        let surface: Vec<_> = (0..20).map(|block| row(if block < 12 { 3 } else { 7 })).collect();
        let found = path(&surface, 10.0);
        assert_eq!((found[11], found[12]), (3, 7));
        assert!(path(&surface, 18.5).iter().all(|lag| *lag == 3));
        let glitch: Vec<_> = (0..20).map(|block| row(if block == 12 { 7 } else { 3 })).collect();
        assert!(path(&glitch, 10.0).iter().all(|lag| *lag == 3));
        assert_eq!(path(&[], 1.0), [0; 0]);
        assert_eq!(path(&[vec![], vec![]], 1.0), [0, 0]);
    }
}
