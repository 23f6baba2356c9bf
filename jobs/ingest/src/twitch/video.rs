//! What Twitch says about a broadcast: the facts that stay, without counters that change every minute.

use ids::VodId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::TwitchError;
use super::gql::{Gql, Operation};

static VIDEO: Operation = Operation::new(
    "Video",
    None,
    "query Video($id: ID!) { video(id: $id) { id title description createdAt publishedAt lengthSeconds status \
     broadcastType owner { id login displayName } game { id displayName } } }",
);

static CHAPTERS: Operation = Operation::new(
    "VideoPlayer_ChapterSelectButtonVideo",
    Some("71835d5ef425e154bf282453a926d99b328cdc5e32f36d3a209d0f4778b41203"),
    "query VideoPlayer_ChapterSelectButtonVideo($videoID: ID!) { video(id: $videoID) { id moments(momentRequestType: \
     VIDEO_CHAPTER_MARKERS, types: [GAME_CHANGE]) { edges { node { id durationMilliseconds positionMilliseconds type \
     description details { ... on GameChangeMomentDetails { game { id displayName } } } } } } } }",
);

static MUTES: Operation = Operation::new(
    "VideoPlayer_MutedSegmentsAlertOverlay",
    Some("c36e7400657815f4704e6063d265dff766ed8fc1590361c6d71e4368805e0b49"),
    "query VideoPlayer_MutedSegmentsAlertOverlay($vodID: ID!) { video(id: $vodID) { id muteInfo { \
     mutedSegmentConnection { nodes { duration offset } } } } }",
);

/// Most chapters and muted ranges that are taken.
const MOST: usize = 10_000;

/// What is known of a broadcast. It becomes a document of the store, so it holds nothing that changes by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Video {
    pub(crate) id: String,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    /// RFC 3339, as Twitch writes it.
    pub(crate) created_at: Option<String>,
    pub(crate) published_at: Option<String>,
    /// 0 for a broadcast that was just made.
    pub(crate) length_seconds: i64,
    /// `RECORDED` or, while it goes on, `RECORDING`.
    pub(crate) status: Option<String>,
    /// `ARCHIVE`, `HIGHLIGHT`, `UPLOAD`.
    pub(crate) broadcast_type: Option<String>,
    pub(crate) channel: Option<String>,
    pub(crate) channel_name: Option<String>,
    pub(crate) channel_id: Option<String>,
    pub(crate) game: Option<String>,
    pub(crate) chapters: Vec<Chapter>,
    pub(crate) muted: Vec<Muted>,
}

/// A part of the broadcast with one game.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chapter {
    pub(crate) start_ms: i64,
    pub(crate) duration_ms: i64,
    pub(crate) game: Option<String>,
    pub(crate) description: Option<String>,
}

/// A range that Twitch silenced, as its player shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Muted {
    pub(crate) start_ms: i64,
    pub(crate) duration_ms: i64,
}

/// Asks for all of it.
pub(super) async fn fetch(gql: &Gql, id: &VodId) -> Result<Video, TwitchError> {
    let asked = gql.ask(&VIDEO, &json!({ "id": id })).await?;
    if asked.get("video").is_none_or(Value::is_null) {
        return Err(TwitchError::NotFound { id: id.to_string() });
    }
    let chapters = gql.ask(&CHAPTERS, &json!({ "videoID": id, "includePrivate": false })).await?;
    let mutes = gql.ask(&MUTES, &json!({ "vodID": id, "includePrivate": false })).await?;
    read(id, &asked, &chapters, &mutes)
}

/// What the answers to the three questions say.
pub(super) fn read(id: &VodId, asked: &Value, chapters: &Value, mutes: &Value) -> Result<Video, TwitchError> {
    let asked: Asked = shaped(VIDEO.name, asked.pointer("/video").cloned())?
        .ok_or_else(|| TwitchError::NotFound { id: id.to_string() })?;
    let chapters: Vec<Edge> =
        shaped(CHAPTERS.name, chapters.pointer("/video/moments/edges").cloned())?.unwrap_or_default();
    let mutes = mutes.pointer("/video/muteInfo/mutedSegmentConnection/nodes").cloned();
    let mutes: Vec<Option<Mute>> = shaped(MUTES.name, mutes)?.unwrap_or_default();
    Ok(video(id, asked, chapters, mutes))
}

fn video(id: &VodId, asked: Asked, chapters: Vec<Edge>, mutes: Vec<Option<Mute>>) -> Video {
    let (channel, channel_name, channel_id) =
        asked.owner.map_or((None, None, None), |owner| (owner.login, owner.display_name, owner.id));
    let mut chapters: Vec<_> = chapters
        .into_iter()
        .filter_map(|edge| edge.node)
        .take(MOST)
        .map(|node| Chapter {
            start_ms: node.position_milliseconds,
            duration_ms: node.duration_milliseconds.max(0),
            game: node.details.and_then(|details| details.game).and_then(|game| game.display_name),
            description: node.description,
        })
        .collect();
    chapters.sort_by(|a, b| (a.start_ms, a.duration_ms, &a.game).cmp(&(b.start_ms, b.duration_ms, &b.game)));
    let mut muted: Vec<_> = mutes
        .into_iter()
        .flatten()
        .take(MOST)
        .map(|mute| Muted {
            start_ms: mute.offset.saturating_mul(1000),
            duration_ms: mute.duration.saturating_mul(1000),
        })
        .collect();
    muted.sort_by_key(|mute| (mute.start_ms, mute.duration_ms));
    Video {
        id: id.to_string(),
        title: asked.title,
        description: asked.description,
        created_at: asked.created_at,
        published_at: asked.published_at,
        length_seconds: asked.length_seconds,
        status: asked.status,
        broadcast_type: asked.broadcast_type,
        channel,
        channel_name,
        channel_id,
        game: asked.game.and_then(|game| game.display_name),
        chapters,
        muted,
    }
}

/// A value of the known shape; `None` when there is none.
fn shaped<T: for<'de> Deserialize<'de>>(
    operation: &'static str,
    value: Option<Value>,
) -> Result<Option<T>, TwitchError> {
    let value = value.filter(|value| !value.is_null());
    value
        .map(serde_json::from_value)
        .transpose()
        .map_err(|error| TwitchError::SchemaDrift { operation, message: error.to_string() })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    title: Option<String>,
    description: Option<String>,
    created_at: Option<String>,
    published_at: Option<String>,
    #[serde(default)]
    length_seconds: i64,
    status: Option<String>,
    broadcast_type: Option<String>,
    owner: Option<Owner>,
    game: Option<Game>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owner {
    id: Option<String>,
    login: Option<String>,
    display_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Game {
    display_name: Option<String>,
}

#[derive(Deserialize)]
struct Edge {
    node: Option<Moment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Moment {
    #[serde(default)]
    position_milliseconds: i64,
    #[serde(default)]
    duration_milliseconds: i64,
    description: Option<String>,
    details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    game: Option<Game>,
}

#[derive(Deserialize)]
struct Mute {
    duration: i64,
    offset: i64,
}
