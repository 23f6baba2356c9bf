//! The QA page: a person hears some pieces of a broadcast, sees the chat that was tied to them, and judges.

pub mod clips;
pub mod page;
pub mod plot;
pub mod wave;

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use job::{Job, Output, Scratch};
use media::Ffmpeg;
use serde_json::json;
use store::Store;

use crate::args::{Qa, Transcript};
use crate::inputs::Inputs;
use clips::Clip;
use page::Page;
use wave::Sound;

/// Runs `align qa`.
pub(crate) async fn command(qa: &Qa, wanted: &Transcript, job: &Job) -> anyhow::Result<()> {
    let store = job.store_to_read().await?;
    // A page takes a while, and a name that cannot be written to is known before.
    let mut file = Output::create(&qa.output)?;
    let inputs = Inputs::of(job, store, &qa.vod, wanted).await?;
    let html = page(&inputs, job, store).await?;
    let output = qa.output.display().to_string();
    file.write_all(html.as_bytes()).with_context(|| format!("{output} cannot be written"))?;
    file.finish()?;
    let value = json!({"vod": inputs.vod, "output": output, "size": html.len()});
    let size = html.len().div_ceil(1_000);
    job.print(&format!("align {}: wrote {output} ({size} kB); open it in a browser", inputs.vod), &value)
}

/// The page of a VOD that was aligned. The same store gives the same page.
///
/// # Errors
/// When the VOD was not aligned, or its audio cannot be read.
pub async fn page(inputs: &Inputs, job: &Job, store: &Store) -> anyhow::Result<String> {
    let run = inputs.aligned(store).await?;
    let rows = inputs.rows(store).await?;
    let stretches = inputs.pieces(job, &rows)?;
    let audio = Scratch::new("audio.flac")?;
    store.blob_to_file(&inputs.audio()?, audio.path()).await?;
    let ffmpeg = Ffmpeg::find()?;
    let clips = clips::choose(&rows, &stretches, inputs.seed("qa"));
    let progress = job.progress(&format!("qa {}", inputs.vod), clips.len() as u64);
    let mut heard = Vec::new();
    for clip in clips {
        let sound = sound(&ffmpeg, audio.path(), &clip)?;
        heard.push((clip, sound));
        progress.set(heard.len() as u64);
    }
    let run_id = run.id().to_string();
    Ok(Page { vod: &inputs.vod, run_id: &run_id, stretches: &stretches, rows: &rows, clips: &heard }.render())
}

fn sound(ffmpeg: &Ffmpeg, audio: &Path, clip: &Clip) -> anyhow::Result<Sound> {
    let at = |ms: i64| u64::try_from(ms).unwrap_or(0);
    let (from, to) = (at(clip.from_ms), at(clip.to_ms));
    let loudness = wave::loudness(&ffmpeg.decode(audio, Some((from, to)))?);
    Ok(Sound { flac: ffmpeg.excerpt(audio, from, to)?, loudness })
}
