//! The sound of a piece: to hear, and as a wave to see.

use std::fmt::Write;

/// Bars of a wave.
const BARS: usize = 400;

/// What a piece sounds like.
#[derive(Debug, Clone, PartialEq)]
pub struct Sound {
    /// The piece as a file that browsers play.
    pub flac: Vec<u8>,
    /// How loud it is from bar to bar, 0 to 1.
    pub loudness: Vec<f32>,
}

/// The loudest sample of each bar, as a share of the loudest of all; all zero where nothing is heard.
pub fn loudness(samples: &[f32]) -> Vec<f32> {
    let peak = |part: &[f32]| part.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    let (all, bar) = (peak(samples), samples.len().div_ceil(BARS).max(1));
    samples.chunks(bar).map(|part| if all > 0.0 { peak(part) / all } else { 0.0 }).collect()
}

/// The `d` of a path that is as high above its middle as below, in a box of that size.
pub fn path(loudness: &[f32], width: f64, top: f64, height: f64) -> String {
    let step = width / loudness.len().max(1) as f64;
    let mut path = String::new();
    for (bar, share) in loudness.iter().enumerate() {
        let half = (f64::from(*share) * height / 2.0).max(0.5);
        // Writing to a string cannot fail.
        let _ = write!(
            path,
            "M{:.1} {:.1}V{:.1}",
            (bar as f64 + 0.5) * step,
            top + height / 2.0 - half,
            top + height / 2.0 + half
        );
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_is_as_loud_as_its_sound() {
        let mut samples = vec![0.0; 4_000];
        samples[2_005] = -0.5;
        samples[10] = 0.25;
        let found = loudness(&samples);
        assert_eq!((found.len(), found[1], found[200], found[300]), (400, 0.5, 1.0, 0.0));
        assert!(loudness(&[0.0; 9]).iter().all(|share| *share == 0.0));
        assert_eq!(loudness(&[]), [0.0_f32; 0]);
        assert_eq!(path(&[1.0, 0.0], 10.0, 4.0, 20.0), "M2.5 4.0V24.0M7.5 13.5V14.5");
    }
}
