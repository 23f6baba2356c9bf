//! The command line as typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use job::{Completions, Flags, HasFlags};

use crate::verify::{self, Subset};

const EXAMPLES: &str = "\
Examples:
  ingest --vod file:talk.mkv --chat talk.chat.json
  ingest --vod file:talk.mkv --chat talk.chat.json --id talk-1 --started-at 2025-03-01T18:00:00Z
  ingest --vod file:talk.mkv --chat talk.chat.json --from 5:00 --to 1:05:00
  ingest --vod webdavs://example.org/talk.mkv --chat webdavs://example.org/talk.chat.json
  ingest list
  ingest audio file/talk -o talk.flac
  ingest verify

Chat is read from TwitchDownloader's JSON (1.0 to 1.4) and from rechat archives, plain or gzip. \
Messages that cannot be taken are kept with the reason in the table problem: \
rows plus problems are always the messages of the export.

Credentials for URLs come from the environment: DOUGPT_WEBDAV_USER and DOUGPT_WEBDAV_PASSWORD, DOUGPT_HTTP_USER and \
DOUGPT_HTTP_PASSWORD (or _TOKEN), AWS_*, AZURE_STORAGE_*, GOOGLE_APPLICATION_CREDENTIALS. Plain http: and webdav:, and \
addresses that are not public, are refused for hosts that DOUGPT_ALLOW_HOSTS (HOST or HOST:PORT, comma) does not name.";

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
    /// The recording: file:PATH of a media file, or its URL (https, webdavs, s3, azblob, gs)
    #[arg(long, required = true, value_name = "URL")]
    pub vod: Option<String>,
    /// The chat of the recording, exported by TwitchDownloader or from a rechat archive: a path, or a URL as for --vod
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
    /// Check that everything of the VODs is in the store and undamaged; code 1 when it is not
    ///
    /// Reads the chain of generations, every object they name, and whether the tables fit together. Objects that were
    /// found sound are noted in dougpt/verify of the user's cache folder (XDG_CACHE_HOME, ~/.cache) until all are done, so
    /// that the same command goes on where it was interrupted. With --json, trouble is {"error": {"kind", "message"}} with
    /// the kinds no_such_asset, locked, unreachable and trouble.
    Verify {
        /// platform/id, or the id alone where it is unique [default: every VOD]
        #[arg(value_name = "VOD")]
        vods: Vec<String>,
        /// Only look whether every object is there with the right size
        #[arg(long, conflicts_with_all = ["full", "subset"])]
        quick: bool,
        /// Read every object and compare its digest; this is the default
        #[arg(long)]
        full: bool,
        /// Read a part of the objects, chosen by digest: 5% is always the same part; 1/7 to 7/7 together are everything
        #[arg(long, value_name = "P%|N/M")]
        subset: Option<Subset>,
        /// Begin no more objects after T (seconds, MM:SS or H:MM:SS); the same command later goes on there
        #[arg(long, value_name = "T", value_parser = verify::duration)]
        max_duration: Option<Duration>,
        /// Check also what an interrupted verify has found sound already
        #[arg(long)]
        anew: bool,
    },
    /// Print a shell completion script
    Completions(Completions),
}

impl HasFlags for Args {
    fn flags(&self) -> &Flags {
        &self.flags
    }
}
