//! The work of one run: find the speech, recognise it chunk by chunk with a checkpoint after each, write the rows.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use asr::{CHUNK_LIMIT_MS, Chunk, Recognizer, Vad};
use bytes::Bytes;
use ids::Digest;
use job::Job;
use media::Ffmpeg;
use schemas::{Utterance, Word};
use serde::{Deserialize, Serialize};
use store::RunWriter;

use crate::{Inputs, Params};

/// whisper.cpp collapses when its threads outnumber the free cores, and sums in another order with another number of
/// them; one thread gives the same words everywhere.
const THREADS: usize = 1;

/// A checkpoint: the words of one chunk, in VOD time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Heard {
    chunk: Chunk,
    words: Vec<asr::Word>,
}

/// Transcribes into `run`.
pub(crate) async fn recognise(inputs: &Inputs, job: &Job, run: &mut RunWriter<'_>) -> anyhow::Result<()> {
    let ffmpeg = Ffmpeg::find()?;
    let folder = tempfile::tempdir().context("a temporary folder is needed for the audio and the models")?;
    let file = |name: &str| folder.path().join(name);
    let (audio, model, vad) = (file("audio.flac"), file("speech.bin"), file("vad.bin"));
    for (digest, path) in [(inputs.audio, &audio), (inputs.model.digest, &model), (inputs.vad.digest, &vad)] {
        run.store().blob_to_file(&digest, path).await?;
    }
    let Params { vod, language, model: name, .. } = &inputs.params;
    let mut recognizer = Recognizer::load(&model, name.as_str(), THREADS)?;
    // No samples, no words; but a language the model does not speak is refused before anything is written.
    recognizer.recognize(&[], language)?;

    let spans = Vad::load(&vad)?
        .speech_in_windows(inputs.duration_ms, |from, to| anyhow::Ok(ffmpeg.decode(&audio, Some((from, to)))?))?;
    let chunks = asr::chunks(&spans, CHUNK_LIMIT_MS);
    let kept: BTreeMap<u64, Digest> = run.checkpoints().await?.into_iter().collect();
    let progress = job.progress(&format!("transcribe {vod}"), inputs.duration_ms);
    let mut rows = Rows { params: &inputs.params, utterances: Vec::new(), words: Vec::new() };
    for (number, chunk) in (0..).zip(&chunks) {
        let heard = match kept.get(&number) {
            Some(digest) => read(&run.store().blob(digest).await?, chunk)?,
            None => {
                let heard = hear(&ffmpeg, &audio, &mut recognizer, chunk, language)?;
                run.checkpoint(number, Bytes::from(manifest::to_canonical_json(&heard)?)).await?;
                heard
            }
        };
        rows.add(&heard);
        progress.set(chunk.end_ms);
    }
    progress.set(inputs.duration_ms);
    rows.write(run).await?;
    run.count("chunks", chunks.len());
    run.fact("speech_ms", spans.iter().map(asr::Span::length_ms).sum::<u64>())?;
    Ok(())
}

/// The words of one chunk.
fn hear(
    ffmpeg: &Ffmpeg,
    audio: &Path,
    recognizer: &mut Recognizer,
    chunk: &Chunk,
    language: &str,
) -> anyhow::Result<Heard> {
    let samples = ffmpeg.decode(audio, Some((chunk.start_ms, chunk.end_ms)))?;
    let words = recognizer.recognize(&samples, language)?;
    let words = words.into_iter().map(|word| word.shifted(chunk.start_ms)).collect();
    Ok(Heard { chunk: chunk.clone(), words })
}

/// What an earlier attempt heard in `chunk`.
fn read(checkpoint: &[u8], chunk: &Chunk) -> anyhow::Result<Heard> {
    let heard: Heard = serde_json::from_slice(checkpoint).context("a checkpoint of this run cannot be read")?;
    anyhow::ensure!(
        heard.chunk == *chunk,
        "a checkpoint of this run was made from {} ms to {} ms, where this attempt has {} ms to {} ms; voice activity \
         was not the same twice",
        heard.chunk.start_ms,
        heard.chunk.end_ms,
        chunk.start_ms,
        chunk.end_ms
    );
    Ok(heard)
}

/// The rows of both tables.
struct Rows<'a> {
    params: &'a Params,
    utterances: Vec<Utterance>,
    words: Vec<Word>,
}

impl Rows<'_> {
    /// Adds what was heard in one chunk.
    fn add(&mut self, heard: &Heard) {
        let vod = &self.params.vod;
        for said in asr::utterances(&heard.words, &heard.chunk.spans) {
            let utterance = self.utterances.len() as i64;
            let sum: f64 = said.words.iter().map(|word| f64::from(word.probability)).sum();
            for word in &said.words {
                self.words.push(Word {
                    platform: vod.platform,
                    vod_id: vod.id.clone(),
                    ordinal: self.words.len() as i64,
                    utterance,
                    start_ms: ms(word.start_ms),
                    end_ms: ms(word.end_ms),
                    text: word.text.clone(),
                    probability: thousandths(f64::from(word.probability)),
                });
            }
            self.utterances.push(Utterance {
                platform: vod.platform,
                vod_id: vod.id.clone(),
                ordinal: utterance,
                start_ms: ms(said.start_ms),
                end_ms: ms(said.end_ms),
                text: said.text,
                words: said.words.len() as i64,
                probability: thousandths(sum / said.words.len().max(1) as f64),
                language: self.params.language.clone(),
                suspect: said.suspect.iter().map(|suspect| suspect.name().to_owned()).collect(),
            });
        }
    }

    async fn write(&self, run: &mut RunWriter<'_>) -> anyhow::Result<()> {
        run.table(&self.utterances).await?;
        run.table(&self.words).await?;
        run.count("utterances", self.utterances.len());
        run.count("words", self.words.len());
        run.count("suspect_utterances", self.utterances.iter().filter(|row| !row.suspect.is_empty()).count());
        Ok(())
    }
}

/// Probabilities are kept to three decimals: more would record which processor added them up.
fn thousandths(probability: f64) -> f64 {
    (probability * 1_000.0).round() / 1_000.0
}

fn ms(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}
