//! The command line as typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use job::{Completions, Flags, HasFlags};

const EXAMPLES: &str = "\
Examples:
  models list
  models pull tiny.en silero-v6.2.0
  models import ~/Downloads/ggml-tiny.en.bin --name tiny.en

A pulled file comes from the model cache when it is there ($DOUGPT_MODEL_CACHE, else dougpt/models in the user's \
cache folder; files are named by their SHA-256), and over HTTPS otherwise. \
Nothing enters the store that differs from its pin.";

/// Pinned model files: list, pull, import
#[derive(Debug, Parser)]
#[command(name = "models", version, after_help = EXAMPLES)]
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
    /// Every pinned model: size, licence, and whether store and cache hold it
    List,
    /// Take models into the store, from the cache or over HTTPS; one result line for each
    Pull {
        /// Names from `models list`
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// Take a local file into the store as the model it is pinned as
    Import {
        /// The file
        file: PathBuf,
        /// The model it has to be
        #[arg(long)]
        name: String,
    },
    /// All about one model: pin, addresses, whether store and cache hold it
    Show {
        /// A name from `models list`
        name: String,
    },
    /// Print a shell completion script
    Completions(Completions),
}

impl HasFlags for Args {
    fn flags(&self) -> &Flags {
        &self.flags
    }
}
