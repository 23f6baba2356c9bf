//! The sound of a broadcast out of its segments.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use job::Job;
use media::Ffmpeg;
use store::Store;

use super::segments::{Fetched, Piece};
use super::take::TakenMedia;
use crate::NAME;
use crate::params::Broadcast;
use crate::sound::Sound;
use job::Scratch;

/// The sound of what was fetched, as long as what is taken of the broadcast: what is missing is silence.
pub(super) async fn make(media: &TakenMedia, broadcast: &Broadcast, job: &Job) -> anyhow::Result<Sound> {
    let stretches = stretches(job.store().await?, &media.fetched).await?;
    let (from, to) = media.range;
    let is_part = broadcast.range.is_some();
    let progress = job.progress(&format!("{NAME} {} audio", broadcast.vod), to - from);
    let name = PathBuf::from(broadcast.vod.to_string());
    tokio::task::spawn_blocking(move || {
        let ffmpeg = Ffmpeg::find()?;
        let (first, start) = stretches.first().context("nothing of the media could be fetched")?;
        let probe = ffmpeg.probe(first.path())?;
        if probe.audio.is_none() {
            return Err(media::MediaError::NoAudio { path: name }.into());
        }
        let output = Scratch::new("audio.flac")?;
        let mut report = |done| progress.set(done);
        let demuxed = match stretches.as_slice() {
            // The end of a part lies inside of a frame of sound that the next segment may have; it has its length still.
            [(only, _)] if *start <= from && !is_part => {
                ffmpeg.demux_flac(only.path(), output.path(), Some((from - start, to - start)), &mut report)?
            }
            _ => {
                let places: Vec<_> = stretches.iter().map(|(file, start)| (file.path().to_owned(), *start)).collect();
                ffmpeg.join_flac(&places, output.path(), (from, to), &mut report)?
            }
        };
        Sound::new(output, demuxed, probe, &name)
    })
    .await?
}

/// Files of segments that follow each other without a gap and on one clock, each with the millisecond it begins at.
async fn stretches(store: &Store, fetched: &Fetched) -> anyhow::Result<Vec<(Scratch, u64)>> {
    let mut found: Vec<(Scratch, u64)> = Vec::new();
    let mut open: Option<File> = None;
    for Piece { entry, outcome } in &fetched.pieces {
        let Ok(blob) = outcome else {
            open = None;
            continue;
        };
        let mut file = match open.take().filter(|_| !entry.discontinuity) {
            Some(file) => file,
            None => {
                let scratch = Scratch::new("stretch")?;
                let mut file = File::create(scratch.path()).context("the temporary folder cannot be written")?;
                if let Some(init) = fetched.init {
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
