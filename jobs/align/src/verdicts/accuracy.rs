//! How far an alignment can be trusted by the verdicts of a person.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Judged, Judgement, Why};

/// How often the chat of a piece fits what is said in it. Only pieces that chance chose count: those that the lag rests on
/// fit more often. A piece of which it cannot be told says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Pieces that fit.
    pub fits: u32,
    /// Pieces that count.
    pub pieces: u32,
    /// Lower end of the 95 % interval of the share (Wilson 1927).
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Accuracy {
    /// The accuracy by some verdicts.
    pub fn of(clips: &[Judged]) -> Self {
        let counts = |clip: &&Judged| clip.kind == Why::Random && clip.verdict != Judgement::Unclear;
        let verdicts: Vec<_> = clips.iter().filter(counts).map(|clip| clip.verdict).collect();
        let fits = verdicts.iter().filter(|verdict| **verdict == Judgement::Fits).count();
        let (fits, pieces) =
            (u32::try_from(fits).unwrap_or(u32::MAX), u32::try_from(verdicts.len()).unwrap_or(u32::MAX));
        let (low, high) = wilson(f64::from(fits), f64::from(pieces));
        Self { fits, pieces, low, high }
    }
}

impl fmt::Display for Accuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fits, pieces, low, high } = self;
        if *pieces == 0 {
            return f.write_str("accuracy unknown: no piece of those that chance chose was judged");
        }
        let percent = |share: f64| (share * 100.0).round();
        let share = percent(f64::from(*fits) / f64::from(*pieces));
        let noun = if *pieces == 1 { "piece" } else { "pieces" };
        let (low, high) = (percent(*low), percent(*high));
        write!(f, "accuracy {share} % (95 % {low} to {high} %, {pieces} {noun} chosen by chance)")
    }
}

/// The 95 % interval of a share, to three decimals.
fn wilson(hits: f64, count: f64) -> (f64, f64) {
    const Z: f64 = 1.959_964;
    if count <= 0.0 {
        return (0.0, 1.0);
    }
    let (share, square) = (hits / count, Z * Z);
    let centre = share + square / (2.0 * count);
    let spread = Z * (share * (1.0 - share) / count + square / (4.0 * count * count)).sqrt();
    let end = |sign: f64| ((centre + sign * spread) / (1.0 + square / count) * 1_000.0).round() / 1_000.0;
    (end(-1.0).max(0.0), end(1.0).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_is_that_of_pieces_nobody_chose() {
        let judged = |kind, verdict| Judged { from_ms: 0, to_ms: 1, kind, verdict };
        let mut clips = vec![judged(Why::Evidence, Judgement::Late), judged(Why::Random, Judgement::Unclear)];
        assert_eq!(Accuracy::of(&clips), Accuracy { fits: 0, pieces: 0, low: 0.0, high: 1.0 });
        clips.extend((0..10).map(|n| judged(Why::Random, if n < 8 { Judgement::Fits } else { Judgement::Unrelated })));
        // Newcombe 1998, table I, gives 0.4902 and 0.9433 for 8 of 10.
        let found = Accuracy::of(&clips);
        assert_eq!(found, Accuracy { fits: 8, pieces: 10, low: 0.49, high: 0.943 });
        assert_eq!(found.to_string(), "accuracy 80 % (95 % 49 to 94 %, 10 pieces chosen by chance)");
        assert_eq!((wilson(0.0, 10.0).0, wilson(10.0, 10.0).1), (0.0, 1.0));
        assert!(Accuracy { pieces: 1, ..found }.to_string().ends_with(", 1 piece chosen by chance)"));
    }
}
