//! How far a run got, as bytes: enough to go on as if it had never stopped.
//!
//! ```text
//! 8 bytes    length of the progress, little-endian
//! progress   JSON
//! 8 bytes    length of the trainer's state
//! state      adapter, moments and step (llm::Trainer::state)
//! best       the best adapter so far (safetensors), empty when there is none or it is the state's own
//! ```
//!
//! The cursor in the data is the number of steps: which examples a step takes depends on that number and the seed only.

use schemas::TrainMetric;
use serde::{Deserialize, Serialize};

use crate::TrainError;

const FORMAT: &str = "dougpt.train-checkpoint/1";

/// What has happened in a run so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    format: String,
    /// Steps done.
    pub step: u64,
    /// Tokens seen, prompts included.
    pub tokens: u64,
    /// Every measurement.
    pub metrics: Vec<TrainMetric>,
    /// Step and loss of the best validation.
    pub best: Option<Best>,
    /// Measurements in a row without a better one.
    pub stale: u64,
}

/// The best validation so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Best {
    /// Steps done when it was measured.
    pub step: u64,
    /// Its loss.
    pub loss: f64,
}

impl Progress {
    /// Nothing has happened yet.
    pub fn none() -> Self {
        Self { format: FORMAT.to_owned(), step: 0, tokens: 0, metrics: Vec::new(), best: None, stale: 0 }
    }
}

/// A checkpoint's parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// What has happened.
    pub progress: Progress,
    /// The trainer's state.
    pub state: Vec<u8>,
    /// The best adapter, unless there is none or it is the state's own.
    pub best: Vec<u8>,
}

impl Checkpoint {
    /// The checkpoint as bytes; equal checkpoints give equal bytes.
    ///
    /// # Errors
    /// When the progress cannot be JSON, which it always can.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TrainError> {
        let progress = manifest::to_canonical_json(&self.progress).map_err(|error| unusable(error.to_string()))?;
        let mut bytes = Vec::with_capacity(16 + progress.len() + self.state.len() + self.best.len());
        for part in [&progress, &self.state] {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend(part);
        }
        bytes.extend(&self.best);
        Ok(bytes)
    }

    /// Reads what [`Checkpoint::to_bytes`] wrote. The trainer checks its state itself.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] for all other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TrainError> {
        let (progress, rest) = part(bytes)?;
        let (state, best) = part(rest)?;
        let progress: Progress = serde_json::from_slice(progress).map_err(|error| unusable(error.to_string()))?;
        if progress.format != FORMAT {
            return Err(unusable(format!("format {:?} is not known to this version", progress.format)));
        }
        Ok(Self { progress, state: state.to_vec(), best: best.to_vec() })
    }
}

fn part(bytes: &[u8]) -> Result<(&[u8], &[u8]), TrainError> {
    let short = || unusable("it is cut off".to_owned());
    let (length, rest) = bytes.split_first_chunk().ok_or_else(short)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| short())?;
    rest.split_at_checked(length).ok_or_else(short)
}

fn unusable(reason: String) -> TrainError {
    TrainError::Checkpoint { reason }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn checkpoint() -> Checkpoint {
        let metric = TrainMetric {
            step: 1,
            split: "train".into(),
            loss: 0.1 + 0.2,
            tokens: 12,
            learning_rate: Some(1e-4),
            grad_norm: None,
        };
        let best = Some(Best { step: 1, loss: 1.0 / 3.0 });
        let progress = Progress { step: 2, tokens: 99, metrics: vec![metric], best, stale: 1, ..Progress::none() };
        Checkpoint { progress, state: vec![1, 2, 3], best: vec![4, 5] }
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = checkpoint().to_bytes().unwrap();
        assert_eq!(Checkpoint::from_bytes(&bytes).unwrap(), checkpoint());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut bytes = checkpoint().to_bytes().unwrap();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = Checkpoint::from_bytes(&bytes);
            bytes.truncate(cut.index(bytes.len()));
            let _ = Checkpoint::from_bytes(&bytes);
        }
    }
}
