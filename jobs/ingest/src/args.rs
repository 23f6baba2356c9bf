//! The command line as typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use job::{Completions, Flags, HasFlags};

const EXAMPLES: &str = "\
Examples:
  ingest --vod file:talk.mkv --chat talk.chat.json
  ingest --vod file:talk.mkv --chat talk.chat.json --id talk-1 --started-at 2025-03-01T18:00:00Z
  ingest --vod file:talk.mkv --chat talk.chat.json --from 5:00 --to 1:05:00
  ingest list
  ingest audio file/talk -o talk.flac
  ingest export file/talk --format twitchdownloader -o talk.json
  ingest verify

Chat is read from TwitchDownloader (1.0 to 1.4), rechat archives, twitch-dl, chat-downloader (JSON and JSON lines), \
ganymede, yt-dlp's live_chat and captures of Twitch's chat protocol, plain or gzip; which of them a file is, it tells \
itself. Messages that cannot be taken are kept with the reason in the table problem: \
rows plus problems are always the elements of the file.";

/// Take a recording and its chat into the store
#[derive(Debug, Parser)]
#[command(name = "ingest", version, subcommand_negates_reqs = true, after_help = EXAMPLES)]
pub struct Args {
    /// What to take in
    #[command(flatten)]
    pub take: Take,
    /// What to do instead of taking in
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The common flags
    #[command(flatten)]
    pub flags: Flags,
}

/// What to take in.
#[derive(Debug, Clone, clap::Args)]
pub struct Take {
    /// The recording: file:PATH of a local media file
    #[arg(long, required = true, value_name = "file:PATH")]
    pub vod: Option<String>,
    /// The chat of the recording, as another tool saved it; the format is told by the content
    #[arg(long, value_name = "FILE", requires = "vod")]
    pub chat: Option<PathBuf>,
    /// The name of the VOD in the store, file/NAME [default: the media file's name without its ending]
    #[arg(long, value_name = "NAME", requires = "vod")]
    pub id: Option<String>,
    /// When the broadcast began [default: what the chat export says]
    #[arg(long, value_name = "RFC3339", requires = "vod")]
    pub started_at: Option<String>,
    /// Title of the broadcast [default: what the chat export says]
    #[arg(long, value_name = "TEXT", requires = "vod")]
    pub title: Option<String>,
    /// Take only what comes after T: seconds, MM:SS or H:MM:SS, with up to three decimals; it becomes time 0
    #[arg(long, value_name = "T", requires = "vod")]
    pub from: Option<String>,
    /// Take only what comes before T
    #[arg(long, value_name = "T", requires = "vod")]
    pub to: Option<String>,
    /// Take the chat alone; the media file need not exist
    #[arg(long, requires = "chat", conflicts_with_all = ["media_only", "keep_media"])]
    pub chat_only: bool,
    /// Take the media alone
    #[arg(long, requires = "vod", conflicts_with = "chat")]
    pub media_only: bool,
    /// Keep the media file itself in the store too, not only its sound
    #[arg(long, requires = "vod")]
    pub keep_media: bool,
}

/// What to do instead of taking in.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Every VOD of the store with its newest generation
    List,
    /// All about one VOD: its source, what was taken in, what could not be
    Show {
        /// platform/id, or the id alone where it is unique
        vod: String,
    },
    /// Write the sound of a VOD to a file: FLAC, 16 kHz, mono
    Audio {
        /// platform/id, or the id alone where it is unique
        vod: String,
        /// The file to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Write the chat of a VOD the way another tool reads it
    Export {
        /// platform/id, or the id alone where it is unique
        vod: String,
        /// Whose format
        #[arg(long, value_enum)]
        format: ChatFormat,
        /// The file to write [default: stdout]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Check that everything of the VODs is in the store and undamaged; code 1 when it is not
    Verify {
        /// platform/id, or the id alone where it is unique [default: every VOD]
        #[arg(value_name = "VOD")]
        vods: Vec<String>,
        /// Only look whether every object is there with the right size
        #[arg(long, conflicts_with = "full")]
        quick: bool,
        /// Read every object and compare its digest; this is the default
        #[arg(long)]
        full: bool,
    },
    /// Print a shell completion script
    Completions(Completions),
}

/// Formats that chat is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ChatFormat {
    /// TwitchDownloader's JSON, version 1.4.0
    Twitchdownloader,
}

impl HasFlags for Args {
    fn flags(&self) -> &Flags {
        &self.flags
    }
}
