//! QLoRA training (Dettmers et al. 2023): gradients of the adapter through a frozen quantised model.
//!
//! The forward pass keeps only the input of every layer; the backward pass runs each layer again, one gradient graph
//! at a time. The head runs on labelled tokens only. Nothing here depends on the number of threads.

mod gradients;
mod state;

use thiserror::Error;

use crate::error::RunError;
use crate::lora::{Adapter, AdapterError};
use crate::model::Model;
use crate::optimiser::{Moments, norm};
use crate::schedule::TrainConfig;

/// One training example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Prompt and reply.
    pub ids: Vec<u32>,
    /// Which tokens are labels; the first cannot be one.
    pub mask: Vec<bool>,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// Mean negative log-likelihood of the labelled tokens, before the step.
    pub loss: f64,
    /// How many there were.
    pub labelled_tokens: usize,
    /// Global norm of the gradient, before clipping.
    pub grad_norm: f64,
    /// The learning rate used.
    pub learning_rate: f64,
}

/// Why a step was not made. The trainer is as it was before.
#[derive(Debug, Error)]
pub enum TrainError {
    /// A setting outside its range.
    #[error("training setting {name} = {found} is not usable; {expected}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        found: f64,
        /// The accepted range.
        expected: &'static str,
    },
    /// An example cannot be run.
    #[error("example {index} of the batch cannot be trained on")]
    Example {
        /// Its place in the batch.
        index: usize,
        /// What is wrong with it.
        source: RunError,
    },
    /// A batch without a single labelled token.
    #[error("the batch has no labelled token; check the loss masks of the dataset")]
    NoLabels,
    /// The loss or a gradient was infinite or not a number.
    #[error("step {step}: the loss or its gradient is not finite; lower the learning rate or go back to a checkpoint")]
    NotFinite {
        /// The step, counted from 0.
        step: u64,
    },
    /// The loss jumped far above its running mean, beyond that of a uniform guess.
    #[error(
        "step {step}: the loss jumped to {loss:.3} from about {mean:.3}; lower the learning rate or go back to a checkpoint"
    )]
    Spike {
        /// The step, counted from 0.
        step: u64,
        /// Its loss.
        loss: f64,
        /// The running mean of the losses before it.
        mean: f64,
    },
    /// The model could not be run.
    #[error("the training step failed")]
    Run(#[from] RunError),
    /// A saved state cannot be restored.
    #[error("the saved training state cannot be restored")]
    State(#[from] AdapterError),
}

/// An adapter in training.
pub struct Trainer {
    model: Model,
    config: TrainConfig,
    adapter: Adapter,
    /// The adapter's values on the host, the truth; `adapter` is their copy on the device.
    values: Vec<Vec<f32>>,
    moments: Moments,
    step: u64,
    /// Running mean of the losses, for the spike guard.
    mean_loss: f64,
}

/// A loss this many times the running mean, and above that of a uniform guess, is a spike.
const SPIKE: f64 = 4.0;

/// Weight of the newest loss in the running mean.
const NEWEST: f64 = 0.1;

impl Trainer {
    /// Starts training an adapter.
    pub fn new(model: &Model, adapter: Adapter, config: TrainConfig) -> Result<Trainer, TrainError> {
        check(&config)?;
        if !adapter.fits(model.config()) {
            return Err(TrainError::Run(RunError::Adapter));
        }
        let values = adapter.values();
        let moments = Moments::zero(&values);
        Ok(Trainer { model: model.clone(), config, adapter, values, moments, step: 0, mean_loss: 0.0 })
    }

    /// One optimiser step on the mean loss over all labelled tokens of the batch. An error leaves the trainer as it
    /// was.
    pub fn step(&mut self, batch: &[Example]) -> Result<StepReport, TrainError> {
        let found = gradients::of_batch(&self.model, &self.adapter, batch)?;
        let grad_norm = norm(&found.gradients);
        if !(found.loss.is_finite() && grad_norm.is_finite()) {
            return Err(TrainError::NotFinite { step: self.step });
        }
        let uniform = (self.model.config().vocabulary as f64).ln();
        if self.step > 0 && found.loss > SPIKE * self.mean_loss && found.loss > uniform {
            return Err(TrainError::Spike { step: self.step, loss: found.loss, mean: self.mean_loss });
        }
        let shrink = (self.config.clip_norm / grad_norm).min(1.0) as f32;
        let learning_rate = self.config.learning_rate(self.step);
        self.moments.update(&mut self.values, &found.gradients, shrink, self.step, &self.config);
        self.adapter = Adapter::from_values(
            self.model.config(),
            &self.adapter.config,
            self.values.iter().cloned(),
            &self.model.compute().device,
        );
        let newest = if self.step == 0 { 1.0 } else { NEWEST };
        self.mean_loss += newest * (found.loss - self.mean_loss);
        self.step += 1;
        Ok(StepReport { loss: found.loss, labelled_tokens: found.labels, grad_norm, learning_rate })
    }

    /// Steps made so far.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// The adapter as it is now.
    pub fn adapter(&self) -> &Adapter {
        &self.adapter
    }
}

fn check(config: &TrainConfig) -> Result<(), TrainError> {
    match config.problem() {
        None => Ok(()),
        Some((name, found, expected)) => Err(TrainError::Setting { name, found, expected }),
    }
}

/// Loss and gradients of a batch, without a step; for tests and for tools that look at gradients.
pub fn loss_and_gradients(
    model: &Model,
    adapter: &Adapter,
    batch: &[Example],
) -> Result<(f64, Vec<Vec<f32>>), TrainError> {
    let found = gradients::of_batch(model, adapter, batch)?;
    Ok((found.loss, found.gradients))
}
