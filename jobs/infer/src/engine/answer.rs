//! What an engine answers, with everything a log or a reader needs to follow it back.

use guard::Verdict;
use ids::Digest;
use serde::Serialize;

use super::{Question, action_name, findings};
use crate::parity::Parity;

/// An answer: a reply, or a refusal.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The reply's name; null when nothing was generated.
    pub reply_id: Option<String>,
    /// The reply; null for a refusal.
    pub reply: Option<String>,
    /// Why there is no more of it.
    pub finish: Finish,
    /// What the streamer said, as it reached the model; null when it may not.
    pub transcript: Option<String>,
    /// Digest of the prompt's token ids.
    pub prompt_digest: Digest,
    /// Seed of the first attempt.
    pub seed: u64,
    /// How often something was generated.
    pub attempts: u64,
    /// Tokens read and generated.
    pub usage: Usage,
    /// What the guard did with the context.
    pub input: Judged,
    /// What the guard did with what was generated; null when nothing was.
    pub output: Option<Judged>,
    /// Whether the prompt is training's.
    pub parity: Parity,
}

/// Why a reply ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model ended it.
    Stop,
    /// It reached the most tokens.
    Length,
    /// The guard let nothing pass.
    ContentFilter,
}

/// Tokens of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens that were generated, those of blocked attempts included.
    pub reply_tokens: usize,
}

/// What the guard did and found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// `allow`, `mask` or `block`.
    pub action: &'static str,
    /// What was found, as `category:rule`, each once.
    pub findings: Vec<String>,
}

impl Default for Judged {
    fn default() -> Self {
        Self { action: "allow", findings: Vec::new() }
    }
}

impl Judged {
    /// Adds a verdict: the strictest action counts for a context; for attempts at a reply the last one does, see
    /// [`Judged::settle`].
    pub(super) fn add(&mut self, verdict: &Verdict) {
        let strictness = |action: &str| ["allow", "mask", "block"].iter().position(|name| *name == action);
        let action = action_name(verdict);
        if strictness(action) > strictness(self.action) {
            self.action = action;
        }
        self.find(verdict);
    }

    /// Takes over the verdict on the newest attempt, keeping what was found in those before.
    pub(super) fn settle(&mut self, verdict: &Verdict) {
        self.action = action_name(verdict);
        self.find(verdict);
    }

    fn find(&mut self, verdict: &Verdict) {
        for finding in findings(verdict) {
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
    }
}

impl Answer {
    /// The answer when nothing passes.
    pub(super) fn refusal(question: &Question, input: Judged, prompt_digest: Digest, seed: u64) -> Self {
        tracing::debug!(request_id = question.request_id, %prompt_digest, seed, input = input.action, "rendered");
        Self {
            reply_id: None,
            reply: None,
            finish: Finish::ContentFilter,
            transcript: None,
            prompt_digest,
            seed,
            attempts: 0,
            usage: Usage::default(),
            input,
            output: None,
            parity: Parity::Unchecked,
        }
    }

    /// Whether there is no reply because nothing may be said.
    pub fn is_refusal(&self) -> bool {
        self.reply.is_none()
    }
}
