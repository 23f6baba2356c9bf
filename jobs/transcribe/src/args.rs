//! The command line of `transcribe`.

use std::path::PathBuf;

use asr::Timing;
use clap::{ArgGroup, Args as Arguments, Parser, Subcommand};
use ids::Name;
use job::{Completions, Flags, HasFlags, USUAL_MODEL};

use crate::AUTO;
use crate::export::Format;

/// Recognise speech: media to utterances and words with their times
#[derive(Debug, Parser)]
#[command(
    version,
    subcommand_negates_reqs = true,
    group = ArgGroup::new("which").required(true).args(["vod", "all"]),
    after_help = "EXAMPLES:\n  transcribe --vod file/demo-1\n  transcribe --all --model base.en\n  \
                  transcribe --vod file/demo-1 --model base --language auto --prompt-from-chat\n  \
                  transcribe export file/demo-1 --format srt -o demo-1.srt"
)]
pub struct Args {
    /// What to do instead of transcribing
    #[command(subcommand)]
    pub command: Option<Command>,
    /// VOD to transcribe: platform/id, or an id that only one VOD has; may be given several times
    #[arg(long, value_name = "VOD")]
    pub vod: Vec<String>,
    /// Transcribe every VOD in the store
    #[arg(long, conflicts_with = "vod")]
    pub all: bool,
    /// Whisper model, as `models list` names it
    #[arg(long, value_name = "NAME", default_value = USUAL_MODEL)]
    pub model: Name,
    /// Language spoken, as a two-letter code; auto asks a few pieces of each VOD and takes the majority
    #[arg(long, value_name = "CODE", default_value = AUTO)]
    pub language: String,
    /// Time words by their length alone, and use flash attention on a graphics card
    #[arg(long)]
    pub fast: bool,
    /// Text with names and spellings to expect, as it might stand before what is said
    #[arg(long, value_name = "TEXT", conflicts_with = "prompt_from_chat")]
    pub prompt: Option<String>,
    /// Expect the VOD's title and the names that its viewers write
    #[arg(long)]
    pub prompt_from_chat: bool,
    #[command(flatten)]
    flags: Flags,
}

/// What to do instead of transcribing.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a transcript in another format
    Export(Export),
    /// Print a completion script for a shell
    Completions(Completions),
}

/// Which transcript, and how.
#[derive(Debug, Arguments)]
pub struct Export {
    /// VOD: platform/id, or an id that only one VOD has
    pub vod: String,
    /// Format to write
    #[arg(long, value_enum)]
    pub format: Format,
    /// File to write [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Model whose transcript is meant [default: tiny.en's, where there is one, else the only one]
    #[arg(long, value_name = "NAME")]
    pub model: Option<Name>,
    /// The transcript's run, or how its id begins, where that model made several
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
}

impl Args {
    /// How words are timed.
    pub fn timing(&self) -> Timing {
        if self.fast { Timing::Fast } else { Timing::Precise }
    }
}

impl HasFlags for Args {
    fn flags(&self) -> &Flags {
        &self.flags
    }
}
