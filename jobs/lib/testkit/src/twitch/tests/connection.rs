//! Slow, trickling and broken connections, and what is written down about requests.

use std::time::{Duration, Instant};

use serde_json::json;

use super::client::{get, gql, master_path, media_path, paths, persisted, send};
use crate::twitch::operations::METADATA;
use crate::twitch::{Fault, Kind, Scenario, Trouble, Twitch};

fn video(twitch: &Twitch) -> super::client::Answer {
    gql(twitch, &persisted(METADATA, json!({"videoID": "1087079172"})))
}

fn with(fault: Fault) -> Twitch {
    Twitch::start(Scenario { faults: vec![fault], ..Scenario::named("short") })
}

fn timed<T>(action: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    (action(), start.elapsed())
}

#[test]
fn a_reset_gives_no_answer_or_half_of_one() {
    let twitch = with(Fault::new("gql:*", Trouble::Reset));
    let answer = video(&twitch);
    assert_eq!((answer.status, answer.body.len(), answer.cut), (0, 0, true));
    assert_eq!(twitch.asked()[0].status, 0);
    let twitch = with(Fault { at: Some(50), ..Fault::new("gql:*", Trouble::Reset) });
    let answer = video(&twitch);
    assert!(answer.cut && answer.body.len() <= 50, "{answer:?}");
    let twitch = with(Fault { at: Some(50), ..Fault::new("gql:*", Trouble::HangUp) });
    let answer = video(&twitch);
    assert_eq!((answer.status, answer.body.len(), answer.cut), (200, 50, true));
}

#[test]
fn slow_and_trickling_answers_are_whole_at_last() {
    let length = video(&Twitch::start(Scenario::named("short"))).body.len();
    let twitch = with(Fault { ms: Some(300), ..Fault::new("gql:*", Trouble::Slow) });
    let (answer, time) = timed(|| video(&twitch));
    assert!(answer.body.len().abs_diff(length) < 4 && time >= Duration::from_millis(300), "{time:?}");
    let at = Some(length - 100);
    let twitch = with(Fault { at, bytes: Some(20), ms: Some(60), ..Fault::new("gql:*", Trouble::Trickle) });
    let (answer, time) = timed(|| video(&twitch));
    assert!(!answer.cut && answer.body.len().abs_diff(length) < 4, "{answer:?}");
    assert!(time >= Duration::from_millis(200), "{time:?}");
}

#[test]
fn latency_and_bandwidth_are_those_of_the_scenario() {
    let twitch = Twitch::start(Scenario { latency_ms: 150, bandwidth: 200_000, ..Scenario::named("short") });
    assert!(timed(|| video(&twitch)).1 >= Duration::from_millis(150));
    let path = media_path(&twitch, "audio_only");
    let segments = paths(&get(&twitch, &path), &twitch, &path);
    get(&twitch, &segments[0]);
    let (answer, time) = timed(|| get(&twitch, &segments[1]));
    let least = Duration::from_millis(150) + Duration::from_secs_f64(answer.body.len() as f64 / 200_000.0 * 0.8);
    assert!(time >= least && time < least * 10, "{} bytes in {time:?}, not {least:?}", answer.body.len());
}

#[test]
fn everything_asked_is_written_down() {
    let twitch = Twitch::start(Scenario::named("short"));
    let path = media_path(&twitch, "audio_only");
    let segments = paths(&get(&twitch, &path), &twitch, &path);
    let part = send(&twitch, "GET", &segments[2], &[("range", "bytes=188-375"), ("user-agent", "test")], "");
    get(&twitch, "/etc/passwd");
    let asked = twitch.asked();
    let kinds: Vec<&Kind> = asked.iter().map(|asked| &asked.kind).collect();
    let Kind::Gql { operation, variables, persisted } = kinds[0] else { panic!("{kinds:?}") };
    assert_eq!(
        (operation.as_str(), &variables["videoID"], *persisted),
        ("PlaybackAccessToken", &json!("1087079172"), false)
    );
    let segment = Kind::Segment { name: "2.ts".into() };
    assert_eq!(kinds[1..], [&Kind::Master { v2: true }, &Kind::Media, &segment, &Kind::Other]);
    assert_eq!(asked.iter().map(|asked| asked.status).collect::<Vec<_>>(), [200, 200, 200, 206, 404]);
    assert_eq!(asked[0].client_id.as_deref(), Some("kimne78kx3ncx6brgo4mv6wki5h1ko"));
    assert_eq!((asked[3].range.as_deref(), asked[3].user_agent.as_deref()), (Some("bytes=188-375"), Some("test")));
    assert_eq!(
        (asked[3].bytes, part.body.len(), part.headers["content-range"].split('/').next()),
        (188, 188, Some("bytes 188-375"))
    );
    assert!(asked[1].query.contains("sig=") && asked[1].path == "/vod/v2/1087079172.m3u8" && !asked[1].authorized);
    assert!(asked.windows(2).all(|two| two[0].at_ms <= two[1].at_ms && two[0].connection != two[1].connection));
    assert!(asked.iter().all(|asked| asked.in_flight == 1));
    twitch.forget();
    assert!(twitch.asked().is_empty());
    send(&twitch, "POST", "/gql", &[("client-id", "x"), ("authorization", "OAuth x")], "{}");
    let asked = twitch.asked();
    assert!(asked.len() == 1 && asked[0].authorized && asked[0].status == 400);
}

#[test]
fn requests_in_flight_are_counted() {
    let twitch = Twitch::start(Scenario { latency_ms: 600, ..Scenario::named("short") });
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| video(&twitch));
        }
    });
    video(&twitch);
    let most = twitch.asked().iter().map(|asked| asked.in_flight).max();
    assert_eq!((most, twitch.asked()[5].in_flight), (Some(5), 1));
}

#[test]
fn a_dropped_server_is_gone() {
    let twitch = Twitch::start(Scenario::named("short"));
    let address = twitch.address();
    let path = master_path(&twitch, "v2/");
    assert_eq!(get(&twitch, &path).status, 200);
    drop(twitch);
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn bodies_without_length_and_bodies_that_are_too_long() {
    let good = video(&Twitch::start(Scenario::named("short")));
    assert!(good.headers.contains_key("content-length"));
    let answer = video(&with(Fault::new("gql:*", Trouble::Unsized)));
    assert_eq!(answer.headers.get("content-length"), None);
    assert_eq!(answer.headers["transfer-encoding"], "chunked");
    assert!(answer.text().contains("1087079172") && answer.text().ends_with("\r\n0\r\n\r\n"), "{}", answer.text());
    let fault = Fault { bytes: Some(5 << 20), ..Fault::new("gql:*", Trouble::Padded) };
    let answer = video(&with(fault));
    assert!(answer.body.len() > 5 << 20 && answer.json()["data"]["video"]["id"] == "1087079172");
    let twitch = with(Fault { bytes: Some(1880), ..Fault::new("segment", Trouble::Padded) });
    let path = media_path(&twitch, "audio_only");
    let segment = get(&twitch, &paths(&get(&twitch, &path), &twitch, &path)[1]);
    assert!(segment.body.chunks(188).all(|packet| packet.len() == 188 && packet[0] == 0x47));
}
