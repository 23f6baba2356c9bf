//! The rows of both tables, from what was heard.

use asr::{Timing, Utterance as Said};
use schemas::{Utterance, Word};
use store::RunWriter;

use crate::Inputs;
use crate::hearing::Kept;

/// The rows of one run.
pub(crate) struct Rows<'a> {
    inputs: &'a Inputs,
    language: &'a str,
    said: Vec<Said>,
    /// For each utterance, what the model said of its piece.
    no_speech: Vec<f32>,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(inputs: &'a Inputs, language: &'a str) -> Self {
        Self { inputs, language, said: Vec::new(), no_speech: Vec::new() }
    }

    /// Adds what was heard in one piece.
    pub(crate) fn add(&mut self, kept: &Kept) {
        let words: Vec<_> = kept.heard.words.iter().map(|word| word.clone().shifted(kept.chunk.start_ms)).collect();
        let words = match self.inputs.params.timing {
            Timing::Precise => words,
            Timing::Fast => asr::spread(words, &kept.chunk.spans),
        };
        self.said.extend(asr::utterances(&words, &kept.chunk.spans, kept.heard.no_speech));
        self.no_speech.resize(self.said.len(), kept.heard.no_speech);
    }

    /// Writes both tables.
    pub(crate) async fn write(mut self, run: &mut RunWriter<'_>) -> anyhow::Result<()> {
        asr::mark_repeated(&mut self.said);
        let (vod, mut words, mut utterances) = (&self.inputs.params.vod, Vec::new(), Vec::new());
        for (said, no_speech) in self.said.into_iter().zip(self.no_speech) {
            let utterance = utterances.len() as i64;
            let sum: f64 = said.words.iter().map(|word| f64::from(word.probability)).sum();
            let count = said.words.len();
            words.extend(said.words.into_iter().zip(words.len() as i64..).map(|(word, ordinal)| Word {
                platform: vod.platform,
                vod_id: vod.id.clone(),
                ordinal,
                utterance,
                start_ms: ms(word.start_ms),
                end_ms: ms(word.end_ms),
                text: word.text,
                probability: thousandths(f64::from(word.probability)),
            }));
            utterances.push(Utterance {
                platform: vod.platform,
                vod_id: vod.id.clone(),
                ordinal: utterance,
                start_ms: ms(said.start_ms),
                end_ms: ms(said.end_ms),
                text: said.text,
                words: count as i64,
                probability: thousandths(sum / count.max(1) as f64),
                no_speech: thousandths(f64::from(no_speech)),
                language: self.language.to_owned(),
                suspect: said.suspect.iter().map(|suspect| suspect.name().to_owned()).collect(),
                model_digest: self.inputs.model.digest,
                engine: self.inputs.params.engine.clone(),
                timing: self.inputs.params.timing.name().to_owned(),
            });
        }
        run.table(&utterances).await?;
        run.table(&words).await?;
        run.count("utterances", utterances.len());
        run.count("words", words.len());
        run.count("suspect_utterances", utterances.iter().filter(|row| !row.suspect.is_empty()).count());
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
