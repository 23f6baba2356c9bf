//! The prompt spec: the template as typed segments, and the limits. A file, so that it has a digest.

use ids::Digest;
use serde::Deserialize;

use crate::PromptError;

/// The spec this program is built with.
const BUILT_IN: &str = include_str!("spec.toml");

/// The renderer's rules that this code implements.
const VERSION: u32 = 1;

/// No limit may be larger; every model's context is smaller.
const MAX_LIMIT: usize = 1 << 20;

/// What a prompt is made of, validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    pub(crate) content: Content,
    digest: Digest,
}

/// The spec file as written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    version: u32,
    name: String,
    pub(crate) prompt: Vec<Segment>,
    pub(crate) line: Line,
    pub(crate) reply: Reply,
    pub(crate) limits: Limits,
}

/// A piece of the template.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Segment {
    /// A control token by name, inserted by id.
    Control(String),
    /// Text of the template itself.
    Text(String),
    /// Text of the context, which is data and never more.
    Field(Field),
}

/// The parts of a context that a template can place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Field {
    /// The channel's name.
    Channel,
    /// What the streamer just said.
    Transcript,
    /// The chat lines.
    Chat,
}

/// How a chat line is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) between: String,
    pub(crate) after: String,
    pub(crate) unnamed: String,
}

/// How a reply ends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reply {
    pub(crate) end: String,
    pub(crate) stop: Vec<String>,
}

/// How much of everything a prompt holds; the newest is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Longest transcript in characters, applied before counting tokens.
    pub transcript_characters: usize,
    /// Longest transcript in tokens.
    pub transcript_tokens: usize,
    /// Most chat lines.
    pub chat_lines: usize,
    /// Longest chat line's text in characters.
    pub line_characters: usize,
    /// Longest author in characters.
    pub author_characters: usize,
    /// Longest channel name in characters.
    pub channel_characters: usize,
    /// Longest reply in tokens, without the end token.
    pub reply_tokens: usize,
    /// Longest prompt, reply and end token together, in tokens.
    pub total_tokens: usize,
}

/// The digest of the built-in spec, for jobs that have no tokenizer at hand.
pub fn spec_digest() -> Digest {
    Digest::of(BUILT_IN.as_bytes())
}

impl Spec {
    /// The spec this program is built with.
    ///
    /// # Errors
    /// Never in a released program: a test parses the same text.
    pub fn builtin() -> Result<Self, PromptError> {
        Self::parse(BUILT_IN)
    }

    /// Reads and validates a spec.
    ///
    /// # Errors
    /// `source` is not a spec, or a setting cannot work; the error names the setting.
    pub fn parse(source: &str) -> Result<Self, PromptError> {
        let content: Content = toml::from_str(source).map_err(|error| PromptError::SpecSyntax(Box::new(error)))?;
        content.validate()?;
        Ok(Self { content, digest: Digest::of(source.as_bytes()) })
    }

    /// The digest of the spec as written, comments included.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The spec's limits.
    pub fn limits(&self) -> &Limits {
        &self.content.limits
    }

    /// The template's name.
    pub fn name(&self) -> &str {
        &self.content.name
    }
}

impl Content {
    fn validate(&self) -> Result<(), PromptError> {
        let ensure = |holds: bool, setting, rule: &str| {
            if holds { Ok(()) } else { Err(PromptError::SpecSetting { setting, rule: rule.to_owned() }) }
        };
        ensure(self.version == VERSION, "version", &format!("this program renders version {VERSION}"))?;
        ensure(!self.name.is_empty(), "name", "give the template a name")?;
        for field in [Field::Channel, Field::Transcript, Field::Chat] {
            let places = self.prompt.iter().filter(|segment| **segment == Segment::Field(field)).count();
            ensure(places == 1, "prompt", &format!("the field {field:?} has to stand in it exactly once"))?;
        }
        // The reply is encoded on its own; text of the context right before it would be an invitation to continue that.
        let last_is_own = !matches!(self.prompt.last(), None | Some(Segment::Field(_)));
        ensure(last_is_own, "prompt", "it has to end with a control token or text of its own")?;
        ensure(!self.line.between.is_empty(), "line.between", "it has to tell author from text")?;
        ensure(self.line.after.ends_with('\n'), "line.after", "it has to end the line, or a text could pose as two")?;
        ensure(!self.line.unnamed.is_empty(), "line.unnamed", "it stands where a name is empty")?;
        ensure(!self.reply.end.is_empty(), "reply.end", "a reply needs an end token")?;
        self.limits.validate()
    }
}

impl Limits {
    fn validate(&self) -> Result<(), PromptError> {
        let settings = [
            ("limits.transcript_characters", self.transcript_characters),
            ("limits.transcript_tokens", self.transcript_tokens),
            ("limits.chat_lines", self.chat_lines),
            ("limits.line_characters", self.line_characters),
            ("limits.author_characters", self.author_characters),
            ("limits.channel_characters", self.channel_characters),
            ("limits.reply_tokens", self.reply_tokens),
            ("limits.total_tokens", self.total_tokens),
        ];
        match settings.into_iter().find(|(_, value)| !(1..=MAX_LIMIT).contains(value)) {
            Some((setting, value)) => {
                let rule = format!("it is {value} and has to be from 1 to {MAX_LIMIT}");
                Err(PromptError::SpecSetting { setting, rule })
            }
            None => Ok(()),
        }
    }

    /// How many tokens are left for the prompt when the longest reply and its end token have their place.
    pub fn prompt_tokens(&self) -> usize {
        self.total_tokens.saturating_sub(self.reply_tokens.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_built_in_spec_is_valid_and_its_digest_is_of_its_text() {
        let spec = Spec::builtin().unwrap();
        assert_eq!(spec.digest(), spec_digest());
        assert_eq!(spec.name(), "chatml");
        assert_ne!(Spec::parse(&format!("{BUILT_IN}\n")).unwrap().digest(), spec_digest());
    }

    /// Changes the built-in spec and expects the error to name `setting`.
    fn check(from: &str, to: &str, setting: &str) {
        assert!(BUILT_IN.contains(from), "{from}");
        match Spec::parse(&BUILT_IN.replace(from, to)) {
            Err(PromptError::SpecSetting { setting: named, .. }) => assert_eq!(named, setting),
            Err(PromptError::SpecSyntax(_)) => assert_eq!("syntax", setting),
            other => panic!("{to}: {other:?}"),
        }
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        check("version = 1", "version = 2", "version");
        check("name = \"chatml\"", "name = \"\"", "name");
        check("{ field = \"chat\" }", "{ text = \"\" }", "prompt");
        check("{ field = \"chat\" }", "{ field = \"channel\" }", "prompt");
        check("    { text = \"assistant\\n\" },\n]", "    { field = \"chat\" },\n]", "prompt");
        check("after = \"\\n\"", "after = \" \"", "line.after");
        check("between = \": \"", "between = \"\"", "line.between");
        check("chat_lines = 16", "chat_lines = 0", "limits.chat_lines");
        check("total_tokens = 1024", "total_tokens = 9999999", "limits.total_tokens");
        check("total_tokens = 1024", "total_tokens = -1", "syntax");
        check("total_tokens = 1024", "total_tokens = 1024\nextra = 1", "syntax");
        check("{ field = \"chat\" }", "{ feld = \"chat\" }", "syntax");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(at in 0..BUILT_IN.len(), with in any::<String>()) {
            let at = (0..=at).rev().find(|&at| BUILT_IN.is_char_boundary(at)).unwrap_or(0);
            let _ = Spec::parse(&format!("{}{with}{}", &BUILT_IN[..at], &BUILT_IN[at..]));
            let _ = Spec::parse(&with);
        }
    }
}
