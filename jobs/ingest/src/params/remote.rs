//! What is asked of a video of a platform, and how patiently.

use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use ids::{Platform, VodId, VodKey};

use super::{Broadcast, Input, chat_input};
use crate::args::Take;
use crate::retries::Retries;
use crate::text_file;

/// A video of a platform to take in, and how to fetch it.
#[derive(Clone)]
pub(crate) struct Remote {
    /// What it is.
    pub(crate) broadcast: Broadcast,
    /// Which rendition: `audio_only`, `best`, or the platform's name of one.
    pub(crate) quality: String,
    /// Whether media is taken in.
    pub(crate) media: bool,
    /// Where the chat is from.
    pub(crate) chat: ChatFrom,
    /// Whether a broadcast that still goes on is taken as it is.
    pub(crate) allow_growing: bool,
    /// Whether everything is fetched again.
    pub(crate) refresh: bool,
    /// Requests at once.
    pub(crate) connections: usize,
    pub(crate) retries: Retries,
    /// Most media that may be missing, percent.
    pub(crate) max_gaps: u32,
    /// Longest wait for a connection and for the next bytes.
    pub(crate) patience: Duration,
    /// The viewer's OAuth token: a secret, in no manifest and no log.
    pub(crate) token: Option<String>,
}

/// Where the chat of a video is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChatFrom {
    /// The platform.
    Twitch,
    /// An export.
    Export(Input),
    /// It is left out.
    Nowhere,
}

impl ChatFrom {
    /// The word for it in a run's parameters.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Twitch => "twitch",
            Self::Export(_) => "file",
            Self::Nowhere => "none",
        }
    }
}

impl Remote {
    /// The parameters in the arguments.
    ///
    /// # Errors
    /// Names the argument, its value and what would be right.
    pub(crate) fn new(take: &Take, id: VodId) -> anyhow::Result<Self> {
        if take.id.is_some() || take.keep_media {
            bail!("--id and --keep-media are for local files; a video of Twitch has its id, and its segments are kept");
        }
        // The address of its page is what a reply's lineage ends in.
        let source = format!("https://www.twitch.tv/videos/{id}");
        Ok(Self {
            broadcast: Broadcast::new(take, VodKey { platform: Platform::Twitch, id }, source)?,
            quality: quality(&take.quality)?,
            media: !take.chat_only,
            chat: match (&take.chat, take.media_only) {
                (Some(chat), _) => ChatFrom::Export(chat_input(chat)?),
                (None, true) => ChatFrom::Nowhere,
                (None, false) => ChatFrom::Twitch,
            },
            allow_growing: take.allow_growing,
            refresh: take.refresh,
            connections: usize::from(take.connections),
            retries: Retries { most: u32::from(take.retries) },
            max_gaps: u32::from(take.max_gaps),
            patience: Duration::from_secs(u64::from(take.timeout)),
            token: token(take.token_file.as_deref())?,
        })
    }
}

/// The environment variable with the viewer's token.
const TOKEN: &str = "DOUGPT_TWITCH_TOKEN";

/// Longest file with a token, bytes.
const LONGEST_TOKEN: u64 = 4096;

/// The viewer's token from a file or the environment. It is never repeated in an error.
fn token(file: Option<&Path>) -> anyhow::Result<Option<String>> {
    let (text, place) = match file {
        Some(path) => (text_file::read(path, "token file", LONGEST_TOKEN)?, path.display().to_string()),
        // What is not UTF-8 is no token; it is not taken for none.
        None => match std::env::var_os(TOKEN) {
            Some(text) if !text.is_empty() => (text.to_string_lossy().into_owned(), TOKEN.to_owned()),
            _ => return Ok(None),
        },
    };
    let text = text.trim().trim_start_matches("OAuth ").trim_start_matches("oauth:");
    if text.is_empty() || text.len() > 100 || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        bail!(
            "{place} holds no OAuth token; it is the value of the browser's cookie auth-token, 30 letters and digits"
        );
    }
    Ok(Some(text.to_owned()))
}

fn quality(text: &str) -> anyhow::Result<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ' | '.');
    if text.is_empty() || text.len() > 40 || !text.chars().all(allowed) {
        bail!("--quality is audio_only, best, or the name of a rendition like 720p60");
    }
    // However it is written it is the same question.
    Ok(text.to_ascii_lowercase())
}
