//! The sound of a broadcast out of its segments.

use std::fs::File;
use std::io::Write;

use anyhow::Context;
use job::Job;
use media::{Demuxed, Ffmpeg, Probe};
use store::{BlobInfo, Store};

use super::segments::Piece;
use crate::NAME;
use crate::params::Remote;
use crate::scratch::Scratch;

/// What the sound is made of.
pub(super) struct Parts<'a> {
    /// What every file needs before its first segment.
    pub(super) init: Option<BlobInfo>,
    pub(super) pieces: &'a [Piece],
    /// What of the broadcast it has to be, ms.
    pub(super) range: (u64, u64),
}

/// Writes the sound to a file that is gone when it is dropped.
pub(super) async fn make(parts: Parts<'_>, params: &Remote, job: &Job) -> anyhow::Result<(Scratch, Demuxed, Probe)> {
    let stretches = stretches(job.store().await?, &parts).await?;
    let (from, to) = parts.range;
    let progress = job.progress(&format!("{NAME} {} audio", params.vod), to - from);
    tokio::task::spawn_blocking(move || {
        let ffmpeg = Ffmpeg::find()?;
        let (first, start) = stretches.first().context("nothing of the media could be fetched")?;
        let probe = ffmpeg.probe(first.path())?;
        if probe.audio.is_none() {
            return Err(media::MediaError::NoAudio { path: first.path().to_owned() }.into());
        }
        let output = Scratch::new("audio.flac")?;
        let mut report = |done| progress.set(done);
        let demuxed = match stretches.as_slice() {
            [(only, _)] if *start <= from => {
                ffmpeg.demux_flac(only.path(), output.path(), Some((from - start, to - start)), &mut report)?
            }
            _ => {
                let places: Vec<_> = stretches.iter().map(|(file, start)| (file.path().to_owned(), *start)).collect();
                ffmpeg.join_flac(&places, output.path(), (from, to), &mut report)?
            }
        };
        if demuxed.complaints > 0 {
            tracing::warn!(complaints = demuxed.complaints, "ffmpeg found damage and went on");
        }
        anyhow::Ok((output, demuxed, probe))
    })
    .await?
}

/// Files of segments that follow each other without a gap and on one clock, each with the millisecond it begins at.
async fn stretches(store: &Store, parts: &Parts<'_>) -> anyhow::Result<Vec<(Scratch, u64)>> {
    let mut found: Vec<(Scratch, u64)> = Vec::new();
    let mut open: Option<File> = None;
    for Piece { entry, outcome } in parts.pieces {
        let Ok(blob) = outcome else {
            open = None;
            continue;
        };
        let mut file = match open.take().filter(|_| !entry.discontinuity) {
            Some(file) => file,
            None => {
                let scratch = Scratch::new("stretch")?;
                let mut file = File::create(scratch.path()).context("the temporary folder cannot be written")?;
                if let Some(init) = parts.init {
                    file.write_all(&store.blob(&init.digest).await?)?;
                }
                found.push((scratch, entry.start_ms));
                file
            }
        };
        file.write_all(&store.blob(&blob.digest).await?).context("the temporary folder is full; set TMPDIR")?;
        open = Some(file);
    }
    Ok(found)
}
