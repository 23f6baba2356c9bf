//! From a context to a reply: guard, render, generate, guard again. One call is one reply; it knows no network and no
//! store.

mod answer;
mod question;

use guard::{Action, Verdict};
use ids::{Digest, Hasher};
use llm::{RunError, Sampling, StopReason, generate};
use prompt::{ChatLine, Context, PromptError, Rendered};

use crate::parity::Shadow;
use crate::release::Loaded;

pub use answer::{Answer, Finish, Judged, Usage};
pub use question::{Question, Settings, is_shadowed};

/// How often a reply that the guard blocks is made again before there is a refusal.
const RETRIES: u64 = 3;

/// A loaded release that answers.
#[derive(Clone)]
pub struct Engine {
    loaded: Loaded,
    shadow: std::sync::Arc<Shadow>,
}

/// Why there is no answer, not even a refusal. Display never repeats its source.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The prompt could not be made.
    #[error("the prompt cannot be rendered")]
    Render(#[from] PromptError),
    /// The model could not run.
    #[error("the model cannot answer")]
    Run(#[from] RunError),
    /// Whoever asked has left, or their time is up.
    #[error("the request ended before its answer")]
    Cancelled,
    /// Something that must never happen did; only this request is lost.
    #[error("the model failed in a way that is a defect of this program; please report it with the lines before")]
    Panicked,
}

impl Engine {
    /// An engine over a release; `shadow` checks prompts against training's.
    pub fn new(loaded: Loaded, shadow: Shadow) -> Self {
        Self { loaded, shadow: std::sync::Arc::new(shadow) }
    }

    /// The release.
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// Most tokens of a reply.
    pub fn reply_limit(&self) -> usize {
        self.loaded.renderer.spec().limits().reply_tokens
    }

    /// Answers `question`; `go_on` is asked before each token.
    ///
    /// The same question to the same release gives the same answer on the CPU, whatever came before it: where no seed
    /// is given, it comes from the prompt.
    ///
    /// # Errors
    /// When the prompt cannot be rendered, the model fails, or `go_on` says no.
    pub fn answer(&self, question: &Question, go_on: &mut dyn FnMut() -> bool) -> Result<Answer, AnswerError> {
        let (context, input) = self.admit(&question.context);
        let prompt = self.loaded.renderer.prompt(&context)?;
        let prompt_digest = prompt.digest();
        let seed = question.settings.seed.unwrap_or_else(|| seed_of(&prompt_digest));
        let mut answer = Answer::refusal(question, input, prompt_digest, seed);
        answer.usage.prompt_tokens = prompt.ids.len();
        // Where nothing is left of what the streamer said there is nothing to reply to.
        if answer.input.action == "block" {
            return Ok(answer);
        }
        answer.transcript = Some(context.transcript.clone());
        self.attempt(&mut answer, question, &prompt, go_on)?;
        if question.check_parity {
            answer.parity = self.shadow.check(&context, answer.reply.as_deref(), &prompt);
        }
        Ok(answer)
    }

    /// Generates until the guard lets a reply pass or the retries are used up.
    fn attempt(
        &self,
        answer: &mut Answer,
        question: &Question,
        prompt: &Rendered,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<(), AnswerError> {
        let Loaded { model, adapter, renderer, guard, .. } = &self.loaded;
        let settings = &question.settings;
        // Without chance another attempt would say the same again.
        let attempts = if settings.temperature == 0.0 { 1 } else { 1 + RETRIES };
        for attempt in 0..attempts {
            let sampling = Sampling {
                temperature: settings.temperature,
                top_p: settings.top_p,
                seed: answer.seed.wrapping_add(attempt),
                ..Sampling::greedy(settings.max_tokens.min(self.reply_limit()), renderer.stop_tokens().to_vec())
            };
            let generated = generate(model, Some(adapter), &prompt.ids, &sampling, &mut |_| go_on())?;
            if generated.reason == StopReason::Cancelled {
                return Err(AnswerError::Cancelled);
            }
            answer.attempts = attempt + 1;
            answer.usage.reply_tokens += generated.ids.len();
            answer.reply_id = Some(self.reply_id(question, answer, attempt, &generated.ids));
            let text = renderer.reply_text(&generated.ids);
            let verdict = guard.check_output(&text);
            answer.output.get_or_insert_default().settle(&verdict);
            if let Some(text) = verdict.text(&text) {
                answer.reply = Some(text.to_owned());
                answer.finish = match generated.reason {
                    StopReason::Length => Finish::Length,
                    _ => Finish::Stop,
                };
                break;
            }
        }
        Ok(())
    }

    /// The context as the guard lets it through, and what it did. A chat line that may not pass is left out.
    fn admit(&self, context: &Context) -> (Context, Judged) {
        let mut judged = Judged::default();
        let mut admit = |text: &str| {
            let verdict = self.loaded.guard.check_input(text);
            judged.add(&verdict);
            passed(text, verdict)
        };
        let lines = context.chat.iter().filter(|line| !is_blank(&line.text));
        let chat = lines
            .filter_map(|line| {
                let author = if is_blank(&line.author) { None } else { admit(&line.author) };
                Some(ChatLine { author: author.unwrap_or_default(), text: admit(&line.text)? })
            })
            .collect();
        let channel = if is_blank(&context.channel) { None } else { admit(&context.channel) };
        // What was done to chat is told as masking: something of the question is left.
        if judged.action == "block" {
            judged.action = "mask";
        }
        let verdict = self.loaded.guard.check_input(&context.transcript);
        judged.add(&verdict);
        let transcript = passed(&context.transcript, verdict).unwrap_or_default();
        (Context { channel: channel.unwrap_or_default(), transcript, chat }, judged)
    }

    /// The name by which a reply's lineage is asked for: all that made it, shortened to 64 bits.
    fn reply_id(&self, question: &Question, answer: &Answer, attempt: u64, ids: &[u32]) -> String {
        let mut hasher = Hasher::default();
        let head = format!(
            "dougpt reply 1\n{}\n{}\n{}\n{}\n{attempt}\n",
            question.request_id, self.loaded.release.adapter_digest, answer.prompt_digest, answer.seed
        );
        hasher.update(head.as_bytes());
        ids.iter().for_each(|id| hasher.update(&id.to_le_bytes()));
        let digest = hasher.digest().to_string();
        format!("r-{}", digest.get(..16).unwrap_or(&digest))
    }
}

fn is_blank(text: &str) -> bool {
    prompt::normalise(text).is_empty()
}

fn passed(text: &str, verdict: Verdict) -> Option<String> {
    match verdict.action {
        Action::Allow => Some(text.to_owned()),
        Action::Mask(masked) => Some(masked),
        Action::Block => None,
    }
}

/// The seed for a prompt: the first 53 bits of its digest, which every JSON reader keeps exact.
fn seed_of(prompt: &Digest) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&prompt.as_bytes()[..8]);
    u64::from_be_bytes(first) >> 11
}

/// What a guard found in a text, as `category:rule`.
fn findings(verdict: &Verdict) -> impl Iterator<Item = String> + '_ {
    verdict.findings.iter().map(|finding| format!("{}:{}", finding.category, finding.rule))
}

/// What a guard did, as the log writes it.
fn action_name(verdict: &Verdict) -> &'static str {
    match verdict.action {
        Action::Allow => "allow",
        Action::Mask(_) => "mask",
        Action::Block => "block",
    }
}
