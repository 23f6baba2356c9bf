//! The command line of `align`.

use std::path::PathBuf;

use clap::{ArgGroup, Args as Arguments, Parser, Subcommand};
use ids::Name;
use job::{Completions, Flags, HasFlags};

use crate::export::Format;

/// Find how far chat lags behind speech, and tie each message to what it answers
#[derive(Debug, Parser)]
#[command(
    version,
    subcommand_negates_reqs = true,
    group = ArgGroup::new("which").required(true).args(["vod", "all"]),
    after_help = "EXAMPLES:\n  align --all\n  align show file/demo-1\n  align qa file/demo-1 -o demo-1.html\n  \
                  align verdicts file/demo-1 --import qa.json\n  align export file/demo-1 --format ass -o demo-1.ass"
)]
pub struct Args {
    /// What to do instead of aligning
    #[command(subcommand)]
    pub command: Option<Command>,
    /// VOD to align: platform/id, or an id that only one VOD has; may be given several times
    #[arg(long, value_name = "VOD")]
    pub vod: Vec<String>,
    /// Align every VOD in the store
    #[arg(long, conflicts_with = "vod")]
    pub all: bool,
    /// Which transcript is meant.
    #[command(flatten)]
    pub transcript: Transcript,
    #[command(flatten)]
    flags: Flags,
}

/// Which transcript is meant.
#[derive(Debug, Clone, Arguments)]
pub struct Transcript {
    /// Whisper model whose transcript is meant [default: tiny.en's, where there is one, else the only one]
    #[arg(long, value_name = "NAME", global = true)]
    pub model: Option<Name>,
    /// The transcript's run, or how its id begins, where that model made several
    #[arg(long, value_name = "RUN", global = true, conflicts_with = "all")]
    pub transcript: Option<String>,
}

/// What to do instead of aligning.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what was found for a VOD
    Show(Show),
    /// Write a page on which a person can hear and judge the alignment
    Qa(Qa),
    /// Take in what a person judged on that page
    Verdicts(Verdicts),
    /// Write the chat as subtitles, each line where what it answers is said
    Export(Export),
    /// Print a completion script for a shell
    Completions(Completions),
}

/// Which VOD to show.
#[derive(Debug, Arguments)]
pub struct Show {
    /// VOD: platform/id, or an id that only one VOD has
    pub vod: String,
}

/// Which VOD to write a page for.
#[derive(Debug, Arguments)]
pub struct Qa {
    /// VOD: platform/id, or an id that only one VOD has
    pub vod: String,
    /// File to write
    #[arg(short, long, value_name = "FILE.html")]
    pub output: PathBuf,
}

/// Which verdicts to take in.
#[derive(Debug, Arguments)]
pub struct Verdicts {
    /// VOD: platform/id, or an id that only one VOD has
    pub vod: String,
    /// The qa.json that the page saved
    #[arg(long, value_name = "FILE")]
    pub import: PathBuf,
}

/// Which subtitles.
#[derive(Debug, Arguments)]
pub struct Export {
    /// VOD: platform/id, or an id that only one VOD has
    pub vod: String,
    /// Format to write
    #[arg(long, value_enum, default_value_t = Format::Vtt)]
    pub format: Format,
    /// File to write [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl HasFlags for Args {
    fn flags(&self) -> &Flags {
        &self.flags
    }
}
