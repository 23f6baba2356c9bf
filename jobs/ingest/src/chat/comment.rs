//! One comment in the shape of the old chat API, which TwitchDownloader still writes, as one row.

use std::borrow::Cow;

use ids::VodKey;
use serde::Deserialize;

use super::draft::{self, Outcome, Reject, badge, count, filled, flag, inner, items, seconds, text};
use super::fragments::{LONGEST_MARKED, MOST_MARKS, Pieces};
use super::lenient::{List, Object, Scalar};
use super::times;

#[derive(Deserialize)]
struct Comment<'text> {
    #[serde(borrow, default)]
    _id: Scalar<'text>,
    #[serde(borrow, default)]
    created_at: Scalar<'text>,
    #[serde(borrow, default)]
    content_offset_seconds: Scalar<'text>,
    #[serde(borrow, default)]
    commenter: Object<Commenter<'text>>,
    #[serde(borrow, default)]
    message: Object<Message<'text>>,
}

#[derive(Deserialize)]
struct Commenter<'text> {
    #[serde(borrow, default)]
    _id: Scalar<'text>,
    #[serde(borrow, default)]
    name: Scalar<'text>,
    #[serde(borrow, default)]
    display_name: Scalar<'text>,
}

#[derive(Deserialize)]
struct Message<'text> {
    #[serde(borrow, default)]
    body: Scalar<'text>,
    #[serde(borrow, default)]
    fragments: List<Fragment<'text>>,
    #[serde(borrow, default)]
    emoticons: List<Place<'text>>,
    #[serde(borrow, default)]
    user_badges: List<Badge<'text>>,
    #[serde(borrow, default)]
    user_color: Scalar<'text>,
    #[serde(borrow, default)]
    user_notice_params: Object<Notice<'text>>,
    #[serde(borrow, default)]
    is_action: Scalar<'text>,
    #[serde(borrow, default)]
    bits_spent: Scalar<'text>,
}

#[derive(Deserialize)]
struct Fragment<'text> {
    #[serde(borrow, default)]
    text: Scalar<'text>,
    #[serde(borrow, default)]
    emoticon: Object<Emoticon<'text>>,
}

#[derive(Deserialize)]
struct Emoticon<'text> {
    #[serde(borrow, default)]
    emoticon_id: Scalar<'text>,
}

#[derive(Deserialize)]
struct Place<'text> {
    #[serde(borrow, default)]
    _id: Scalar<'text>,
    #[serde(borrow, default)]
    begin: Scalar<'text>,
}

#[derive(Deserialize)]
struct Badge<'text> {
    #[serde(borrow, default)]
    _id: Scalar<'text>,
    #[serde(borrow, default)]
    version: Scalar<'text>,
}

#[derive(Deserialize)]
struct Notice<'text> {
    // The chat protocol writes `msg-id`, the later API `msg_id`.
    #[serde(borrow, default, alias = "msg-id")]
    msg_id: Scalar<'text>,
    #[serde(borrow, default, alias = "system-msg")]
    system_msg: Scalar<'text>,
}

/// The row of the comment in `json`.
pub(super) fn row(json: &str, vod: &VodKey) -> Result<Outcome, Reject> {
    let comment: Comment<'_> = draft::object(json)?;
    let mut row = draft::begin(vod, &comment._id, "_id")?;
    let (offset_ms, whole) = seconds(&comment.content_offset_seconds, "content_offset_seconds")?;
    row.offset_raw_ms = Some(offset_ms);
    row.created_at_us = text(&comment.created_at, "created_at")?.as_deref().and_then(times::microseconds);
    // Deleted accounts have no name.
    if let Some(sender) = inner(&comment.commenter, "commenter")? {
        row.user_id = filled(&sender._id, "commenter._id")?;
        row.display_name = filled(&sender.display_name, "commenter.display_name")?;
        row.user_login = filled(&sender.name, "commenter.name")?.or_else(|| row.display_name.clone());
    }
    let message = inner(&comment.message, "message")?;
    let message = message.ok_or_else(|| Reject::new("missing_message", "there is no message"))?;
    row.user_color = filled(&message.user_color, "message.user_color")?;
    if let Some(notice) = inner(&message.user_notice_params, "message.user_notice_params")? {
        row.notice = filled(&notice.msg_id, "message.user_notice_params.msg_id")?;
        row.system_text = filled(&notice.system_msg, "message.user_notice_params.system_msg")?;
    }
    for item in items(&message.user_badges, "message.user_badges", "a badge")? {
        let item = item?;
        row.badges.push(badge(&item._id, &item.version)?);
    }
    row.is_action = flag(&message.is_action, "message.is_action")?;
    row.bits = count(&message.bits_spent, "message.bits_spent")?;
    let body = text(&message.body, "message.body")?;
    pieces(message, body.as_deref())?.fill(body.map(Cow::into_owned), &mut row)?;
    Ok(Outcome::row(row, whole))
}

fn pieces(message: &Message<'_>, body: Option<&str>) -> Result<Pieces, Reject> {
    let mut pieces = Pieces::default();
    if body.is_some_and(|body| is_body(&message.fragments, body)) {
        return Ok(pieces);
    }
    for fragment in items(&message.fragments, "message.fragments", "a fragment")? {
        let fragment = fragment?;
        let piece = text(&fragment.text, "a fragment's text")?.unwrap_or_default();
        match inner(&fragment.emoticon, "a fragment's emoticon")? {
            None => pieces.plain(&piece),
            Some(emoticon) => {
                pieces.emote(&piece, &text(&emoticon.emoticon_id, "emoticon_id")?.unwrap_or_default());
            }
        }
    }
    match body {
        Some(body) if pieces.is_empty() => Ok(Pieces::cut(body, places(message, body)?)),
        _ => Ok(pieces),
    }
}

/// Whether the fragments say nothing more than the body: most messages are one piece of plain text.
fn is_body(fragments: &List<Fragment<'_>>, body: &str) -> bool {
    let List::Is(fragments) = fragments else { return false };
    let [Object::Is(only)] = fragments.as_slice() else { return false };
    matches!(only.emoticon, Object::Absent) && matches!(&only.text, Scalar::Text(text) if text == body)
}

/// Where emotes are in a body that has no fragments. Only the beginning counts: the old API wrote the last character as
/// `end`, TwitchDownloader writes one or two more. A name has no space in it.
fn places(message: &Message<'_>, body: &str) -> Result<Vec<(String, usize, usize)>, Reject> {
    let mut places = Vec::new();
    if body.len() > LONGEST_MARKED {
        return Ok(places);
    }
    for place in items(&message.emoticons, "message.emoticons", "an emoticon")?.take(MOST_MARKS) {
        let place = place?;
        let begin = usize::try_from(count(&place.begin, "an emoticon's begin")?).unwrap_or(usize::MAX);
        let length = body.chars().skip(begin).take_while(|c| !c.is_whitespace()).count();
        if let Some(last) = begin.checked_add(length).and_then(|end| end.checked_sub(1)).filter(|_| length > 0) {
            places.push((filled(&place._id, "an emoticon's _id")?.unwrap_or_default(), begin, last));
        }
    }
    Ok(places)
}
