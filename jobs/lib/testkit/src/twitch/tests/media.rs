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

#[test]
fn muted_segments_are_silent_and_of_the_same_length() {
    let muted = vec![Muted { offset: 30, duration: 20 }, Muted { offset: 80, duration: 10 }];
    check(of(110, Container::Ts, muted.clone()), "audio_only");
    check(of(110, Container::Fmp4, muted), "audio_only");
}

#[test]
fn who_may_hear_what_is_muted() {
    let twitch = Twitch::start(of(95, Container::Ts, vec![Muted { offset: 30, duration: 20 }]));
    let path = media_path(&twitch, "audio_only");
    let folder = path.rsplit_once('/').expect("a folder").0;
    let status = |file: &str| get(&twitch, &format!("{folder}/{file}")).status;
    assert_eq!(
        ["3-muted.ts", "3-unmuted.ts", "3.ts", "1-muted.ts", "1.ts", "10.ts"].map(status),
        [200, 403, 403, 403, 200, 403]
    );
    twitch.change(|scenario| scenario.media.unmuted_kept = true);
    assert_eq!(["3-muted.ts", "3-unmuted.ts", "3.ts"].map(status), [200, 200, 200]);
}

#[test]
fn what_is_not_muted_stays_byte_for_byte_when_the_rest_changes() {
    let twitch = Twitch::start(Scenario::named("short"));
    let before = fetch(&twitch, "audio_only");
    twitch.change(|scenario| *scenario = Scenario::named("drift"));
    let after = fetch(&twitch, "audio_only");
    let changed: Vec<usize> = (0..before.len()).filter(|index| before[*index] != after[*index]).collect();
    assert_eq!((before.len(), changed), (19, (8..18).collect()));
}

#[test]
fn two_hours_are_ready_at_once_and_end_where_they_should() {
    let twitch = Twitch::start(Scenario { vod: crate::twitch::scenario::Vod::default(), ..Scenario::named("happy") });
    let path = media_path(&twitch, "audio_only");
    let segments = paths(&get(&twitch, &path), &twitch, &path);
    assert_eq!(segments.len(), 720);
    let folder = TempStore::new();
    for (index, begin) in [(0, 1.4), (359, 3591.4), (719, 7191.4)] {
        let file = folder.path().join("one.ts");
        fs::write(&file, get(&twitch, &segments[index]).body).expect("the folder can be written");
        let entries = ["-v", "error", "-show_entries", "format=start_time,duration", "-of", "csv=p=0"];
        let said = process::run("ffprobe", entries.map(AsRef::as_ref).iter().copied().chain([file.as_os_str()]))
            .expect_code(0)
            .stdout;
        let numbers: Vec<f64> = said.trim().split(',').map(|number| number.parse().expect("a number")).collect();
        assert!((numbers[0] - begin).abs() < 0.03 && (numbers[1] - 10.0).abs() < 0.03, "segment {index}: {said}");
    }
}

#[test]
fn parts_of_a_segment() {
    let twitch = Twitch::start(of(95, Container::Ts, Vec::new()));
    let path = media_path(&twitch, "audio_only");
    let segment = &paths(&get(&twitch, &path), &twitch, &path)[1];
    let whole = get(&twitch, segment).body;
    let ask = |range: &str| super::client::send(&twitch, "GET", segment, &[("range", range)], "");
    let last = whole.len() - 1;
    for (range, from, to) in [
        ("bytes=0-0", 0, 0),
        ("bytes=1000-", 1000, last),
        ("bytes=-100", whole.len() - 100, last),
        ("bytes=5-99999999", 5, last),
    ] {
        let answer = ask(range);
        let expect = format!("bytes {from}-{to}/{}", whole.len());
        assert_eq!((answer.status, &answer.headers["content-range"]), (206, &expect), "{range}");
        assert_eq!(answer.body, whole[from..=to], "{range}");
    }
    assert_eq!(ask("bytes=99999999-").status, 416);
    assert_eq!(ask("lines=1-2").status, 200);
    twitch.change(|scenario| scenario.ranges = false);
    let answer = ask("bytes=1000-");
    assert_eq!((answer.status, answer.body), (200, whole));
}

#[test]
fn speech_is_that_of_the_sample_stream() {
    let twitch = Twitch::start(Scenario::named("speech"));
    let (peaks, said) = decode(&fetch(&twitch, "audio_only").concat(), "ts");
    assert_eq!(said, "");
    assert!((1049..=1052).contains(&peaks.len()), "{} tenths of a second", peaks.len());
    let truth = crate::sample::truth();
    for utterance in &truth.broadcast("demo-1").utterances {
        let (from, to) = (utterance.start_ms as usize / 100, utterance.end_ms as usize / 100);
        assert!(peaks[from..=to].iter().any(|peak| *peak > 2000), "{utterance:?}");
        assert!(
            peaks[from - 4..from - 1].iter().all(|peak| *peak < 500),
            "{:?} before {utterance:?}",
            &peaks[from - 4..from]
        );
    }
    let messages = &truth.broadcast("demo-1").messages;
    let chat = twitch.chat();
    assert_eq!(chat.len(), messages.len());
    assert!(chat.iter().all(|message| messages.contains_key(&message.id)));
}
