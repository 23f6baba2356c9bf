//! Writes what the store keeps of a VOD's sound and pictures to a file: the sound all jobs use, or the media as it was
//! fetched.

use std::io::{BufWriter, IntoInnerError};
use std::path::Path;

use anyhow::{Context, bail};
use job::{Job, Output};
use serde_json::json;
use store::{Run, Store};

use crate::{NAME, lookup, report};

/// Writes the sound of a VOD to a file.
pub(crate) async fn audio(name: &str, generation: Option<u64>, output: &Path, job: &Job) -> anyhow::Result<()> {
    let store = job.store_to_read().await?;
    let generation = lookup::generation(store, name, generation).await?;
    let run = report::run_of(store, &generation).await?;
    let blob = run.manifest.blobs.get("audio");
    let blob =
        blob.with_context(|| format!("{} was taken in without media; run ingest without --chat-only", generation.vod))?;
    join(store, &[blob], output).await?;
    let text = format!("{NAME} audio {}: {} bytes to {}", generation.vod, blob.size, output.display());
    job.print(&text, &json!({ "vod": generation.vod, "digest": blob.digest, "size": blob.size, "file": output }))
}

/// Writes the media of a VOD to a file as it was fetched.
pub(crate) async fn media(name: &str, generation: Option<u64>, output: &Path, job: &Job) -> anyhow::Result<()> {
    let store = job.store_to_read().await?;
    let generation = lookup::generation(store, name, generation).await?;
    let run = report::run_of(store, &generation).await?;
    let blobs = parts(&run);
    if blobs.is_empty() {
        bail!(
            "the store has no media of {}; run ingest with --keep-media, for Twitch without --chat-only",
            generation.vod
        );
    }
    join(store, &blobs, output).await?;
    let (count, size) = (blobs.len(), blobs.iter().map(|blob| blob.size).sum::<u64>());
    let text = format!("{NAME} media {}: {size} bytes in {count} pieces to {}", generation.vod, output.display());
    let media_type = &blobs.first().context("there are pieces")?.media_type;
    let value =
        json!({ "vod": generation.vod, "pieces": count, "size": size, "media_type": media_type, "file": output });
    job.print(&text, &value)
}

/// The blobs that the media is made of, in order: the file, or what all segments begin with and the segments.
fn parts(run: &Run) -> Vec<&manifest::Output> {
    let blobs = &run.manifest.blobs;
    if let Some(whole) = blobs.get("media").filter(|_| !blobs.contains_key("playlist")) {
        return vec![whole];
    }
    let segments = blobs.iter().filter(|(role, _)| role.starts_with("segment/") && *role != "segment/init");
    blobs.get("segment/init").into_iter().chain(segments.map(|(_, blob)| blob)).collect()
}

async fn join(store: &Store, blobs: &[&manifest::Output], output: &Path) -> anyhow::Result<()> {
    let mut file = BufWriter::new(Output::create(output)?);
    for blob in blobs {
        store.copy_blob(&blob.digest, &mut file, output).await?;
    }
    let unwritable = || format!("{} cannot be written", output.display());
    file.into_inner().map_err(IntoInnerError::into_error).with_context(unwritable)?.finish()
}
