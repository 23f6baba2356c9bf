//! The one prompt renderer: messages to token ids and loss mask.

mod vocabulary;

pub use vocabulary::Vocabulary;
