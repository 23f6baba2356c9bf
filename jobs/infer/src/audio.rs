//! What was said at the end of a recording.

use std::path::Path;

use anyhow::bail;
use asr::{CHUNK_LIMIT_MS, Recognizer, Timing, Vad, chunks};
use ids::Name;
use job::{Job, Scratch};
use media::Ffmpeg;

/// How much of the end is listened to.
const WINDOW_MS: u64 = 30_000;

/// The speech model.
const SPEECH_MODEL: &str = "tiny.en";

/// The voice activity model.
const VOICE_MODEL: &str = "silero-v6.2.0";

/// The words in the last 30 seconds of `file`.
///
/// # Errors
/// When the file holds no audio, nobody speaks, or the models are not in the store.
pub(crate) async fn transcribe(file: &Path, job: &Job) -> anyhow::Result<String> {
    let ffmpeg = Ffmpeg::find()?;
    let samples = last_samples(&ffmpeg, file)?;
    let (speech_model, voice_model) = (Scratch::new("speech.bin")?, Scratch::new("voice.bin")?);
    model(job, SPEECH_MODEL, speech_model.path()).await?;
    model(job, VOICE_MODEL, voice_model.path()).await?;
    let spans = Vad::load(voice_model.path())?.speech(&samples)?;
    let recognizer = Recognizer::load(speech_model.path(), SPEECH_MODEL, Timing::Fast, job.flags().thread_count())?;
    let mut said = Vec::new();
    for chunk in chunks(&spans, CHUNK_LIMIT_MS) {
        let at = |ms: u64| usize::try_from(ms.saturating_mul(u64::from(asr::SAMPLE_RATE) / 1000)).unwrap_or(usize::MAX);
        let end = at(chunk.end_ms).min(samples.len());
        let part = samples.get(at(chunk.start_ms).min(end)..end).unwrap_or_default();
        said.extend(recognizer.recognize(part, "en", None)?.words.into_iter().map(|word| word.text));
    }
    if said.is_empty() {
        bail!("nobody speaks in the last {} s of {}; give --context instead", WINDOW_MS / 1000, file.display());
    }
    let said = said.join(" ");
    tracing::info!(said, "heard");
    Ok(said)
}

/// The last 30 seconds as samples.
fn last_samples(ffmpeg: &Ffmpeg, file: &Path) -> anyhow::Result<Vec<f32>> {
    let length = ffmpeg.probe(file)?.duration_ms;
    // Some containers do not state their length, and some state it wrong; then the whole is decoded.
    let range = (length > WINDOW_MS).then(|| (length - WINDOW_MS, length));
    let samples = match range {
        Some(range) => ffmpeg.decode(file, Some(range)).or_else(|_| ffmpeg.decode(file, None))?,
        None => ffmpeg.decode(file, None)?,
    };
    let most = usize::try_from(WINDOW_MS * u64::from(media::SAMPLE_RATE) / 1000)?;
    let start = samples.len().saturating_sub(most);
    Ok(samples.get(start..).unwrap_or_default().to_vec())
}

async fn model(job: &Job, name: &str, to: &Path) -> anyhow::Result<()> {
    let store = job.store().await?;
    let name: Name = name.parse()?;
    let model = store.model(&name).await?;
    Ok(store.blob_to_file(&model.digest, to).await?)
}
