//! Evidence from bursts: chat grows lively some time after the streamer does, whatever the words are.

use super::evidence::Evidence;
use super::grid::{Lags, SLOT_MS, STEP_MS};

/// Half width of the smoothing of both series, slots.
const SMOOTHING: usize = 1;
/// Half width of the running median that is taken as calm, slots: 45 s in all.
const CALM: usize = 22;

/// Two series on one clock, in slots of [`SLOT_MS`], each less its calm.
#[derive(Debug)]
pub struct Bursts {
    /// Rate of words.
    pub speech: Vec<f64>,
    /// Rate of messages.
    pub chat: Vec<f64>,
}

impl Bursts {
    /// The series of a recording.
    pub fn of(evidence: &Evidence) -> Self {
        let length = usize::try_from(evidence.duration_ms.div_euclid(SLOT_MS) + 1).unwrap_or(0);
        let mut speech = vec![0.0; length];
        let mut chat = vec![0.0; length];
        let add = |series: &mut Vec<f64>, at: i64, weight: f64| {
            let slot = usize::try_from(at.div_euclid(SLOT_MS)).ok().and_then(|index| series.get_mut(index));
            if let Some(slot) = slot {
                *slot += weight;
            }
        };
        evidence.words.iter().for_each(|&at| add(&mut speech, at, 1.0));
        evidence.activity.iter().for_each(|&(at, weight)| add(&mut chat, at, weight));
        Self { speech: above_calm(&speech), chat: above_calm(&chat) }
    }

    /// The products of `chat[from..to]` with speech, summed for each lag, added to `curve`. Between whole slots the sums
    /// are interpolated.
    pub fn correlate(&self, chat: &[f64], from: usize, to: usize, lags: &Lags, curve: &mut [f64]) {
        let fine = SLOT_MS / STEP_MS;
        let first = lags.steps(0).div_euclid(fine);
        let count = (lags.count() as i64 + 2 * fine) / fine + 1;
        let sums: Vec<f64> = (first..first + count).map(|lag| self.products(chat, from, to, lag)).collect();
        for (index, slot) in curve.iter_mut().enumerate() {
            let steps = lags.steps(index);
            let whole = usize::try_from(steps.div_euclid(fine) - first).unwrap_or(0);
            let part = steps.rem_euclid(fine) as f64 / fine as f64;
            if let Some([before, after]) = sums.get(whole..whole + 2) {
                *slot += before * (1.0 - part) + after * part;
            }
        }
    }

    /// The sum of `chat[t] * speech[t - lag]` over `from..to`.
    fn products(&self, chat: &[f64], from: usize, to: usize, lag: i64) -> f64 {
        let first = (from as i64).max(lag);
        let last = (to.min(chat.len()) as i64).min(self.speech.len() as i64 + lag);
        if first >= last {
            return 0.0;
        }
        dot(&chat[first as usize..last as usize], &self.speech[(first - lag) as usize..(last - lag) as usize])
    }
}

/// Smoothed, its variance stabilised by a square root, less a running median.
fn above_calm(counts: &[f64]) -> Vec<f64> {
    let mut sum: f64 = counts.iter().take(SMOOTHING).sum();
    let mut smooth = Vec::with_capacity(counts.len());
    for centre in 0..counts.len() {
        sum += counts.get(centre + SMOOTHING).copied().unwrap_or(0.0);
        if let Some(gone) = centre.checked_sub(SMOOTHING + 1) {
            sum -= counts[gone];
        }
        // Counts are multiples of one half, so that the running sum is exact and never below zero.
        smooth.push(sum.max(0.0).sqrt());
    }
    let mut window: Vec<f64> = smooth.iter().take(CALM).copied().collect();
    window.sort_unstable_by(f64::total_cmp);
    let mut out = Vec::with_capacity(smooth.len());
    for centre in 0..smooth.len() {
        if let Some(&value) = smooth.get(centre + CALM) {
            let place = window.partition_point(|&other| other < value);
            window.insert(place, value);
        }
        if let Some(gone) = centre.checked_sub(CALM + 1) {
            let place = window.partition_point(|&other| other < smooth[gone]);
            window.remove(place);
        }
        out.push(smooth[centre] - window.get(window.len() / 2).copied().unwrap_or(0.0));
    }
    out
}

/// The sum of products in a fixed order of eight lanes: fast, and the same on every machine.
fn dot(left: &[f64], right: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (left_eights, left_rest) = left.as_chunks::<8>();
    let (right_eights, right_rest) = right.as_chunks::<8>();
    for (a, b) in left_eights.iter().zip(right_eights) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = left_rest.iter().zip(right_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_series_are_calm_and_bursts_are_not() {
        let mut counts = vec![1.0; 800];
        counts[400] = 40.0;
        let out = above_calm(&counts);
        assert!(out[100].abs() < 1e-9 && out[700].abs() < 1e-9);
        assert!(out[400] > 3.0);
    }

    #[test]
    fn a_delayed_copy_correlates_at_its_delay() {
        let lags = Lags::of(3_600_000);
        let mut speech = vec![0.0; 4_000];
        for (index, slot) in speech.iter_mut().enumerate() {
            *slot = f64::from((index as u32).wrapping_mul(2_654_435_761) >> 24 & 15) - 7.5;
        }
        let mut chat = vec![0.0; 4_000];
        chat[20..].copy_from_slice(&speech[..3_980]);
        let bursts = Bursts { speech, chat };
        let mut curve = vec![0.0; lags.count()];
        bursts.correlate(&bursts.chat, 0, 4_000, &lags, &mut curve);
        let top = super::super::grid::highest(&curve, 0, curve.len()).unwrap();
        assert_eq!(lags.ms(top), 20_000);
        let mut halves = vec![0.0; lags.count()];
        bursts.correlate(&bursts.chat, 0, 1_777, &lags, &mut halves);
        bursts.correlate(&bursts.chat, 1_777, 9_999, &lags, &mut halves);
        assert!(curve.iter().zip(&halves).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}
