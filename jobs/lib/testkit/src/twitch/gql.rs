//! Answers of the GQL service, right ones and those its troubles give, all with status 200 unless HTTP says otherwise.

use serde_json::{Map, Value, json};

use super::chat::Message;
use super::fault::{Fault, Trouble};
use super::operations::{self, Operation};
use super::paging::{self, By, Page};
use super::scenario::{Chapter, Scenario};
use super::usher;

/// What answers are made of.
pub(super) struct Facts<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) chat: &'a [Message],
    /// Whether the request brought the OAuth token.
    pub(super) authorized: bool,
    /// The page of comments given last, for `duplicate_page`.
    pub(super) last_page: Option<Value>,
    /// Differs on every answer.
    pub(super) serial: u64,
}

/// The answer to one operation.
pub(super) fn answer(facts: &Facts, operation: &Operation, fault: Option<&Fault>) -> Value {
    let trouble = fault.map(|fault| fault.kind);
    if !operation.is_known() || trouble == Some(Trouble::PersistedQueryNotFound) {
        return with_extensions(facts, operation, json!({"errors": [{"message": "PersistedQueryNotFound"}]}));
    }
    if operation.name == operations::UNKNOWN {
        return with_extensions(facts, operation, cannot_query("unknown", "Query"));
    }
    if operation.text.contains("deletedAt") {
        return with_extensions(facts, operation, cannot_query("deletedAt", "VideoComment"));
    }
    let mut data = data(facts, operation);
    let mut errors = Vec::new();
    if facts.scenario.vod.exists && operation.wants("comments", operations::COMMENTS) {
        errors.extend(comments(facts, operation, &mut data["video"]));
    }
    let answer = match trouble {
        Some(Trouble::Integrity) => failed("failed integrity check", operation, data),
        Some(Trouble::ServiceError) => failed("service error", operation, data),
        Some(Trouble::DataNull) => json!({"errors": [{"message": "service timeout"}], "data": null}),
        Some(Trouble::SchemaDrift) => {
            let (field, owner) = path(operation).last().map_or(("video", "Query"), |field| (*field, "Video"));
            cannot_query(field, owner)
        }
        _ => {
            match trouble {
                Some(Trouble::VideoNull) => data["video"] = Value::Null,
                Some(Trouble::TokenNull) => data["videoPlaybackAccessToken"] = Value::Null,
                Some(Trouble::CommentsNull) if data["video"].is_object() => data["video"]["comments"] = Value::Null,
                Some(Trouble::NullNode) => {
                    if let Some(edge) =
                        data["video"]["comments"]["edges"].as_array_mut().and_then(|edges| edges.last_mut())
                    {
                        edge["node"] = Value::Null;
                    }
                }
                Some(Trouble::DuplicatePage) => {
                    if let Some(page) = &facts.last_page {
                        data["video"]["comments"] = page.clone();
                    }
                }
                _ => {}
            }
            let mut answer = json!({"data": data});
            if !errors.is_empty() {
                answer["errors"] = errors.into();
            }
            answer
        }
    };
    with_extensions(facts, operation, answer)
}

fn with_extensions(facts: &Facts, operation: &Operation, mut answer: Value) -> Value {
    let mut extensions = json!({
        "durationMilliseconds": 3 + facts.serial % 977,
        "requestID": format!("01{}", super::hex(&format!("request {}", facts.serial), 24).to_uppercase()),
    });
    if operation.hash.is_some() {
        extensions["operationName"] = json!(operation.name);
    }
    answer["extensions"] = extensions;
    answer
}

fn cannot_query(field: &str, owner: &str) -> Value {
    let message = format!("Cannot query field \"{field}\" on type \"{owner}\".");
    json!({"errors": [{"message": message, "locations": [{"line": 1, "column": 31}]}]})
}

/// An error with null where the answer would be.
fn failed(message: &str, operation: &Operation, mut data: Value) -> Value {
    let path = path(operation);
    match path.as_slice() {
        ["video", field] if data["video"].is_object() => data["video"][*field] = Value::Null,
        [field, ..] => data[*field] = Value::Null,
        [] => {}
    }
    json!({"errors": [{"message": message, "path": path}], "data": data})
}

/// Where in the answer an operation's own part is.
fn path(operation: &Operation) -> Vec<&'static str> {
    match operation.name.as_str() {
        operations::COMMENTS => vec!["video", "comments"],
        operations::CHAPTERS => vec!["video", "moments"],
        operations::MUTES => vec!["video", "muteInfo"],
        operations::TOKEN => vec!["videoPlaybackAccessToken"],
        operations::USERS => vec!["users"],
        operations::CHANNEL_BADGES => vec!["badges"],
        _ => vec!["video"],
    }
}

/// The right answer, but for comments.
fn data(facts: &Facts, operation: &Operation) -> Value {
    let vod = &facts.scenario.vod;
    let wanted = operation.variable(&["videoID", "vodID", "id"]);
    let is_ours = vod.exists && wanted.as_deref() == Some(vod.id.as_str());
    let mut data = Map::new();
    let by_hash = operation.hash.is_some();
    if operation.wants("videoPlaybackAccessToken", operations::TOKEN) {
        let token = is_ours.then(|| usher::token(facts.scenario, facts.authorized));
        data.insert("videoPlaybackAccessToken".into(), token.unwrap_or(Value::Null));
    }
    let of_video = [operations::TOKEN, operations::USERS, operations::CHANNEL_BADGES];
    if if by_hash { !of_video.contains(&operation.name.as_str()) } else { operation.wants("video", "") } {
        let video = is_ours.then(|| video(facts.scenario, operation));
        data.insert("video".into(), video.unwrap_or(Value::Null));
    }
    if operation.wants("users", operations::USERS) {
        let ids = operation.text.split('"').skip(1).step_by(2);
        data.insert("users".into(), ids.map(|id| user(facts, id)).collect());
    }
    if operation.name == operations::VOD_BADGES || operation.wants("badges", operations::CHANNEL_BADGES) {
        data.insert("badges".into(), badges(&["moderator", "premium", "vip", "bits"]));
    }
    if operation.wants("broadcastBadges", operations::CHANNEL_BADGES) {
        data.insert("user".into(), json!({"id": vod.channel_id, "broadcastBadges": badges(&["subscriber"])}));
    }
    Value::Object(data)
}

/// Everything about the video at once: a client takes what it asked for.
fn video(scenario: &Scenario, operation: &Operation) -> Value {
    let vod = &scenario.vod;
    let owner =
        json!({"id": vod.channel_id, "login": vod.login, "displayName": vod.display_name, "__typename": "User"});
    let mut video = json!({
        "id": vod.id,
        "creator": {
            "id": vod.channel_id, "channel": {"id": vod.channel_id, "__typename": "Channel"}, "__typename": "User",
        },
        "__typename": "Video",
    });
    let by_name = |name: &str| operation.hash.is_some() && operation.name == name;
    if by_name(operations::METADATA) || operation.hash.is_none() {
        let start = format!("https://static-cdn.example/{}/thumb/thumb0-320x180.jpg", scenario.folder());
        let more = json!({
            "title": vod.title, "thumbnailURLs": [start], "previewThumbnailURL": start, "createdAt": vod.created_at,
            "recordedAt": vod.created_at, "publishedAt": vod.created_at,
            "lengthSeconds": vod.reported_length_seconds.unwrap_or(vod.length_seconds), "owner": owner,
            "viewCount": vod.view_count, "game": vod.game.as_deref().map(game), "description": vod.description,
            "status": vod.status, "broadcastType": vod.broadcast_type,
            "resourceRestriction": scenario.access.sub_only.then(|| json!({"id": vod.id, "type": "SUB_ONLY_ARCHIVE"})),
        });
        merge(&mut video, more);
    }
    if by_name(operations::GAME) {
        merge(&mut video, json!({"game": vod.game.as_deref().map(game), "owner": owner}));
    }
    if operation.wants("moments", operations::CHAPTERS) {
        let edges: Vec<Value> =
            vod.chapters.iter().enumerate().map(|(index, chapter)| moment(scenario, index, chapter)).collect();
        video["moments"] = json!({"edges": edges, "__typename": "VideoMomentConnection"});
    }
    if operation.wants("muteInfo", operations::MUTES) {
        let nodes = vod.muted.iter().map(
            |range| json!({"duration": range.duration, "offset": range.offset, "__typename": "VideoMutedSegment"}),
        );
        let nodes: Vec<Value> = nodes.collect();
        let connection =
            (!nodes.is_empty()).then(|| json!({"nodes": nodes, "__typename": "VideoMutedSegmentConnection"}));
        video["muteInfo"] = json!({"mutedSegmentConnection": connection, "__typename": "VideoMuteInfo"});
    }
    if operation.wants("seekPreviewsURL", operations::PREVIEWS) {
        video["seekPreviewsURL"] =
            json!(format!("https://static-cdn.example/{}/storyboards/{}-info.json", scenario.folder(), vod.id));
    }
    video
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

fn game(name: &str) -> Value {
    let id: u32 = name.bytes().fold(17, |sum, byte| (sum * 31 + u32::from(byte)) % 1_000_000);
    json!({"id": id.to_string(), "displayName": name, "name": name,
        "boxArtURL": format!("https://static-cdn.example/ttv-boxart/{id}-40x53.jpg"), "__typename": "Game"})
}

fn moment(scenario: &Scenario, index: usize, chapter: &Chapter) -> Value {
    json!({"node": {
        "id": super::hex(&format!("chapter {index}"), 32), "durationMilliseconds": chapter.seconds * 1000,
        "positionMilliseconds": chapter.at * 1000, "type": "GAME_CHANGE", "description": chapter.game,
        "subDescription": "", "thumbnailURL": "",
        "details": {"game": game(&chapter.game), "__typename": "GameChangeMomentDetails"},
        "video": {"id": scenario.vod.id, "lengthSeconds": scenario.vod.length_seconds, "__typename": "Video"},
        "moments": {"edges": []}, "__typename": "VideoMoment",
    }, "__typename": "VideoMomentEdge"})
}

/// Puts a page of comments into the video; gives the error that comes beside it, if one does.
fn comments(facts: &Facts, operation: &Operation, video: &mut Value) -> Option<Value> {
    if !video.is_object() {
        return None;
    }
    let error = json!({"message": "service error", "path": ["video", "comments"]});
    if !facts.scenario.chat.exists {
        video["comments"] = Value::Null;
        return Some(error);
    }
    let offset = operation.variables["contentOffsetSeconds"].as_i64();
    let by = match (operation.variables["cursor"].as_str(), offset) {
        (Some(cursor), None) => By::Cursor(cursor),
        (Some(cursor), _) if !cursor.is_empty() => By::Cursor(cursor),
        (_, offset) => By::Offset(offset.unwrap_or(0)),
    };
    let (page, error) = match paging::page(facts.chat, &facts.scenario.chat, &facts.scenario.vod, by) {
        Page::Comments(page) => (page, None),
        Page::Beyond(page) => (page, Some(error)),
    };
    video["comments"] = page;
    error
}

fn user(facts: &Facts, id: &str) -> Value {
    let known = facts.chat.iter().map(Message::node).find(|node| node["commenter"]["id"] == id);
    known.map_or(Value::Null, |node| {
        let who = &node["commenter"];
        json!({"id": id, "login": who["login"], "displayName": who["displayName"], "createdAt": "2019-05-04T12:00:00Z",
            "updatedAt": "2025-02-01T12:00:00Z", "description": null, "profileImageURL": null, "__typename": "User"})
    })
}

fn badges(sets: &[&str]) -> Value {
    let badge = |set: &&str| {
        json!({"id": super::base64(format!("{set};1;").as_bytes()), "setID": set, "version": "1",
        "title": set, "description": set, "__typename": "Badge",
        "imageURL": format!("https://static-cdn.example/badges/{set}/1")})
    };
    sets.iter().map(badge).collect()
}
