//! Tests of the transcribe job with the real models over the sample stream.

use std::collections::BTreeMap;

use bytes::Bytes;
use clap::Parser;
use ids::{Digest, VodKey};
use job::{Exit, HasFlags, Job};
use manifest::RunKey;
use media::Ffmpeg;
use schemas::{Media, Utterance, Word};
use serde_json::json;
use store::{Run, Store};
use testkit::TempStore;
use transcribe::args::Args;

/// A store with the sample's first broadcast, and the models unless told otherwise.
struct Stage {
    folder: TempStore,
    store: Store,
}

fn key(job: &str, params: serde_json::Value) -> RunKey {
    RunKey { job: job.to_owned(), logic_version: 1, params, inputs: BTreeMap::new(), models: BTreeMap::new() }
}

impl Stage {
    async fn set(models: &[&str]) -> Self {
        let folder = TempStore::new();
        let store = Store::open(&folder.url()).await.expect("a store");
        for name in models {
            let mut run = store.begin(key("models", json!({"name": name}))).expect("a run");
            let file = testkit::models::cached(name);
            run.blob_file(Store::MODEL_ROLE, &file, "application/octet-stream").await.expect("a model");
            run.commit().await.expect("a commit");
        }
        let vod: VodKey = "file/demo-1".parse().expect("a VOD");
        let mut run = store.begin(key("ingest", json!({"vod": vod}))).expect("a run");
        let work = tempfile::tempdir().expect("a folder");
        let audio = work.path().join("audio.flac");
        let media = testkit::sample::dir().join("demo-1.mkv");
        let made = Ffmpeg::find().expect("ffmpeg").demux_flac(&media, &audio, None, &mut |_| ()).expect("audio");
        let digest = run.blob_file("audio", &audio, "audio/flac").await.expect("a blob");
        run.table(&[Media {
            platform: vod.platform,
            vod_id: vod.id.clone(),
            role: "audio".to_owned(),
            digest,
            size: 1,
            stored: true,
            container: "flac".to_owned(),
            codec: "flac".to_owned(),
            sample_rate: 16_000,
            channels: 1,
            duration_ms: made.duration_ms as i64,
        }])
        .await
        .expect("a table");
        let run = run.commit().await.expect("a commit");
        store.add_generation(&vod, &run, "2026-01-01T00:00:00Z").await.expect("a generation");
        Self { folder, store }
    }

    async fn transcribe(&self, arguments: &[&str]) -> anyhow::Result<Exit> {
        let url = self.folder.url();
        let all = ["transcribe"].iter().chain(arguments).copied().chain(["--store", &url, "--progress", "never"]);
        let args = Args::try_parse_from(all)?;
        let flags = args.flags().clone();
        transcribe::command(args, Job::new("transcribe", "0.0.0", flags)).await
    }

    async fn only(&self) -> Run {
        let mut runs = self.store.runs("transcribe").await.expect("runs");
        assert_eq!(runs.len(), 1);
        runs.remove(0)
    }
}

const MODELS: &[&str] = &["tiny.en", "silero-v6.2.0"];

#[tokio::test]
async fn speech_becomes_words_once_and_an_interrupted_run_goes_on() {
    let stage = Stage::set(MODELS).await;
    stage.transcribe(&["--vod", "demo-1", "--threads", "1"]).await.expect("a transcript");
    let run = stage.only().await;
    let utterances: Vec<Utterance> = stage.store.rows(&run).await.expect("utterances");
    let words: Vec<Word> = stage.store.rows(&run).await.expect("words");
    check_times(&utterances, &words);

    // Every format, deterministic, into a file.
    let out = tempfile::tempdir().expect("a folder");
    for format in ["json", "srt", "vtt", "tsv"] {
        let path = out.path().join(format).display().to_string();
        stage.transcribe(&["export", "demo-1", "--format", format, "-o", &path]).await.expect("an export");
        assert!(std::fs::metadata(&path).expect("a file").len() > 500, "{format}");
    }

    // What an interruption leaves: all checkpoints but the last. Other threads, the same manifest.
    let kept = stage.store.checkpoints("transcribe", &run.id()).await.expect("checkpoints");
    assert_eq!(kept.len() as u64, run.manifest.counts["chunks"]);
    assert!(kept.len() >= 3);
    let resumed = Stage::set(MODELS).await;
    leave(&stage, &resumed, &run, &kept[..kept.len() - 1], |bytes| bytes).await;
    resumed.transcribe(&["--all", "--threads", "2"]).await.expect("the rest");
    assert_eq!(resumed.only().await.digest, run.digest);

    // And they are used: a word that was put into one comes out.
    let marked = Stage::set(MODELS).await;
    leave(&stage, &marked, &run, &kept, |bytes| {
        let text = String::from_utf8(bytes.to_vec()).expect("JSON");
        Bytes::from(text.replace("dragon", "marked"))
    })
    .await;
    marked.transcribe(&["--vod", "file/demo-1"]).await.expect("a transcript");
    let heard: Vec<Word> = marked.store.rows(&marked.only().await).await.expect("words");
    assert!(heard.iter().any(|word| word.text.contains("marked")));
}

/// Puts checkpoints of `run` into another store, changed by `change`.
async fn leave(from: &Stage, to: &Stage, run: &Run, kept: &[(u64, Digest)], change: impl Fn(Bytes) -> Bytes) {
    let writer = to.store.begin(run.manifest.key.clone()).expect("the same run");
    for (number, digest) in kept {
        let state = from.store.blob(digest).await.expect("a checkpoint");
        writer.checkpoint(*number, change(state)).await.expect("a checkpoint");
    }
}

/// The nouns of the script are heard where they are said, and words lie in order inside their utterances.
fn check_times(utterances: &[Utterance], words: &[Word]) {
    let truth = testkit::sample::truth();
    let said = &truth.broadcast("demo-1").utterances;
    let near = said.iter().filter(|said| {
        words
            .iter()
            .any(|word| word.text.to_lowercase().contains(&said.noun) && (word.start_ms - said.noun_ms).abs() <= 600)
    });
    let near = near.count();
    assert!(near * 10 >= said.len() * 7, "{near} of {} nouns were heard where they were said", said.len());
    assert!(words.iter().zip(0..).all(|(word, ordinal)| word.ordinal == ordinal));
    for utterance in utterances {
        let own: Vec<&Word> = words.iter().filter(|word| word.utterance == utterance.ordinal).collect();
        assert_eq!(own.len() as i64, utterance.words);
        assert!(own.is_sorted_by_key(|word| word.start_ms));
        assert!(own.iter().all(|word| utterance.start_ms <= word.start_ms && word.end_ms <= utterance.end_ms));
    }
}

#[tokio::test]
async fn what_is_missing_is_named_and_nothing_is_written() {
    let bare = Stage::set(&[]).await;
    let full = Stage::set(MODELS).await;
    let cases: [(&Stage, &[&str], &str); 8] = [
        (&bare, &["--vod", "demo-1"], "models pull tiny.en"),
        (&full, &["--vod", "demo-1", "--model", "base.en"], "models pull base.en"),
        (&full, &["--vod", "demo-2"], "no VOD \"demo-2\""),
        (&full, &["--vod", "demo-1", "--vod", "twitch/1"], "no VOD \"twitch/1\""),
        (&full, &["--vod", "demo-1", "--language", "de"], "knows English only"),
        (&full, &["export", "demo-1", "--format", "srt"], "transcribe --vod file/demo-1"),
        (&full, &[], "required"),
        (&full, &["--vod", "demo-1", "--model", "../x"], "not a valid name"),
    ];
    for (stage, arguments, reason) in cases {
        let error = stage.transcribe(arguments).await.expect_err("a refusal");
        assert!(format!("{error:#}").contains(reason), "{arguments:?}: {error:#}");
        assert!(stage.store.run_ids("transcribe").await.expect("ids").is_empty(), "{arguments:?}");
    }
}
