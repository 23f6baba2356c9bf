//! What can go wrong between samples and words, and what to do about it.

use std::path::PathBuf;

use whisper_rs::WhisperError;

/// An operation on speech that did not work. whisper.cpp's own words about it go to the log.
#[derive(Debug, thiserror::Error)]
pub enum AsrError {
    /// The model file is missing, cut short, or of another kind.
    #[error("cannot load the {kind} model {}; pull or import it again", path.display())]
    Load {
        /// `speech` or `voice activity`.
        kind: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: WhisperError,
    },
    /// A path that whisper.cpp cannot be given.
    #[error("the model path {} is not plain text; move the file", path.display())]
    Path {
        /// The file.
        path: PathBuf,
    },
    /// No alignment heads are known for the model, so words could not be timed.
    #[error("{name:?} is no Whisper model whose words can be timed; use one of {known}")]
    Model {
        /// The name given.
        name: String,
        /// The names that work.
        known: String,
    },
    /// A language whisper.cpp does not know, or one the model was not trained for.
    #[error("the model does not speak {language:?}; use \"en\" with .en models, else a two-letter language code")]
    Language {
        /// The language given.
        language: String,
    },
    /// More audio than one pass takes.
    #[error("a chunk of {given_ms} ms is longer than {limit_ms} ms; cut it first")]
    TooLong {
        /// Length given.
        given_ms: u64,
        /// Longest length.
        limit_ms: u64,
    },
    /// Voice activity detection failed.
    #[error("voice activity detection failed on {given_ms} ms of audio")]
    Detect {
        /// Length given.
        given_ms: u64,
        /// Why.
        source: WhisperError,
    },
    /// Recognition failed.
    #[error("recognition failed on {given_ms} ms of audio")]
    Recognize {
        /// Length given.
        given_ms: u64,
        /// Why.
        source: WhisperError,
    },
}
