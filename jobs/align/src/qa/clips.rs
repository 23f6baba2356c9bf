//! Which pieces of a broadcast are worth hearing: those the lag rests on, and some that nobody chose.

use schemas::Word;

use crate::estimate::blocks::{below, generator};
use crate::inputs::Rows;
use crate::pieces::{self, Piece};

/// Length of a piece, ms: long enough for a sentence and its answers.
const LENGTH_MS: i64 = 15_000;
/// Pieces of each kind.
const OF_EACH: usize = 6;
/// How much longer a piece gets at either end so that it does not cut through what is said, ms.
const SPARE_MS: i64 = 5_000;
/// Quiet around what is said in it, ms.
const QUIET_MS: i64 = 150;
/// An echo counts for a piece if it is this near to the lag, ms.
const NEAR_MS: i64 = 2_000;

/// Why a piece was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The lag rests on it.
    Evidence,
    /// By chance, so that the page does not only show what fits.
    Random,
}

impl Kind {
    /// The name in qa.json.
    pub fn name(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::Random => "random",
        }
    }
}

/// One piece of the broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// Start, ms from the start of the VOD.
    pub from_ms: i64,
    /// End, ms from the start of the VOD.
    pub to_ms: i64,
    /// Why it was chosen.
    pub kind: Kind,
    /// Echoes in it that support the lag.
    pub echoes: usize,
}

/// Chooses pieces out of the broadcast cut into equal ones: those with most support for the lags of `stretches`, and as
/// many of the others by `seed`. In order of time, each with the whole of the utterances that it begins and ends in.
pub fn choose(rows: &Rows, stretches: &[Piece], seed: [u8; 32]) -> Vec<Clip> {
    let mut clips = cut(rows.duration_ms);
    for echo in &rows.evidence.echoes {
        let Some(stretch) = pieces::at(stretches, echo.at_ms) else { continue };
        let answered = echo.at_ms - stretch.estimate.lag_ms;
        let said = rows.evidence.said.get(echo.term).map_or(&[][..], Vec::as_slice);
        let near = said.partition_point(|&at| at < answered - NEAR_MS);
        if let Some(&at) = said.get(near).filter(|&&at| at <= answered + NEAR_MS)
            && let Some(clip) = clips.iter_mut().find(|clip| (clip.from_ms..clip.to_ms).contains(&at))
        {
            clip.echoes += 1;
        }
    }
    clips.sort_by_key(|clip| (std::cmp::Reverse(clip.echoes), clip.from_ms));
    let supported = clips.iter().take(OF_EACH).take_while(|clip| clip.echoes > 0).count();
    let mut rest = clips.split_off(supported);
    let mut generator = generator(seed, 0);
    for _ in 0..OF_EACH {
        if !rest.is_empty() {
            let drawn = rest.swap_remove(below(&mut generator, rest.len()));
            clips.push(Clip { kind: Kind::Random, ..drawn });
        }
    }
    clips.sort_by_key(|clip| clip.from_ms);
    let said: Vec<_> = rows.words.chunk_by(|a, b| a.utterance == b.utterance).filter_map(bounds).collect();
    clips.into_iter().map(|clip| whole(clip, &said, rows.duration_ms)).collect()
}

/// Start and end of an utterance.
fn bounds(words: &[Word]) -> Option<(i64, i64)> {
    Some((words.first()?.start_ms, words.last()?.end_ms))
}

/// The piece made longer where its bounds cut through an utterance.
fn whole(clip: Clip, said: &[(i64, i64)], duration_ms: i64) -> Clip {
    let around = |at: i64| said.iter().find(|(start, end)| (start + 1..*end).contains(&at));
    let from_ms = around(clip.from_ms).map_or(clip.from_ms, |(start, _)| start - QUIET_MS);
    let to_ms = around(clip.to_ms).map_or(clip.to_ms, |(_, end)| end + QUIET_MS);
    Clip {
        from_ms: from_ms.max(clip.from_ms - SPARE_MS).max(0),
        to_ms: to_ms.min(clip.to_ms + SPARE_MS).min(duration_ms),
        ..clip
    }
}

/// The broadcast in pieces; a rest shorter than half a piece is left out.
fn cut(duration_ms: i64) -> Vec<Clip> {
    let starts = (0..).map(|number| number * LENGTH_MS).take_while(|&from| from + LENGTH_MS / 2 <= duration_ms);
    let clip =
        |from_ms: i64| Clip { from_ms, to_ms: (from_ms + LENGTH_MS).min(duration_ms), kind: Kind::Evidence, echoes: 0 };
    starts.map(clip).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_a_broadcast_without_overlap() {
        assert_eq!(cut(7_000), []);
        let ends: Vec<_> = cut(38_000).iter().map(|clip| (clip.from_ms, clip.to_ms)).collect();
        assert_eq!(ends, [(0, 15_000), (15_000, 30_000), (30_000, 38_000)]);
        assert_eq!(cut(36_000).len(), 2);
    }

    #[test]
    fn a_piece_has_its_utterances_whole() {
        let clip = Clip { from_ms: 15_000, to_ms: 30_000, kind: Kind::Random, echoes: 0 };
        let bounds = |said: &[(i64, i64)], duration_ms| {
            let whole = whole(clip.clone(), said, duration_ms);
            (whole.from_ms, whole.to_ms)
        };
        assert_eq!(bounds(&[(13_000, 16_000), (20_000, 24_000), (29_000, 32_000)], 60_000), (12_850, 32_150));
        assert_eq!(bounds(&[(12_000, 15_000), (30_000, 32_000)], 60_000), (15_000, 30_000));
        assert_eq!(bounds(&[(1_000, 59_000)], 60_000), (10_000, 35_000));
        assert_eq!(bounds(&[(29_000, 32_000)], 31_000), (15_000, 31_000));
    }
}
