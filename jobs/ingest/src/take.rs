//! Taking in: from a media file and a chat export to one committed run.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use ids::Digest;
use job::{Done, Job, Question};
use manifest::RunKey;
use media::{Ffmpeg, Probe};
use store::{RunWriter, Store};

use crate::chat::Export;
use crate::fetch;
use crate::params::Broadcast;
use crate::sound::{Original, Sound};
use crate::source_file::SourceFile;
use crate::tables::Taken;
use crate::{LOGIC_VERSION, NAME, Params};
use job::Scratch;

/// Takes in what `params` name, unless the store has it, and makes it the VOD's newest generation.
///
/// # Errors
/// When an input cannot be read or is not what it has to be, or the store fails. Then nothing is written.
pub async fn run(params: &Params, job: &Job) -> anyhow::Result<Done> {
    let sources = Sources::open(params, job).await?;
    let question = question(params, &sources);
    let threads = job.flags().thread_count();
    // Every input is looked at before the store is touched, unless there is nothing to do with it.
    let mut checked = match is_committed(&question, job).await? {
        true => None,
        false => Some(sources.check(params, threads).await?),
    };
    let work = async |run: &mut RunWriter<'_>| {
        let checked = match checked.take() {
            Some(checked) => checked,
            None => sources.check(params, threads).await?,
        };
        work(params, &sources, checked, job, run).await
    };
    let done = job.run_once(question, work).await?;
    job.store().await?.add_generation(&params.broadcast.vod, &done.run, &job.now()).await?;
    Ok(done)
}

/// The inputs of one run.
struct Sources {
    media: Option<SourceFile>,
    chat: Option<SourceFile>,
}

impl Sources {
    async fn open(params: &Params, job: &Job) -> anyhow::Result<Self> {
        let mut sources = Self { media: None, chat: None };
        // The chat first: it is small, and its mistakes are the common ones.
        if let Some(chat) = &params.chat {
            sources.chat = Some(SourceFile::of(chat, "chat", fetch::CHAT, job).await?);
        }
        if let Some(media) = &params.media {
            sources.media = Some(SourceFile::of(media, "media file", fetch::MEDIA, job).await?);
        }
        Ok(sources)
    }

    fn digests(&self) -> BTreeMap<String, Digest> {
        let digest = |role: &str, source: &Option<SourceFile>| source.as_ref().map(|it| (role.to_owned(), it.digest));
        [digest("media", &self.media), digest("chat", &self.chat)].into_iter().flatten().collect()
    }

    /// Reads what can be read before anything is written; refuses inputs that no run can be made of.
    async fn check(&self, params: &Params, threads: usize) -> anyhow::Result<Checked> {
        let export = self.chat.as_ref().map(|chat| chat.filled_export(&params.broadcast.vod, threads)).transpose()?;
        let media = match &self.media {
            Some(media) => {
                let probed = probe(&media.path).await;
                Some(match media.is_fetched() {
                    // The path is one of ours, which says nothing to anybody.
                    true => probed.with_context(|| format!("{} cannot be taken in", media.name.display()))?,
                    false => probed?,
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
    // ffmpeg's release is no part of the question: its arguments are chosen so that the sound does not depend on it,
    // and a new release must not ask for every recording to be transcribed again.
    Question {
        logic_version: LOGIC_VERSION,
        params: serde_json::json!({ "broadcast": params.broadcast.question(), "keep_media": params.keep_media }),
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
    let mut taken = Taken {
        broadcast: &params.broadcast,
        video: checked.export.as_ref().map(|export| export.video.clone()).unwrap_or_default(),
        export: checked.export,
        media: Vec::new(),
        // A file is one piece, of which nothing is known to be special.
        segments: Vec::new(),
        spans: Vec::new(),
        duration_ms: None,
        media_digest: sources.media.as_ref().map(|media| media.digest),
        audio_digest: None,
        chat_digest: sources.chat.as_ref().map(|chat| chat.digest),
    };
    if let (Some(source), Some((ffmpeg, probe))) = (&sources.media, checked.media) {
        let original = Original {
            digest: source.digest,
            size: source.size,
            stored: params.keep_media,
            duration_ms: probe.duration_ms,
        };
        let sound = demux(source, ffmpeg, probe, &params.broadcast, job).await?;
        let (audio, rows) = sound.keep(&params.broadcast.vod, original, run).await?;
        (taken.audio_digest, taken.media) = (Some(audio), rows);
        taken.duration_ms = Some(i64::try_from(sound.demuxed.duration_ms)?);
        if params.keep_media {
            source.keep("media", "application/octet-stream", run).await?;
        }
    }
    if let Some(chat) = &sources.chat {
        chat.keep("chat", "application/json", run).await?;
    }
    taken.write(run).await
}

async fn demux(
    source: &SourceFile,
    ffmpeg: Ffmpeg,
    probe: Probe,
    broadcast: &Broadcast,
    job: &Job,
) -> anyhow::Result<Sound> {
    let (from, to) = broadcast.range.unwrap_or((0, u64::MAX));
    let expected = probe.duration_ms.min(to).saturating_sub(from);
    let progress = job.progress(&format!("{NAME} {}", broadcast.vod), expected);
    let (path, range) = (source.path.clone(), broadcast.range);
    let (file, demuxed) = tokio::task::spawn_blocking(move || {
        let file = Scratch::new("audio.flac")?;
        let demuxed = ffmpeg.demux_flac(&path, file.path(), range, &mut |done| progress.set(done))?;
        anyhow::Ok((file, demuxed))
    })
    .await??;
    source.unchanged()?;
    Sound::new(file, demuxed, probe, &source.name)
}
