//! From a context to token ids and loss mask: the only code that lays out a prompt.

use ids::{Digest, Hasher};
use serde::{Deserialize, Serialize};

use crate::spec::{Field, Segment};
use crate::{PromptError, Spec, Tokenizer, fit, normalise, normalise::clip};

/// Joining fields and template text may cut words differently than each alone; this many tokens are kept free for it.
const JOIN_SLACK: usize = 16;

/// A line of chat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatLine {
    /// Pseudonym or role of who wrote it.
    pub author: String,
    /// What was written.
    pub text: String,
}

/// What a reply answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// Name of the channel.
    pub channel: String,
    /// What the streamer just said.
    pub transcript: String,
    /// Recent chat lines, oldest first.
    pub chat: Vec<ChatLine>,
}

/// A prompt, or a prompt with its reply, ready for the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Token ids.
    pub ids: Vec<u32>,
    /// Which tokens the loss counts: those of the reply and its end token. As long as `ids`.
    pub mask: Vec<bool>,
}

impl Rendered {
    /// The digest of the token ids (each four bytes, little-endian): stored with each example, logged for each reply.
    pub fn digest(&self) -> Digest {
        digest(&self.ids)
    }

    /// The tokens before the reply.
    pub fn prompt_ids(&self) -> &[u32] {
        let length = self.mask.iter().position(|&trained| trained).unwrap_or(self.ids.len());
        self.ids.get(..length).unwrap_or(&self.ids)
    }

    /// The digest of the tokens before the reply: equal for `prompt(context)` and `example(context, reply)`.
    pub fn prompt_digest(&self) -> Digest {
        digest(self.prompt_ids())
    }
}

fn digest(ids: &[u32]) -> Digest {
    let mut hasher = Hasher::default();
    ids.iter().for_each(|id| hasher.update(&id.to_le_bytes()));
    hasher.digest()
}

/// Lays out prompts for one model.
#[derive(Debug)]
pub struct Renderer {
    spec: Spec,
    tokenizer: Tokenizer,
    template: Vec<Part>,
    stop: Vec<u32>,
    end: u32,
}

/// A segment of the template with its control token looked up.
#[derive(Debug)]
enum Part {
    Control(u32),
    Text(String),
    Field(Field),
}

/// The context's text after normalising and shortening.
struct Fields<'a> {
    channel: &'a str,
    transcript: &'a str,
    lines: &'a [String],
}

impl Renderer {
    /// A renderer of `spec` for the model that `tokenizer` belongs to.
    ///
    /// # Errors
    /// The model lacks a control token of the spec, or the spec's limits leave no room for its own template.
    pub fn new(spec: Spec, tokenizer: Tokenizer) -> Result<Self, PromptError> {
        let control =
            |name: &String| tokenizer.control(name).ok_or_else(|| PromptError::MissingControl { name: name.clone() });
        let part = |segment: &Segment| {
            Ok(match segment {
                Segment::Control(name) => Part::Control(control(name)?),
                Segment::Text(text) => Part::Text(text.clone()),
                Segment::Field(field) => Part::Field(*field),
            })
        };
        let mut template = spec.content.prompt.iter().map(part).collect::<Result<Vec<_>, PromptError>>()?;
        if let Some(bos) = tokenizer.bos() {
            template.insert(0, Part::Control(bos));
        }
        let end = control(&spec.content.reply.end)?;
        let mut stop = vec![end];
        for id in spec.content.reply.stop.iter().filter_map(|name| tokenizer.control(name)).chain(tokenizer.eos()) {
            if !stop.contains(&id) {
                stop.push(id);
            }
        }
        let renderer = Self { spec, tokenizer, template, stop, end };
        renderer.ensure_room()?;
        Ok(renderer)
    }

    /// The prompt for `context`; nothing in its mask is trained.
    ///
    /// # Errors
    /// The text cannot be encoded.
    pub fn prompt(&self, context: &Context) -> Result<Rendered, PromptError> {
        let limits = self.spec.limits();
        let unnamed = &self.spec.content.line.unnamed;
        let channel = fit::name(&context.channel, limits.channel_characters, unnamed);
        let transcript = fit::newest(&self.tokenizer, &context.transcript, limits)?;
        let lines = self.lines(&context.chat);
        let mut lines = lines.as_slice();
        let limit = limits.prompt_tokens();
        loop {
            let ids = self.layout(&Fields { channel: &channel, transcript: &transcript, lines })?;
            let Some(mut extra) = ids.len().checked_sub(limit).filter(|&extra| extra > 0) else {
                return Ok(Rendered { mask: vec![false; ids.len()], ids });
            };
            if lines.is_empty() {
                return Err(PromptError::DoesNotFit { tokens: ids.len(), limit });
            }
            while let Some((oldest, rest)) = lines.split_first().filter(|_| extra > 0) {
                extra = extra.saturating_sub(self.tokenizer.encode(oldest)?.len().max(1));
                lines = rest;
            }
        }
    }

    /// The prompt for `context` with `reply` after it: what training sees. Begins with exactly `prompt(context)`.
    ///
    /// # Errors
    /// The reply is empty or too long for the spec, or the text cannot be encoded.
    pub fn example(&self, context: &Context, reply: &str) -> Result<Rendered, PromptError> {
        let reply = normalise(reply);
        if reply.is_empty() {
            return Err(PromptError::EmptyReply);
        }
        let mut reply = self.tokenizer.encode(&reply)?;
        let limit = self.spec.limits().reply_tokens;
        if reply.len() > limit {
            return Err(PromptError::ReplyTooLong { tokens: reply.len(), limit });
        }
        reply.push(self.end);
        let Rendered { mut ids, mut mask } = self.prompt(context)?;
        ids.extend(&reply);
        mask.resize(ids.len(), true);
        Ok(Rendered { ids, mask })
    }

    /// The text of a generated reply: one line, without the end token and anything after it.
    pub fn reply_text(&self, ids: &[u32]) -> String {
        let reply = ids.split(|id| self.stop.contains(id)).next().unwrap_or_default();
        normalise(&self.tokenizer.decode(reply))
    }

    /// Tokens that end a reply; the first is the one training teaches.
    pub fn stop_tokens(&self) -> &[u32] {
        &self.stop
    }

    /// The digest of all that decides a prompt's tokens: the spec with its limits, and the vocabulary.
    pub fn digest(&self) -> Digest {
        Digest::of(format!("dougpt prompt 1\n{}\n{}\n", self.spec.digest(), self.tokenizer.digest()).as_bytes())
    }

    /// The spec this renders.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The tokenizer of the model this renders for.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The newest chat lines that have text, oldest first, as they stand in the prompt.
    fn lines(&self, chat: &[ChatLine]) -> Vec<String> {
        let (limits, line) = (self.spec.limits(), &self.spec.content.line);
        let written = chat.iter().rev().filter_map(|said| {
            let text = normalise(&said.text);
            let text = clip(&text, limits.line_characters);
            let author = || fit::name(&said.author, limits.author_characters, &line.unnamed);
            (!text.is_empty()).then(|| format!("{}{}{text}{}", author(), line.between, line.after))
        });
        let mut lines: Vec<_> = written.take(limits.chat_lines).collect();
        lines.reverse();
        lines
    }

    /// Text between two control tokens is encoded as one run, the way the model's own template does it.
    fn layout(&self, fields: &Fields<'_>) -> Result<Vec<u32>, PromptError> {
        let mut ids = Vec::with_capacity(self.spec.limits().total_tokens.min(4096));
        let mut run = String::new();
        for part in &self.template {
            match part {
                Part::Control(id) => {
                    ids.extend(self.tokenizer.encode(&run)?);
                    run.clear();
                    ids.push(*id);
                }
                Part::Text(text) => run.push_str(text),
                Part::Field(Field::Channel) => run.push_str(fields.channel),
                Part::Field(Field::Transcript) => run.push_str(fields.transcript),
                Part::Field(Field::Chat) => fields.lines.iter().for_each(|line| run.push_str(line)),
            }
        }
        ids.extend(self.tokenizer.encode(&run)?);
        Ok(ids)
    }

    /// With every chat line dropped a prompt has to fit, whatever the channel and the transcript say.
    fn ensure_room(&self) -> Result<(), PromptError> {
        let limits = self.spec.limits();
        let template = self.layout(&Fields { channel: "", transcript: "", lines: &[] })?.len();
        // A character has at most four bytes and a byte needs at most one token.
        let channel = limits.channel_characters.max(self.spec.content.line.unnamed.len()).saturating_mul(4);
        let need = template.saturating_add(channel).saturating_add(limits.transcript_tokens).saturating_add(JOIN_SLACK);
        if need > limits.prompt_tokens() {
            let need = need.saturating_add(limits.reply_tokens).saturating_add(1);
            let rule =
                format!("template, channel, transcript and reply need {need} tokens, so it has to be at least that");
            return Err(PromptError::SpecSetting { setting: "limits.total_tokens", rule });
        }
        Ok(())
    }
}
