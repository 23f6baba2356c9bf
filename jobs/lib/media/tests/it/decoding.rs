//! Samples come out where they went in, whole or by range, and a page gets a file it can play.

use media::MediaError;

use crate::{SWEEP, ffmpeg, make, position};

#[test]
fn ranges_of_stored_audio_are_exact() {
    let folder = tempfile::tempdir().expect("a folder");
    let ffmpeg = ffmpeg();
    let input = make(folder.path(), "a.mp4", &["-f", "lavfi", "-i", SWEEP, "-c:a", "aac"]);
    let stored = folder.path().join("stored.flac");
    let done = ffmpeg.demux_flac(&input, &stored, None, &mut |_| {}).expect("a demux");
    let whole = ffmpeg.decode(&stored, None).expect("samples");
    assert_eq!(whole.len() as u64, done.samples);
    assert!(whole.iter().all(|sample| sample.abs() <= 1.0) && whole.iter().any(|sample| sample.abs() > 0.3));
    for (from, to) in [(0, 1), (1, 2), (999, 1001), (1234, 4321), (3000, 60_000)] {
        let piece = ffmpeg.decode(&stored, Some((from, to))).expect("a piece");
        let end = whole.len().min(to as usize * 16);
        assert!(piece == whole[from as usize * 16..end], "{from} to {to}: {} samples", piece.len());
    }
}

#[test]
fn a_range_of_foreign_media_is_close() {
    let folder = tempfile::tempdir().expect("a folder");
    let ffmpeg = ffmpeg();
    let input = make(folder.path(), "a.mkv", &["-f", "lavfi", "-i", SWEEP, "-c:a", "aac"]);
    let whole = ffmpeg.decode(&input, None).expect("samples");
    let piece = ffmpeg.decode(&input, Some((2500, 2700))).expect("a piece");
    let found = position(&whole, &piece, 2500 * 16);
    assert!(found.abs_diff(2500 * 16) <= 16, "found at sample {found}");
}

#[test]
fn an_excerpt_is_a_small_playable_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let ffmpeg = ffmpeg();
    let input = make(folder.path(), "a.flac", &["-f", "lavfi", "-i", SWEEP, "-ar", "16000"]);
    let bytes = ffmpeg.excerpt(&input, 1000, 3000).expect("an excerpt");
    assert_eq!(bytes, ffmpeg.excerpt(&input, 1000, 3000).expect("the same excerpt"));
    assert!(bytes.len() < 2 * 32_000, "{} bytes", bytes.len());
    let saved = folder.path().join("excerpt.flac");
    std::fs::write(&saved, &bytes).expect("a file");
    assert_eq!(ffmpeg.probe(&saved).expect("a probe").duration_ms, 2000);
    assert_eq!(ffmpeg.decode(&saved, None).ok(), ffmpeg.decode(&input, Some((1000, 3000))).ok());
}

#[test]
fn empty_and_far_ranges_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let ffmpeg = ffmpeg();
    let input = make(folder.path(), "a.wav", &["-f", "lavfi", "-i", "sine=duration=1"]);
    assert!(matches!(ffmpeg.decode(&input, Some((5, 5))), Err(MediaError::Range { from_ms: 5, to_ms: 5 })));
    assert!(matches!(ffmpeg.decode(&input, Some((5000, 6000))), Err(MediaError::Silent { .. })));
    assert!(matches!(ffmpeg.excerpt(&input, 5000, 6000), Err(MediaError::Silent { .. })));
    assert!(matches!(ffmpeg.excerpt(&input, 0, 600_000), Err(MediaError::TooLong { limit_ms: 120_000, .. })));
    assert!(matches!(ffmpeg.decode(&input, Some((u64::MAX - 1, u64::MAX))), Err(MediaError::Range { .. })));
}
