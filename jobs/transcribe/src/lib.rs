//! Media to utterance and word: voice activity, recognition chunk by chunk, and exports of the result.

/// Raise whenever the same audio, models and parameters would give other rows.
pub const LOGIC_VERSION: u32 = 3;

pub mod args;
mod checkpoints;
mod earlier;
pub mod export;
mod hearing;
mod recognise;
mod regions;
mod rows;
mod survey;
mod vocabulary;

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use asr::Timing;
use ids::{Digest, Name, VodKey};
use job::{Done, Exit, Job, Question};
use manifest::VodGeneration;
use schemas::{ChatMessage, Vod};
use serde::Serialize;
use store::{Model, Run, Store};

use args::{Args, Command};

/// The job's name in the store.
const NAME: &str = "transcribe";

/// The language that stands for asking the recording.
pub const AUTO: &str = "auto";

/// The voice activity model; recognition depends on it as much as on the speech model.
const VAD_MODEL: &str = "silero-v6.2.0";

/// What one transcription is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Params {
    /// The VOD.
    pub vod: VodKey,
    /// Language spoken, as a two-letter code, or `auto`.
    pub language: String,
    /// Speech model.
    pub model: Name,
    /// Voice activity model.
    pub vad: Name,
    /// How words are timed.
    pub timing: Timing,
    /// Text that makes the names in it more likely.
    pub prompt: Option<String>,
    /// What runs the model, with its version.
    pub engine: String,
}

/// Everything a transcription reads, found and checked before any work.
struct Inputs {
    params: Params,
    ingest: Run,
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
            let models = models(&args, store).await?;
            let mut skipped = job.skipping(args.all);
            let mut all = Vec::new();
            for generation in generations {
                let found = inputs(&args, &job, store, &generation, &models).await;
                all.extend(skipped.take(&generation.vod, found)?);
            }
            for inputs in &all {
                let vod = &inputs.params.vod;
                let Some(done) = skipped.take(vod, run(inputs, &job).await)? else { continue };
                let count = |name| done.run.manifest.counts.get(name).copied().unwrap_or(0);
                let detail = format!("{} utterances, {} words", count("utterances"), count("words"));
                job.print(&done.line(job.name(), &vod.to_string(), &detail), &done.json())?;
            }
            skipped.finish()?;
        }
    }
    Ok(Exit::Done)
}

/// The models for speech and for voice activity, which are the same for every VOD.
async fn models(args: &Args, store: &Store) -> anyhow::Result<(Model, Model)> {
    ensure!(
        !knows_english_only(&args.model) || args.language == "en" || args.language == AUTO,
        "the model {} knows English only; give --language en or another --model",
        args.model
    );
    asr::check_model(args.model.as_str())?;
    Ok((store.model(&args.model).await?, store.model(&VAD_MODEL.parse()?).await?))
}

fn knows_english_only(model: &Name) -> bool {
    model.as_str().contains(".en")
}

/// Finds what transcribing a generation needs.
async fn inputs(
    args: &Args,
    job: &Job,
    store: &Store,
    generation: &VodGeneration,
    (model, vad): &(Model, Model),
) -> anyhow::Result<Inputs> {
    let vod = &generation.vod;
    let run: Run = job.ingest_run(store, generation).await?;
    let audio = run.manifest.blobs.get("audio").map(|output| output.digest);
    let audio = audio.with_context(|| {
        let id = &vod.id;
        format!("{vod} was ingested without media; run `ingest --vod file:PATH --chat FILE --id {id}` for both")
    })?;
    let media: Vec<schemas::Media> = store.rows(&run).await?;
    let duration = media.iter().find(|media| media.digest == audio).map(|media| media.duration_ms);
    let duration_ms = duration.and_then(|length| u64::try_from(length).ok());
    // What is only asked for its language when there is a choice is not another question.
    let language = if knows_english_only(&args.model) { "en".to_owned() } else { args.language.clone() };
    let prompt = match (&args.prompt, args.prompt_from_chat) {
        (Some(prompt), _) => Some(prompt.clone()).filter(|prompt| !prompt.trim().is_empty()),
        (None, true) => prompt_of(store, &run).await?,
        (None, false) => None,
    };
    Ok(Inputs {
        audio,
        duration_ms: duration_ms.with_context(|| format!("the ingest run {} has no length of its audio", run.id()))?,
        model: model.clone(),
        vad: vad.clone(),
        params: Params {
            vod: vod.clone(),
            language,
            model: model.name.clone(),
            vad: vad.name.clone(),
            timing: args.timing(),
            prompt,
            engine: asr::engine(),
        },
        ingest: run,
    })
}

/// The prompt from a VOD's title and chat.
async fn prompt_of(store: &Store, ingest: &Run) -> anyhow::Result<Option<String>> {
    let vods: Vec<Vod> = store.rows(ingest).await?;
    let has_chat = ingest.manifest.tables.contains_key(ChatMessage::TABLE.name);
    let chat: Vec<ChatMessage> = if has_chat { store.rows(ingest).await? } else { Vec::new() };
    Ok(vocabulary::prompt(vods.first().and_then(|vod| vod.title.as_deref()), &chat))
}

/// Transcribes one VOD, or finds the run that did.
async fn run(inputs: &Inputs, job: &Job) -> anyhow::Result<Done> {
    let digests = [&inputs.model, &inputs.vad].map(|model| (model.name.to_string(), model.digest));
    let question = Question {
        logic_version: LOGIC_VERSION,
        params: Job::params(&inputs.params)?,
        inputs: BTreeMap::from([("ingest".to_owned(), inputs.ingest.digest)]),
        models: BTreeMap::from(digests),
    };
    let vod = &inputs.params.vod;
    job.run_once(question, async |run| recognise::recognise(inputs, job, run).await)
        .await
        .with_context(|| format!("{vod} was not transcribed; what was heard of it is kept"))
}
