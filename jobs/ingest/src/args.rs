//! The command line as typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use job::{Completions, Flags, HasFlags};

use crate::verify::{self, Subset};

const EXAMPLES: &str = "\
Examples:
  ingest --vod 1087079172
  ingest --vod https://www.twitch.tv/videos/1087079172 --from 5:00 --to 1:05:00
  ingest --vod 1087079172 --quality best --token-file token.txt
  ingest --from-file vods.txt
  ingest --vod file:talk.mkv --chat talk.chat.json
  ingest --vod file:talk.mkv --chat talk.chat.json --id talk-1 --started-at 2025-03-01T18:00:00Z
  ingest --vod webdavs://example.org/talk.mkv --chat webdavs://example.org/talk.chat.json
  ingest inspect talk.chat.json
  ingest list
  ingest show 1087079172
  ingest diff 1087079172
  ingest audio file/talk -o talk.flac
  ingest export file/talk --format twitchdownloader -o talk.json
  ingest verify

Chat is read from TwitchDownloader (1.0 to 1.4), rechat archives, twitch-dl, chat-downloader (JSON and JSON lines), \
ganymede, yt-dlp's live_chat and captures of Twitch's chat protocol, plain or gzip; which of them a file is, it tells \
itself. Messages that cannot be taken are kept with the reason in the table problem: \
rows plus problems are always the elements of the file.

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
    /// The broadcast: id or URL of a video of Twitch, file:PATH of a media file, or its URL (https, webdavs, s3, azblob, gs); may be repeated
    #[arg(long, group = "what", required_unless_present_any = ["vods", "from_file"], value_name = "ID|URL|file:PATH")]
    pub vod: Vec<String>,
    /// The same without --vod
    #[arg(group = "what", value_name = "ID|URL|file:PATH")]
    pub vods: Vec<String>,
    /// Broadcasts from a file, one a line, for local ones with a tab and the chat's file after it
    #[arg(long, group = "what", value_name = "LIST", conflicts_with_all = ["id", "chat", "started_at", "title", "from", "to"])]
    pub from_file: Option<PathBuf>,
    /// The chat of the recording as another tool saved it: a path, or a URL as for --vod; the format is told by the content [default for Twitch: it is fetched]
    #[arg(long, value_name = "FILE", requires = "what")]
    pub chat: Option<PathBuf>,
    /// The name of the VOD in the store, file/NAME [default: the media file's name without its ending]
    #[arg(long, value_name = "NAME", requires = "what")]
    pub id: Option<String>,
    /// When the broadcast began [default: what the chat export says]
    #[arg(long, value_name = "RFC3339", requires = "what")]
    pub started_at: Option<String>,
    /// Title of the broadcast [default: what the chat export says]
    #[arg(long, value_name = "TEXT", requires = "what")]
    pub title: Option<String>,
    /// Take only what comes after T: seconds, MM:SS or H:MM:SS, with up to three decimals; it becomes time 0
    #[arg(long, value_name = "T", requires = "what")]
    pub from: Option<String>,
    /// Take only what comes before T
    #[arg(long, value_name = "T", requires = "what")]
    pub to: Option<String>,
    /// Take the chat alone; the media file need not exist
    #[arg(long, requires = "what", conflicts_with_all = ["media_only", "keep_media"])]
    pub chat_only: bool,
    /// Take the media alone
    #[arg(long, requires = "what", conflicts_with = "chat")]
    pub media_only: bool,
    /// Keep the media file itself in the store too, not only its sound
    #[arg(long, requires = "what")]
    pub keep_media: bool,
    /// What is fetched of a video: audio_only, best, or the name of a rendition like 720p60
    #[arg(long, value_name = "NAME", default_value = "audio_only", help_heading = "Fetching")]
    pub quality: String,
    /// File with the OAuth token of an account that may watch the video [env: DOUGPT_TWITCH_TOKEN holds the token itself]
    #[arg(long, value_name = "FILE", help_heading = "Fetching")]
    pub token_file: Option<PathBuf>,
    /// Take a broadcast that still goes on as far as it is
    #[arg(long, help_heading = "Fetching")]
    pub allow_growing: bool,
    /// Fetch everything again, whatever the store has
    #[arg(long, help_heading = "Fetching")]
    pub refresh: bool,
    /// Requests at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=32), help_heading = "Fetching")]
    pub connections: u8,
    /// How often a request that failed is tried again
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u8).range(0..=100), help_heading = "Fetching")]
    pub retries: u8,
    /// Longest wait for a connection and for the next bytes of an answer, seconds
    #[arg(long, value_name = "S", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=600), help_heading = "Fetching")]
    pub timeout: u16,
    /// Most of the media that may be missing, percent
    #[arg(long, value_name = "P", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=100), help_heading = "Fetching")]
    pub max_gaps: u8,
}

/// What to do instead of taking in.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what a chat export holds: its format, messages, what could not be taken; nothing is taken in
    Inspect {
        /// The export, a local file
        #[arg(value_name = "FILE")]
        chat: PathBuf,
        /// When the broadcast began, for captures with clock times alone
        #[arg(long, value_name = "RFC3339")]
        started_at: Option<String>,
    },
    /// Every VOD of the store with its newest generation
    List,
    /// All about one VOD: its source, what was taken in, what could not be
    Show {
        /// platform/id, its URL, or the id alone where it is unique
        vod: String,
        /// Which generation [default: the newest]
        #[arg(long, value_name = "N")]
        generation: Option<u64>,
    },
    /// What changed between two generations of a VOD: media, chat, title, chapters
    Diff {
        /// platform/id, its URL, or the id alone where it is unique
        vod: String,
        /// The earlier generation [default: the last but one]
        before: Option<u64>,
        /// The later generation [default: the newest]
        after: Option<u64>,
    },
    /// Write the sound of a VOD to a file: FLAC, 16 kHz, mono
    Audio {
        /// platform/id, its URL, or the id alone where it is unique
        vod: String,
        /// The file to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Which generation [default: the newest]
        #[arg(long, value_name = "N")]
        generation: Option<u64>,
    },
    /// Write the media of a VOD to a file as it was fetched: what Twitch serves, or the file kept by --keep-media
    Media {
        /// platform/id, its URL, or the id alone where it is unique
        vod: String,
        /// The file to write; for Twitch a transport stream (.ts) or MP4
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Which generation [default: the newest]
        #[arg(long, value_name = "N")]
        generation: Option<u64>,
    },
    /// Write the chat of a VOD the way another tool reads it
    Export {
        /// platform/id, its URL, or the id alone where it is unique
        vod: String,
        /// Whose format
        #[arg(long, value_enum, default_value_t = ChatFormat::Twitchdownloader)]
        format: ChatFormat,
        /// The file to write [default: stdout]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Which generation [default: the newest]
        #[arg(long, value_name = "N")]
        generation: Option<u64>,
    },
    /// Check that everything of the VODs is in the store and undamaged; code 1 when it is not
    ///
    /// Reads the chain of generations, every object they name, and whether the tables fit together. Objects that were
    /// found sound are noted in dougpt/verify of the user's cache folder (XDG_CACHE_HOME, ~/.cache) until all are done, so
    /// that the same command goes on where it was interrupted.
    Verify {
        /// platform/id, its URL, or the id alone where it is unique [default: every VOD]
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
        /// Move what has wrong bytes to damaged/ in the store, so that taking the VOD in again makes it anew
        #[arg(long)]
        set_aside: bool,
        /// Check also what an interrupted verify has found sound already
        #[arg(long)]
        anew: bool,
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
