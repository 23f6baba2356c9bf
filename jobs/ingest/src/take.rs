//! Taking in: from a media file and a chat export to one committed run.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ids::Digest;
use job::{Done, Job, Question};
use manifest::RunKey;
use media::{Demuxed, Ffmpeg, Probe, SAMPLE_RATE};
use schemas::{ChatMessage, Media, Problem, Segment, Span, Vod};
use store::{RunWriter, Store};

use crate::chat::{self, Export};
use crate::fetch::{self, Fetched};
use crate::params::Input;
use crate::scratch::Scratch;
use crate::tables::ChatTables;
use crate::{LOGIC_VERSION, NAME, Params};

/// Takes in what `params` name, unless the store has it, and makes it the VOD's newest generation.
///
/// # Errors
/// When an input cannot be read or is not what it has to be, or the store fails. Then nothing is written.
pub async fn run(params: &Params, job: &Job) -> anyhow::Result<Done> {
    let sources = Sources::open(params, job).await?;
    let question = question(params, &sources);
    // Every input is looked at before the store is touched, unless there is nothing to do with it.
    let mut checked = match is_committed(&question, job).await? {
        true => None,
        false => Some(sources.check(params).await?),
    };
    let work = async |run: &mut RunWriter<'_>| {
        let checked = match checked.take() {
            Some(checked) => checked,
            None => sources.check(params).await?,
        };
        work(params, &sources, checked, job, run).await
    };
    let done = job.run_once(question, work).await?;
    job.store().await?.add_generation(&params.vod, &done.run, &job.now()).await?;
    Ok(done)
}

/// A file that is taken in, as it was when its digest was taken.
struct Source {
    path: PathBuf,
    /// How messages call it: its path or its URL.
    name: PathBuf,
    digest: Digest,
    size: u64,
    state: Metadata,
    /// The file itself where it was fetched.
    fetched: Option<Scratch>,
}

impl Source {
    fn open(path: &Path, what: &str) -> anyhow::Result<Self> {
        let unreadable = || format!("the {what} {} cannot be read; check the path", path.display());
        // Asked before it is opened: opening a pipe would wait for somebody to write into it.
        if !std::fs::metadata(path).with_context(unreadable)?.is_file() {
            bail!("the {what} {} is not a regular file; give the path of a file", path.display());
        }
        let file = File::open(path).with_context(unreadable)?;
        let state = file.metadata().with_context(unreadable)?;
        let (digest, size) = Digest::of_reader(file).with_context(unreadable)?;
        Ok(Self { path: path.to_owned(), name: path.to_owned(), digest, size, state, fetched: None })
    }

    async fn fetch(source: &store::Source, most: u64, job: &Job) -> anyhow::Result<Self> {
        let Fetched { file, digest, size } = fetch::fetch(source, most, job).await?;
        let path = file.path().to_owned();
        let state = std::fs::metadata(&path).with_context(|| format!("{} cannot be read back", source.url()))?;
        Ok(Self { path, name: source.url().into(), digest, size, state, fetched: Some(file) })
    }

    async fn of(input: &Input, what: &str, most: u64, job: &Job) -> anyhow::Result<Self> {
        match input {
            Input::File(path) => Self::open(path, what),
            Input::Url(source) => Self::fetch(source, most, job).await,
        }
    }

    /// Refuses a file that was written to since its digest was taken.
    fn unchanged(&self) -> anyhow::Result<()> {
        let now = std::fs::metadata(&self.path).ok();
        let same = |now: &Metadata| now.len() == self.size && now.modified().ok() == self.state.modified().ok();
        if now.as_ref().is_some_and(same) {
            return Ok(());
        }
        bail!("{} changed while it was read; wait until it is complete and run the command again", self.name.display());
    }
}

/// The inputs of one run.
struct Sources {
    media: Option<Source>,
    chat: Option<Source>,
}

impl Sources {
    async fn open(params: &Params, job: &Job) -> anyhow::Result<Self> {
        let mut sources = Self { media: None, chat: None };
        // The chat first: it is small, and its mistakes are the common ones.
        if let Some(chat) = &params.chat {
            sources.chat = Some(Source::of(chat, "chat", fetch::CHAT, job).await?);
        }
        if let Some(media) = &params.media {
            sources.media = Some(Source::of(media, "media file", fetch::MEDIA, job).await?);
        }
        Ok(sources)
    }

    fn digests(&self) -> BTreeMap<String, Digest> {
        let digest = |role: &str, source: &Option<Source>| source.as_ref().map(|it| (role.to_owned(), it.digest));
        [digest("media", &self.media), digest("chat", &self.chat)].into_iter().flatten().collect()
    }

    /// Reads what can be read before anything is written; refuses inputs that no run can be made of.
    async fn check(&self, params: &Params) -> anyhow::Result<Checked> {
        let export = self.chat.as_ref().map(|chat| read_chat(chat, params)).transpose()?;
        let media = match &self.media {
            Some(media) => {
                let probed = probe(&media.path).await;
                Some(match media.fetched {
                    // The path is one of ours, which says nothing to anybody.
                    Some(_) => probed.with_context(|| format!("{} cannot be taken in", media.name.display()))?,
                    None => probed?,
                })
            }
            None => None,
        };
        Ok(Checked { export, media })
    }
}

/// What is known of the inputs before the run.
struct Checked {
    export: Option<Export>,
    media: Option<(Ffmpeg, Probe)>,
}

fn question(params: &Params, sources: &Sources) -> Question {
    let range = params.range.map(|(from_ms, to_ms)| serde_json::json!({ "from_ms": from_ms, "to_ms": to_ms }));
    // ffmpeg's release is no part of the question: its arguments are chosen so that the sound does not depend on it,
    // and a new release must not ask for every recording to be transcribed again.
    Question {
        logic_version: LOGIC_VERSION,
        params: serde_json::json!({
            "vod": params.vod,
            "source": params.source,
            "started_at": params.started_at,
            "title": params.title,
            "range": range,
            "keep_media": params.keep_media,
        }),
        inputs: sources.digests(),
        models: BTreeMap::new(),
    }
}

/// Whether the run is there already; a store that cannot be read yet has none.
async fn is_committed(question: &Question, job: &Job) -> anyhow::Result<bool> {
    let Ok(store) = Store::open_to_read(&job.flags().store) else { return Ok(false) };
    let Question { logic_version, params, inputs, models } = question.clone();
    let key = RunKey { job: job.name().to_owned(), logic_version, params, inputs, models };
    Ok(store.find_run(&key).await?.is_some())
}

fn read_chat(chat: &Source, params: &Params) -> anyhow::Result<Export> {
    let export = match chat.fetched {
        Some(_) => chat::read(File::open(&chat.path)?, &chat.name, &params.vod)?,
        None => chat::read_file(&chat.path, &params.vod)?,
    };
    if export.digest != chat.digest {
        bail!("the chat {} changed while it was read; run the command again", chat.name.display());
    }
    if export.messages == 0 {
        bail!(
            "the chat {} is empty: its list of comments has no element; export it again, or leave it out with --media-only",
            chat.name.display()
        );
    }
    Ok(export)
}

async fn probe(path: &Path) -> anyhow::Result<(Ffmpeg, Probe)> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || {
        let ffmpeg = Ffmpeg::find()?;
        let probe = ffmpeg.probe(&path)?;
        if probe.audio.is_none() {
            return Err(media::MediaError::NoAudio { path }.into());
        }
        Ok((ffmpeg, probe))
    })
    .await?
}

/// Makes the sound and writes the run.
async fn work(
    params: &Params,
    sources: &Sources,
    checked: Checked,
    job: &Job,
    run: &mut RunWriter<'_>,
) -> anyhow::Result<()> {
    let export = checked.export;
    let sound = match (&sources.media, checked.media) {
        (Some(source), Some((ffmpeg, probe))) => Some(demux(source, ffmpeg, probe, params, job).await?),
        _ => None,
    };
    let mut media_rows = Vec::new();
    let mut audio_digest = None;
    if let (Some(source), Some(sound)) = (&sources.media, &sound) {
        let audio = run.blob_file("audio", sound.file.path(), "audio/flac").await?;
        audio_digest = Some(audio);
        media_rows = sound.rows(source, audio, params)?;
        if params.keep_media {
            keep(run, "media", source, "application/octet-stream").await?;
        }
    }
    if let Some(chat) = &sources.chat {
        keep(run, "chat", chat, "application/json").await?;
    }
    let vod = vod_row(params, sources, export.as_ref(), sound.as_ref(), audio_digest)?;
    facts(run, &vod, params)?;
    run.count("messages", usize::try_from(vod.messages)?);
    run.table::<Vod>(&[vod]).await?;
    run.table::<Media>(&media_rows).await?;
    // A file is one piece, of which nothing is known to be special.
    run.table::<Segment>(&[]).await?;
    run.table::<Span>(&[]).await?;
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

/// Keeps a source as it was given.
async fn keep(run: &mut RunWriter<'_>, role: &str, source: &Source, media_type: &str) -> anyhow::Result<()> {
    let digest = run.blob_file(role, &source.path, media_type).await?;
    if digest != source.digest {
        bail!("{} changed while it was read; run the command again", source.name.display());
    }
    Ok(())
}

/// The demuxed sound, in a file that is gone when this is.
struct Sound {
    file: Scratch,
    size: u64,
    probe: Probe,
    demuxed: Demuxed,
}

async fn demux(source: &Source, ffmpeg: Ffmpeg, probe: Probe, params: &Params, job: &Job) -> anyhow::Result<Sound> {
    let (from, to) = params.range.unwrap_or((0, u64::MAX));
    let expected = probe.duration_ms.min(to).saturating_sub(from);
    let progress = job.progress(&format!("{NAME} {}", params.vod), expected);
    let (path, range) = (source.path.clone(), params.range);
    let (file, demuxed) = tokio::task::spawn_blocking(move || {
        let file = Scratch::new("audio.flac")?;
        let demuxed = ffmpeg.demux_flac(&path, file.path(), range, &mut |done| progress.set(done))?;
        anyhow::Ok((file, demuxed))
    })
    .await??;
    source.unchanged()?;
    if demuxed.complaints > 0 {
        tracing::warn!(media = %source.name.display(), complaints = demuxed.complaints, "ffmpeg found damage and went on");
    }
    let size = std::fs::metadata(file.path()).context("the demuxed sound cannot be read back")?.len();
    Ok(Sound { file, size, probe, demuxed })
}

impl Sound {
    /// The rows of `media`: the source and what was made of it.
    fn rows(&self, source: &Source, audio: Digest, params: &Params) -> anyhow::Result<Vec<Media>> {
        let stream = self.probe.audio.as_ref().context("the media lost its audio stream")?;
        let row = |role: &str, digest, size| -> anyhow::Result<Media> {
            Ok(Media {
                platform: params.vod.platform,
                vod_id: params.vod.id.clone(),
                role: role.to_owned(),
                digest,
                size: i64::try_from(size)?,
                stored: true,
                container: "flac".to_owned(),
                codec: "flac".to_owned(),
                sample_rate: i64::from(SAMPLE_RATE),
                channels: 1,
                duration_ms: i64::try_from(self.demuxed.duration_ms)?,
            })
        };
        let source = Media {
            stored: params.keep_media,
            container: self.probe.container.clone(),
            codec: stream.codec.clone(),
            sample_rate: i64::from(stream.sample_rate),
            channels: i64::from(stream.channels),
            duration_ms: i64::try_from(self.probe.duration_ms)?,
            ..row("source", source.digest, source.size)?
        };
        Ok(vec![source, row("audio", audio, self.size)?])
    }
}

fn vod_row(
    params: &Params,
    sources: &Sources,
    export: Option<&Export>,
    sound: Option<&Sound>,
    audio_digest: Option<Digest>,
) -> anyhow::Result<Vod> {
    let video = export.map(|export| export.video.clone()).unwrap_or_default();
    // The cut begins later than the broadcast.
    let shift = i64::try_from(params.range.map_or(0, |(from, _)| from))?;
    let started_at = params.started_at.clone().or(video.started_at);
    let duration_ms = match sound {
        Some(sound) => i64::try_from(sound.demuxed.duration_ms)?,
        None => video.length_ms.unwrap_or(0),
    };
    Ok(Vod {
        platform: params.vod.platform,
        vod_id: params.vod.id.clone(),
        source: params.source_url(),
        title: params.title.clone().or(video.title),
        channel: video.channel,
        started_at: started_at.and_then(|time| chat::to_utc(&time, shift)),
        duration_ms,
        media_digest: sources.media.as_ref().map(|media| media.digest),
        audio_digest,
        chat_digest: sources.chat.as_ref().map(|chat| chat.digest),
        chat_format: export.map(|export| export.format.clone()),
        messages: i64::try_from(export.map_or(0, |export| export.messages))?,
    })
}

fn facts(run: &mut RunWriter<'_>, vod: &Vod, params: &Params) -> anyhow::Result<()> {
    run.fact("vod", &params.vod)?;
    run.fact("title", &vod.title)?;
    run.fact("started_at", &vod.started_at)?;
    run.fact("duration_ms", vod.duration_ms)?;
    Ok(())
}
