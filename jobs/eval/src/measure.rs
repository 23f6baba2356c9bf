//! What one system, the candidate or the baseline, makes of the held-out examples.

use guard::{Action, Guard};
use ids::Digest;
use job::Progress;
use llm::{Adapter, Model, RunError, generate, token_nlls};
use prompt::{PromptError, Renderer};
use schemas::EvalSample;

use crate::Pack;
use crate::heldout::{HeldOut, context, vod};

/// One held-out example under one system.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Summed negative log-likelihood of the true reply under its own context, nats.
    pub nll: f64,
    /// The same under another context, if that was tried.
    pub swapped_nll: Option<f64>,
    /// Tokens of the true reply with its end token.
    pub tokens: usize,
    /// Digest of the prompt's token ids.
    pub prompt_digest: Digest,
    /// What the system answered, if it was asked.
    pub answer: Option<Answer>,
}

/// A generated reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its text.
    pub text: String,
    /// Its length in tokens, without the end token.
    pub tokens: usize,
    /// Toxicity, 0 to 1.
    pub toxicity: f64,
    /// What the guard does with it: `allow`, `mask` or `block`.
    pub guard: &'static str,
}

/// Why a system could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// A prompt could not be rendered.
    #[error("a held-out example cannot be rendered")]
    Prompt(#[from] PromptError),
    /// The model could not be run.
    #[error("a held-out example cannot be scored")]
    Run(#[from] RunError),
}

/// A model with or without an adapter, and what it is measured with.
pub struct Bench<'a> {
    /// The base model.
    pub model: &'a Model,
    /// The renderer of all prompts.
    pub renderer: &'a Renderer,
    /// The guard of all answers.
    pub guard: &'a Guard,
    /// The settings.
    pub pack: &'a Pack,
    /// Advanced by one for every example.
    pub progress: &'a Progress,
}

impl Bench<'_> {
    /// Measures a system on every example, in order. `done` counts examples over all systems.
    ///
    /// # Errors
    /// When a prompt cannot be rendered or the model gives no finite numbers.
    pub fn measure(
        &self,
        adapter: Option<&Adapter>,
        held_out: &HeldOut,
        answers: bool,
        done: &mut u64,
    ) -> Result<Vec<Measured>, MeasureError> {
        let mut found = Vec::with_capacity(held_out.examples.len());
        for (index, example) in held_out.examples.iter().enumerate() {
            let own = self.renderer.example(&context(example), &example.reply)?;
            let nlls = token_nlls(self.model, adapter, &own.ids, &own.mask)?;
            let swap = held_out.answered.get(&index).copied();
            let swapped_nll = match swap.flatten().and_then(|other| held_out.examples.get(other)) {
                None => None,
                Some(other) => {
                    let swapped = self.renderer.example(&context(other), &example.reply)?;
                    Some(sum(&token_nlls(self.model, adapter, &swapped.ids, &swapped.mask)?))
                }
            };
            let answer = match swap {
                Some(_) if answers => Some(self.answer(adapter, own.prompt_ids(), &example.example_id)?),
                _ => None,
            };
            found.push(Measured {
                nll: sum(&nlls),
                swapped_nll,
                tokens: nlls.len(),
                prompt_digest: own.prompt_digest(),
                answer,
            });
            *done += 1;
            self.progress.set(*done);
        }
        Ok(found)
    }

    fn answer(&self, adapter: Option<&Adapter>, prompt: &[u32], id: &Digest) -> Result<Answer, MeasureError> {
        // Each answer has a seed of its own, so that it does not depend on which others are drawn.
        let seed = Digest::of(format!("{} {id}", self.pack.seed).as_bytes());
        let seed = seed.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let sampling = self.pack.sampling(seed, self.renderer.stop_tokens());
        let generated = generate(self.model, adapter, prompt, &sampling, &mut |_| true)?;
        let text = self.renderer.reply_text(&generated.ids);
        let guard = match self.guard.check_output(&text).action {
            Action::Allow => "allow",
            Action::Mask(_) => "mask",
            Action::Block => "block",
        };
        Ok(Answer { tokens: generated.ids.len(), toxicity: guard::toxicity(&text), guard, text })
    }
}

fn sum(nlls: &[f32]) -> f64 {
    nlls.iter().map(|&nll| f64::from(nll)).sum()
}

/// The rows of `eval_sample` of one system.
pub fn samples(system: &str, held_out: &HeldOut, measured: &[Measured]) -> Vec<EvalSample> {
    let pairs = held_out.examples.iter().zip(measured);
    pairs
        .map(|(example, measured)| {
            let vod = vod(example);
            let answer = measured.answer.as_ref();
            EvalSample {
                system: system.to_owned(),
                example_id: example.example_id,
                platform: vod.platform,
                vod_id: vod.id,
                nll: measured.nll,
                tokens: measured.tokens as i64,
                prompt_digest: measured.prompt_digest,
                reply: answer.map(|answer| answer.text.clone()),
                toxicity: answer.map(|answer| answer.toxicity),
                guard: answer.map(|answer| answer.guard.to_owned()),
            }
        })
        .collect()
}
