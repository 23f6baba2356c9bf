//! One piece of a recording heard, and kept under a key that says all its words depend on.

use std::path::PathBuf;

use anyhow::Context;
use asr::{Chunk, Heard, Recognizer};
use ids::{Digest, Hasher};
use media::Ffmpeg;
use serde::{Deserialize, Serialize};

use crate::{LOGIC_VERSION, Params};

/// What is kept of one piece.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    /// Digest of its samples and of everything else that decides its words; the same wherever in a recording it is.
    pub(crate) key: Digest,
    /// Where it was heard.
    pub(crate) chunk: Chunk,
    /// What was heard.
    pub(crate) heard: Heard,
}

impl Kept {
    /// Reads what [`Hearing`] kept.
    pub(crate) fn read(checkpoint: &[u8]) -> anyhow::Result<Self> {
        serde_json::from_slice(checkpoint).context("a checkpoint of a transcription cannot be read")
    }
}

/// All that hearing a piece takes.
pub(crate) struct Hearing {
    pub(crate) ffmpeg: Ffmpeg,
    pub(crate) audio: PathBuf,
    pub(crate) recognizer: Recognizer,
    pub(crate) model: Digest,
    pub(crate) params: Params,
    pub(crate) language: String,
    /// What of the prompt the model has room for.
    pub(crate) prompt: Option<String>,
}

impl Hearing {
    /// The samples of a piece, and its key.
    pub(crate) fn samples(&self, chunk: &Chunk) -> anyhow::Result<(Vec<f32>, Digest)> {
        let samples = self.ffmpeg.decode(&self.audio, Some((chunk.start_ms, chunk.end_ms)))?;
        let Params { timing, engine, .. } = &self.params;
        let asked = (LOGIC_VERSION, self.model, engine, timing, &self.language, &self.prompt);
        let mut hasher = Hasher::default();
        hasher.update(&manifest::to_canonical_json(&asked)?);
        samples.iter().for_each(|sample| hasher.update(&sample.to_le_bytes()));
        Ok((samples, hasher.digest()))
    }

    /// What is said in a piece.
    pub(crate) fn hear(&self, samples: &[f32]) -> anyhow::Result<Heard> {
        Ok(self.recognizer.recognize(samples, &self.language, self.prompt.as_deref())?)
    }
}
