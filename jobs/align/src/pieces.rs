//! Stretches of a broadcast with a lag of their own: chat goes on when a stream is interrupted, its recording does not.
//!
//! [`steps`] proposes where the lag changes; each side of a step is then estimated by itself, and the step stays only if
//! both sides have a lag and their intervals are apart. So a step needs the evidence that a lag needs, twice.

mod steps;

use std::collections::BTreeMap;

use crate::estimate::evidence::Evidence;
use crate::estimate::verdict::Verdict;
use crate::estimate::{Estimate, estimate};

/// A stretch of the broadcast, by the time of its chat.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Its begin, ms.
    pub from_ms: i64,
    /// Its end, ms.
    pub to_ms: i64,
    /// Its lag.
    pub estimate: Estimate,
}

/// The piece of a time of the chat; what is outside the recording belongs to the nearest one.
pub fn at(pieces: &[Piece], chat_ms: i64) -> Option<&Piece> {
    pieces.iter().find(|piece| chat_ms < piece.to_ms).or(pieces.last())
}

/// The piece with most of the chat; the first of equals.
pub fn largest(pieces: &[Piece]) -> Option<&Piece> {
    pieces.iter().max_by_key(|piece| (piece.estimate.messages, std::cmp::Reverse(piece.from_ms)))
}

/// Cuts a broadcast into stretches of one lag each, in order and without a gap. `seed` decides all draws.
pub fn pieces(evidence: &Evidence, seed: [u8; 32]) -> Vec<Piece> {
    let mut steps = steps::propose(evidence);
    let mut known: BTreeMap<(i64, i64), Estimate> = BTreeMap::new();
    loop {
        let bounds: Vec<i64> = [0].into_iter().chain(steps.iter().copied()).chain([evidence.duration_ms]).collect();
        let pieces: Vec<Piece> = bounds
            .windows(2)
            .map(|pair| {
                let (from_ms, to_ms) = (pair[0], pair[1]);
                let found = known.entry((from_ms, to_ms)).or_insert_with(|| match steps.is_empty() {
                    true => estimate(evidence, seed),
                    false => estimate(&evidence.part(from_ms, to_ms), seed),
                });
                Piece { from_ms, to_ms, estimate: found.clone() }
            })
            .collect();
        // The one that is least sure goes first; its sides are then looked at as one.
        let doubted = pieces.windows(2).zip(0..).filter(|(pair, _)| !differ(&pair[0].estimate, &pair[1].estimate));
        let worst = doubted.max_by(|(left, _), (right, _)| doubt(left).total_cmp(&doubt(right)));
        match worst {
            Some((_, index)) => steps.remove(index),
            None => return placed(evidence, pieces),
        };
    }
}

/// Whether both are lags, and not the same.
fn differ(left: &Estimate, right: &Estimate) -> bool {
    let known = |estimate: &Estimate| estimate.verdict != Verdict::NotIdentifiable;
    known(left) && known(right) && (left.high_ms < right.low_ms || right.high_ms < left.low_ms)
}

/// How little is known on the less known side of a step.
fn doubt(pair: &[Piece]) -> f64 {
    pair.iter().map(|piece| piece.estimate.grounds.p_value).fold(0.0, f64::max)
}

/// The pieces with each step moved to where the echoes of both sides part.
fn placed(evidence: &Evidence, mut pieces: Vec<Piece>) -> Vec<Piece> {
    for index in 1..pieces.len() {
        let [left, right] = &pieces[index - 1..=index] else { continue };
        let (lags, reach) = ((left.estimate.lag_ms, right.estimate.lag_ms), (left.from_ms, right.to_ms));
        let at = steps::place(evidence, lags, right.from_ms, reach);
        pieces[index - 1].to_ms = at;
        pieces[index].from_ms = at;
    }
    pieces
}
