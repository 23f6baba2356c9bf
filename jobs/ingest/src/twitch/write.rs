//! Writes the run of a fetched broadcast: its documents, its segments, its sound, its rows.

use bytes::Bytes;
use job::Job;
use schemas::Segment;
use store::RunWriter;

use super::segments::Piece;
use super::take::{TakenBroadcast, TakenMedia};
use super::video::Video;
use super::{sound, spans};
use crate::chat;
use crate::params::{Broadcast, Remote};
use crate::sound::Original;
use crate::tables::Taken;

/// Media types of the documents of a run.
const JSON: &str = "application/json";
const MP2T: &str = "video/mp2t";
const MP4: &str = "video/mp4";

pub(super) async fn write(
    fetched: TakenBroadcast,
    params: &Remote,
    job: &Job,
    run: &mut RunWriter<'_>,
) -> anyhow::Result<()> {
    let TakenBroadcast { video, media, chat } = fetched;
    let broadcast = &params.broadcast;
    let (chat, export) = chat.map(|chat| ((chat.file, chat.possible_loss_s), chat.export)).unzip();
    run.blob("metadata", manifest::to_canonical_json(&video)?.into(), JSON).await?;
    let mut taken = Taken {
        broadcast,
        video: told(&video),
        export,
        media: Vec::new(),
        segments: Vec::new(),
        spans: Vec::new(),
        duration_ms: None,
        media_digest: None,
        audio_digest: None,
        chat_digest: chat.as_ref().map(|(file, _)| file.digest),
    };
    if let Some(media) = &media {
        let document = run.blob("media", media.document.clone(), JSON).await?;
        run.blob("playlist", Bytes::from(manifest::to_canonical_json(&media.playlist)?), JSON).await?;
        let sound = sound::make(media, broadcast, job).await?;
        let pieces = media.fetched.pieces.iter();
        let original = Original {
            digest: document,
            size: pieces.filter_map(|piece| Some(piece.outcome.as_ref().ok()?.size)).sum(),
            stored: true,
            duration_ms: media.range.1 - media.range.0,
        };
        let (audio, rows) = sound.keep(&broadcast.vod, original, run).await?;
        taken.media_digest = Some(document);
        taken.audio_digest = Some(audio);
        taken.duration_ms = Some(i64::try_from(sound.demuxed.duration_ms)?);
        taken.media = rows;
        taken.segments = keep_segments(run, media, broadcast);
        let gaps = || taken.segments.iter().filter(|row| row.gap.is_some());
        run.fact("rendition", &media.rendition.name)?;
        run.fact("gaps", gaps().count())?;
        run.fact("gap_ms", gaps().map(|row| row.duration_ms).sum::<i64>())?;
        run.fact("muted_segments", taken.segments.iter().filter(|row| row.variant == "muted").count())?;
    }
    run.count("segments", taken.segments.len());
    if let Some((file, possible_loss_s)) = &chat {
        file.keep("chat", JSON, run).await?;
        run.fact("possible_loss_s", possible_loss_s)?;
    }
    let length_ms = taken.duration_ms.or(taken.video.length_ms).unwrap_or(0);
    taken.spans = spans::of(&video, &taken.segments, broadcast, length_ms);
    taken.write(run).await
}

/// What the platform says, in the words of an export.
fn told(video: &Video) -> chat::Video {
    chat::Video {
        title: video.title.clone(),
        channel: video.channel.clone(),
        started_at: video.created_at.clone(),
        length_ms: Some(video.length_seconds.max(0).saturating_mul(1000)),
    }
}

/// Names the blobs of the segments as this run's; their rows.
fn keep_segments(run: &mut RunWriter<'_>, media: &TakenMedia, broadcast: &Broadcast) -> Vec<Segment> {
    let media_type = if media.fetched.init.is_some() { MP4 } else { MP2T };
    if let Some(init) = media.fetched.init {
        run.blob_kept("segment/init", init, media_type);
    }
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let row = |Piece { entry, outcome }: &Piece| {
        let blob = outcome.as_ref().ok().copied();
        if let Some(blob) = blob {
            run.blob_kept(&format!("segment/{:05}", entry.index), blob, media_type);
        }
        Segment {
            platform: broadcast.vod.platform,
            vod_id: broadcast.vod.id.clone(),
            ordinal: signed(entry.index),
            start_ms: signed(entry.start_ms) - broadcast.start_ms(),
            duration_ms: signed(entry.duration_ms),
            name: entry.name.clone(),
            variant: entry.variant.name().to_owned(),
            discontinuity: entry.discontinuity,
            program_date_time: entry.program_date_time.clone(),
            digest: blob.map(|blob| blob.digest),
            size: blob.map_or(0, |blob| signed(blob.size)),
            gap: outcome.as_ref().err().map(|gap| gap.name().to_owned()),
        }
    };
    media.fetched.pieces.iter().map(row).collect()
}
