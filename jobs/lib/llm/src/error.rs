//! What can go wrong while a model is loaded or run.

use thiserror::Error;

use crate::gguf::GgufError;

/// Why a model could not be loaded.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The model file is not usable.
    #[error("the model file cannot be loaded")]
    File(#[from] GgufError),
}

/// Why a sequence could not be run through a model.
#[derive(Debug, Error)]
pub enum RunError {
    /// No tokens were given.
    #[error("the token sequence is empty; give at least one token")]
    Empty,
    /// A token id the model has no embedding for.
    #[error(
        "token id {id} at position {position} is outside the vocabulary of {vocabulary}; use the model's own tokenizer"
    )]
    Token {
        /// The id.
        id: u32,
        /// Its place in the sequence.
        position: usize,
        /// Size of the vocabulary.
        vocabulary: usize,
    },
    /// The sequence is longer than the model's context.
    #[error("{tokens} tokens do not fit the model's context of {context}; shorten the prompt or ask for fewer tokens")]
    Context {
        /// Tokens asked for.
        tokens: usize,
        /// Tokens that fit.
        context: usize,
    },
    /// The mask does not label the sequence.
    #[error("the mask has {mask} entries for {ids} tokens, or labels the first token, which nothing predicts")]
    Mask {
        /// Entries of the mask.
        mask: usize,
        /// Tokens.
        ids: usize,
    },
    /// The adapter was made for a model of another shape.
    #[error("the adapter does not fit this model; use the base model it was trained on")]
    Adapter,
    /// The device did not give its results back.
    #[error("the device failed: {reason}; try --device cpu")]
    Device {
        /// What the backend reported.
        reason: String,
    },
    /// A result was infinite or not a number.
    #[error("the model computed a value that is not finite; the adapter or the model is damaged")]
    NotFinite,
    /// A sampling setting outside its range.
    #[error("sampling setting {name} = {found} is not usable; {expected}")]
    Sampling {
        /// The setting.
        name: &'static str,
        /// Its value.
        found: f32,
        /// The accepted range.
        expected: &'static str,
    },
}
