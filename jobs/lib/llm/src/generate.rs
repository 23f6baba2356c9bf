//! Continues a prompt token by token, keeping the keys and values of what was read.

use crate::attention::Cache;
use crate::error::RunError;
use crate::lora::Adapter;
use crate::model::Model;
use crate::sampling::{Sampler, Sampling};

/// Prompt tokens read at once, which bounds the memory of the attention's scores.
const PROMPT_PART: usize = 256;

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// A stop token came; it is not among the ids.
    Stop,
    /// The most tokens asked for were generated, or the model's context is full.
    Length,
    /// The caller's callback said so.
    Cancelled,
}

/// The continuation of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// Generated tokens, without the prompt.
    pub ids: Vec<u32>,
    /// Why there are no more.
    pub reason: StopReason,
}

/// Continues `prompt`. `on_token` sees each token as it is chosen and answers whether to go on.
pub fn generate(
    model: &Model,
    adapter: Option<&Adapter>,
    prompt: &[u32],
    sampling: &Sampling,
    on_token: &mut dyn FnMut(u32) -> bool,
) -> Result<Generated, RunError> {
    model.check(prompt, adapter)?;
    let mut sampler = Sampler::new(sampling)?;
    let capacity = prompt.len().saturating_add(sampling.max_tokens).min(model.config().context);
    let mut cache = Cache::new(model.config(), capacity, model.compute());
    let mut seen = prompt.to_vec();
    let mut unread = 0;
    let end = |seen: &[u32], reason| Ok(Generated { ids: seen[prompt.len()..].to_vec(), reason });
    while seen.len() < capacity {
        let mut last = None;
        for part in seen[unread..].chunks(PROMPT_PART) {
            last = Some(model.hidden_cached(adapter, part, &mut cache)?);
        }
        unread = seen.len();
        // There is always a token to read: the prompt is not empty, and each round adds one.
        let Some(hidden) = last else { return Err(RunError::Empty) };
        let rows = hidden.dims()[0];
        let logits = model.logits(hidden.slice_dim(0, rows - 1..rows))?;
        let id = sampler.choose(logits, &seen)?;
        if sampling.stop.contains(&id) {
            return end(&seen, StopReason::Stop);
        }
        seen.push(id);
        if !on_token(id) {
            return end(&seen, StopReason::Cancelled);
        }
    }
    end(&seen, StopReason::Length)
}
