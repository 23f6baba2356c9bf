//! What Twitch has of a broadcast now, and whether a committed run has the same.

use std::collections::BTreeMap;

use ids::Digest;
use serde_json::{Value, json};
use store::{Run, Store};
use url::Url;

use super::gql::Gql;
use super::playlist::Playlist;
use super::usher::{self, Rendition};
use super::video::{self, Video};
use super::{TwitchError, comments};
use crate::LOGIC_VERSION;
use crate::net::Net;
use crate::params::{ChatFrom, Remote};
use crate::source_file::SourceFile;

/// What there is to take in.
pub(super) struct Offer {
    pub(super) video: Video,
    pub(super) media: Option<OfferedMedia>,
    /// The chat that is taken in place of Twitch's.
    pub(super) chat: Option<SourceFile>,
}

/// The rendition that was chosen, and its segments.
pub(super) struct OfferedMedia {
    pub(super) rendition: Rendition,
    pub(super) base: Url,
    pub(super) playlist: Playlist,
}

impl Offer {
    /// Asks for it. A broadcast that still goes on is refused, unless it is wanted as it is.
    pub(super) async fn ask(
        net: &Net,
        gql: &Gql,
        params: &Remote,
        chat: Option<SourceFile>,
    ) -> Result<Self, TwitchError> {
        let id = &params.broadcast.vod.id;
        let video = video::fetch(gql, id).await?;
        let media = match params.media {
            false => None,
            true => {
                let rendition = usher::rendition(net, gql, id, &params.quality, params.retries).await?;
                let (base, playlist) = usher::segments(net, id, &rendition, params.retries).await?;
                Some(OfferedMedia { rendition, base, playlist })
            }
        };
        let over = media.as_ref().is_none_or(|media| media.playlist.ended);
        if !params.allow_growing && (!over || video.status.as_deref() == Some("RECORDING")) {
            return Err(TwitchError::Growing { id: id.to_string() });
        }
        Ok(Self { video, media, chat })
    }

    /// Digests of what is offered, by the names that the inputs of a run have.
    pub(super) fn digests(&self) -> anyhow::Result<BTreeMap<String, Digest>> {
        let digest = |document: Vec<u8>| Digest::of(&document);
        let mut digests = BTreeMap::from([("metadata".to_owned(), digest(manifest::to_canonical_json(&self.video)?))]);
        if let Some(media) = &self.media {
            digests.insert("playlist".to_owned(), digest(manifest::to_canonical_json(&media.playlist)?));
        }
        Ok(digests)
    }

    /// Length of the broadcast, s: the longer of what is said and what the playlist has.
    pub(super) fn length_s(&self) -> i64 {
        let media = self.media.as_ref().map_or(0, |media| media.playlist.duration_ms().div_ceil(1000));
        self.video.length_seconds.max(i64::try_from(media).unwrap_or(0))
    }

    /// Whether a new run would find what `run` has: the same facts and playlist, and the same end of the chat.
    pub(super) async fn is_that_of(
        &self,
        run: &Run,
        gql: &Gql,
        params: &Remote,
        store: &Store,
    ) -> anyhow::Result<bool> {
        let key = &run.manifest.key;
        let unchanged = self.digests()?.iter().all(|(role, digest)| key.inputs.get(role) == Some(digest));
        if key.logic_version != LOGIC_VERSION || key.params != asked(params) || !unchanged {
            return Ok(false);
        }
        match &params.chat {
            ChatFrom::Nowhere => Ok(true),
            ChatFrom::Export(_) => Ok(key.inputs.get("chat") == self.chat.as_ref().map(|chat| &chat.digest)),
            // A cut has no end of its own to look at; it is as old as the broadcast's facts.
            ChatFrom::Twitch if params.broadcast.range.is_some() => Ok(true),
            ChatFrom::Twitch => {
                let Some(blob) = run.manifest.blobs.get("chat") else { return Ok(false) };
                let document: Value = serde_json::from_slice(&store.blob(&blob.digest).await?)?;
                let nodes = document.get("comments").and_then(Value::as_array).cloned().unwrap_or_default();
                let unchanged = comments::unchanged(gql, &params.broadcast.vod.id, nodes, params.retries).await;
                unchanged.map_err(TwitchError::classified)
            }
        }
    }
}

/// What is asked of a run.
pub(super) fn asked(params: &Remote) -> Value {
    json!({
        "broadcast": params.broadcast.question(),
        "quality": params.quality,
        "media": params.media,
        "chat": params.chat.name(),
    })
}
