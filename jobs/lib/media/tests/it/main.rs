//! Runs the real ffmpeg over media it generates itself, and over files that mean harm.

mod decoding;
mod demuxing;
mod hostile;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The ffmpeg under test.
pub fn ffmpeg() -> media::Ffmpeg {
    media::Ffmpeg::find().expect("ffmpeg and ffprobe are installed; run ci/packages")
}

/// Makes `name` in `folder` from ffmpeg arguments.
pub fn make(folder: &Path, name: &str, arguments: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(arguments)
        .arg(format!("file:{}", path.display()))
        .output()
        .expect("ffmpeg starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    path
}

/// A tone that rises from 200 Hz, so that every millisecond of it is different.
pub const SWEEP: &str = "aevalsrc=0.5*sin(2*PI*(200+150*t)*t):s=44100:d=5";

/// Where a piece fits the whole best, in samples, looking 100 ms around the place it should be.
pub fn position(whole: &[f32], piece: &[f32], expected: usize) -> usize {
    let distance = |at: usize| whole[at..].iter().zip(piece).map(|(left, right)| (left - right).powi(2)).sum::<f32>();
    let near = expected - 1600..=expected + 1600;
    near.min_by(|&left, &right| distance(left).total_cmp(&distance(right))).expect("a piece inside a whole")
}
