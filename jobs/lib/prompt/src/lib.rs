//! The one prompt renderer: messages to token ids and loss mask.
//!
//! Training, evaluation and serving all turn a [`Context`] into tokens through [`Renderer`], and compare
//! [`Renderer::digest`] before they start. Special tokens come only from the spec, by id; text is encoded with
//! special-token parsing off, so `<|im_end|>` typed in chat stays text.

mod alphabet;
mod error;
mod fit;
mod normalise;
mod render;
mod spec;
mod split;
mod tokenizer;
mod vocabulary;

pub use error::PromptError;
pub use normalise::normalise;
pub use render::{ChatLine, Context, Rendered, Renderer};
pub use spec::{Limits, Spec, spec_digest};
pub use tokenizer::Tokenizer;
pub use vocabulary::Vocabulary;
