//! The command line as typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use ids::Name;
use job::{Completions, Flags, HasFlags};
use store::Versioned;

const EXAMPLES: &str = "\
Examples:
  dataset build demo
  dataset build demo --vod twitch/1087079172 --vod file/demo-1 --config dataset.toml
  dataset defaults > dataset.toml
  dataset export demo@1 -o demo --format jsonl
  dataset report demo -o demo.html

Every message is tagged by every filter, then the untagged ones are selected; what was dropped is kept with its reason.
A broadcast keeps the split it was given first, and a new one never changes an older one's examples.";

/// Aligned turns to training examples, with a reason for everything left out
#[derive(Debug, Parser)]
#[command(name = "dataset", version, after_help = EXAMPLES)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
    /// The common flags
    #[command(flatten)]
    pub flags: Flags,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the next version of a dataset from the newest align runs
    Build {
        /// Name of the dataset
        name: Name,
        /// A broadcast to take (platform/id); may be given more than once [default: all that are aligned]
        #[arg(long = "vod", value_name = "VOD")]
        vods: Vec<String>,
        /// The align run to take of a broadcast that has several, or how its id begins; may be given more than once
        #[arg(long = "align", value_name = "RUN")]
        aligned: Vec<String>,
        /// Settings that differ from the defaults (`dataset defaults` prints those)
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Write a dataset into a folder
    Export {
        /// NAME, or NAME@VERSION
        dataset: Versioned,
        /// The folder; made if it is not there
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
        /// parquet: the tables as they are in the store; jsonl: one file for each split
        #[arg(long, value_enum)]
        format: Format,
    },
    /// Write a page about a dataset: counts for each filter and split, and samples
    Report {
        /// NAME, or NAME@VERSION
        dataset: Versioned,
        /// The page
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Every dataset with its versions
    List,
    /// Print the settings with their defaults, as a file for --config
    Defaults,
    /// Print a shell completion script
    Completions(Completions),
}

/// How a dataset is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The tables as they are in the store
    Parquet,
    /// One file of JSON lines for each split
    Jsonl,
}

impl HasFlags for Args {
    fn flags(&self) -> &Flags {
        &self.flags
    }
}
