//! Takes in one broadcast of Twitch: asks what there is, fetches what the store has not, and commits it as one run.

use std::collections::BTreeMap;

use anyhow::Context;
use bytes::Bytes;
use ids::Digest;
use job::{Done, Job, Question};
use manifest::VodGeneration;
use media::{Demuxed, Probe, SAMPLE_RATE};
use schemas::{ChatMessage, Media, Problem, Segment, Vod};
use serde_json::{Value, json};
use store::{BlobInfo, Run, RunWriter, Store};

use super::comments::{self, Chat};
use super::gql::Gql;
use super::playlist::{Entry, Playlist};
use super::segments::{self, Fetched, Options, Piece};
use super::stage::Stage;
use super::usher::{self, Rendition};
use super::video::{self, Video};
use super::{TwitchError, sound, spans};
use crate::chat::{self, Export};
use crate::net::{Hosts, Net};
use crate::params::{Chat as ChatFrom, Remote};
use crate::scratch::Scratch;
use crate::tables::ChatTables;
use crate::{LOGIC_VERSION, NAME};

/// Media types of the documents of a run.
const JSON: &str = "application/json";
const MP2T: &str = "video/mp2t";
const MP4: &str = "video/mp4";

/// Takes in the broadcast that `params` name, unless it is as the newest generation has it.
///
/// # Errors
/// When Twitch does not give it, or the store fails. What was fetched until then is kept for the next attempt.
pub(crate) async fn run(params: &Remote, job: &Job) -> anyhow::Result<Done> {
    let net = Hosts::twitch().and_then(|hosts| Net::new(hosts, params.patience));
    let net = net.map_err(|error| TwitchError::from(error).classified())?;
    let gql = Gql::new(net.clone(), params.token.clone(), params.retries).map_err(TwitchError::classified)?;
    let offer = offer(&net, &gql, params).await.map_err(TwitchError::classified)?;
    // Opened, and made where there is none, only when there is something to take in.
    let store = job.store().await?;
    let newest = store.vod(&params.vod).await?;
    let newest = match newest {
        Some(generation) => Some((store.run(NAME, &generation.run_id).await?, generation)),
        None => None,
    };
    if let Some((run, _)) = &newest
        && !params.refresh
        && same(run, &offer, &gql, params, store).await?
    {
        return Ok(Done { run: run.clone(), worked: false });
    }
    let taken = fetch(&net, &gql, offer, newest.as_ref(), params, job).await?;
    let question = question(params, &taken)?;
    let done = job.run_once(question, async |run: &mut RunWriter<'_>| commit(taken, params, job, run).await).await?;
    store.add_generation(&params.vod, &done.run, &job.now()).await?;
    Ok(done)
}

/// What Twitch has of the broadcast now.
struct Offer {
    video: Video,
    media: Option<(Rendition, url::Url, Playlist)>,
}

async fn offer(net: &Net, gql: &Gql, params: &Remote) -> Result<Offer, TwitchError> {
    let id = &params.vod.id;
    let video = video::fetch(gql, id).await?;
    let media = match params.media {
        false => None,
        true => {
            let rendition = usher::rendition(net, gql, id, &params.quality, params.retries).await?;
            let (base, playlist) = usher::segments(net, id, &rendition, params.retries).await?;
            Some((rendition, base, playlist))
        }
    };
    let over = media.as_ref().is_none_or(|(.., playlist)| playlist.ended);
    if !params.allow_growing && (!over || video.status.as_deref() == Some("RECORDING")) {
        return Err(TwitchError::Growing { id: id.to_string() });
    }
    Ok(Offer { video, media })
}

impl Offer {
    /// Digests of what is offered, as a committed run names them.
    fn digests(&self) -> anyhow::Result<BTreeMap<&'static str, Digest>> {
        let mut digests = BTreeMap::from([("metadata", Digest::of(&manifest::to_canonical_json(&self.video)?))]);
        if let Some((_, _, playlist)) = &self.media {
            digests.insert("playlist", Digest::of(&manifest::to_canonical_json(playlist)?));
        }
        Ok(digests)
    }

    /// Length of the broadcast, s: the longer of what is said and what the playlist has.
    fn length_s(&self) -> i64 {
        let media = self.media.as_ref().map_or(0, |(.., playlist)| playlist.duration_ms().div_ceil(1000));
        self.video.length_seconds.max(i64::try_from(media).unwrap_or(0))
    }
}

/// Whether a new run would find what `run` has: the same facts and playlist, and the same end of the chat.
async fn same(run: &Run, offer: &Offer, gql: &Gql, params: &Remote, store: &Store) -> anyhow::Result<bool> {
    let key = &run.manifest.key;
    let offered = offer.digests()?;
    let unchanged = offered.iter().all(|(role, digest)| key.inputs.get(*role) == Some(digest));
    if key.logic_version != LOGIC_VERSION || key.params != asked(params) || !unchanged {
        return Ok(false);
    }
    match &params.chat {
        ChatFrom::Nowhere => Ok(true),
        ChatFrom::File(path) => {
            let (digest, _) = Digest::of_reader(std::fs::File::open(path).with_context(|| unreadable(path))?)?;
            Ok(key.inputs.get("chat") == Some(&digest))
        }
        // A cut has no end of its own to look at; it is as old as the broadcast's facts.
        ChatFrom::Twitch if params.range.is_some() => Ok(true),
        ChatFrom::Twitch => {
            let Some(blob) = run.manifest.blobs.get("chat") else { return Ok(false) };
            let document: Value = serde_json::from_slice(&store.blob(&blob.digest).await?)?;
            let nodes = document.get("comments").and_then(Value::as_array).cloned().unwrap_or_default();
            let unchanged = comments::unchanged(gql, &params.vod.id, nodes, params.retries).await;
            unchanged.map_err(TwitchError::classified)
        }
    }
}

fn unreadable(path: &std::path::Path) -> String {
    format!("the chat {} cannot be read; check the path", path.display())
}

/// All that a run is made of.
struct Taken {
    video: Video,
    media: Option<TakenMedia>,
    chat: Option<TakenChat>,
    playlist: Option<Digest>,
}

struct TakenMedia {
    rendition: Rendition,
    playlist: Playlist,
    fetched: Fetched,
    /// What is taken of the broadcast, ms.
    range: (u64, u64),
    /// The list of its segments, as a document.
    document: Bytes,
}

struct TakenChat {
    file: ChatFile,
    digest: Digest,
    possible_loss_s: Vec<i64>,
}

enum ChatFile {
    Fetched(Scratch),
    Given(std::path::PathBuf),
}

impl ChatFile {
    fn path(&self) -> &std::path::Path {
        match self {
            Self::Fetched(scratch) => scratch.path(),
            Self::Given(path) => path,
        }
    }
}

async fn fetch(
    net: &Net,
    gql: &Gql,
    offer: Offer,
    newest: Option<&(Run, VodGeneration)>,
    params: &Remote,
    job: &Job,
) -> anyhow::Result<Taken> {
    let store = job.store().await?;
    let generation = newest.map_or(0, |(_, generation)| generation.generation) + 1;
    let length_s = offer.length_s();
    let playlist = offer.digests()?.get("playlist").copied();
    // The chat first: it is small, and may be gone first.
    let chat = match &params.chat {
        ChatFrom::Nowhere => None,
        ChatFrom::File(path) => {
            let (digest, _) = Digest::of_reader(std::fs::File::open(path).with_context(|| unreadable(path))?)?;
            Some(TakenChat { file: ChatFile::Given(path.clone()), digest, possible_loss_s: Vec::new() })
        }
        ChatFrom::Twitch => Some(fetch_chat(gql, &offer.video, length_s, generation, params, job).await?),
    };
    let media = match offer.media {
        None => None,
        Some((rendition, base, playlist)) => {
            let known = match newest {
                Some((run, _)) if !params.refresh => known(store, run, &rendition).await?,
                _ => BTreeMap::new(),
            };
            Some(fetch_media(net, (rendition, base, playlist), &known, generation, params, job).await?)
        }
    };
    Ok(Taken { video: offer.video, media, chat, playlist })
}

/// Digests of the segments of a run by name, if they are of the same rendition.
async fn known(store: &Store, run: &Run, rendition: &Rendition) -> anyhow::Result<BTreeMap<String, Digest>> {
    if run.manifest.facts.get("rendition").and_then(Value::as_str) != Some(rendition.name.as_str()) {
        return Ok(BTreeMap::new());
    }
    let rows = store.rows::<Segment>(run).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.name, row.digest?))).collect())
}

async fn fetch_chat(
    gql: &Gql,
    video: &Video,
    length_s: i64,
    generation: u64,
    params: &Remote,
    job: &Job,
) -> anyhow::Result<TakenChat> {
    // A cut needs the messages of its last, unfinished second too; the exact cut is made by milliseconds later.
    let seconds = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX) / 1000;
    let span = params.range.map_or((0, None), |(from, to)| {
        (seconds(from), Some(seconds(to).saturating_add(1)).filter(|to| *to < length_s))
    });
    let key = json!({ "stage": "chat", "vod": params.vod, "generation": generation, "from_s": span.0, "to_s": span.1 });
    let stage = Stage::open(job.store().await?, key).await?;
    let progress = job.progress(&format!("{NAME} {} chat", params.vod), comments::ranges(span, length_s));
    let options = (params.connections, params.retries, length_s, &progress);
    let Chat { nodes, possible_loss_s } = comments::fetch(gql, &params.vod.id, span, &stage, options).await?;
    let document = json!({ "video": export_video(video), "comments": nodes });
    let file = Scratch::new("chat.json")?;
    let bytes = manifest::to_canonical_json(&document)?;
    std::fs::write(file.path(), &bytes).context("the fetched chat cannot be written to the temporary folder")?;
    Ok(TakenChat {
        file: ChatFile::Fetched(file),
        digest: Digest::of(&bytes),
        possible_loss_s: possible_loss_s.into_iter().collect(),
    })
}

/// The video as the API's own object has it, for whoever reads the chat document elsewhere.
fn export_video(video: &Video) -> Value {
    json!({
        "id": video.id,
        "title": video.title,
        "createdAt": video.created_at,
        "lengthSeconds": video.length_seconds,
        "owner": { "id": video.channel_id, "login": video.channel, "displayName": video.channel_name },
    })
}

async fn fetch_media(
    net: &Net,
    (rendition, base, playlist): (Rendition, url::Url, Playlist),
    known: &BTreeMap<String, Digest>,
    generation: u64,
    params: &Remote,
    job: &Job,
) -> anyhow::Result<TakenMedia> {
    let (from, to) = params.range.unwrap_or((0, u64::MAX));
    let range = (from, to.min(playlist.duration_ms()));
    let inside = |entry: &&Entry| entry.start_ms < range.1 && entry.end_ms() > range.0;
    let entries: Vec<_> = playlist.entries.iter().filter(inside).cloned().collect();
    if entries.is_empty() {
        anyhow::bail!("--from and --to leave nothing of {}: it has {} ms", params.vod, playlist.duration_ms());
    }
    let digest = Digest::of(&manifest::to_canonical_json(&playlist)?);
    let generation = params.refresh.then_some(generation);
    let key = json!({
        "stage": "media", "vod": params.vod, "rendition": rendition.name, "playlist": digest, "refresh": generation,
    });
    let stage = Stage::open(job.store().await?, key).await?;
    let progress = job.progress(&format!("{NAME} {} media", params.vod), entries.len() as u64);
    let options = Options {
        connections: params.connections,
        retries: params.retries,
        max_gaps: params.max_gaps,
        bandwidth: rendition.bandwidth,
    };
    let id = &params.vod.id;
    let fetched = segments::fetch(net, (&base, &playlist), &entries, (&stage, known), (id, options, &progress)).await?;
    let document = document(&fetched, range)?;
    Ok(TakenMedia { rendition, playlist, fetched, range, document })
}

/// The list of what was fetched: what "the media" of the broadcast is, by digest.
fn document(fetched: &Fetched, (from, to): (u64, u64)) -> anyhow::Result<Bytes> {
    let segments: Vec<_> = fetched
        .pieces
        .iter()
        .map(|Piece { entry, outcome }| {
            let blob = outcome.as_ref().ok();
            json!({
                "name": entry.name,
                "start_ms": entry.start_ms,
                "duration_ms": entry.duration_ms,
                "discontinuity": entry.discontinuity,
                "digest": blob.map(|blob| blob.digest),
                "size": blob.map(|blob| blob.size),
                "gap": outcome.as_ref().err().map(|gap| gap.name()),
            })
        })
        .collect();
    let init = fetched.init.map(|blob| json!({ "digest": blob.digest, "size": blob.size }));
    let document = json!({ "from_ms": from, "to_ms": to, "init": init, "segments": segments });
    Ok(manifest::to_canonical_json(&document)?.into())
}

fn asked(params: &Remote) -> Value {
    let range = params.range.map(|(from_ms, to_ms)| json!({ "from_ms": from_ms, "to_ms": to_ms }));
    json!({
        "vod": params.vod,
        "source": params.source(),
        "quality": params.quality,
        "media": params.media,
        "chat": params.chat.name(),
        "range": range,
        "started_at": params.started_at,
        "title": params.title,
    })
}

fn question(params: &Remote, taken: &Taken) -> anyhow::Result<Question> {
    let mut inputs = BTreeMap::new();
    inputs.insert("metadata".to_owned(), Digest::of(&manifest::to_canonical_json(&taken.video)?));
    inputs.extend(taken.playlist.map(|digest| ("playlist".to_owned(), digest)));
    inputs.extend(taken.media.as_ref().map(|media| ("media".to_owned(), Digest::of(&media.document))));
    inputs.extend(taken.chat.as_ref().map(|chat| ("chat".to_owned(), chat.digest)));
    Ok(Question { logic_version: LOGIC_VERSION, params: asked(params), inputs, models: BTreeMap::new() })
}

/// Makes the sound and writes the run.
async fn commit(taken: Taken, params: &Remote, job: &Job, run: &mut RunWriter<'_>) -> anyhow::Result<()> {
    let Taken { video, media, chat, .. } = taken;
    let export = chat.as_ref().map(|chat| read_chat(chat, params)).transpose()?;
    run.blob("metadata", manifest::to_canonical_json(&video)?.into(), JSON).await?;
    let (mut rows, mut segment_rows) = (Vec::new(), Vec::new());
    let (mut media_digest, mut audio_digest, mut duration_ms) = (None, None, None);
    if let Some(media) = &media {
        media_digest = Some(run.blob("media", media.document.clone(), JSON).await?);
        run.blob("playlist", manifest::to_canonical_json(&media.playlist)?.into(), JSON).await?;
        segment_rows = keep_segments(run, media, params);
        let gaps = || segment_rows.iter().filter(|row: &&Segment| row.gap.is_some());
        let (file, demuxed, probe) = sound::make(media_parts(media), params, job).await?;
        let audio = run.blob_file("audio", file.path(), "audio/flac").await?;
        audio_digest = Some(audio);
        duration_ms = Some(demuxed.duration_ms);
        let size = std::fs::metadata(file.path()).context("the demuxed sound cannot be read back")?.len();
        rows = media_rows(media, (audio, size), &demuxed, &probe, params)?;
        run.fact("rendition", &media.rendition.name)?;
        run.fact("gaps", gaps().count())?;
        run.fact("gap_ms", gaps().map(|row| row.duration_ms).sum::<i64>())?;
        run.fact("muted_segments", segment_rows.iter().filter(|row: &&Segment| row.variant == "muted").count())?;
    }
    if let Some(chat) = &chat {
        run.blob_file("chat", chat.file.path(), JSON).await?;
        run.fact("possible_loss_s", &chat.possible_loss_s)?;
    }
    let vod = vod_row(params, &video, export.as_ref(), (media_digest, audio_digest, duration_ms), chat.as_ref())?;
    run.fact("vod", &params.vod)?;
    run.fact("title", &vod.title)?;
    run.fact("started_at", &vod.started_at)?;
    run.fact("duration_ms", vod.duration_ms)?;
    run.count("messages", usize::try_from(vod.messages)?);
    run.count("segments", segment_rows.len());
    run.table(&spans::of(&video, &segment_rows, params, vod.duration_ms)).await?;
    run.table::<Vod>(&[vod]).await?;
    run.table::<Media>(&rows).await?;
    run.table::<Segment>(&segment_rows).await?;
    match export {
        Some(export) => ChatTables::write(export, params.started_at.as_deref(), params.range)?.commit(run).await,
        None => {
            run.count("rows", 0);
            run.count("problems", 0);
            run.table::<ChatMessage>(&[]).await?;
            Ok(run.table::<Problem>(&[]).await?)
        }
    }
}

fn read_chat(chat: &TakenChat, params: &Remote) -> anyhow::Result<Export> {
    let export = chat::read_file(chat.file.path(), &params.vod)?;
    if export.digest != chat.digest {
        anyhow::bail!("the chat {} changed while it was read; run the command again", chat.file.path().display());
    }
    Ok(export)
}

fn media_parts(media: &TakenMedia) -> sound::Parts<'_> {
    sound::Parts { init: media.fetched.init, pieces: &media.fetched.pieces, range: media.range }
}

/// Names the blobs of the segments as this run's, and their rows.
fn keep_segments(run: &mut RunWriter<'_>, media: &TakenMedia, params: &Remote) -> Vec<Segment> {
    let media_type = if media.fetched.init.is_some() { MP4 } else { MP2T };
    if let Some(init) = media.fetched.init {
        run.blob_kept("segment/init", init, media_type);
    }
    let from = params.range.map_or(0, |(from, _)| from);
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let row = |Piece { entry, outcome }: &Piece| {
        let blob: Option<BlobInfo> = outcome.as_ref().ok().copied();
        if let Some(blob) = blob {
            run.blob_kept(&format!("segment/{:05}", entry.index), blob, media_type);
        }
        Segment {
            platform: params.vod.platform,
            vod_id: params.vod.id.clone(),
            ordinal: signed(entry.index),
            start_ms: signed(entry.start_ms) - signed(from),
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

fn media_rows(
    media: &TakenMedia,
    (audio, size): (Digest, u64),
    demuxed: &Demuxed,
    probe: &Probe,
    params: &Remote,
) -> anyhow::Result<Vec<Media>> {
    let stream = probe.audio.as_ref().context("the media lost its audio stream")?;
    let bytes: u64 = media.fetched.pieces.iter().filter_map(|piece| Some(piece.outcome.as_ref().ok()?.size)).sum();
    let made = Media {
        platform: params.vod.platform,
        vod_id: params.vod.id.clone(),
        role: "audio".to_owned(),
        digest: audio,
        size: i64::try_from(size)?,
        stored: true,
        container: "flac".to_owned(),
        codec: "flac".to_owned(),
        sample_rate: i64::from(SAMPLE_RATE),
        channels: 1,
        duration_ms: i64::try_from(demuxed.duration_ms)?,
    };
    let source = Media {
        role: "source".to_owned(),
        digest: Digest::of(&media.document),
        size: i64::try_from(bytes)?,
        container: probe.container.clone(),
        codec: stream.codec.clone(),
        sample_rate: i64::from(stream.sample_rate),
        channels: i64::from(stream.channels),
        duration_ms: i64::try_from(media.range.1 - media.range.0)?,
        ..made.clone()
    };
    Ok(vec![source, made])
}

fn vod_row(
    params: &Remote,
    video: &Video,
    export: Option<&Export>,
    (media_digest, audio_digest, duration_ms): (Option<Digest>, Option<Digest>, Option<u64>),
    chat: Option<&TakenChat>,
) -> anyhow::Result<Vod> {
    let shift = i64::try_from(params.range.map_or(0, |(from, _)| from))?;
    let started_at = params.started_at.clone().or_else(|| video.created_at.clone());
    Ok(Vod {
        platform: params.vod.platform,
        vod_id: params.vod.id.clone(),
        source: params.source(),
        title: params.title.clone().or_else(|| video.title.clone()),
        channel: video.channel.clone(),
        started_at: started_at.and_then(|time| chat::to_utc(&time, shift)),
        duration_ms: match duration_ms {
            Some(duration_ms) => i64::try_from(duration_ms)?,
            None => video.length_seconds.max(0).saturating_mul(1000),
        },
        media_digest,
        audio_digest,
        chat_digest: chat.map(|chat| chat.digest),
        chat_format: export.map(|export| export.format.clone()),
        messages: i64::try_from(export.map_or(0, |export| export.messages))?,
    })
}
