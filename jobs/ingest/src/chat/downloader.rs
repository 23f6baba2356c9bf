//! One item of chat-downloader, which ganymede's live captures imitate, as a row or a deletion.

use ids::VodKey;
use schemas::ChatMessage;
use serde::Deserialize;

use super::draft::{self, Deletion, Outcome, Reject, Target, badge, count, filled, inner, items, seconds, text};
use super::fragments::{LONGEST_MARKED, MOST_MARKS, Pieces};
use super::lenient::{List, Object, Scalar, Texts};

#[derive(Deserialize)]
struct Item<'text> {
    #[serde(borrow, default)]
    message_id: Scalar<'text>,
    #[serde(borrow, default)]
    message: Scalar<'text>,
    #[serde(borrow, default)]
    message_type: Scalar<'text>,
    #[serde(borrow, default)]
    system_message: Scalar<'text>,
    #[serde(borrow, default)]
    time_in_seconds: Scalar<'text>,
    #[serde(borrow, default)]
    timestamp: Scalar<'text>,
    #[serde(borrow, default)]
    author: Object<Author<'text>>,
    #[serde(borrow, default)]
    colour: Scalar<'text>,
    #[serde(borrow, default)]
    emotes: List<Emote<'text>>,
    #[serde(borrow, default)]
    bits: Scalar<'text>,
    #[serde(borrow, default)]
    money: Object<Money<'text>>,
    #[serde(borrow, default)]
    in_reply_to: Object<Parent<'text>>,
    #[serde(borrow, default)]
    target_message_id: Scalar<'text>,
    #[serde(borrow, default)]
    target_author_id: Scalar<'text>,
    #[serde(borrow, default)]
    banned_user: Scalar<'text>,
}

#[derive(Deserialize)]
struct Author<'text> {
    #[serde(borrow, default)]
    id: Scalar<'text>,
    #[serde(borrow, default)]
    name: Scalar<'text>,
    #[serde(borrow, default)]
    display_name: Scalar<'text>,
    #[serde(borrow, default)]
    colour: Scalar<'text>,
    #[serde(borrow, default)]
    badges: List<Badge<'text>>,
}

#[derive(Deserialize)]
struct Badge<'text> {
    #[serde(borrow, default)]
    name: Scalar<'text>,
    #[serde(borrow, default)]
    title: Scalar<'text>,
    #[serde(borrow, default)]
    version: Scalar<'text>,
}

#[derive(Deserialize)]
struct Emote<'text> {
    #[serde(borrow, default)]
    id: Scalar<'text>,
    #[serde(borrow, default)]
    name: Scalar<'text>,
    #[serde(borrow, default)]
    is_custom_emoji: Scalar<'text>,
    /// `"0-4,6-10"` for recordings, `["0-4", "6-10"]` for live chat.
    #[serde(borrow, default)]
    locations: Texts<'text>,
}

#[derive(Deserialize)]
struct Money<'text> {
    #[serde(borrow, default)]
    text: Scalar<'text>,
}

#[derive(Deserialize)]
struct Parent<'text> {
    #[serde(borrow, default)]
    message_id: Scalar<'text>,
    #[serde(borrow, default)]
    author_name: Scalar<'text>,
    #[serde(borrow, default)]
    author: Object<Author<'text>>,
}

/// States of the room and of the connection.
const STATES: &[&str] =
    &["room_state", "user_state", "host_target", "reconnect", "successful_login", "notice", "placeholder_item"];

/// What the item in `json` is.
pub(super) fn outcome(json: &str, vod: &VodKey) -> Result<Outcome, Reject> {
    let item: Item<'_> = draft::object(json)?;
    let kind = filled(&item.message_type, "message_type")?.unwrap_or_default();
    let created_at_us = match &item.timestamp {
        Scalar::Absent => None,
        Scalar::Integer(us) => Some(*us),
        _ => return Err(Reject::type_of("timestamp", "a whole number of microseconds")),
    };
    let offset = match &item.time_in_seconds {
        Scalar::Absent => None,
        written => Some(seconds(written, "time_in_seconds")?),
    };
    if let Some(target) = target(&kind, &item)? {
        let at_ms = offset.map(|(ms, _)| ms).or(created_at_us.map(|us| us.div_euclid(1000)));
        return Ok(Outcome::Deletion(Deletion { target, at_ms }));
    }
    if STATES.contains(&kind.as_str()) || kind.starts_with("ticker_") {
        return Err(Reject::new("not_a_message", format!("message_type is {:?}", draft::beginning(&kind))));
    }
    let mut row = draft::begin(vod, &item.message_id, "message_id")?;
    if offset.is_none() && created_at_us.is_none() {
        return Err(Reject::new("missing_offset", "there is neither time_in_seconds nor timestamp"));
    }
    row.offset_raw_ms = offset.map(|(ms, _)| ms);
    row.created_at_us = created_at_us;
    row.user_color = filled(&item.colour, "colour")?;
    if let Some(author) = inner(&item.author, "author")? {
        sender(author, &mut row)?;
    }
    let spoken = ["", "text", "text_message", "highlighted_message", "send_message_in_subscriber_only_mode"];
    row.notice = (!spoken.contains(&kind.as_str())).then_some(kind);
    row.system_text = filled(&item.system_message, "system_message")?;
    if let (None, Some(money)) = (&row.system_text, inner(&item.money, "money")?) {
        row.system_text = filled(&money.text, "money.text")?;
    }
    row.bits = count(&item.bits, "bits")?;
    if let Some(parent) = inner(&item.in_reply_to, "in_reply_to")? {
        row.reply_to = filled(&parent.message_id, "in_reply_to.message_id")?;
        row.reply_to_login = match inner(&parent.author, "in_reply_to.author")? {
            Some(author) => filled(&author.name, "in_reply_to.author.name")?,
            None => filled(&parent.author_name, "in_reply_to.author_name")?,
        };
    }
    let body = text(&item.message, "message")?.unwrap_or_default();
    let mut places = Vec::new();
    for emote in items(&item.emotes, "emotes", "an emote")?.take(MOST_MARKS) {
        place(emote?, &body, &mut places)?;
    }
    Pieces::cut(&body, places).fill(None, &mut row)?;
    Ok(Outcome::row(row, offset.is_some_and(|(_, whole)| whole)))
}

/// What a moderator's action takes away, if the item is one.
fn target(kind: &str, item: &Item<'_>) -> Result<Option<Target>, Reject> {
    let message = filled(&item.target_message_id, "target_message_id")?;
    let author = match inner(&item.author, "author")? {
        Some(author) => filled(&author.id, "author.id")?,
        None => None,
    };
    let banned = filled(&item.target_author_id, "target_author_id")?.or(filled(&item.banned_user, "banned_user")?);
    Ok(match kind {
        "delete_message" | "mark_chat_item_as_deleted" | "remove_chat_item" => message.map(Target::Message),
        "ban_user" => banned.map(|who| Target::Sender(who.to_lowercase())),
        "mark_chat_items_by_author_as_deleted" | "remove_chat_item_by_author" => author.map(Target::Sender),
        "clear_chat" => Some(banned.map_or(Target::Everything, |who| Target::Sender(who.to_lowercase()))),
        _ => None,
    })
}

fn sender(author: &Author<'_>, row: &mut ChatMessage) -> Result<(), Reject> {
    row.user_id = filled(&author.id, "author.id")?;
    row.display_name = filled(&author.display_name, "author.display_name")?;
    row.user_login = filled(&author.name, "author.name")?.or_else(|| row.display_name.clone());
    row.display_name = row.display_name.take().or_else(|| row.user_login.clone());
    row.user_color = row.user_color.take().or(filled(&author.colour, "author.colour")?);
    for item in items(&author.badges, "author.badges", "a badge")? {
        let item = item?;
        let name = if item.name == Scalar::Absent { &item.title } else { &item.name };
        row.badges.push(badge(name, &item.version)?);
    }
    Ok(())
}

/// Where an emote is in the text: as written, or wherever its name is when nothing is written.
fn place(emote: &Emote<'_>, body: &str, places: &mut Vec<(String, usize, usize)>) -> Result<(), Reject> {
    let name = filled(&emote.name, "an emote's name")?;
    let id = filled(&emote.id, "an emote's id")?.or_else(|| name.clone()).unwrap_or_default();
    // Of all emotes together, or many emotes in many places would be more than memory holds.
    let left = MOST_MARKS.saturating_sub(places.len());
    for range in emote.locations.0.iter().flat_map(|list| list.split(',')).take(left) {
        let ends = range.trim().split_once('-').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        places.extend(ends.map(|(first, last)| (id.clone(), first, last)));
    }
    // An emoji that is a character needs no mark.
    let name = name.filter(|_| emote.locations.0.is_empty() && emote.is_custom_emoji != Scalar::Flag(false));
    if let Some(name) = name.filter(|_| body.len() <= LONGEST_MARKED) {
        let length = name.chars().count();
        places.extend(body.match_indices(&name).take(left).map(|(at, _)| {
            let first = body.get(..at).unwrap_or_default().chars().count();
            (id.clone(), first, first + length - 1)
        }));
    }
    Ok(())
}
