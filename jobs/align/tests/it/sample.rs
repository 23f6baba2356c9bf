//! The sample stream through real recognition: the lag that is found is the lag that is true.

use align::estimate::verdict::Verdict;
use align::estimate::{estimate, evidence::Evidence};
use media::Ffmpeg;
use schemas::{ChatMessage, Word};
use testkit::sample::Broadcast;

use crate::rows;

/// The words that are heard in a recording.
fn heard(broadcast: &Broadcast) -> Vec<Word> {
    let ffmpeg = Ffmpeg::find().expect("ffmpeg");
    let media = testkit::sample::dir().join(format!("{}.mkv", broadcast.id));
    let samples = ffmpeg.decode(&media, None).expect("the sample decodes");
    let spans = asr::Vad::load(&testkit::models::cached("silero-v6.2.0")).expect("a model").speech(&samples);
    let model = testkit::models::cached("tiny.en");
    let recognizer = asr::Recognizer::load(&model, "tiny.en", asr::Timing::Precise, 1).expect("a model");
    let mut words: Vec<Word> = Vec::new();
    let mut utterance = 0;
    for chunk in asr::chunks(&spans.expect("speech"), asr::CHUNK_LIMIT_MS) {
        let range = chunk.start_ms as usize * 16..samples.len().min(chunk.end_ms as usize * 16);
        let asr::Heard { words: found, no_speech } = recognizer.recognize(&samples[range], "en", None).expect("words");
        let found: Vec<asr::Word> = found.into_iter().map(|word| word.shifted(chunk.start_ms)).collect();
        for said in asr::utterances(&found, &chunk.spans, no_speech) {
            for word in said.words {
                let (start, end) = (word.start_ms as i64, word.end_ms as i64);
                words.push(rows::word(words.len(), utterance, start, end, &word.text));
            }
            utterance += 1;
        }
    }
    words
}

/// The chat of a broadcast, from either of the sample's two shapes.
fn written(broadcast: &Broadcast) -> Vec<ChatMessage> {
    let file = testkit::sample::dir().join(format!("{}.chat.json", broadcast.id));
    let value: serde_json::Value =
        serde_json::from_slice(&std::fs::read(file).expect("the sample's chat")).expect("JSON");
    let comments = value.get("comments").unwrap_or(&value).as_array().expect("comments");
    let comments = comments.iter().filter(|comment| comment.get("message").is_some());
    let mut chat: Vec<ChatMessage> = comments
        .enumerate()
        .map(|(ordinal, comment)| {
            let at = (comment["content_offset_seconds"].as_f64().expect("an offset") * 1000.0).round() as i64;
            let text = comment["message"]["body"].as_str().unwrap_or_default();
            let login = comment["commenter"]["name"].as_str().map(str::to_owned);
            ChatMessage { user_login: login, ..rows::message(ordinal, at, text) }
        })
        .collect();
    chat.sort_by_key(|message| (message.offset_ms, message.ordinal));
    chat
}

fn check(id: &str) {
    let truth = testkit::sample::truth();
    let broadcast = truth.broadcast(id);
    let (words, chat) = (heard(broadcast), written(broadcast));
    let found = estimate(&Evidence::gather(broadcast.duration_ms, &words, &chat), [9; 32]);
    let error = found.lag_ms - broadcast.lag_ms;
    let text = format!(
        "{id}: {} ms for {} ms, [{}, {}], {:?}",
        found.lag_ms, broadcast.lag_ms, found.low_ms, found.high_ms, found.grounds
    );
    assert!(error.abs() <= 1_000, "{text}");
    assert_eq!(found.verdict, Verdict::Ok, "{text}");

    let unrelated = rows::shuffled(chat, 1);
    let refused = estimate(&Evidence::gather(broadcast.duration_ms, &words, &unrelated), [9; 32]);
    assert_eq!(refused.verdict, Verdict::NotIdentifiable, "{id} shuffled: {:?}", refused.grounds);
}

#[test]
fn demo_1() {
    check("demo-1");
}

#[test]
fn demo_2() {
    check("demo-2");
}

#[test]
fn demo_3() {
    check("demo-3");
}
