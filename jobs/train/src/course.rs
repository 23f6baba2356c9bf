//! The course of a run: steps, measurements, checkpoints, and when to end.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::Context as _;
use bytes::Bytes;
use job::{Job, ProgressMode};
use llm::{Adapter, Example, Model, StepReport, TrainConfig, Trainer, token_nlls};
use schemas::TrainMetric;
use serde_json::{Value, json};
use store::{RunWriter, StoreError};

use crate::checkpoint::{Best, Checkpoint, Progress};
use crate::{Config, Data, data};

/// What a run has to do.
pub struct Course<'a> {
    model: &'a Model,
    data: &'a Data,
    config: &'a Config,
    job: &'a Job,
    steps: u64,
}

/// What came of it.
pub struct Outcome {
    /// The adapter that is kept, as safetensors.
    pub adapter: Vec<u8>,
    /// Steps it was trained for.
    pub kept_step: u64,
    /// Whether training ended before its last step.
    pub ended_early: bool,
    /// Everything that happened.
    pub progress: Progress,
}

/// An adapter in training and all that happened to it.
struct State {
    trainer: Trainer,
    progress: Progress,
    /// The best adapter, unless there is none or it is the trainer's own.
    best: Vec<u8>,
}

impl<'a> Course<'a> {
    /// A run over `data`.
    pub fn new(model: &'a Model, data: &'a Data, config: &'a Config, job: &'a Job) -> Self {
        Self { model, data, config, job, steps: config.total_steps(data.train.len()) }
    }

    /// Trains to the end, from the newest usable checkpoint of `run` if there is one.
    ///
    /// # Errors
    /// A loss that diverges, a device or a store that fails.
    pub async fn train(&self, run: &RunWriter<'_>) -> anyhow::Result<Outcome> {
        let (mut state, damaged) = self.resume(run).await?;
        if state.progress.step == 0 && state.progress.metrics.is_empty() {
            self.measure(&mut state)?;
        }
        let clock = Instant::now();
        let mut shown = Shown { since: clock, first: state.progress.step, tokens: 0, percent: None };
        let mut ended_early = self.is_stale(&state);
        while state.progress.step < self.steps && !ended_early {
            let report = self.step(&mut state, &mut shown)?;
            self.show(&state, &report, &mut shown);
            let step = state.progress.step;
            if step % self.config.evaluate_every == 0 || step == self.steps {
                self.measure(&mut state)?;
                ended_early = self.is_stale(&state);
            }
            // The end needs no checkpoint: the commit follows in a moment.
            if step % self.config.checkpoint_every == 0 && step < self.steps && !ended_early {
                self.keep(run, &state, &damaged).await?;
            }
        }
        let kept_step = state.progress.best.map_or(state.progress.step, |best| best.step);
        let State { trainer, progress, best } = state;
        let adapter = if best.is_empty() { trainer.adapter().to_safetensors() } else { best };
        Ok(Outcome { adapter, kept_step, ended_early: ended_early && progress.step < self.steps, progress })
    }

    fn step(&self, state: &mut State, shown: &mut Shown) -> anyhow::Result<StepReport> {
        let chosen = data::batch(self.data.train.len(), self.config.batch_size, self.config.seed, state.progress.step);
        let batch: Vec<Example> = chosen.into_iter().filter_map(|index| self.data.train.get(index)).cloned().collect();
        let tokens: u64 = batch.iter().map(|example| example.ids.len() as u64).sum();
        // The best adapter is the trainer's own until the next step changes it.
        let was_best = state.progress.best.is_some_and(|best| best.step == state.progress.step);
        if was_best {
            state.best = state.trainer.adapter().to_safetensors();
        }
        let report = state
            .trainer
            .step(&batch)
            .with_context(|| format!("training stopped at step {}; nothing was committed", state.progress.step + 1))?;
        state.progress.step += 1;
        state.progress.tokens += tokens;
        shown.tokens += tokens;
        state.progress.metrics.push(TrainMetric {
            step: state.progress.step as i64,
            split: "train".to_owned(),
            loss: report.loss,
            tokens: report.labelled_tokens as i64,
            learning_rate: Some(report.learning_rate),
            grad_norm: Some(report.grad_norm),
        });
        Ok(report)
    }

    /// Measures the validation loss, if there is anything to measure on.
    fn measure(&self, state: &mut State) -> anyhow::Result<()> {
        if self.data.validation.is_empty() {
            return Ok(());
        }
        let (loss, tokens) = mean_loss(self.model, state.trainer.adapter(), &self.data.validation)?;
        let step = state.progress.step;
        state.progress.metrics.push(TrainMetric {
            step: step as i64,
            split: "val".to_owned(),
            loss,
            tokens,
            learning_rate: None,
            grad_norm: None,
        });
        if state.progress.best.is_none_or(|best| loss < best.loss) {
            state.progress.best = Some(Best { step, loss });
            state.progress.stale = 0;
            state.best.clear();
        } else {
            state.progress.stale += 1;
        }
        self.job.say(&format!("step {step}/{}: validation loss {loss:.4}", self.steps));
        Ok(())
    }

    fn is_stale(&self, state: &State) -> bool {
        self.config.patience > 0 && state.progress.stale >= self.config.patience
    }

    /// One line for each percent, with what a person wants to know while waiting.
    fn show(&self, state: &State, report: &StepReport, shown: &mut Shown) {
        let step = state.progress.step;
        let percent = step * 100 / self.steps.max(1);
        if self.job.flags().progress == ProgressMode::Never || shown.percent == Some(percent) {
            return;
        }
        shown.percent = Some(percent);
        let seconds = shown.since.elapsed().as_secs_f64().max(1e-9);
        let left = seconds / (step - shown.first).max(1) as f64 * (self.steps - step) as f64;
        self.job.say(&format!(
            "step {step}/{}: loss {:.4}, gradient {:.2}, rate {:.1e}, {:.0} tokens/s, eta {left:.0} s",
            self.steps,
            report.loss,
            report.grad_norm,
            report.learning_rate,
            shown.tokens as f64 / seconds,
        ));
    }

    fn settings(&self) -> TrainConfig {
        TrainConfig {
            peak_lr: self.config.peak_learning_rate,
            warmup_steps: self.config.warmup_steps,
            total_steps: self.steps,
            weight_decay: self.config.weight_decay,
            betas: (self.config.beta1, self.config.beta2),
            clip_norm: self.config.clip_norm,
            min_lr_ratio: self.config.final_share,
        }
    }

    /// The newest checkpoint that can be used, else the beginning; and the numbers of those that cannot.
    async fn resume(&self, run: &RunWriter<'_>) -> anyhow::Result<(State, BTreeSet<u64>)> {
        let mut damaged = BTreeSet::new();
        let found = match run.checkpoints().await {
            // Without its records nobody knows which checkpoints there are; the beginning is always known.
            Err(error @ StoreError::Invalid { .. }) => {
                self.job.say(&format!("the checkpoints are passed over: {error:#}"));
                damaged.extend((1..self.steps).filter(|step| step % self.config.checkpoint_every == 0));
                Vec::new()
            }
            found => found?,
        };
        for (number, digest) in found.into_iter().rev() {
            match self.read(run, digest).await {
                Ok(state) => {
                    self.job.say(&format!("step {}/{}: going on from a checkpoint", state.progress.step, self.steps));
                    return Ok((state, damaged));
                }
                Err(error) => {
                    self.job.say(&format!("checkpoint {number} is passed over: {error:#}"));
                    damaged.insert(number);
                }
            }
        }
        let adapter = Adapter::init(self.model.config(), &self.config.lora(), self.model.compute())?;
        let trainer = Trainer::new(self.model, adapter, self.settings())?;
        Ok((State { trainer, progress: Progress::none(), best: Vec::new() }, damaged))
    }

    async fn read(&self, run: &RunWriter<'_>, digest: ids::Digest) -> anyhow::Result<State> {
        let Checkpoint { progress, state, best } = Checkpoint::from_bytes(&run.store().blob(&digest).await?)?;
        let trainer = Trainer::restore(self.model, &state, self.settings())?;
        anyhow::ensure!(trainer.steps() == progress.step, "its parts are of different steps");
        Ok(State { trainer, progress, best })
    }

    async fn keep(&self, run: &RunWriter<'_>, state: &State, damaged: &BTreeSet<u64>) -> anyhow::Result<()> {
        let checkpoint =
            Checkpoint { progress: state.progress.clone(), state: state.trainer.state(), best: state.best.clone() };
        let number = state.progress.step;
        match run.checkpoint(number, Bytes::from(checkpoint.to_bytes()?)).await {
            // A damaged object cannot be overwritten, and the run does not need it.
            Err(StoreError::Differs { .. }) if damaged.contains(&number) => Ok(()),
            other => Ok(other.map(drop)?),
        }
    }
}

/// What was shown last, and what the speed is taken from.
struct Shown {
    since: Instant,
    first: u64,
    tokens: u64,
    percent: Option<u64>,
}

/// Mean negative log-likelihood of the labelled tokens of `examples`, nats, and how many there are.
fn mean_loss(model: &Model, adapter: &Adapter, examples: &[Example]) -> anyhow::Result<(f64, i64)> {
    let (mut sum, mut count) = (0.0, 0);
    for example in examples {
        let losses = token_nlls(model, Some(adapter), &example.ids, &example.mask)?;
        sum += losses.iter().map(|&loss| f64::from(loss)).sum::<f64>();
        count += losses.len() as i64;
    }
    Ok((sum / count.max(1) as f64, count))
}

impl Outcome {
    /// First, last and kept losses.
    pub fn losses(&self) -> Value {
        let of = |split: &'static str| self.progress.metrics.iter().filter(move |metric| metric.split == split);
        let loss = |metric: Option<&TrainMetric>| metric.map(|metric| metric.loss);
        json!({
            "train_first": loss(of("train").next()),
            "train_last": loss(of("train").next_back()),
            "validation_before": loss(of("val").next()),
            "validation_last": loss(of("val").next_back()),
            "validation_kept": self.progress.best.map(|best| best.loss),
        })
    }
}
