//! The chat of a broadcast: fixed ranges of its time, several at once, each page by page.
//!
//! A page is kept in the store before it is read, so an interrupted fetch asks for at most one page a range again. The
//! ranges are the same whatever the number of connections, so the pages are too. A page may begin before the time it was
//! asked for and end after its range; what lies outside is the neighbour's. Where Twitch refuses to go on from a cursor,
//! the next page is asked for by time, and what is there already is left out by its id.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use ids::{Digest, VodId};
use job::Progress;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::TwitchError;
use super::gql::{Gql, Operation};
use super::stage::Stage;
use crate::retries::Retries;

static COMMENTS: Operation = Operation::new(
    "VideoCommentsByOffsetOrCursor",
    Some("b70a3591ff0f4e0313d126c6a1502d79a1c02baebb288227c582044aa76adf6a"),
    "query VideoCommentsByOffsetOrCursor($videoID: ID!, $cursor: Cursor, $contentOffsetSeconds: Int) { video(id: \
     $videoID) { id creator { id channel { id } } comments(first: 100, after: $cursor, contentOffsetSeconds: \
     $contentOffsetSeconds) { edges { cursor node { id commenter { id login displayName } contentOffsetSeconds \
     createdAt message { fragments { text emote { id emoteID from } } userBadges { id setID version } userColor } } } \
     pageInfo { hasNextPage hasPreviousPage } } } }",
);

/// Length of a range, s.
const RANGE_S: i64 = 600;

/// A stage numbers the pages of a range from its own multiple of this.
const MOST_PAGES: u64 = 100_000;

/// Messages of one second that fill a page hide those of the same second after them, when pages are asked for by time.
const FULL_PAGE: usize = 50;

/// A page as the stage keeps it: the answer without what differs each time (how long it took, the request's id).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// The comments as they came.
    nodes: Vec<Value>,
    /// Cursor of the last one, if more follow.
    next: Option<String>,
    /// Whether it was asked for by time, because the cursor was refused.
    by_time: bool,
}

/// One comment; only what paging needs.
struct Comment {
    offset_s: i64,
    /// The id, or for a comment without one the digest of it all.
    key: String,
    node: Value,
}

/// The chat as it was served.
#[derive(Debug, Default)]
pub(super) struct Chat {
    /// The comments, by time, `createdAt` and id.
    pub(super) nodes: Vec<Value>,
    /// Seconds of which messages may be missing, because a page by time was full with one second.
    pub(super) possible_loss_s: BTreeSet<i64>,
}

/// Fetches the chat between two seconds of the broadcast; without an end, to its last message.
pub(super) async fn fetch(
    gql: &Gql,
    id: &VodId,
    (from_s, to_s): (i64, Option<i64>),
    stage: &Stage<'_>,
    (connections, retries, length_s, progress): (usize, Retries, i64, &Progress),
) -> anyhow::Result<Chat> {
    let end = to_s.unwrap_or(length_s).max(from_s + 1);
    let starts: Vec<i64> = (from_s..end).step_by(RANGE_S as usize).collect();
    let done = AtomicU64::new(0);
    let crawls = (0_u64..).zip(&starts).map(|(number, start)| {
        let last = number as usize + 1 == starts.len();
        // The last range has no end of its own: a broadcast can be longer than it says.
        let end = if last { to_s.unwrap_or(i64::MAX) } else { start + RANGE_S };
        let range = Range { gql, id, stage, retries, number, start: *start, end };
        let done = &done;
        async move {
            let found = range.crawl().await?;
            progress.set(done.fetch_add(1, Ordering::Relaxed) + 1);
            anyhow::Ok(found)
        }
    });
    let found: Vec<(Vec<Comment>, BTreeSet<i64>)> =
        stream::iter(crawls).buffer_unordered(connections).try_collect().await?;
    Ok(joined(found))
}

/// How many ranges a fetch has, for its progress.
pub(super) fn ranges((from_s, to_s): (i64, Option<i64>), length_s: i64) -> u64 {
    let length = to_s.unwrap_or(length_s).max(from_s + 1) - from_s;
    u64::try_from((length + RANGE_S - 1) / RANGE_S).unwrap_or(1)
}

/// All ranges in one order that does not depend on how they were fetched.
fn joined(ranges: Vec<(Vec<Comment>, BTreeSet<i64>)>) -> Chat {
    let mut chat = Chat::default();
    let mut by_key = BTreeMap::new();
    for (comments, lost) in ranges {
        chat.possible_loss_s.extend(lost);
        by_key.extend(comments.into_iter().map(|comment| (comment.key.clone(), comment)));
    }
    let mut comments: Vec<_> = by_key.into_values().collect();
    let created = |comment: &Comment| comment.node.get("createdAt").and_then(Value::as_str).map(str::to_owned);
    comments.sort_by_cached_key(|comment| (comment.offset_s, created(comment), comment.key.clone()));
    chat.nodes = comments.into_iter().map(|comment| comment.node).collect();
    chat
}

/// Whether the end of the chat is still as `nodes` have it: one page is asked for, at the last message.
pub(super) async fn unchanged(gql: &Gql, id: &VodId, nodes: Vec<Value>, retries: Retries) -> Result<bool, TwitchError> {
    let ours: Vec<_> = nodes.into_iter().map(comment).collect();
    let last = ours.iter().map(|comment| comment.offset_s).max().unwrap_or(0);
    let page = page(gql, id, &Ask { cursor: None, at: last, by_time: false }, retries).await?;
    let theirs: Vec<_> = page.nodes.into_iter().map(comment).collect();
    // The page may begin in the middle of its first second; from the next one on it has everything.
    let first = theirs.iter().map(|comment| comment.offset_s).min().unwrap_or(last);
    let keys = |comments: &[Comment], from: i64| -> BTreeSet<String> {
        comments.iter().filter(|comment| comment.offset_s >= from).map(|comment| comment.key.clone()).collect()
    };
    let known = keys(&theirs, first).is_subset(&keys(&ours, first));
    Ok(page.next.is_none() && known && keys(&theirs, first + 1) == keys(&ours, first + 1))
}

struct Range<'a> {
    gql: &'a Gql,
    id: &'a VodId,
    stage: &'a Stage<'a>,
    retries: Retries,
    number: u64,
    start: i64,
    /// The first second after it.
    end: i64,
}

impl Range<'_> {
    /// Every comment of the range, and the seconds of which some may be missing.
    async fn crawl(&self) -> anyhow::Result<(Vec<Comment>, BTreeSet<i64>)> {
        let (mut kept, mut seen, mut lost) = (Vec::new(), HashSet::new(), BTreeSet::new());
        let mut ask = Ask { cursor: None, at: self.start, by_time: false };
        for number in 0..MOST_PAGES {
            let page = self.page(number, &ask).await?;
            let (count, by_time) = (page.nodes.len(), page.by_time);
            let comments: Vec<_> = page.nodes.into_iter().map(comment).collect();
            let first = comments.iter().map(|comment| comment.offset_s).min();
            let last = comments.iter().map(|comment| comment.offset_s).max().unwrap_or(ask.at);
            let before = seen.len();
            for comment in comments {
                if seen.insert(comment.key.clone()) && (self.start..self.end).contains(&comment.offset_s) {
                    kept.push(comment);
                }
            }
            let Some(cursor) = page.next.filter(|_| last < self.end) else { break };
            let new = seen.len() > before;
            let full = by_time && count >= FULL_PAGE && first == Some(last);
            if full && last >= self.start {
                lost.insert(last);
            }
            ask = match (by_time, new) {
                (false, true) => Ask { cursor: Some(cursor), at: last, by_time },
                (true, true) if !full => Ask { cursor: None, at: last, by_time },
                // A page that brings nothing new would only come again.
                _ => Ask { cursor: None, at: last.max(ask.at) + 1, by_time },
            };
        }
        Ok((kept, lost))
    }

    /// Page `number` of the range: as an earlier attempt kept it, or asked for and kept.
    async fn page(&self, number: u64, ask: &Ask) -> anyhow::Result<Page> {
        let number = self.number * MOST_PAGES + number;
        if let Some(digest) = self.stage.found(number) {
            let bytes = self.stage.store().blob(digest).await?;
            return Ok(serde_json::from_slice(&bytes)?);
        }
        let page = match page(self.gql, self.id, ask, self.retries).await {
            Err(TwitchError::Integrity { .. }) if ask.cursor.is_some() => {
                tracing::warn!(at_s = ask.at, "Twitch refuses to go on from a cursor; the chat is asked for by time");
                let ask = Ask { cursor: None, at: ask.at, by_time: true };
                page(self.gql, self.id, &ask, self.retries).await
            }
            outcome => outcome,
        };
        let page = page.map_err(TwitchError::classified)?;
        self.stage.keep(number, Bytes::from(serde_json::to_vec(&page)?)).await?;
        Ok(page)
    }
}

/// What page is asked for.
struct Ask {
    /// The page after this cursor, else the one at `at`.
    cursor: Option<String>,
    /// A second of the broadcast.
    at: i64,
    /// Whether cursors were refused before.
    by_time: bool,
}

/// Asks for one page, also again where Twitch gives no comments and no reason, as it does under load.
async fn page(gql: &Gql, id: &VodId, ask: &Ask, retries: Retries) -> Result<Page, TwitchError> {
    let variables = match &ask.cursor {
        Some(cursor) => json!({ "videoID": id, "cursor": cursor }),
        None => json!({ "videoID": id, "contentOffsetSeconds": ask.at }),
    };
    let mut tries = retries.start();
    loop {
        let answer = gql.ask(&COMMENTS, &variables).await?;
        if let Some(page) = read(id, answer, ask.by_time)? {
            return Ok(page);
        }
        let null = |_| TwitchError::NullComments { operation: COMMENTS.name };
        tries.again(COMMENTS.name, "it gives no comments", None).await.map_err(null)?;
    }
}

/// The page in an answer; `None` where its comments are null.
pub(super) fn read(id: &VodId, mut answer: Value, by_time: bool) -> Result<Option<Page>, TwitchError> {
    let video = answer.get_mut("video").filter(|video| !video.is_null());
    let video = video.ok_or_else(|| TwitchError::NotFound { id: id.to_string() })?;
    let Some(comments) = video.get_mut("comments").filter(|comments| !comments.is_null()) else { return Ok(None) };
    let comments: Comments = serde_json::from_value(comments.take())
        .map_err(|error| TwitchError::SchemaDrift { operation: COMMENTS.name, message: error.to_string() })?;
    let more = comments.page_info.has_next_page;
    let next = comments.edges.last().and_then(|edge| edge.cursor.clone()).filter(|_| more);
    let nodes = comments.edges.into_iter().filter_map(|edge| edge.node).collect();
    Ok(Some(Page { nodes, next, by_time }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comments {
    edges: Vec<Edge>,
    page_info: PageInfo,
}

#[derive(Deserialize)]
struct Edge {
    cursor: Option<String>,
    node: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
}

fn comment(node: Value) -> Comment {
    let offset_s = node.get("contentOffsetSeconds").and_then(Value::as_i64).unwrap_or(0);
    let key = match node.get("id").and_then(Value::as_str) {
        Some(id) => id.to_owned(),
        None => Digest::of(node.to_string().as_bytes()).to_string(),
    };
    Comment { offset_s, key, node }
}
