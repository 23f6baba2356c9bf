//! The lags that are looked at, and what is done to a curve over them: sharpening, and finding its peak.

/// Distance of neighbouring lags, ms.
pub const STEP_MS: i64 = 250;

/// Length of the slots in which liveliness is counted, ms. Bursts help to tell a lag from none, not to place it, and the
/// cost of comparing them grows with the square of their number.
pub const SLOT_MS: i64 = 1_000;

/// Chat is never looked for earlier than this before the speech, ms: recordings can be cut so that chat leads.
const EARLIEST_MS: i64 = -30_000;
/// Nor later than this after it, ms.
const LATEST_MS: i64 = 90_000;

/// The earliest and the latest lag that is looked for in any recording, ms.
pub fn reach_ms() -> (i64, i64) {
    (EARLIEST_MS, LATEST_MS)
}

/// Half width of the kernel that gathers echoes into a peak, steps. A triweight kernel of half width 3 s has a standard
/// deviation of 1 s, about the spread of how fast people answer. Polynomials round alike on every machine, a Gaussian
/// from a maths library does not.
const KERNEL: i64 = 12;
/// Half width of the surroundings a peak has to stand out from, steps (15 s). Speech and chat stay on one topic for
/// minutes, which lifts all lags alike and says nothing about the lag.
const SURROUNDINGS: i64 = 60;

/// A row of lags, [`STEP_MS`] apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lags {
    first: i64,
    count: usize,
}

impl Lags {
    /// The lags to look at in a recording of that length. In a short one, lags are left out at which too little of
    /// speech and chat would overlap to compare.
    pub fn of(duration_ms: i64) -> Self {
        let first = EARLIEST_MS.max(-duration_ms / 4) / STEP_MS;
        let last = LATEST_MS.min(duration_ms / 2) / STEP_MS;
        Self { first, count: usize::try_from(last - first + 1).unwrap_or(0) }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The lag at `index`, ms.
    pub fn ms(&self, index: usize) -> i64 {
        self.steps(index) * STEP_MS
    }

    /// The lag at `index`, steps.
    pub fn steps(&self, index: usize) -> i64 {
        self.first + index as i64
    }

    /// The earliest and the latest lag that has an index, ms.
    pub fn range_ms(&self) -> (i64, i64) {
        (self.first * STEP_MS, (self.first + self.count as i64 - 1) * STEP_MS)
    }

    /// The index nearest to a lag of `ms`, if it is in range.
    pub fn index(&self, ms: i64) -> Option<usize> {
        let steps = (ms + STEP_MS / 2).div_euclid(STEP_MS);
        usize::try_from(steps - self.first).ok().filter(|&index| index < self.count)
    }
}

/// `curve` gathered by the kernel, less its surroundings: how much each lag stands out.
pub fn sharpen(curve: &[f64]) -> Vec<f64> {
    let kernel: Vec<f64> = (-KERNEL..=KERNEL)
        .map(|step| {
            let u = step as f64 / (KERNEL + 1) as f64;
            let rest = 1.0 - u * u;
            rest * rest * rest
        })
        .collect();
    let mut sums = Vec::with_capacity(curve.len() + 1);
    sums.push(0.0);
    let mut sum = 0.0;
    for value in curve {
        sum += value;
        sums.push(sum);
    }
    let length = curve.len() as i64;
    (0..length)
        .map(|centre| {
            let (mut near, mut weight) = (0.0, 0.0);
            for (step, factor) in (-KERNEL..=KERNEL).zip(&kernel) {
                let index = centre + step;
                if (0..length).contains(&index) {
                    near += factor * curve[index as usize];
                    weight += factor;
                }
            }
            let from = (centre - SURROUNDINGS).max(0) as usize;
            let to = (centre + SURROUNDINGS + 1).min(length) as usize;
            near / weight - (sums[to] - sums[from]) / (to - from) as f64
        })
        .collect()
}

/// The index of the highest value in `curve[from..to]`; the first of equals.
pub fn highest(curve: &[f64], from: usize, to: usize) -> Option<usize> {
    (from..to.min(curve.len())).reduce(|best, index| if curve[index] > curve[best] { index } else { best })
}

/// Where the peak at `index` has its top, in ms from that index: the vertex of the parabola through three points.
pub fn vertex_ms(curve: &[f64], index: usize) -> i64 {
    let (Some(before), Some(after)) = (index.checked_sub(1), index.checked_add(1).filter(|&next| next < curve.len()))
    else {
        return 0;
    };
    let (left, top, right) = (curve[before], curve[index], curve[after]);
    let bend = left - 2.0 * top + right;
    if bend >= 0.0 {
        return 0;
    }
    let offset = (0.5 * (left - right) / bend).clamp(-0.5, 0.5);
    (offset * STEP_MS as f64).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags_have_indices_and_back() {
        let lags = Lags::of(3_600_000);
        assert_eq!((lags.range_ms(), lags.count()), ((-30_000, 90_000), 481));
        assert_eq!(lags.index(3_200).map(|index| lags.ms(index)), Some(3_250));
        assert_eq!(lags.index(-30_200), None);
        assert_eq!(lags.index(-30_100), Some(0));
        assert_eq!(lags.index(90_126), None);
        assert_eq!(Lags::of(100_000).range_ms(), (-25_000, 50_000));
        assert_eq!(Lags::of(0).count(), 1);
    }

    #[test]
    fn a_spike_on_a_plateau_stands_out_where_it_is() {
        let mut curve = vec![5.0; 481];
        curve[200] += 8.0;
        curve[201] += 8.0;
        let sharp = sharpen(&curve);
        let top = highest(&sharp, 0, sharp.len()).unwrap();
        assert!(top == 200 || top == 201);
        assert!((top as i64 * STEP_MS + vertex_ms(&sharp, top) - 50_125).abs() <= 2, "{}", vertex_ms(&sharp, top));
        assert!(sharp[0].abs() < 1e-9 && sharp[400].abs() < 1e-9);
    }
}
