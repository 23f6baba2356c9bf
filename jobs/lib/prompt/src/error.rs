//! Everything that can go wrong between a vocabulary, a spec and a rendered prompt.

/// Why a prompt could not be rendered. Display never repeats its source.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The spec is not TOML of the known shape.
    #[error("the prompt spec is not readable; compare it with the built-in spec.toml")]
    SpecSyntax(#[source] Box<toml::de::Error>),
    /// A setting of the spec has a value that cannot work.
    #[error("prompt spec setting `{setting}`: {rule}")]
    SpecSetting {
        /// Name of the setting as written in the spec.
        setting: &'static str,
        /// What the setting has to be.
        rule: String,
    },
    /// The vocabulary asks for a way to split text that is not built in.
    #[error("pre-tokenizer {name:?} is not supported; use a model with one of: {known}")]
    UnknownPreTokenizer {
        /// What the model file names.
        name: String,
        /// The supported names, comma separated.
        known: String,
    },
    /// The vocabulary contradicts itself.
    #[error("the vocabulary is not a byte-level BPE vocabulary: {reason}; fetch the model file again")]
    Vocabulary {
        /// What is wrong with it.
        reason: String,
    },
    /// The merge rules do not fit the tokens.
    #[error("the vocabulary's merge rules do not fit its tokens; fetch the model file again")]
    Merges(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A control token of the spec is missing in the model.
    #[error("the model has no control token {name:?}, which the prompt spec needs; use a model made for ChatML")]
    MissingControl {
        /// The token's text in the spec.
        name: String,
    },
    /// The text could not be split into tokens.
    #[error("a text of {length} bytes could not be encoded; shorten it")]
    Encode {
        /// Length of the text in bytes.
        length: usize,
        /// What the tokenizer said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The reply has no visible text.
    #[error("the reply has no visible text; leave the example out")]
    EmptyReply,
    /// The reply is longer than the spec lets a reply be.
    #[error("the reply has {tokens} tokens and the prompt spec allows {limit}; leave the example out")]
    ReplyTooLong {
        /// Length of the reply in tokens.
        tokens: usize,
        /// `limits.reply_tokens` of the spec.
        limit: usize,
    },
    /// Even with every shortening done the prompt is too long.
    #[error("the prompt needs {tokens} tokens and the prompt spec allows {limit}; raise limits.total_tokens")]
    DoesNotFit {
        /// Length of the shortest possible prompt in tokens.
        tokens: usize,
        /// What `limits.total_tokens` leaves for the prompt.
        limit: usize,
    },
}
