//! Every container gives 16 kHz mono FLAC on the recording's clock, twice the same bytes.

use std::fs;

use crate::{SWEEP, ffmpeg, make};

#[test]
fn every_container_twice_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let ffmpeg = ffmpeg();
    let picture = ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=10:duration=5", "-f", "lavfi", "-i", SWEEP];
    let sound = ["-f", "lavfi", "-i", SWEEP];
    let cases: [(&str, &[&str], &[&str]); 5] = [
        ("a.mp4", &picture, &["-c:v", "mpeg4", "-c:a", "aac", "-metadata", "title=secret"]),
        ("a.mkv", &picture, &["-c:v", "mpeg4", "-c:a", "libopus"]),
        ("a.ts", &picture, &["-c:v", "mpeg2video", "-c:a", "aac"]),
        ("a.flac", &sound, &["-ac", "2"]),
        ("a.wav", &sound, &["-ar", "8000"]),
    ];
    for (name, source, codec) in cases {
        let input = make(folder.path(), name, &[source, codec].concat());
        let probe = ffmpeg.probe(&input).expect(name);
        assert!(probe.duration_ms.abs_diff(5000) < 150, "{name}: {probe:?}");
        let outputs = ["first.flac", "second.flac"].map(|output| {
            let output = folder.path().join(output);
            let mut seen = Vec::new();
            let done = ffmpeg.demux_flac(&input, &output, None, &mut |ms| seen.push(ms)).expect(name);
            assert_eq!(done.complaints, 0, "{name}");
            assert_eq!(done.duration_ms, done.samples / 16, "{name}");
            assert!(done.duration_ms.abs_diff(5000) < 150, "{name}: {done:?}");
            assert!(seen.is_sorted() && seen.last() == Some(&done.duration_ms), "{name}: {seen:?}");
            (done, fs::read(output).expect("the output"))
        });
        assert!(outputs[0] == outputs[1], "{name}: two runs differ");
        assert!(!outputs[0].1.windows(6).any(|word| word == b"secret"), "{name}: metadata went into the FLAC");

        let output = ffmpeg.probe(&folder.path().join("first.flac")).expect("a FLAC file");
        let audio = output.audio.expect("an audio stream");
        assert_eq!((output.container.as_str(), audio.codec.as_str()), ("flac", "flac"), "{name}");
        assert_eq!((audio.sample_rate, audio.channels), (16_000, 1), "{name}");
    }
}

#[test]
fn a_range_is_the_same_samples_of_the_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let ffmpeg = ffmpeg();
    let input = make(folder.path(), "a.ts", &["-f", "lavfi", "-i", SWEEP, "-c:a", "aac"]);
    let demux = |range| {
        let output = folder.path().join("out.flac");
        ffmpeg.demux_flac(&input, &output, range, &mut |_| {}).expect("a demux");
        ffmpeg.decode(&output, None).expect("samples")
    };
    let whole = demux(None);
    for (from, to) in [(0, 700), (1234, 3456), (4000, 9000)] {
        let piece = demux(Some((from, to)));
        let end = whole.len().min(to as usize * 16);
        assert!(piece == whole[from as usize * 16..end], "{from} to {to}: {} samples", piece.len());
    }
}

#[test]
fn a_late_start_and_a_gap_become_silence() {
    let folder = tempfile::tempdir().expect("a folder");
    let ffmpeg = ffmpeg();
    // Picture from 0 s; sound from 1 s to 2 s and from 4 s to 5 s.
    let filter = "[1:a]aselect='between(t,0,1)+between(t,3,4)',asetpts=PTS+1/TB[late]";
    let input = make(
        folder.path(),
        "gap.mkv",
        &[
            &["-f", "lavfi", "-i", "testsrc=size=64x64:rate=10:duration=6"][..],
            &["-f", "lavfi", "-i", SWEEP, "-filter_complex", filter, "-map", "0:v", "-map", "[late]"],
            &["-c:v", "mpeg4", "-c:a", "pcm_s16le"],
        ]
        .concat(),
    );
    let output = folder.path().join("out.flac");
    let done = ffmpeg.demux_flac(&input, &output, None, &mut |_| {}).expect("a demux");
    assert!(done.duration_ms.abs_diff(5000) < 100, "{done:?}");
    let samples = ffmpeg.decode(&output, None).expect("samples");
    let loudness = |from: usize, to: usize| samples[from * 16..to * 16].iter().map(|sample| sample.abs()).sum::<f32>();
    for (from, to, loud) in [(100, 900, false), (1100, 1900, true), (2200, 3800, false), (4100, 4850, true)] {
        assert_eq!(loudness(from, to) > 100.0, loud, "{from} ms to {to} ms: {}", loudness(from, to));
    }
}
