//! How far chat lags behind speech, from what both say and when: an estimate with an interval, or a refusal.
//!
//! Two kinds of evidence are scored over lags from -30 s to +90 s: rare words that are said and typed ([`lexical`]), and
//! bursts of speech and chat ([`bursts`]). Each score is standardised by what chat without relation to the speech
//! scores ([`blocks::Shifted`]); their sum has to stand out from those. The interval is a bootstrap over blocks of time
//! (Künsch 1989). Everything is a function of its arguments: the seed is given, draws have streams of their own, and
//! sums have a fixed order, so that neither threads nor machines show.

pub mod blocks;
pub mod bursts;
pub mod evidence;
pub mod grid;
pub mod lexical;
pub mod terms;
pub mod verdict;

use rayon::prelude::*;

use blocks::{Blocks, Shifted, below, generator};
use bursts::Bursts;
use evidence::Evidence;
use grid::{Lags, STEP_MS, highest, sharpen, vertex_ms};
use verdict::{Grounds, Verdict};

/// Shifted chats that the score is held against.
const SHIFTS: u64 = 399;
/// Resamples of the bootstrap.
const RESAMPLES: u64 = 600;
/// Streams of the bootstrap begin here, clear of those of the shifts.
const RESAMPLE_STREAMS: u64 = 1 << 32;
/// How much words count against bursts: words carry identity, bursts only liveliness.
const WORDS_WEIGHT: f64 = 3.0;
/// Peaks closer than this are one peak, ms.
const SEPARATE_MS: i64 = 5_000;
/// How far from the peak of the sum the words may place the lag, ms. Bursts lie late: chat answers the end of a sentence.
const REFINE_MS: i64 = 3_000;
/// An echo supports a lag if it is this near, ms: two standard deviations of the kernel.
const SUPPORT_MS: i64 = 2_000;
/// What the interval is widened by on both sides, ms: word times are good to about this, and the grid has this step.
const CLOCKS_MS: i64 = 250;

/// The lag of one recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Whether there is one.
    pub verdict: Verdict,
    /// Chat time less the start of the word it answers, ms.
    pub lag_ms: i64,
    /// Lower end of the 95 % interval, ms.
    pub low_ms: i64,
    /// Upper end of the 95 % interval, ms.
    pub high_ms: i64,
    /// What the verdict rests on.
    pub grounds: Grounds,
    /// Messages looked at.
    pub messages: usize,
    /// The scores it was read from.
    pub curve: Curve,
}

/// Scores over lags, in standard deviations of what unrelated chat scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The lags.
    pub lags: Lags,
    /// From shared words.
    pub words: Vec<f64>,
    /// From bursts.
    pub bursts: Vec<f64>,
    /// Both, weighed.
    pub both: Vec<f64>,
}

/// Raw scores over lags, which add up over blocks of time.
#[derive(Clone)]
struct Raw {
    words: Vec<f64>,
    bursts: Vec<f64>,
}

/// Estimates the lag. `seed` decides the shifts and resamples.
pub fn estimate(evidence: &Evidence, seed: [u8; 32]) -> Estimate {
    let lags = Lags::of(evidence.duration_ms);
    let blocks = Blocks::of(evidence.duration_ms);
    let bursts = Bursts::of(evidence);

    let parts = by_block(evidence, &bursts, &lags, blocks);
    let whole = total(&lags, parts.iter());
    let shifted: Vec<Raw> = (0..SHIFTS)
        .into_par_iter()
        .map(|stream| {
            let shift = Shifted::draw(blocks, &mut generator(seed, stream));
            let chat = shift.series(&bursts.chat);
            let mut raw = Raw {
                words: sharpen(&lexical::votes(evidence, &lags, |at| shift.ms(at))),
                bursts: vec![0.0; lags.count()],
            };
            bursts.correlate(&chat, 0, chat.len(), &lags, &mut raw.bursts);
            raw.bursts = sharpen(&raw.bursts);
            raw
        })
        .collect();
    let words_scale = Scale::of(shifted.iter().map(|raw| raw.words.as_slice()), lags.count());
    let bursts_scale = Scale::of(shifted.iter().map(|raw| raw.bursts.as_slice()), lags.count());
    let score = |raw: &Raw| Curve::of(lags, words_scale.apply(&raw.words), bursts_scale.apply(&raw.bursts));

    let scores: Vec<Curve> = shifted.iter().map(&score).collect();
    let curve = score(&whole.sharpened());
    let (peak, lag_ms) = curve.locate();
    // The words have to stand out by themselves too. Bursts alone can: chat grows lively after speech even when it speaks
    // of something else, and then its lines must not be tied to words.
    let tops = (curve.both[peak], curve.words_near(peak));
    let shares = |as_high: fn(&Curve, (f64, f64)) -> bool| {
        let count = scores.iter().filter(|curve| as_high(curve, tops)).count();
        (count + 1) as f64 / (SHIFTS + 1) as f64
    };
    let p_value =
        shares(|curve, (both, _)| top(&curve.both) >= both).max(shares(|curve, (_, words)| top(&curve.words) >= words));

    let mut resampled: Vec<i64> = (0..RESAMPLES)
        .into_par_iter()
        .map(|stream| {
            let mut generator = generator(seed, RESAMPLE_STREAMS + stream);
            let drawn: Vec<usize> = (0..parts.len()).map(|_| below(&mut generator, parts.len())).collect();
            let raw = total(&lags, drawn.iter().filter_map(|&block| parts.get(block)));
            score(&raw.sharpened()).locate().1
        })
        .collect();
    resampled.sort_unstable();
    let tail = resampled.len() / 40;
    let low = resampled.get(tail).copied().unwrap_or(lag_ms).min(lag_ms) - CLOCKS_MS;
    let high = resampled.iter().rev().nth(tail).copied().unwrap_or(lag_ms).max(lag_ms) + CLOCKS_MS;

    let grounds = Grounds {
        p_value,
        peak_ratio: curve.peak_ratio(peak),
        width_ms: high - low,
        echoes: lexical::support(evidence, lag_ms, SUPPORT_MS),
    };
    Estimate {
        verdict: grounds.verdict(),
        lag_ms,
        low_ms: low,
        high_ms: high,
        grounds,
        messages: evidence.messages,
        curve,
    }
}

/// The raw scores of each block of chat.
fn by_block(evidence: &Evidence, bursts: &Bursts, lags: &Lags, blocks: Blocks) -> Vec<Raw> {
    let mut parts: Vec<Raw> = (0..blocks.count())
        .into_par_iter()
        .map(|block| {
            let mut raw = Raw { words: vec![0.0; lags.count()], bursts: vec![0.0; lags.count()] };
            let (from, to) = blocks.range(block);
            bursts.correlate(&bursts.chat, from, to, lags, &mut raw.bursts);
            raw
        })
        .collect();
    for echo in &evidence.echoes {
        if let Some(raw) = parts.get_mut(blocks.index(echo.at_ms)) {
            lexical::vote(evidence, lags, echo, echo.at_ms, &mut raw.words);
        }
    }
    parts
}

/// The sum of parts, in their order.
fn total<'a>(lags: &Lags, parts: impl Iterator<Item = &'a Raw>) -> Raw {
    let mut sum = Raw { words: vec![0.0; lags.count()], bursts: vec![0.0; lags.count()] };
    for part in parts {
        sum.words.iter_mut().zip(&part.words).for_each(|(sum, value)| *sum += value);
        sum.bursts.iter_mut().zip(&part.bursts).for_each(|(sum, value)| *sum += value);
    }
    sum
}

/// The highest of all.
fn top(curve: &[f64]) -> f64 {
    curve.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

impl Raw {
    fn sharpened(&self) -> Self {
        Self { words: sharpen(&self.words), bursts: sharpen(&self.bursts) }
    }
}

/// What unrelated chat scores: its mean at each lag, and one deviation over all lags, since single ones are noisy.
struct Scale {
    mean: Vec<f64>,
    deviation: f64,
}

impl Scale {
    fn of<'a>(curves: impl Iterator<Item = &'a [f64]> + Clone, length: usize) -> Self {
        let count = SHIFTS as f64;
        let mut mean = vec![0.0; length];
        for curve in curves.clone() {
            mean.iter_mut().zip(curve).for_each(|(sum, value)| *sum += value / count);
        }
        let mut squares = 0.0;
        for curve in curves {
            squares += curve.iter().zip(&mean).map(|(value, mean)| (value - mean) * (value - mean)).sum::<f64>();
        }
        Self { mean, deviation: (squares / count / length.max(1) as f64).sqrt() }
    }

    /// `curve` in deviations from the mean; all zero where there is nothing to compare with.
    fn apply(&self, curve: &[f64]) -> Vec<f64> {
        let standard = |(value, mean): (&f64, &f64)| (value - mean) / self.deviation;
        match self.deviation > 0.0 {
            true => curve.iter().zip(&self.mean).map(standard).collect(),
            false => vec![0.0; curve.len()],
        }
    }
}

impl Curve {
    fn of(lags: Lags, words: Vec<f64>, bursts: Vec<f64>) -> Self {
        let norm = (WORDS_WEIGHT * WORDS_WEIGHT + 1.0).sqrt();
        let both = words.iter().zip(&bursts).map(|(words, bursts)| (WORDS_WEIGHT * words + bursts) / norm).collect();
        Self { lags, words, bursts, both }
    }

    /// The highest score of the words around `peak`.
    fn words_near(&self, peak: usize) -> f64 {
        let reach = usize::try_from(REFINE_MS / STEP_MS).unwrap_or(0);
        let near = highest(&self.words, peak.saturating_sub(reach), peak + reach + 1);
        near.map_or(0.0, |index| self.words[index])
    }

    /// The index of the peak and the lag it stands for, ms. The sum says which peak; the words say where in it.
    fn locate(&self) -> (usize, i64) {
        let peak = highest(&self.both, 0, self.both.len()).unwrap_or(0);
        let reach = usize::try_from(REFINE_MS / STEP_MS).unwrap_or(0);
        let near = highest(&self.words, peak.saturating_sub(reach), peak + reach + 1).unwrap_or(peak);
        let (curve, index) = if self.words[near] > 0.0 { (&self.words, near) } else { (&self.both, peak) };
        (peak, self.lags.ms(index) + vertex_ms(curve, index))
    }

    /// The score at `peak` over the highest separate one, to three decimals. The latter counts at least one: the best of
    /// pure noise has a score of more than that.
    fn peak_ratio(&self, peak: usize) -> f64 {
        let reach = usize::try_from(SEPARATE_MS / STEP_MS).unwrap_or(0);
        let before = highest(&self.both, 0, peak.saturating_sub(reach)).map_or(1.0, |index| self.both[index]);
        let after = highest(&self.both, peak + reach + 1, self.both.len()).map_or(1.0, |index| self.both[index]);
        (self.both[peak] / before.max(after).max(1.0) * 1_000.0).round() / 1_000.0
    }
}
