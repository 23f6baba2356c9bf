//! The work of one run: survey the recording, recognise it piece by piece with a checkpoint after each, write the rows.

use std::path::Path;
use std::sync::Arc;

use anyhow::ensure;
use asr::{Chunk, Recognizer};
use futures::{StreamExt, TryStreamExt, stream};
use job::{Job, Scratch};
use media::Ffmpeg;
use store::{Run, RunWriter};
use tokio::task::spawn_blocking;

use crate::checkpoints::Checkpoints;
use crate::earlier::Earlier;
use crate::hearing::{Hearing, Kept};
use crate::rows::Rows;
use crate::survey::Survey;
use crate::{Inputs, regions};

/// Threads of one piece. whisper.cpp collapses when its threads outnumber the free cores, and sums in another order with
/// another number of them; several pieces at once use the cores better, and give the same words everywhere.
const THREADS: usize = 1;

/// Most pieces heard at once: each takes memory of its own.
const PIECES: usize = 8;

/// Under this number the survey is kept, and piece N under N + 1.
const SURVEY: u64 = 0;

/// Transcribes into `run`.
pub(crate) async fn recognise(inputs: &Inputs, job: &Job, run: &mut RunWriter<'_>) -> anyhow::Result<()> {
    let (audio, model, vad) = (Scratch::new("audio.flac")?, Scratch::new("speech.bin")?, Scratch::new("vad.bin")?);
    for (digest, file) in [(inputs.audio, &audio), (inputs.model.digest, &model), (inputs.vad.digest, &vad)] {
        run.store().blob_to_file(&digest, file.path()).await?;
    }
    let params = &inputs.params;
    let writer = &*run;
    let checkpoints = Checkpoints::find(writer, job).await?;
    let recognizer = Recognizer::load(model.path(), params.model.as_str(), params.timing, THREADS)?;
    let prompt = params.prompt.as_deref().map(|prompt| recognizer.used_of(prompt).to_owned());
    if let Some(used) = prompt.as_ref().filter(|used| Some(*used) != params.prompt.as_ref()) {
        job.say(&format!("the prompt is longer than the model takes; its end is used: {used:?}"));
    }
    let mut hearing = Hearing {
        ffmpeg: Ffmpeg::find()?,
        recognizer,
        prompt,
        audio: audio.path().to_owned(),
        model: inputs.model.digest,
        params: params.clone(),
        language: String::new(),
    };
    let survey = survey(inputs, &hearing, vad.path(), &checkpoints, (job, writer)).await?;
    hearing.language.clone_from(&survey.language);
    let hearing = Arc::new(hearing);

    let progress = job.progress(&format!("transcribe {}", params.vod), inputs.duration_ms);
    let mut rows = Rows::new(inputs, &survey.language);
    let earlier = Earlier::new(writer, params);
    let pieces = (SURVEY + 1..).zip(&survey.chunks).map(|(number, chunk)| {
        let (hearing, checkpoints, earlier) = (&hearing, &checkpoints, &earlier);
        async move {
            if let Some(kept) = checkpoints.get(number, |bytes| mine(bytes, chunk)).await? {
                return Ok(kept);
            }
            let kept = heard(hearing, chunk, earlier).await?;
            checkpoints.keep(number, &kept).await?;
            anyhow::Ok(kept)
        }
    });
    let at_once = job.flags().thread_count().clamp(1, PIECES);
    let mut pieces = stream::iter(pieces).buffered(at_once);
    while let Some(piece) = pieces.try_next().await? {
        rows.add(&piece);
        progress.set(piece.chunk.end_ms);
    }
    drop(pieces);
    progress.set(inputs.duration_ms);
    rows.write(run).await?;
    run.count("chunks", survey.chunks.len());
    run.fact("language", &survey.language)?;
    run.fact("language_votes", &survey.votes)?;
    let speech_ms = survey.chunks.iter().flat_map(|chunk| &chunk.spans).map(asr::Span::length_ms).sum::<u64>();
    Ok(run.fact("speech_ms", speech_ms)?)
}

/// The survey of an earlier attempt, or a new one.
async fn survey(
    inputs: &Inputs,
    hearing: &Hearing,
    vad: &Path,
    checkpoints: &Checkpoints<'_>,
    (job, run): (&Job, &RunWriter<'_>),
) -> anyhow::Result<Survey> {
    if let Some(kept) = checkpoints.get(SURVEY, |bytes| Ok(serde_json::from_slice(bytes)?)).await? {
        return Ok(kept);
    }
    let regions = regions(&inputs.ingest, inputs.duration_ms, run).await?;
    let recording = (&hearing.ffmpeg, hearing.audio.as_path(), inputs.duration_ms);
    let language = (inputs.params.language != crate::AUTO).then_some(inputs.params.language.as_str());
    let progress = job.progress(&format!("find speech in {}", inputs.params.vod), inputs.duration_ms);
    let survey = Survey::take(recording, vad, &regions, &hearing.recognizer, language, &progress)?;
    drop(progress);
    checkpoints.keep(SURVEY, &survey).await?;
    Ok(survey)
}

/// Where the recording has sound of its own. A file that was taken in has no segments and no muted ranges.
async fn regions(ingest: &Run, duration_ms: u64, run: &RunWriter<'_>) -> anyhow::Result<Vec<asr::Span>> {
    let has = |table: &schemas::Table| ingest.manifest.tables.contains_key(table.name);
    let spans = if has(schemas::Span::TABLE) { run.store().rows(ingest).await? } else { Vec::new() };
    let segments = if has(schemas::Segment::TABLE) { run.store().rows(ingest).await? } else { Vec::new() };
    Ok(regions::regions(duration_ms, &spans, &segments))
}

/// What an earlier attempt of this run heard in `chunk`.
fn mine(checkpoint: &[u8], chunk: &Chunk) -> anyhow::Result<Kept> {
    let kept = Kept::read(checkpoint)?;
    ensure!(kept.chunk == *chunk, "a checkpoint of this run is of another piece of the recording");
    Ok(kept)
}

/// What is heard in `chunk`, taken from an earlier run where that heard the same samples.
async fn heard(hearing: &Arc<Hearing>, chunk: &Chunk, earlier: &Earlier<'_>) -> anyhow::Result<Kept> {
    let (hears, piece) = (Arc::clone(hearing), chunk.clone());
    let (samples, key) = spawn_blocking(move || hears.samples(&piece)).await??;
    let heard = match earlier.get(&key).await? {
        Some(kept) => kept.heard.clone(),
        None => {
            let hears = Arc::clone(hearing);
            spawn_blocking(move || hears.hear(&samples)).await??
        }
    };
    Ok(Kept { key, chunk: chunk.clone(), heard })
}
