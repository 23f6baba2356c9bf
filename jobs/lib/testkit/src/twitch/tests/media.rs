//! Segments are real media of the right length, whatever the playlist's shape.

use std::fs;

use super::client::{get, media_path, paths};
use crate::twitch::scenario::{Container, Muted};
use crate::twitch::{Scenario, Twitch};
use crate::{TempStore, process};

/// Every segment of the playlist in one file, with the initialisation segment when there is one.
fn fetch(twitch: &Twitch, quality: &str) -> Vec<Vec<u8>> {
    let path = media_path(twitch, quality);
    let playlist = get(twitch, &path);
    let init = playlist
        .text()
        .contains("init-0.mp4")
        .then(|| path.rsplit_once('/').expect("a folder").0.to_owned() + "/init-0.mp4");
    let paths = init.into_iter().chain(paths(&playlist, twitch, &path));
    paths
        .map(|path| {
            let answer = get(twitch, &path);
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            answer.body
        })
        .collect()
}

/// Peaks of every 100 ms, and what ffmpeg had to say.
fn decode(bytes: &[u8], extension: &str) -> (Vec<u16>, String) {
    let folder = TempStore::new();
    let file = folder.path().join(format!("media.{extension}"));
    let raw = folder.path().join("media.s16");
    fs::write(&file, bytes).expect("the folder can be written");
    let paths = [&file, &raw].map(|path| path.to_str().expect("a UTF-8 path"));
    let arguments = ["-v", "warning", "-nostdin", "-i", paths[0], "-ac", "1", "-ar", "48000", "-f", "s16le", paths[1]];
    let said = process::run("ffmpeg", arguments).expect_code(0).stderr;
    let bytes = fs::read(&raw).expect("ffmpeg wrote samples");
    let samples: Vec<u16> = bytes.as_chunks().0.iter().map(|b| i16::from_le_bytes(*b).unsigned_abs()).collect();
    (samples.chunks(4800).map(|chunk| chunk.iter().copied().max().unwrap_or(0)).collect(), said)
}

fn check(scenario: Scenario, quality: &str) {
    let extension = if scenario.media.container == Container::Fmp4 { "mp4" } else { "ts" };
    let seconds = scenario.vod.length_seconds;
    let muted = scenario.vod.muted.clone();
    let twitch = Twitch::start(scenario);
    let (peaks, said) = decode(&fetch(&twitch, quality).concat(), extension);
    let length = peaks.len() as f64 / 10.0;
    assert!((length - seconds as f64).abs() <= 0.15, "{length} s of {seconds}: {said}");
    assert_eq!(said, "", "{quality} {extension}");
    for (at, second) in peaks.chunks(10).enumerate().take(seconds as usize - 1) {
        let at = at as u64;
        // A frame on either side rings into its neighbour.
        let silent = muted.iter().any(|range| at > range.offset && at + 2 < range.offset + range.duration);
        let near = muted.iter().any(|range| at + 1 >= range.offset && at <= range.offset + range.duration);
        let peak = second.iter().max().copied().unwrap_or(0);
        assert!(if silent { peak == 0 } else { near || peak > 1000 }, "second {at} has the peak {peak}");
    }
}

fn of(seconds: u64, container: Container, muted: Vec<Muted>) -> Scenario {
    let mut scenario = Scenario::named("short");
    scenario.vod.length_seconds = seconds;
    scenario.media.container = container;
    scenario.vod.muted = muted;
    scenario
}

#[test]
fn sound_alone_as_transport_stream() {
    check(of(185, Container::Ts, Vec::new()), "audio_only");
}

#[test]
fn sound_alone_as_mp4() {
    check(of(185, Container::Fmp4, Vec::new()), "audio_only");
}

#[test]
fn pictures_as_transport_stream_and_as_mp4() {
    check(of(95, Container::Ts, Vec::new()), "160p30");
    check(of(95, Container::Fmp4, Vec::new()), "chunked");
}
