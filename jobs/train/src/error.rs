//! What a person can do wrong or meet when training.

use std::path::PathBuf;

use ids::Digest;

/// Why a training run was not made.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The settings file cannot be read.
    #[error("the settings file {} cannot be read", path.display())]
    ConfigFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The settings are not TOML, or name something unknown.
    #[error("{name} is not a valid settings file; `train config` prints one")]
    ConfigSyntax {
        /// The file.
        name: String,
        /// What and where.
        source: Box<toml::de::Error>,
    },
    /// A setting has a value that cannot work.
    #[error("setting `{setting}` has to be {expected}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// Nothing is left to train on.
    #[error(
        "the dataset has no example to train on ({rows} rows, {left_out} of the training split left out); add VODs, or raise `max_tokens`"
    )]
    NoExamples {
        /// Rows of the dataset.
        rows: usize,
        /// Rows of the training split that could not be used.
        left_out: usize,
    },
    /// The dataset was built for another prompt.
    #[error(
        "the dataset was built for the prompt spec {found} and this program has {expected}; build the dataset again"
    )]
    PromptSpec {
        /// The spec in the dataset's manifest.
        found: String,
        /// This program's.
        expected: Digest,
    },
    /// `--resume` without anything to resume.
    #[error("there is nothing to resume: no checkpoint of this run is in the store; start it without --resume")]
    NothingToResume,
    /// A checkpoint's bytes are not what this program writes.
    #[error("the checkpoint cannot be used: {reason}")]
    Checkpoint {
        /// What is wrong with it.
        reason: String,
    },
    /// A file is in the way of an export.
    #[error("{} exists with other content; choose another folder or remove it", path.display())]
    InTheWay {
        /// The file.
        path: PathBuf,
    },
    /// An adapter run lacks one of its blobs.
    #[error("train run {run} has no {role}; it was not written by this program")]
    NoBlob {
        /// The run.
        run: ids::RunId,
        /// The role.
        role: &'static str,
    },
    /// The plot could not be drawn.
    #[error("the loss plot cannot be drawn: {reason}")]
    Plot {
        /// What the drawing library says.
        reason: String,
    },
}
