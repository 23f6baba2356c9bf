//! What is told about a reply, on the command line with `--json` and over `/v1/reply` alike.

use ids::{Digest, Name, RunId};
use serde::Serialize;

use crate::engine::{Answer, Engine, Finish, Judged};

/// A reply and where it came from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Response {
    /// The name to ask `audit lineage` for; null when nothing was generated.
    pub reply_id: Option<String>,
    /// The reply; null for a refusal.
    pub reply: Option<String>,
    /// Whether the guard let no reply pass.
    pub refused: bool,
    /// `stop`, `length` or `content_filter`.
    pub finish_reason: Finish,
    /// The request.
    pub request_id: String,
    /// The release channel.
    pub channel: Name,
    /// Position of the release in its channel.
    pub release: u64,
    /// The adapter's name.
    pub adapter: Name,
    /// The adapter's version.
    pub adapter_version: u64,
    /// Digest of its weights.
    pub adapter_digest: Digest,
    /// The run that trained it.
    pub train_run: RunId,
    /// The base model's name.
    pub base_model: Name,
    /// Digest of the base model's file.
    pub base_digest: Digest,
    /// Digest of prompt spec and vocabulary.
    pub renderer_digest: Digest,
    /// Digest of the guard's rules.
    pub guard_digest: Digest,
    /// Digest of the prompt's token ids.
    pub prompt_digest: Digest,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens that were generated, those of blocked attempts included.
    pub reply_tokens: usize,
    /// Sampling seed; sending it again with the same question gives the same reply.
    pub seed: u64,
    /// How often something was generated.
    pub attempts: u64,
    /// What the guard did with the context.
    pub guard_input: Judged,
    /// What the guard did with what was generated; null when nothing was.
    pub guard_output: Option<Judged>,
    /// Whether the prompt was compared with training's.
    pub parity_checked: bool,
}

impl Response {
    /// What is told of `answer` to the request of that id.
    pub fn new(engine: &Engine, request_id: &str, answer: &Answer) -> Self {
        let release = &engine.loaded().release;
        Self {
            reply_id: answer.reply_id.clone(),
            reply: answer.reply.clone(),
            refused: answer.is_refusal(),
            finish_reason: answer.finish,
            request_id: request_id.to_owned(),
            channel: release.channel.clone(),
            release: release.sequence,
            adapter: release.adapter.clone(),
            adapter_version: release.adapter_version,
            adapter_digest: release.adapter_digest,
            train_run: release.train_run,
            base_model: release.base_model.clone(),
            base_digest: release.base_digest,
            renderer_digest: release.renderer_digest,
            guard_digest: release.guard_digest,
            prompt_digest: answer.prompt_digest,
            prompt_tokens: answer.usage.prompt_tokens,
            reply_tokens: answer.usage.reply_tokens,
            seed: answer.seed,
            attempts: answer.attempts,
            guard_input: answer.input.clone(),
            guard_output: answer.output.clone(),
            parity_checked: answer.parity.checked(),
        }
    }
}
