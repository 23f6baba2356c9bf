//! Holds the checked-in sample stream to its script, to the installed tools and to what its users rely on.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::process;

fn script() -> Script {
    Script::parse(SCRIPT).expect("the script is readable")
}

fn comments(id: &str) -> Vec<serde_json::Value> {
    let (_, bytes) = FILES.iter().find(|(name, _)| *name == format!("{id}.chat.json")).expect("the file is listed");
    let value: serde_json::Value = serde_json::from_slice(bytes).expect("the chat is JSON");
    match value {
        serde_json::Value::Array(items) => items[1..].to_vec(),
        value => value["comments"].as_array().expect("comments").clone(),
    }
}

#[test]
fn chat_and_truth_come_out_byte_for_byte() {
    let timings: Vec<Timing> = truth()
        .broadcasts
        .into_iter()
        .map(|broadcast| Timing { duration_ms: broadcast.duration_ms, utterances: broadcast.utterances })
        .collect();
    let made = chat_and_truth(&script(), &timings).expect("the script is fit");
    assert_eq!(made.len(), 4);
    for (name, bytes) in made {
        let (_, kept) = FILES.iter().find(|(kept, _)| *kept == name).expect("the file is listed");
        assert!(
            bytes == *kept,
            "{name} differs: run `cargo run -p testkit --bin sample-stream -- jobs/lib/testkit/sample`"
        );
    }
}

#[test]
fn installed_tools_speak_at_the_same_times() {
    let script = script();
    let folder = crate::TempStore::new();
    for (broadcast, known) in script.broadcast.iter().zip(truth().broadcasts) {
        let speech = speech::speak(&script, broadcast).expect("espeak-ng speaks");
        assert_eq!(speech.utterances.len(), known.utterances.len());
        for (spoken, known) in speech.utterances.iter().zip(&known.utterances) {
            assert_eq!((&spoken.text, spoken.start_ms), (&known.text, known.start_ms));
            assert!((spoken.end_ms - known.end_ms).abs() <= 400, "{spoken:?} against {known:?}");
            assert!((spoken.noun_ms - known.noun_ms).abs() <= 400, "{spoken:?} against {known:?}");
        }
        let fresh = folder.path().join(format!("{}.mkv", known.id));
        speech::encode(&speech, &fresh).expect("ffmpeg encodes");
        for media in [fresh, dir().join(format!("{}.mkv", known.id))] {
            let loudness = decode(&media);
            let duration_ms = loudness.len() as i64 * 10;
            assert!((duration_ms - known.duration_ms).abs() <= 500, "{}: {duration_ms} ms", media.display());
            check_placement(&loudness, &known);
        }
    }
}

/// The loudest sample of every 10 ms of a media file.
fn decode(media: &Path) -> Vec<u16> {
    let folder = crate::TempStore::new();
    let raw = folder.path().join("decoded.s16");
    let paths = [media, &raw].map(|path| path.to_str().expect("a UTF-8 path"));
    let arguments = ["-v", "error", "-nostdin", "-i", paths[0], "-ac", "1", "-ar", "16000", "-f", "s16le", paths[1]];
    process::run("ffmpeg", arguments).expect_code(0);
    let bytes = fs::read(&raw).expect("ffmpeg wrote the samples");
    let samples: Vec<u16> = bytes.as_chunks().0.iter().map(|b| i16::from_le_bytes(*b).unsigned_abs()).collect();
    samples.chunks(160).map(|chunk| chunk.iter().copied().max().unwrap_or(0)).collect()
}

/// Sound where the truth says speech begins and ends, none in between.
fn check_placement(loudness: &[u16], known: &Broadcast) {
    let loud_between = |from_ms: i64, to_ms: i64| {
        let range = usize::try_from(from_ms / 10).unwrap_or(0)..usize::try_from(to_ms / 10).unwrap_or(0);
        loudness[range].iter().any(|peak| *peak > 500)
    };
    let mut quiet_since = 0;
    for utterance in &known.utterances {
        assert!(!loud_between(quiet_since, utterance.start_ms - 60), "{}: sound before {utterance:?}", known.id);
        assert!(loud_between(utterance.start_ms - 60, utterance.start_ms + 200), "{}: late {utterance:?}", known.id);
        assert!(loud_between(utterance.end_ms - 300, utterance.end_ms), "{}: short {utterance:?}", known.id);
        quiet_since = utterance.end_ms + 60;
    }
    assert!(!loud_between(quiet_since, known.duration_ms), "{}: sound after the end", known.id);
}

#[test]
fn replies_echo_what_they_answer_at_the_known_lag() {
    for broadcast in truth().broadcasts {
        let mut lags = Vec::new();
        for comment in comments(&broadcast.id) {
            let message = &broadcast.messages[comment["_id"].as_str().expect("an id")];
            if message.kind != Kind::Reply {
                continue;
            }
            let utterance = &broadcast.utterances[message.utterance.expect("a reply answers an utterance")];
            let at_ms = (comment["content_offset_seconds"].as_f64().expect("a time") * 1000.0).round() as i64;
            assert_eq!(at_ms - utterance.noun_ms, message.lag_ms.expect("a reply has a lag"));
            let body = comment["message"]["body"].as_str().expect("a body");
            assert!(body.split(' ').any(|word| word == utterance.noun), "{body:?} does not echo {}", utterance.noun);
            assert!(at_ms > utterance.end_ms && at_ms < broadcast.duration_ms, "{body:?} at {at_ms}");
            lags.push(at_ms - utterance.noun_ms);
        }
        let mean = lags.iter().sum::<i64>() / lags.len() as i64;
        assert!(lags.iter().all(|lag| (lag - broadcast.lag_ms).abs() <= 600));
        assert!((mean - broadcast.lag_ms).abs() <= 60, "{}: mean lag {mean}", broadcast.id);
    }
}

#[test]
fn every_kind_of_dirt_is_there_and_no_reply_is_given_twice() {
    let mut replies = BTreeSet::new();
    for broadcast in truth().broadcasts {
        let comments = comments(&broadcast.id);
        assert!((180..=260).contains(&comments.len()), "{}: {} messages", broadcast.id, comments.len());
        let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for comment in &comments {
            let id = comment["_id"].as_str().expect("an id");
            let kind = broadcast.messages[id].kind;
            let body = comment["message"]["body"].as_str().expect("a body");
            *kinds.entry(kind).or_default() += 1;
            assert_eq!(comment["commenter"].is_null(), kind == Kind::NullCommenter);
            assert_eq!(comment["message"].get("user_notice_params").is_some(), kind == Kind::Notice);
            let fragments = comment["message"]["fragments"].as_array().expect("fragments");
            let text: String = fragments.iter().filter_map(|fragment| fragment["text"].as_str()).collect();
            assert_eq!(text, body);
            let fresh = ids.insert(id.to_owned());
            if kind == Kind::Reply && fresh {
                assert!(replies.insert(body.to_owned()), "{body:?} is given twice");
            }
        }
        assert_eq!(kinds.len(), 16, "{}: {kinds:?}", broadcast.id);
        assert_eq!(ids.len(), comments.len() - 1);
        assert_eq!(broadcast.duplicated.len(), 1);
        assert!(ids.iter().eq(broadcast.messages.keys()));
    }
    assert!(replies.len() > 400, "{} replies", replies.len());
}

#[test]
fn files_are_the_folder() {
    let total: usize = FILES.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(total < 2_000_000, "{total} bytes");
    let mut names: Vec<String> = fs::read_dir(dir())
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a UTF-8 name"))
        .filter(|name| name != "script.toml")
        .collect();
    names.sort();
    assert!(names.iter().eq(FILES.iter().map(|(name, _)| *name)), "{names:?}");
}
