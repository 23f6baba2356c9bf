//! The work of one run: survey the recording, recognise it piece by piece with a checkpoint after each, write the rows.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use asr::{Chunk, Recognizer};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use ids::Digest;
use job::Job;
use media::Ffmpeg;
use store::{Run, RunWriter};
use tokio::task::spawn_blocking;

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
    let folder = tempfile::tempdir().context("a temporary folder is needed for the audio and the models")?;
    let file = |name: &str| folder.path().join(name);
    let (audio, model, vad) = (file("audio.flac"), file("speech.bin"), file("vad.bin"));
    for (digest, path) in [(inputs.audio, &audio), (inputs.model.digest, &model), (inputs.vad.digest, &vad)] {
        run.store().blob_to_file(&digest, path).await?;
    }
    let params = &inputs.params;
    let kept =
        run.checkpoints().await.context("an interrupted run goes on from its checkpoints; delete a damaged one")?;
    let kept: BTreeMap<u64, Digest> = kept.into_iter().collect();
    let mut hearing = Hearing {
        ffmpeg: Ffmpeg::find()?,
        recognizer: Recognizer::load(&model, params.model.as_str(), params.timing, THREADS)?,
        audio,
        model: inputs.model.digest,
        params: params.clone(),
        language: String::new(),
    };
    let survey = survey(inputs, &hearing, &vad, kept.get(&SURVEY), (job, &*run)).await?;
    hearing.language.clone_from(&survey.language);
    let hearing = Arc::new(hearing);

    let progress = job.progress(&format!("transcribe {}", params.vod), inputs.duration_ms);
    let mut rows = Rows::new(inputs, &survey.language);
    let writer = &*run;
    let earlier = Earlier::new(writer, params);
    let pieces = (SURVEY + 1..).zip(&survey.chunks).map(|(number, chunk)| {
        let (hearing, found, earlier) = (&hearing, kept.get(&number), &earlier);
        async move {
            match found {
                Some(digest) => mine(&writer.store().blob(digest).await?, chunk),
                None => heard(hearing, chunk, earlier, (writer, number)).await,
            }
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
    kept: Option<&Digest>,
    (job, run): (&Job, &RunWriter<'_>),
) -> anyhow::Result<Survey> {
    if let Some(digest) = kept {
        let bytes = run.store().blob(digest).await?;
        return serde_json::from_slice(&bytes).context("the survey of an earlier attempt cannot be read");
    }
    let regions = regions(&inputs.ingest, inputs.duration_ms, run).await?;
    let recording = (&hearing.ffmpeg, hearing.audio.as_path(), inputs.duration_ms);
    let language = (inputs.params.language != crate::AUTO).then_some(inputs.params.language.as_str());
    let progress = job.progress(&format!("find speech in {}", inputs.params.vod), inputs.duration_ms);
    let survey = Survey::take(recording, vad, &regions, &hearing.recognizer, language, &progress)?;
    drop(progress);
    run.checkpoint(SURVEY, Bytes::from(manifest::to_canonical_json(&survey)?)).await?;
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

/// What is heard in `chunk`, taken from an earlier run where that heard the same samples; it is kept.
async fn heard(
    hearing: &Arc<Hearing>,
    chunk: &Chunk,
    earlier: &Earlier<'_>,
    (run, number): (&RunWriter<'_>, u64),
) -> anyhow::Result<Kept> {
    let (hears, piece) = (Arc::clone(hearing), chunk.clone());
    let (samples, key) = spawn_blocking(move || hears.samples(&piece)).await??;
    let heard = match earlier.get(&key).await? {
        Some(kept) => kept.heard.clone(),
        None => {
            let hears = Arc::clone(hearing);
            spawn_blocking(move || hears.hear(&samples)).await??
        }
    };
    let kept = Kept { key, chunk: chunk.clone(), heard };
    run.checkpoint(number, Bytes::from(manifest::to_canonical_json(&kept)?)).await?;
    Ok(kept)
}
