//! Files that are not what they seem are refused with a reason; a name is never more than a name.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use media::{Ffmpeg, MediaError};

use crate::{SWEEP, ffmpeg, make};

#[test]
fn what_is_not_media_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let ffmpeg = ffmpeg();
    let good = make(folder.path(), "good.mp4", &["-f", "lavfi", "-i", SWEEP, "-c:a", "aac"]);
    let bytes = fs::read(&good).expect("bytes");
    let noise: Vec<u8> = (0..5000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let cases: [(&str, &[u8]); 6] = [
        ("empty.mp4", b""),
        ("text.mp4", b"this is not a recording\n"),
        ("noise.mp4", &noise),
        ("cut.mp4", &bytes[..bytes.len() / 2]),
        ("list.m3u8", format!("#EXTM3U\n#EXTINF:5,\n{}\n#EXT-X-ENDLIST\n", good.display()).leak().as_bytes()),
        ("list.txt", format!("ffconcat version 1.0\nfile '{}'\n", good.display()).leak().as_bytes()),
    ];
    for (name, content) in cases {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("a file");
        let output = folder.path().join("out.flac");
        for error in [
            ffmpeg.probe(&path).err(),
            ffmpeg.decode(&path, None).err(),
            ffmpeg.demux_flac(&path, &output, None, &mut |_| {}).err(),
        ] {
            let Some(MediaError::NotMedia { said, .. }) = &error else { panic!("{name}: {error:?}") };
            assert!(!said.is_empty(), "{name}: no reason given");
        }
        assert!(!output.exists(), "{name}: an output was left behind");
    }
    assert!(matches!(ffmpeg.probe(folder.path()), Err(MediaError::NotAFile { .. })));
    assert!(matches!(ffmpeg.probe(&folder.path().join("none.mp4")), Err(MediaError::Open { .. })));
    assert!(matches!(ffmpeg.probe(Path::new("/dev/zero")), Err(MediaError::NotAFile { .. })));
}

#[test]
fn a_file_without_sound_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let ffmpeg = ffmpeg();
    let input = make(folder.path(), "mute.mp4", &["-f", "lavfi", "-i", "testsrc=duration=1", "-c:v", "mpeg4"]);
    assert_eq!(ffmpeg.probe(&input).expect("a probe").audio, None);
    let output = folder.path().join("out.flac");
    let error = ffmpeg.demux_flac(&input, &output, None, &mut |_| {}).expect_err("no audio");
    assert!(matches!(error, MediaError::NoAudio { .. }), "{error}");
}

#[test]
fn a_recording_cut_in_the_middle_gives_its_sound_so_far() {
    let folder = tempfile::tempdir().expect("a folder");
    let ffmpeg = ffmpeg();
    let whole = make(folder.path(), "whole.ts", &["-f", "lavfi", "-i", SWEEP, "-c:a", "aac"]);
    let bytes = fs::read(&whole).expect("bytes");
    let cut = folder.path().join("cut.ts");
    // Not on a packet boundary, as a broken download would leave it.
    fs::write(&cut, &bytes[..bytes.len() / 2 + 77]).expect("a file");
    let done = ffmpeg.demux_flac(&cut, &folder.path().join("cut.flac"), None, &mut |_| {}).expect("a demux");
    assert!((1500..3500).contains(&done.duration_ms), "{done:?}");
}

#[test]
fn odd_names_are_only_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let ffmpeg = ffmpeg();
    let good = make(folder.path(), "good.wav", &["-f", "lavfi", "-i", "sine=duration=1"]);
    let mut names =
        ["-i", "-y.wav", "concat:a|b.wav", "http:x.wav", "frame%03d.wav", "a\nb'\"`$(id).wav", "file:x", "pipe:0"]
            .map(OsString::from)
            .to_vec();
    names.push(OsString::from_vec(b"not-utf8-\xff.wav".to_vec()));
    for name in names {
        let input = folder.path().join(&name);
        fs::copy(&good, &input).expect("a copy");
        assert_eq!(ffmpeg.probe(&input).map(|probe| probe.duration_ms).ok(), Some(1000), "{name:?}");
        let mut output = OsString::from("%d-");
        output.push(&name);
        let output = folder.path().join(output);
        assert!(ffmpeg.demux_flac(&input, &output, None, &mut |_| {}).is_ok(), "{name:?}");
        assert!(output.exists(), "{name:?}");
    }
}

#[test]
fn missing_and_wrong_programs_say_what_to_set() {
    let missing = Ffmpeg::find_with(&|_| None).expect_err("an empty environment");
    assert_eq!(missing.to_string(), "no ffmpeg on PATH; install ffmpeg or set DOUGPT_FFMPEG to the program's path");
    let wrong = Ffmpeg::find_with(&|name| match name {
        "DOUGPT_FFMPEG" => Some("/bin/true".into()),
        _ => std::env::var_os(name),
    });
    assert!(matches!(wrong, Err(MediaError::Broken { variable: "DOUGPT_FFMPEG", .. })), "{wrong:?}");
    let absent = Ffmpeg::find_with(&|name| match name {
        "DOUGPT_FFPROBE" => Some("/nowhere/ffprobe".into()),
        _ => std::env::var_os(name),
    });
    assert!(matches!(absent, Err(MediaError::Run { .. })), "{absent:?}");
    assert!(ffmpeg().version().starts_with(|first: char| first.is_ascii_digit() || first == 'n' || first == 'N'));
}
