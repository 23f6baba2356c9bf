//! Broadcasts made of rows, without any media.

use dataset::source::Source;
use ids::{Digest, Platform, RunId, VodKey};
use schemas::{AlignedTurn, ChatMessage, OffsetSegment, Utterance, Vod, Word};

/// The key of the broadcast `file/<id>`.
pub fn key(id: &str) -> VodKey {
    VodKey { platform: Platform::File, id: id.parse().unwrap() }
}

/// A message: its sender's number and its text. Messages come a second apart.
pub fn message(vod: &VodKey, ordinal: usize, sender: usize, text: &str) -> ChatMessage {
    ChatMessage {
        message_id: format!("{}-m{ordinal}", vod.id),
        ordinal: ordinal as i64,
        offset_ms: 10_000 + ordinal as i64 * 1_000,
        user_id: Some(format!("{}", 1000 + sender)),
        user_login: Some(format!("person_{sender}")),
        ..ChatMessage::plain(vod.platform, vod.id.clone(), text.to_owned())
    }
}

/// A broadcast of `id` with these lines of chat, all of them aligned to the same four words.
pub fn source(id: &str, lines: &[(usize, &str)]) -> Source {
    let vod = key(id);
    let run = |job: &str| RunId::new(Digest::of(format!("{job} {id}").as_bytes()));
    let (platform, vod_id) = (vod.platform, vod.id.clone());
    let words = ["now", "fight", "the", "dragon"];
    let word = |(ordinal, text): (usize, &&str)| Word {
        platform,
        vod_id: vod_id.clone(),
        ordinal: ordinal as i64,
        utterance: 0,
        start_ms: 1_000 + ordinal as i64 * 500,
        end_ms: 1_400 + ordinal as i64 * 500,
        text: (*text).to_owned(),
        probability: 0.9,
    };
    let messages: Vec<_> =
        lines.iter().enumerate().map(|(ordinal, (sender, text))| message(&vod, ordinal, *sender, text)).collect();
    let turn = |message: &ChatMessage| AlignedTurn {
        platform,
        vod_id: vod_id.clone(),
        message_id: message.message_id.clone(),
        ordinal: message.ordinal,
        offset_ms: message.offset_ms,
        status: "aligned".into(),
        lag_ms: Some(3_000),
        window_start_ms: Some(1_000),
        window_end_ms: Some(2_900),
        first_word: Some(0),
        last_word: Some(3),
        transcript: words.join(" "),
        echo: 0.0,
        shared: Vec::new(),
        burst: 0.0,
    };
    Source {
        ingest_run: run("ingest"),
        transcribe_run: run("transcribe"),
        align_run: run("align"),
        vod: Vod {
            platform,
            vod_id: vod_id.clone(),
            source: format!("file:{id}.mkv"),
            title: None,
            channel: Some("doug_host".into()),
            started_at: None,
            duration_ms: 600_000,
            media_digest: Some(Digest::of(format!("media {id}").as_bytes())),
            audio_digest: Some(Digest::of(format!("audio {id}").as_bytes())),
            chat_digest: Some(Digest::of(format!("chat {id}").as_bytes())),
            chat_format: Some("twitch_downloader".into()),
            messages: messages.len() as i64,
        },
        turns: messages.iter().map(turn).collect(),
        messages,
        utterances: vec![Utterance {
            platform,
            vod_id: vod_id.clone(),
            ordinal: 0,
            start_ms: 1_000,
            end_ms: 2_900,
            text: words.join(" "),
            words: 4,
            probability: 0.9,
            no_speech: 0.1,
            language: "en".into(),
            suspect: vec![],
            model_digest: Digest::of(b"model"),
            engine: "whisper.cpp 1.8.3".into(),
            timing: "precise".into(),
        }],
        words: words.iter().enumerate().map(word).collect(),
        segments: vec![OffsetSegment {
            platform,
            vod_id,
            from_ms: 0,
            to_ms: 600_000,
            verdict: "ok".into(),
            lag_ms: Some(3_000),
            low_ms: Some(2_800),
            high_ms: Some(3_200),
            clock_shift_ms: None,
            clock: None,
            reaction_ms: None,
            p_value: 0.0,
            peak_ratio: 3.0,
            echoes: 9,
            messages: lines.len() as i64,
        }],
        key: vod,
    }
}
