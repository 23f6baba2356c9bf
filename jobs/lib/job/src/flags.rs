//! The flags that every command has.

use std::fmt;

use clap::{ArgAction, Args, ValueEnum};

/// The flags that every command has.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub struct Flags {
    /// Where everything is kept: a folder, file:PATH, s3://BUCKET/PREFIX, azblob://CONTAINER/PREFIX or gs://BUCKET/PREFIX (credentials from the environment)
    #[arg(long, global = true, env = "DOUGPT_STORE", default_value = "./.dougpt", value_name = "URL")]
    pub store: String,
    /// Print the result as one JSON line on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Say less: once for errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more: -v for details, -vv for everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Progress of long work on stderr
    #[arg(long, global = true, value_enum, default_value_t = ProgressMode::Auto)]
    pub progress: ProgressMode,
    /// Threads to use; never changes a result [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Log as JSON lines, for machines
    #[arg(long, global = true)]
    pub log_json: bool,
    /// Say which part of the run's identity differs from the nearest earlier run
    #[arg(long, global = true)]
    pub explain: bool,
}

impl Flags {
    /// How many threads may be used.
    pub fn thread_count(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(all, usize::from)
    }
}

/// A command line that carries [`Flags`].
pub trait HasFlags {
    /// The flags.
    fn flags(&self) -> &Flags;
}

/// When progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressMode {
    /// A bar on a terminal, one line for each percent elsewhere
    Auto,
    /// Never
    Never,
}

impl fmt::Display for ProgressMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Never => "never",
        })
    }
}
