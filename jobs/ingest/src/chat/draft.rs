//! What one element of an export becomes before the whole file is known, and what the readers of elements share.

use std::borrow::Cow;

use ids::VodKey;
use schemas::ChatMessage;
use serde::Deserialize;

use super::lenient::{List, MOST_ITEMS, Object, Scalar};
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

    pub(super) fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    pub(super) fn type_of(field: &str, expected: &str) -> Self {
        Self::new("bad_type", format!("{field} is not {expected}"))
    }
}

/// A message without what only the whole file tells: its offset, its ordinal, whether it was deleted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draft {
    pub(super) row: ChatMessage,
    /// Whether its offset was written in whole seconds.
    pub(super) whole: bool,
}

/// Something that takes messages away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deletion {
    pub(super) target: Target,
    /// When, on the axis of [`Draft`]s: ms from the start of the VOD, or since 1970 where they have clock times only.
    /// `None` counts as after everything.
    pub(super) at_ms: Option<i64>,
}

/// What a deletion takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// One message by its id.
    Message(String),
    /// All that somebody sent so far, by id or lower-case login.
    Sender(String),
    /// All that was sent so far.
    Everything,
}

/// What an element turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    Row(Box<Draft>),
    Deletion(Deletion),
    /// Several elements in one, as lines of a live chat are.
    Several(Vec<Result<Outcome, Reject>>),
}

impl Outcome {
    pub(super) fn row(row: ChatMessage, whole: bool) -> Self {
        Self::Row(Box::new(Draft { row, whole }))
    }
}

/// A row of `vod` with an id that can be one.
pub(super) fn begin(vod: &VodKey, id: &Scalar<'_>, field: &str) -> Result<ChatMessage, Reject> {
    let message_id = text(id, field)?.filter(|id| !id.is_empty());
    let message_id = message_id.ok_or_else(|| Reject::new("missing_id", format!("there is no {field}")))?;
    if message_id.len() > LONGEST_ID {
        return Err(Reject::new("bad_id", format!("{field} has more than {LONGEST_ID} bytes")));
    }
    let row = ChatMessage::plain(vod.platform, vod.id.clone(), String::new());
    Ok(ChatMessage { message_id: message_id.into_owned(), restoration: String::new(), ..row })
}

/// The object in `json`.
pub(super) fn object<'text, T: Deserialize<'text>>(json: &'text str) -> Result<T, Reject> {
    match serde_json::from_str::<Object<T>>(json) {
        Ok(Object::Is(element)) => Ok(element),
        Ok(Object::Absent | Object::Other) => Err(Reject::type_of("the element", "an object")),
        Err(error) if error.is_data() => Err(Reject::new("duplicate_key", "a field that counts is there twice")),
        // The parser's words are not ours to store; where it stopped is.
        Err(error) => {
            let detail = format!("not valid JSON at line {}, column {} of the element", error.line(), error.column());
            Err(Reject::new(Reject::MALFORMED, detail))
        }
    }
}

/// The object in a field that may be missing.
pub(super) fn inner<'object, T>(object: &'object Object<T>, field: &str) -> Result<Option<&'object T>, Reject> {
    match object {
        Object::Absent => Ok(None),
        Object::Other => Err(Reject::type_of(field, "an object")),
        Object::Is(inner) => Ok(Some(inner)),
    }
}

/// The objects of a list that may be missing; nulls are left out.
pub(super) fn items<'list, T>(
    list: &'list List<T>,
    field: &'static str,
    item: &'static str,
) -> Result<impl Iterator<Item = Result<&'list T, Reject>>, Reject> {
    let objects = match list {
        List::Absent => [].as_slice(),
        List::Is(objects) => objects,
        List::Other => return Err(Reject::type_of(field, &format!("a list of at most {MOST_ITEMS}"))),
    };
    Ok(objects.iter().filter_map(move |object| inner(object, item).transpose()))
}

/// Text, or a number as its text; `None` when it is absent.
pub(super) fn text<'text>(scalar: &Scalar<'text>, field: &str) -> Result<Option<Cow<'text, str>>, Reject> {
    match scalar {
        Scalar::Absent => Ok(None),
        Scalar::Text(text) => Ok(Some(text.clone())),
        Scalar::Integer(number) => Ok(Some(Cow::Owned(number.to_string()))),
        Scalar::Float(_) | Scalar::Flag(_) | Scalar::Other => Err(Reject::type_of(field, "text")),
    }
}

/// Text that is not empty.
pub(super) fn filled(scalar: &Scalar<'_>, field: &str) -> Result<Option<String>, Reject> {
    Ok(text(scalar, field)?.filter(|text| !text.is_empty()).map(Cow::into_owned))
}

/// A flag, which some write as 0 and 1.
pub(super) fn flag(scalar: &Scalar<'_>, field: &str) -> Result<bool, Reject> {
    match scalar {
        Scalar::Absent | Scalar::Integer(0) => Ok(false),
        Scalar::Flag(flag) => Ok(*flag),
        Scalar::Integer(1) => Ok(true),
        _ => Err(Reject::type_of(field, "true or false")),
    }
}

/// A count, which some write as text.
pub(super) fn count(scalar: &Scalar<'_>, field: &str) -> Result<i64, Reject> {
    let count = match scalar {
        Scalar::Absent => Some(0),
        Scalar::Integer(count) => Some(*count),
        Scalar::Text(text) if text.is_empty() => Some(0),
        Scalar::Text(text) => text.parse().ok(),
        Scalar::Float(_) | Scalar::Flag(_) | Scalar::Other => None,
    };
    count.filter(|count| *count >= 0).ok_or_else(|| Reject::type_of(field, "a count"))
}

/// Seconds from the start of the VOD in ms, and whether they were written whole.
pub(super) fn seconds(scalar: &Scalar<'_>, field: &str) -> Result<(i64, bool), Reject> {
    let whole = match scalar {
        Scalar::Absent => return Err(Reject::new("missing_offset", format!("there is no {field}"))),
        Scalar::Flag(_) | Scalar::Other => return Err(Reject::type_of(field, "a number")),
        Scalar::Integer(_) => true,
        Scalar::Float(_) => false,
        Scalar::Text(text) => !text.contains(['.', 'e', 'E']),
    };
    let ms = times::milliseconds(scalar)
        .ok_or_else(|| Reject::new("bad_offset", format!("{field} is not a number of seconds within a year")))?;
    Ok((ms, whole))
}

/// A badge as it is kept.
pub(super) fn badge(name: &Scalar<'_>, version: &Scalar<'_>) -> Result<String, Reject> {
    let (name, version) = (text(name, "a badge's name")?, text(version, "a badge's version")?);
    Ok(format!("{}/{}", name.unwrap_or_default(), version.unwrap_or_default()))
}

/// The beginning of a text, for messages.
pub(super) fn beginning(text: &str) -> String {
    text.chars().take(80).collect()
}
