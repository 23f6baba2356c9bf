//! What can go wrong with Twitch: a closed list of kinds, because each asks for something else to be done.

use std::time::Duration;

use crate::net::NetError;
use crate::retries::GivenUp;

/// Why Twitch did not give what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TwitchError {
    #[error("Twitch has no video {id}: it was deleted, has expired, or never was; check the id")]
    NotFound { id: String },
    #[error("video {id} cannot be played yet: Twitch gives no playback token; try again in some minutes")]
    NotReady { id: String },
    #[error(
        "video {id} is not free to watch ({code}); give the token of an account that may watch it in the file \
         --token-file names, or in DOUGPT_TWITCH_TOKEN"
    )]
    SubOnly { id: String, code: String },
    #[error("Twitch does not accept the OAuth token; take a new one from the browser's cookie auth-token")]
    Auth,
    #[error("Twitch refuses {operation} with its integrity check for every client id; try again later")]
    Integrity { operation: &'static str },
    #[error("Twitch does not know the question {operation} any more; a newer version of this program is needed")]
    PersistedQueryNotFound { operation: &'static str },
    #[error("Twitch cannot answer {operation} ({message}); its chat may have expired: --media-only leaves it out")]
    Service { operation: &'static str, message: String },
    #[error("Twitch gives no comments for {operation} again and again; try again with --connections 1")]
    NullComments { operation: &'static str },
    #[error("Twitch's answer to {operation} has another shape than known ({message}); a newer version is needed")]
    SchemaDrift { operation: &'static str, message: String },
    #[error("Twitch asks to slow down; try again in {} s", .wait.as_secs())]
    RateLimited { wait: Duration },
    #[error("{what} failed after {attempts} attempts: {reason}")]
    Transient { what: String, attempts: u32, reason: String },
    #[error("{what} answers {status}: {message}")]
    Fatal { what: String, status: u16, message: String },
    #[error("the playlist of video {id} is refused: {reason}")]
    Playlist { id: String, reason: String },
    #[error("video {id} is still being broadcast; wait for its end, or take what is there with --allow-growing")]
    Growing { id: String },
    #[error("video {id} has no rendition {wanted:?}; it has {offered}")]
    Quality { id: String, wanted: String, offered: String },
    #[error(
        "{missing_ms} of {total_ms} ms of video {id} cannot be fetched, more than --max-gaps {percent}%: {first}; run \
         the same command again to try only these, or raise --max-gaps"
    )]
    Gaps { id: String, missing_ms: u64, total_ms: u64, percent: u32, first: String },
    #[error(transparent)]
    Net(#[from] NetError),
}

impl TwitchError {
    /// The error of giving up `what` after failures, of which `reason` was the last.
    pub(super) fn given_up(given_up: GivenUp, what: &str, reason: String) -> Self {
        match given_up {
            GivenUp::Failed(attempts) => Self::Transient { what: what.to_owned(), attempts, reason },
            GivenUp::Wait(wait) => Self::RateLimited { wait },
        }
    }

    /// The kind, for machines.
    fn kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::NotReady { .. } => "not_ready",
            Self::SubOnly { .. } => "sub_only",
            Self::Auth => "auth",
            Self::Integrity { .. } => "integrity",
            Self::PersistedQueryNotFound { .. } => "persisted_query_not_found",
            Self::Service { .. } => "service_error",
            Self::NullComments { .. } => "null_comments",
            Self::SchemaDrift { .. } => "schema_drift",
            Self::RateLimited { .. } => "rate_limited",
            Self::Transient { .. } => "transient",
            Self::Fatal { .. } => "fatal",
            Self::Playlist { .. } => "playlist",
            Self::Growing { .. } => "growing",
            Self::Quality { .. } => "quality",
            Self::Gaps { .. } => "gaps",
            Self::Net(NetError::Refused { .. }) => "refused",
            Self::Net(NetError::TooLarge { .. }) => "too_large",
            Self::Net(NetError::Broken { .. } | NetError::Client(_)) => "transient",
        }
    }

    /// This error with its kind, as jobs report it.
    pub(crate) fn classified(self) -> anyhow::Error {
        job::Failure::new(self.kind(), self).into()
    }
}
