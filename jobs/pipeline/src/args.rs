//! The command line of `pipeline`.

use std::fmt;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use ids::Name;
use job::{Completions, Flags, HasFlags};

/// Run the jobs in order: models, ingest, transcribe, align, dataset, train, eval
#[derive(Debug, Parser)]
#[command(
    name = "pipeline",
    version,
    after_help = "\
Examples:
  pipeline demo                                  the whole way on the sample stream
  pipeline run --vod file:stream.mkv --chat stream.json --until align
  pipeline run --vod 1087079172 --until align
  pipeline run --vod file/monday --vod file/friday --dataset main
  pipeline status"
)]
pub struct Args {
    #[command(flatten)]
    pub(crate) flags: Flags,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl HasFlags for Args {
    fn flags(&self) -> &Flags {
        &self.flags
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the jobs in order on some VODs; what is done already is not done again
    Run(Box<Run>),
    /// What is in the store and what is still to do
    Status,
    /// The whole way on the sample stream, then one reply and where it came from
    Demo,
    /// Print a completion script for a shell
    Completions(Completions),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// A VOD in the store (file/monday), a media file to take in (file:PATH or its URL), or a video to fetch (its id or
    /// URL); may be given several times
    #[arg(long, required = true, value_name = "ID|URL|file:PATH")]
    pub(crate) vod: Vec<String>,
    /// The exported chat of each media file, in the same order
    #[arg(long, value_name = "FILE")]
    pub(crate) chat: Vec<PathBuf>,
    /// Stop after this job
    #[arg(long, value_enum, default_value_t = Step::Eval)]
    pub(crate) until: Step,
    /// Name of the dataset
    #[arg(long, default_value = "main", value_name = "NAME")]
    pub(crate) dataset: Name,
    /// Name of the adapter [default: the dataset's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) adapter: Option<Name>,
    /// Speech model
    #[arg(long, default_value = "tiny.en", value_name = "MODEL")]
    pub(crate) speech_model: Name,
    /// Base language model
    #[arg(long, default_value = "smollm2-135m-instruct", value_name = "MODEL")]
    pub(crate) base: Name,
    /// Release channel to promote to when the gate passes
    #[arg(long, default_value = "stable", value_name = "NAME")]
    pub(crate) channel: Name,
    /// Configuration of the dataset job
    #[arg(long, value_name = "FILE")]
    pub(crate) dataset_config: Option<PathBuf>,
    /// Configuration of the train job
    #[arg(long, value_name = "FILE")]
    pub(crate) train_config: Option<PathBuf>,
    /// Configuration of the eval job
    #[arg(long, value_name = "FILE")]
    pub(crate) eval_config: Option<PathBuf>,
    /// Where to train and evaluate: auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    pub(crate) device: String,
}

/// The jobs in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Step {
    /// Pull the pinned models
    Models,
    /// Take in VOD and chat
    Ingest,
    /// Recognise speech
    Transcribe,
    /// Tie chat to speech
    Align,
    /// Build the dataset
    Dataset,
    /// Train the adapter
    Train,
    /// Evaluate, gate and promote
    Eval,
}

impl Step {
    /// The name of the job's executable.
    pub(crate) fn job(self) -> &'static str {
        match self {
            Self::Models => "models",
            Self::Ingest => "ingest",
            Self::Transcribe => "transcribe",
            Self::Align => "align",
            Self::Dataset => "dataset",
            Self::Train => "train",
            Self::Eval => "eval",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.job())
    }
}
