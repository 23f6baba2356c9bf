//! Sets the stage for the job: a store with a VOD that was ingested and transcribed.

use std::collections::BTreeMap;
use std::path::Path;

use align::args::Args;
use anyhow::Context;
use bytes::Bytes;
use clap::Parser;
use ids::{Digest, VodKey};
use job::{Exit, HasFlags, Job};
use manifest::RunKey;
use schemas::{ChatMessage, Vod, Word};
use serde_json::json;
use store::{Run, Store};
use testkit::TempStore;

/// A store with one VOD in it.
pub struct Stage {
    folder: TempStore,
    /// The store.
    pub store: Store,
    /// The VOD.
    pub vod: VodKey,
}

impl Stage {
    /// Commits what `ingest` and `transcribe` would have.
    pub async fn set(vod: &str, audio: &Path, duration_ms: i64, words: &[Word], chat: &[ChatMessage]) -> Self {
        let folder = TempStore::new();
        let store = Store::open(&folder.url()).await.expect("a store");
        let vod: VodKey = vod.parse().expect("a VOD");
        fill(&store, &vod, audio, duration_ms, (words, chat)).await.expect("both runs");
        Self { folder, store, vod }
    }

    /// Runs the command with these arguments.
    pub async fn align(&self, arguments: &[&str]) -> anyhow::Result<Exit> {
        let url = self.folder.url();
        let all = ["align"].iter().chain(arguments).copied().chain(["--store", &url, "--progress", "never"]);
        let args = Args::try_parse_from(all)?;
        let flags = args.flags().clone();
        align::command(args, Job::new("align", "0.0.0", flags)).await
    }

    /// The one align run that made turns.
    pub async fn aligned(&self) -> Run {
        let runs = self.store.runs("align").await.expect("runs");
        let mut made: Vec<_> =
            runs.into_iter().filter(|run| run.manifest.tables.contains_key("aligned_turn")).collect();
        assert_eq!(made.len(), 1);
        made.remove(0)
    }
}

/// Commits what `ingest` and `transcribe` would have to a store.
pub async fn fill(
    store: &Store,
    vod: &VodKey,
    audio: &Path,
    duration_ms: i64,
    (words, chat): (&[Word], &[ChatMessage]),
) -> anyhow::Result<()> {
    let ingest = ingest(store, vod, audio, duration_ms, chat).await?;
    store.add_generation(vod, &ingest, "2026-01-01T00:00:00Z").await?;
    transcribe(store, vod, &ingest, words).await?;
    Ok(())
}

fn key(job: &str, params: serde_json::Value, inputs: &[(&str, Digest)]) -> RunKey {
    let inputs: BTreeMap<String, Digest> = inputs.iter().map(|(role, digest)| ((*role).to_owned(), *digest)).collect();
    RunKey { job: job.to_owned(), logic_version: 1, params, inputs, models: BTreeMap::new() }
}

async fn ingest(
    store: &Store,
    vod: &VodKey,
    audio: &Path,
    duration_ms: i64,
    chat: &[ChatMessage],
) -> anyhow::Result<Run> {
    let given = Digest::of(vod.to_string().as_bytes());
    let mut run = store.begin(key("ingest", json!({"vod": vod}), &[("media", given)]))?;
    let audio = run.blob_file("audio", audio, "audio/flac").await?;
    let chat_digest = run.blob("chat", Bytes::from_static(b"[]"), "application/json").await?;
    run.table(&[Vod {
        platform: vod.platform,
        vod_id: vod.id.clone(),
        source: "file:made-up.mkv".to_owned(),
        title: None,
        channel: None,
        started_at: None,
        duration_ms,
        media_digest: Some(given),
        audio_digest: Some(audio),
        chat_digest: Some(chat_digest),
        chat_format: None,
        messages: chat.len() as i64,
    }])
    .await?;
    run.table(chat).await?;
    run.commit().await.context("ingest")
}

async fn transcribe(store: &Store, vod: &VodKey, ingest: &Run, words: &[Word]) -> anyhow::Result<Run> {
    let params = json!({"vod": vod, "language": "en", "model": "tiny.en", "vad": "silero-v6.2.0"});
    let mut run = store.begin(key("transcribe", params, &[("ingest", ingest.digest)]))?;
    run.table(words).await?;
    run.commit().await.context("transcribe")
}
