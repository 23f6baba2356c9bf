//! Media to utterance and word: voice activity, recognition chunk by chunk, and exports of the result.

/// Raise whenever the same audio, models and parameters would give other rows.
pub const LOGIC_VERSION: u32 = 1;

pub mod args;
pub mod export;
mod recognise;

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use ids::{Digest, Name, VodKey};
use job::{Done, Exit, Job, Question};
use manifest::VodGeneration;
use serde::Serialize;
use store::{Model, Run, Store};

use args::{Args, Command};

/// The voice activity model; recognition depends on it as much as on the speech model.
const VAD_MODEL: &str = "silero-v6.2.0";

/// What one transcription is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Params {
    /// The VOD.
    pub vod: VodKey,
    /// Language spoken, as a two-letter code.
    pub language: String,
    /// Speech model.
    pub model: Name,
    /// Voice activity model.
    pub vad: Name,
}

/// Everything a transcription reads, found and checked before any work.
struct Inputs {
    params: Params,
    ingest: Digest,
    /// The VOD's audio: a blob.
    audio: Digest,
    /// Its length, ms.
    duration_ms: u64,
    model: Model,
    vad: Model,
}

/// Runs the command.
///
/// # Errors
/// When an input is missing or the store, ffmpeg or whisper.cpp fails.
pub async fn command(args: Args, job: Job) -> anyhow::Result<Exit> {
    match &args.command {
        Some(Command::Completions(completions)) => completions.print::<Args>(),
        Some(Command::Export(export)) => export::command(export, &job).await?,
        None => {
            let store = job.store().await?;
            let generations = job.vods(store, &args.vod).await?;
            let mut all = Vec::new();
            for generation in &generations {
                all.push(inputs(&args, &job, store, generation).await?);
            }
            for inputs in &all {
                let done = run(inputs, &job).await?;
                let count = |name| done.run.manifest.counts.get(name).copied().unwrap_or(0);
                let detail = format!("{} utterances, {} words", count("utterances"), count("words"));
                job.print(&done.line(job.name(), &inputs.params.vod.to_string(), &detail), &done.json())?;
            }
        }
    }
    Ok(Exit::Done)
}

/// Finds what transcribing a generation needs.
async fn inputs(args: &Args, job: &Job, store: &Store, generation: &VodGeneration) -> anyhow::Result<Inputs> {
    let vod = &generation.vod;
    let english_only = args.model.as_str().contains(".en");
    ensure!(
        !english_only || args.language == "en",
        "the model {} knows English only; give --language en or another --model",
        args.model
    );
    let run: Run = job.ingest_run(store, generation).await?;
    let audio = run.manifest.blobs.get("audio").map(|output| output.digest);
    let audio = audio.with_context(|| {
        let id = &vod.id;
        format!("{vod} was ingested without media; run `ingest --vod file:PATH --chat FILE --id {id}` for both")
    })?;
    let media: Vec<schemas::Media> = store.rows(&run).await?;
    let duration = media.iter().find(|media| media.digest == audio).map(|media| media.duration_ms);
    let duration_ms = duration.and_then(|length| u64::try_from(length).ok());
    let vad: Name = VAD_MODEL.parse()?;
    Ok(Inputs {
        ingest: run.digest,
        audio,
        duration_ms: duration_ms.with_context(|| format!("the ingest run {} has no length of its audio", run.id()))?,
        model: store.model(&args.model).await?,
        vad: store.model(&vad).await?,
        params: Params { vod: vod.clone(), language: args.language.clone(), model: args.model.clone(), vad },
    })
}

/// Transcribes one VOD, or finds the run that did.
async fn run(inputs: &Inputs, job: &Job) -> anyhow::Result<Done> {
    let digests = [&inputs.model, &inputs.vad].map(|model| (model.name.to_string(), model.digest));
    let question = Question {
        logic_version: LOGIC_VERSION,
        params: Job::params(&inputs.params)?,
        inputs: BTreeMap::from([("ingest".to_owned(), inputs.ingest)]),
        models: BTreeMap::from(digests),
    };
    let vod = &inputs.params.vod;
    job.run_once(question, async |run| recognise::recognise(inputs, job, run).await)
        .await
        .with_context(|| format!("{vod} was not transcribed; the same command goes on where it stopped"))
}
