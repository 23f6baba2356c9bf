//! One comment node of Twitch's own query API as one row; its offset is in whole seconds.

use ids::VodKey;
use serde::Deserialize;

use super::draft::{self, Outcome, Reject, badge, filled, inner, items, seconds, text};
use super::fragments::Pieces;
use super::lenient::{List, Object, Scalar};
use super::times;

#[derive(Deserialize)]
struct Node<'text> {
    #[serde(borrow, default)]
    id: Scalar<'text>,
    #[serde(borrow, default, rename = "contentOffsetSeconds")]
    offset: Scalar<'text>,
    #[serde(borrow, default, rename = "createdAt")]
    created_at: Scalar<'text>,
    #[serde(borrow, default)]
    commenter: Object<Commenter<'text>>,
    #[serde(borrow, default)]
    message: Object<Message<'text>>,
}

#[derive(Deserialize)]
struct Commenter<'text> {
    #[serde(borrow, default)]
    id: Scalar<'text>,
    #[serde(borrow, default)]
    login: Scalar<'text>,
    #[serde(borrow, default, rename = "displayName")]
    display_name: Scalar<'text>,
}

#[derive(Deserialize)]
struct Message<'text> {
    #[serde(borrow, default)]
    fragments: List<Fragment<'text>>,
    #[serde(borrow, default, rename = "userBadges")]
    badges: List<Badge<'text>>,
    #[serde(borrow, default, rename = "userColor")]
    color: Scalar<'text>,
}

#[derive(Deserialize)]
struct Fragment<'text> {
    #[serde(borrow, default)]
    text: Scalar<'text>,
    #[serde(borrow, default)]
    emote: Object<Emote<'text>>,
}

#[derive(Deserialize)]
struct Emote<'text> {
    #[serde(borrow, default, rename = "emoteID")]
    emote_id: Scalar<'text>,
}

#[derive(Deserialize)]
struct Badge<'text> {
    #[serde(borrow, default, rename = "setID")]
    set_id: Scalar<'text>,
    #[serde(borrow, default)]
    version: Scalar<'text>,
}

/// The row of the node in `json`.
pub(super) fn row(json: &str, vod: &VodKey) -> Result<Outcome, Reject> {
    let node: Node<'_> = draft::object(json)?;
    let mut row = draft::begin(vod, &node.id, "id")?;
    let (offset_ms, whole) = seconds(&node.offset, "contentOffsetSeconds")?;
    row.offset_raw_ms = Some(offset_ms);
    row.created_at_us = text(&node.created_at, "createdAt")?.as_deref().and_then(times::microseconds);
    if let Some(sender) = inner(&node.commenter, "commenter")? {
        row.user_id = filled(&sender.id, "commenter.id")?;
        row.display_name = filled(&sender.display_name, "commenter.displayName")?;
        row.user_login = filled(&sender.login, "commenter.login")?.or_else(|| row.display_name.clone());
    }
    let message = inner(&node.message, "message")?;
    let message = message.ok_or_else(|| Reject::new("missing_message", "there is no message"))?;
    row.user_color = filled(&message.color, "message.userColor")?;
    for item in items(&message.badges, "message.userBadges", "a badge")? {
        let item = item?;
        let badge = badge(&item.set_id, &item.version)?;
        // Twitch sends an empty badge where somebody chose to show none.
        if badge != "/" {
            row.badges.push(badge);
        }
    }
    let mut pieces = Pieces::default();
    for fragment in items(&message.fragments, "message.fragments", "a fragment")? {
        let fragment = fragment?;
        let piece = text(&fragment.text, "a fragment's text")?.unwrap_or_default();
        match inner(&fragment.emote, "a fragment's emote")? {
            None => pieces.plain(&piece),
            Some(emote) => pieces.emote(&piece, &text(&emote.emote_id, "emoteID")?.unwrap_or_default()),
        }
    }
    pieces.fill(None, &mut row)?;
    Ok(Outcome::row(row, whole))
}
