//! One comment of an export as one row of `chat_message`, or the reason why not.

use std::borrow::Cow;

use ids::VodKey;
use schemas::ChatMessage;
use serde::Deserialize;

use super::lenient::{List, Object, Scalar};
use super::times;

/// Longest id that is taken, bytes.
const LONGEST_ID: usize = 200;

/// Why an element is no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reject {
    /// Short and fixed, for machines.
    pub(super) reason: &'static str,
    /// In words.
    pub(super) detail: String,
}

impl Reject {
    /// The reason of elements that are no JSON.
    pub(super) const MALFORMED: &'static str = "malformed";

    pub(super) fn new(reason: &'static str, detail: String) -> Self {
        Self { reason, detail }
    }

    fn type_of(field: &str, expected: &str) -> Self {
        Self::new("bad_type", format!("{field} is not {expected}"))
    }
}

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
    user_badges: List<Badge<'text>>,
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
}

/// The row of the comment in `json`; its `ordinal` is 0 until all rows are known.
pub(super) fn row(json: &str, vod: &VodKey) -> Result<ChatMessage, Reject> {
    let comment = match serde_json::from_str::<Object<Comment<'_>>>(json) {
        Ok(Object::Is(comment)) => comment,
        Ok(Object::Absent | Object::Other) => return Err(Reject::type_of("the element", "an object")),
        Err(error) if error.is_data() => {
            return Err(Reject::new("duplicate_key", "a field that counts is there twice".to_owned()));
        }
        // The parser's words are not ours to store; where it stopped is.
        Err(error) => {
            let detail = format!("not valid JSON at line {}, column {} of the element", error.line(), error.column());
            return Err(Reject::new(Reject::MALFORMED, detail));
        }
    };
    let message_id = text(&comment._id, "_id")?.filter(|id| !id.is_empty());
    let message_id = message_id.ok_or_else(|| Reject::new("missing_id", "there is no _id".to_owned()))?;
    if message_id.len() > LONGEST_ID {
        return Err(Reject::new("bad_id", format!("_id has more than {LONGEST_ID} bytes")));
    }
    let offset_ms = offset(&comment.content_offset_seconds)?;
    let created_at = text(&comment.created_at, "created_at")?;
    let (user_id, user_login) = sender(&comment.commenter)?;
    let message = match &comment.message {
        Object::Is(message) => message,
        Object::Absent => return Err(Reject::new("missing_message", "there is no message".to_owned())),
        Object::Other => return Err(Reject::type_of("message", "an object")),
    };
    let content = content(message)?;
    Ok(ChatMessage {
        platform: vod.platform,
        vod_id: vod.id.clone(),
        message_id: message_id.into_owned(),
        ordinal: 0,
        offset_ms,
        created_at_us: created_at.as_deref().and_then(times::microseconds),
        user_id,
        user_login,
        text: content.text,
        emotes: content.emotes,
        text_without_emotes: content.without_emotes,
        badges: badges(&message.user_badges)?,
        notice: notice(&message.user_notice_params)?,
        is_action: match &message.is_action {
            Scalar::Absent => false,
            Scalar::Flag(flag) => *flag,
            _ => return Err(Reject::type_of("message.is_action", "true or false")),
        },
        bits: bits(&message.bits_spent)?,
    })
}

/// Text, or a number as its text; `None` when it is absent.
fn text<'text>(scalar: &Scalar<'text>, field: &str) -> Result<Option<Cow<'text, str>>, Reject> {
    match scalar {
        Scalar::Absent => Ok(None),
        Scalar::Text(text) => Ok(Some(text.clone())),
        Scalar::Integer(number) => Ok(Some(Cow::Owned(number.to_string()))),
        Scalar::Float(_) | Scalar::Flag(_) | Scalar::Other => Err(Reject::type_of(field, "text")),
    }
}

fn offset(seconds: &Scalar<'_>) -> Result<i64, Reject> {
    match seconds {
        Scalar::Absent => Err(Reject::new("missing_offset", "there is no content_offset_seconds".to_owned())),
        Scalar::Flag(_) | Scalar::Other => Err(Reject::type_of("content_offset_seconds", "a number")),
        Scalar::Integer(_) | Scalar::Float(_) | Scalar::Text(_) => times::milliseconds(seconds).ok_or_else(|| {
            Reject::new("bad_offset", "content_offset_seconds is not a number of seconds within a year".to_owned())
        }),
    }
}

/// Id and login of the sender; deleted accounts have neither.
fn sender(commenter: &Object<Commenter<'_>>) -> Result<(Option<String>, Option<String>), Reject> {
    let commenter = match commenter {
        Object::Absent => return Ok((None, None)),
        Object::Other => return Err(Reject::type_of("commenter", "an object")),
        Object::Is(commenter) => commenter,
    };
    let filled = |scalar, field| Ok(text(scalar, field)?.filter(|text| !text.is_empty()).map(Cow::into_owned));
    let login = match filled(&commenter.name, "commenter.name")? {
        Some(login) => Some(login),
        None => filled(&commenter.display_name, "commenter.display_name")?,
    };
    Ok((filled(&commenter._id, "commenter._id")?, login))
}

/// What was said.
struct Content {
    text: String,
    emotes: Vec<String>,
    without_emotes: String,
}

/// The text is the body, or the fragments in a row when there is no body. Emotes are named by their fragment's text.
fn content(message: &Message<'_>) -> Result<Content, Reject> {
    let fragments = match &message.fragments {
        List::Absent => [].as_slice(),
        List::Is(fragments) => fragments,
        List::Other => return Err(Reject::type_of("message.fragments", "a list")),
    };
    let (mut whole, mut without, mut emotes) = (String::new(), String::new(), Vec::new());
    for fragment in fragments {
        let fragment = match fragment {
            Object::Absent => continue,
            Object::Other => return Err(Reject::type_of("a fragment", "an object")),
            Object::Is(fragment) => fragment,
        };
        let piece = text(&fragment.text, "a fragment's text")?.unwrap_or_default();
        whole.push_str(&piece);
        match &fragment.emoticon {
            Object::Absent => without.push_str(&piece),
            Object::Other => return Err(Reject::type_of("a fragment's emoticon", "an object")),
            // A fragment that lost its text has its emote's id still.
            Object::Is(emoticon) if piece.trim().is_empty() => {
                emotes.extend(text(&emoticon.emoticon_id, "emoticon_id")?.map(Cow::into_owned));
            }
            Object::Is(_) => emotes.push(piece.trim().to_owned()),
        }
    }
    let body = text(&message.body, "message.body")?.map_or(whole, Cow::into_owned);
    if body.trim().is_empty() {
        return Err(Reject::new("empty_text", "the message has no text".to_owned()));
    }
    // Taking out emotes leaves their spaces behind, so these are made single; a text without emotes stays as it is.
    let without_emotes = match emotes.is_empty() {
        true => body.clone(),
        false => without.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    Ok(Content { text: body, emotes, without_emotes })
}

fn badges(badges: &List<Badge<'_>>) -> Result<Vec<String>, Reject> {
    let badges = match badges {
        List::Absent => return Ok(Vec::new()),
        List::Other => return Err(Reject::type_of("message.user_badges", "a list")),
        List::Is(badges) => badges,
    };
    let mut found = Vec::new();
    for badge in badges {
        let badge = match badge {
            Object::Absent => continue,
            Object::Other => return Err(Reject::type_of("a badge", "an object")),
            Object::Is(badge) => badge,
        };
        let name = text(&badge._id, "a badge's _id")?.unwrap_or_default();
        let version = text(&badge.version, "a badge's version")?.unwrap_or_default();
        found.push(format!("{name}/{version}"));
    }
    Ok(found)
}

fn notice(notice: &Object<Notice<'_>>) -> Result<Option<String>, Reject> {
    match notice {
        Object::Absent => Ok(None),
        Object::Other => Err(Reject::type_of("message.user_notice_params", "an object")),
        Object::Is(notice) => {
            let kind = text(&notice.msg_id, "message.user_notice_params.msg_id")?;
            Ok(kind.filter(|kind| !kind.is_empty()).map(Cow::into_owned))
        }
    }
}

fn bits(bits: &Scalar<'_>) -> Result<i64, Reject> {
    let count = match bits {
        Scalar::Absent => Some(0),
        Scalar::Integer(count) => Some(*count),
        Scalar::Text(text) => text.parse().ok(),
        Scalar::Float(_) | Scalar::Flag(_) | Scalar::Other => None,
    };
    count.filter(|count| *count >= 0).ok_or_else(|| Reject::type_of("message.bits_spent", "a count"))
}

/// The beginning of a text, for messages.
pub(super) fn beginning(text: &str) -> String {
    text.chars().take(80).collect()
}
