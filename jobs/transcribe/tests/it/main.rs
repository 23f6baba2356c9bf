//! Tests of the transcribe job with the real models over the sample stream.

mod ended;
mod quiet;

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use clap::Parser;
use ids::{Digest, VodKey};
use job::{Exit, HasFlags, Job};
use manifest::RunKey;
use media::Ffmpeg;
use schemas::{Media, Span, Utterance, Word};
use serde_json::json;
use store::{BlobInfo, Run, Store};
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

/// Stretches that the platform silenced.
fn silenced(vod: &VodKey, muted: &[(i64, i64)]) -> Vec<Span> {
    let span = |&(start_ms, end_ms): &(i64, i64)| Span {
        platform: vod.platform,
        vod_id: vod.id.clone(),
        kind: "muted_segment".to_owned(),
        start_ms,
        end_ms,
        label: None,
    };
    muted.iter().map(span).collect()
}

impl Stage {
    async fn set(models: &[&str]) -> Self {
        Self::with(models, &testkit::sample::dir().join("demo-1.mkv"), &[]).await
    }

    /// A store with that media as `file/demo-1`, of which stretches are muted.
    async fn with(models: &[&str], media: &Path, muted: &[(i64, i64)]) -> Self {
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
        let made = Ffmpeg::find().expect("ffmpeg").demux_flac(media, &audio, None, &mut |_| ()).expect("audio");
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
        run.table(&silenced(&vod, muted)).await.expect("a table");
        let run = run.commit().await.expect("a commit");
        store.add_generation(&vod, &run, "2026-01-01T00:00:00Z").await.expect("a generation");
        Self { folder, store }
    }

    /// The same audio as a second generation, with stretches that the platform silenced.
    async fn mute(&self, muted: &[(i64, i64)]) {
        let vod: VodKey = "file/demo-1".parse().expect("a VOD");
        let first = self.store.vod(&vod).await.expect("a record").expect("a generation");
        let first = self.store.run("ingest", &first.run_id).await.expect("a run");
        let mut run = self.store.begin(key("ingest", json!({"vod": vod, "muted": true}))).expect("a run");
        let audio = &first.manifest.blobs["audio"];
        run.blob_kept("audio", BlobInfo { digest: audio.digest, size: audio.size }, "audio/flac");
        let media: Vec<Media> = self.store.rows(&first).await.expect("rows");
        run.table(&media).await.expect("a table");
        run.table(&silenced(&vod, muted)).await.expect("a table");
        let run = run.commit().await.expect("a commit");
        self.store.add_generation(&vod, &run, "2026-01-02T00:00:00Z").await.expect("a generation");
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
    check_times(&utterances, &words, 600);

    // Every format, deterministic, into a file.
    let out = tempfile::tempdir().expect("a folder");
    for format in ["json", "srt", "vtt", "tsv"] {
        let path = out.path().join(format).display().to_string();
        stage.transcribe(&["export", "demo-1", "--format", format, "-o", &path]).await.expect("an export");
        assert!(std::fs::metadata(&path).expect("a file").len() > 500, "{format}");
    }

    // What an interruption leaves: all checkpoints but the last. Other threads, the same manifest.
    let kept = stage.store.checkpoints("transcribe", &run.id()).await.expect("checkpoints");
    assert_eq!(kept.len() as u64, run.manifest.counts["chunks"] + 1, "the survey and every piece");
    assert!(kept.len() >= 3);
    let resumed = Stage::set(MODELS).await;
    leave(&stage, &resumed, &run, &kept[..kept.len() - 1], |bytes| bytes).await;
    resumed.transcribe(&["--all", "--threads", "2"]).await.expect("the rest");
    assert_eq!(resumed.only().await.digest, run.digest);

    // One that cannot be read is heard again.
    let damaged = Stage::set(MODELS).await;
    leave(&stage, &damaged, &run, &kept, |bytes| bytes.slice(..bytes.len() / 2)).await;
    damaged.transcribe(&["--vod", "demo-1"]).await.expect("a transcript");
    assert_eq!(damaged.only().await.digest, run.digest);

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
fn check_times(utterances: &[Utterance], words: &[Word], within_ms: i64) {
    let truth = testkit::sample::truth();
    let said = &truth.broadcast("demo-1").utterances;
    let near = said.iter().filter(|said| {
        words.iter().any(|word| {
            word.text.to_lowercase().contains(&said.noun) && (word.start_ms - said.noun_ms).abs() <= within_ms
        })
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
async fn a_later_generation_is_recognised_only_where_it_changed() {
    let stage = Stage::set(MODELS).await;
    stage.transcribe(&["--vod", "demo-1"]).await.expect("a transcript");
    let run = stage.only().await;
    let kept = stage.store.checkpoints("transcribe", &run.id()).await.expect("checkpoints");
    let before: Vec<Word> = stage.store.rows(&run).await.expect("words");

    // A store whose first transcript has a word that nobody said.
    let marked = Stage::set(MODELS).await;
    leave(&stage, &marked, &run, &kept, |bytes| {
        let text = String::from_utf8(bytes.to_vec()).expect("JSON");
        Bytes::from(text.replace("dragon", "marked"))
    })
    .await;
    marked.transcribe(&["--vod", "demo-1"]).await.expect("a transcript");
    let first = marked.only().await;
    let whole: Vec<Word> = marked.store.rows(&first).await.expect("words");
    let from = whole.iter().find(|word| word.text.contains("marked")).expect("the mark").start_ms;

    // What is silenced is far from the mark, so the piece with the mark has the samples it had.
    let last = before.last().expect("a word").end_ms;
    let muted = if from * 2 < last { (last - 15_000, last + 1000) } else { (0, 15_000) };
    marked.mute(&[muted]).await;
    marked.transcribe(&["--vod", "demo-1"]).await.expect("another transcript");
    let mut runs = marked.store.runs("transcribe").await.expect("runs");
    runs.retain(|run| run.id() != first.id());
    let words: Vec<Word> = marked.store.rows(&runs[0]).await.expect("words");
    assert!(words.iter().any(|word| word.text.contains("marked")), "the unchanged piece was not heard again");
    let inside = |word: &&Word| word.end_ms > muted.0 && word.start_ms < muted.1;
    assert!(before.iter().any(|word| inside(&word)), "there was speech before");
    assert_eq!(words.iter().find(inside), None, "and no word is left where it is silenced");

    let out = tempfile::tempdir().expect("a folder");
    let path = out.path().join("x.srt").display().to_string();
    marked.transcribe(&["export", "demo-1", "--format", "srt", "-o", &path]).await.expect("an export");
    assert_eq!(std::fs::read_to_string(path).expect("a file").matches("[muted]").count(), 1);
}

#[tokio::test]
async fn names_from_the_command_line_are_part_of_the_question() {
    let stage = Stage::set(MODELS).await;
    stage.transcribe(&["--vod", "demo-1"]).await.expect("a transcript");
    stage.transcribe(&["--vod", "demo-1", "--prompt", "Doug, Malenia, Torrent."]).await.expect("another one");
    stage.transcribe(&["--vod", "demo-1", "--fast"]).await.expect("a fast one");
    let runs = stage.store.runs("transcribe").await.expect("runs");
    assert_eq!(runs.len(), 3);
    for run in &runs {
        let rows: Vec<Utterance> = stage.store.rows(run).await.expect("rows");
        let params = &run.manifest.key.params;
        assert!(rows.iter().all(|row| row.timing == params["timing"].as_str().expect("a timing")
            && row.model_digest == run.manifest.key.models["tiny.en"]
            && row.engine == params["engine"].as_str().expect("an engine")
            && row.engine.starts_with("whisper.cpp 1.")));
        let words: Vec<Word> = stage.store.rows(run).await.expect("words");
        check_times(&rows, &words, if params["timing"] == "fast" { 1_500 } else { 600 });
    }
    let error = stage.transcribe(&["export", "demo-1", "--format", "srt"]).await.expect_err("several");
    assert!(format!("{error:#}").contains("choose with --run RUN"), "{error:#}");
    let id = runs[0].id().to_string();
    stage.transcribe(&["export", "demo-1", "--format", "srt", "--run", &id[..12]]).await.expect("that one");
    let error =
        stage.transcribe(&["export", "demo-1", "--format", "srt", "--run", "x"]).await.expect_err("no such one");
    let error = format!("{error:#}");
    assert!(error.contains(&id[..12]) && error.contains("Malenia") && error.contains("timing fast"), "{error}");
}

#[tokio::test]
async fn a_vod_that_cannot_be_done_does_not_keep_the_others_from_it() {
    let stage = Stage::set(MODELS).await;
    let vod: VodKey = "file/chat-only".parse().expect("a VOD");
    let run = stage.store.begin(key("ingest", json!({"vod": vod}))).expect("a run").commit().await.expect("a commit");
    stage.store.add_generation(&vod, &run, "2026-01-01T00:00:00Z").await.expect("a generation");
    let error = stage.transcribe(&["--all"]).await.expect_err("one is left out");
    assert!(error.to_string().starts_with("file/chat-only was left out"), "{error:#}");
    assert_eq!(stage.only().await.manifest.key.params["vod"], "file/demo-1");
    let error = stage.transcribe(&["--vod", "chat-only", "--vod", "demo-1"]).await.expect_err("it was asked for");
    assert!(error.to_string().contains("without media"), "{error:#}");
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
