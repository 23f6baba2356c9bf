//! One line of a YouTube live chat, as yt-dlp writes it: every action in it is an element of its own.

use std::fmt;

use ids::VodKey;
use schemas::ChatMessage;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::draft::{self, Deletion, Outcome, Reject, Target, beginning, filled, flag, inner, items, text};
use super::fragments::Pieces;
use super::lenient::{List, Object, Scalar, Texts};
use super::times;

#[derive(Deserialize)]
struct Line<'text> {
    #[serde(borrow, default, rename = "replayChatItemAction")]
    replay: Object<Replay<'text>>,
    // One level higher than in a replay: that is how it is written while the broadcast runs.
    #[serde(borrow, default, rename = "videoOffsetTimeMsec")]
    offset: Scalar<'text>,
}

#[derive(Deserialize)]
struct Replay<'text> {
    #[serde(borrow, default)]
    actions: List<Action<'text>>,
    #[serde(borrow, default, rename = "videoOffsetTimeMsec")]
    offset: Scalar<'text>,
}

/// An action: its name is the key of its one field.
struct Action<'text> {
    name: String,
    body: Object<Body<'text>>,
}

/// What the known actions hold.
#[derive(Default, Deserialize)]
struct Body<'text> {
    #[serde(borrow, default)]
    item: Object<Item<'text>>,
    #[serde(borrow, default, rename = "targetItemId")]
    target: Scalar<'text>,
    #[serde(borrow, default, rename = "externalChannelId")]
    channel: Scalar<'text>,
}

/// What is added to a chat: its name is the key of its one field.
struct Item<'text> {
    name: String,
    renderer: Object<Renderer<'text>>,
}

/// The fields of all renderers that become rows.
#[derive(Default, Deserialize)]
struct Renderer<'text> {
    #[serde(borrow, default)]
    id: Scalar<'text>,
    #[serde(borrow, default, rename = "timestampUsec")]
    timestamp: Scalar<'text>,
    #[serde(borrow, default)]
    message: Object<Words<'text>>,
    #[serde(borrow, default, rename = "authorName")]
    author: Object<Words<'text>>,
    #[serde(borrow, default, rename = "authorExternalChannelId")]
    author_id: Scalar<'text>,
    #[serde(borrow, default, rename = "authorBadges")]
    badges: List<Holder<'text>>,
    #[serde(borrow, default, rename = "purchaseAmountText")]
    amount: Object<Words<'text>>,
    #[serde(borrow, default, rename = "headerPrimaryText")]
    header_primary: Object<Words<'text>>,
    #[serde(borrow, default, rename = "headerSubtext")]
    header_sub: Object<Words<'text>>,
    #[serde(borrow, default)]
    text: Object<Words<'text>>,
    #[serde(borrow, default)]
    subtext: Object<Words<'text>>,
    #[serde(borrow, default)]
    header: Object<Header<'text>>,
}

#[derive(Deserialize)]
struct Header<'text> {
    #[serde(borrow, default, rename = "liveChatSponsorshipsHeaderRenderer")]
    inner: Object<Sponsor<'text>>,
}

#[derive(Deserialize)]
struct Sponsor<'text> {
    #[serde(borrow, default, rename = "authorName")]
    author: Object<Words<'text>>,
    #[serde(borrow, default, rename = "primaryText")]
    primary: Object<Words<'text>>,
}

/// Text in one of the two ways YouTube writes it.
#[derive(Deserialize)]
struct Words<'text> {
    #[serde(borrow, default, rename = "simpleText")]
    simple: Scalar<'text>,
    #[serde(borrow, default)]
    runs: List<Run<'text>>,
}

#[derive(Deserialize)]
struct Run<'text> {
    #[serde(borrow, default)]
    text: Scalar<'text>,
    #[serde(borrow, default)]
    emoji: Object<Emoji<'text>>,
}

#[derive(Deserialize)]
struct Emoji<'text> {
    #[serde(borrow, default, rename = "emojiId")]
    id: Scalar<'text>,
    #[serde(borrow, default)]
    shortcuts: Texts<'text>,
    #[serde(borrow, default, rename = "isCustomEmoji")]
    custom: Scalar<'text>,
}

#[derive(Deserialize)]
struct Holder<'text> {
    #[serde(borrow, default, rename = "liveChatAuthorBadgeRenderer")]
    badge: Object<Badge<'text>>,
}

#[derive(Deserialize)]
struct Badge<'text> {
    #[serde(borrow, default)]
    icon: Object<Icon<'text>>,
    #[serde(borrow, default)]
    tooltip: Scalar<'text>,
}

#[derive(Deserialize)]
struct Icon<'text> {
    #[serde(borrow, default, rename = "iconType")]
    kind: Scalar<'text>,
}

/// Reads an object with one field that counts as its name and value.
macro_rules! named {
    ($kind:ident, $field:ident) => {
        impl<'de: 'text, 'text> Deserialize<'de> for $kind<'text> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Named;
                impl<'de> Visitor<'de> for Named {
                    type Value = $kind<'de>;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let (mut name, mut found) = (String::new(), Object::Absent);
                        while let Some(key) = map.next_key::<String>()? {
                            // What is tracked is not what is done.
                            if name.is_empty() && !key.to_lowercase().contains("tracking") && key != "clientId" {
                                found = map.next_value()?;
                                name = key;
                            } else {
                                map.next_value::<IgnoredAny>()?;
                            }
                        }
                        Ok($kind { name, $field: found })
                    }
                }
                deserializer.deserialize_map(Named)
            }
        }
    };
}
named!(Action, body);
named!(Item, renderer);

/// What is shown elsewhere too, or is not chat at all.
const NO_MESSAGES: &[&str] = &[
    "addLiveChatTickerItemAction",
    "addBannerToLiveChatCommand",
    "removeBannerForLiveChatCommand",
    "replaceChatItemAction",
    "showLiveChatActionPanelAction",
    "updateLiveChatPollAction",
    "closeLiveChatActionPanelAction",
    "showLiveChatTooltipCommand",
    "liveChatReportModerationStateCommand",
    "liveChatPlaceholderItemRenderer",
    "liveChatBannerRenderer",
];

/// What the line in `json` holds.
pub(super) fn outcome(json: &str, vod: &VodKey) -> Result<Outcome, Reject> {
    let line: Line<'_> = draft::object(json)?;
    let replay = inner(&line.replay, "replayChatItemAction")?;
    let replay = replay.ok_or_else(|| Reject::new("unknown_action", "there is no replayChatItemAction"))?;
    let offset = if replay.offset == Scalar::Absent { &line.offset } else { &replay.offset };
    let mut found = Vec::new();
    for action in items(&replay.actions, "replayChatItemAction.actions", "an action")? {
        found.push(action.and_then(|action| single(action, offset, vod)));
    }
    match found.len() {
        0 => Err(Reject::new("unknown_action", "there is no action in the line")),
        1 => found.remove(0),
        _ => Ok(Outcome::Several(found)),
    }
}

fn single(action: &Action<'_>, offset: &Scalar<'_>, vod: &VodKey) -> Result<Outcome, Reject> {
    let unknown = || Reject::new("unknown_action", format!("{:?} is not known", beginning(&action.name)));
    let no_message = |name: &str| Reject::new("not_a_message", format!("it is {name}"));
    if NO_MESSAGES.contains(&action.name.as_str()) {
        return Err(no_message(&action.name));
    }
    let body = inner(&action.body, &action.name)?.ok_or_else(unknown)?;
    let at_ms = milliseconds(offset)?;
    let deletion = |target| Ok(Outcome::Deletion(Deletion { target, at_ms }));
    match action.name.as_str() {
        "addChatItemAction" => {}
        "markChatItemAsDeletedAction" | "removeChatItemAction" => {
            let target = filled(&body.target, "targetItemId")?.ok_or_else(unknown)?;
            return deletion(Target::Message(target));
        }
        "markChatItemsByAuthorAsDeletedAction" | "removeChatItemByAuthorAction" => {
            let who = filled(&body.channel, "externalChannelId")?.ok_or_else(unknown)?;
            return deletion(Target::Sender(who));
        }
        _ => return Err(unknown()),
    }
    let item = inner(&body.item, "addChatItemAction.item")?.ok_or_else(unknown)?;
    if NO_MESSAGES.contains(&item.name.as_str()) || item.name.starts_with("liveChatTicker") {
        return Err(no_message(&item.name));
    }
    let notice = match item.name.as_str() {
        "liveChatTextMessageRenderer" => None,
        "liveChatPaidMessageRenderer" => Some("paid_message"),
        "liveChatPaidStickerRenderer" => Some("paid_sticker"),
        "liveChatMembershipItemRenderer" => Some("membership"),
        "liveChatSponsorshipsGiftPurchaseAnnouncementRenderer" => Some("gift_purchase"),
        "liveChatSponsorshipsGiftRedemptionAnnouncementRenderer" => Some("gift_redemption"),
        "liveChatViewerEngagementMessageRenderer" => Some("engagement"),
        "liveChatModeChangeMessageRenderer" => Some("mode_change"),
        "liveChatDonationAnnouncementRenderer" => Some("donation"),
        _ => return Err(Reject::new("unknown_action", format!("{:?} is not known", beginning(&item.name)))),
    };
    let renderer = inner(&item.renderer, &item.name)?.ok_or_else(unknown)?;
    let mut row = draft::begin(vod, &renderer.id, "id")?;
    row.offset_raw_ms = at_ms;
    row.created_at_us = text(&renderer.timestamp, "timestampUsec")?.and_then(|text| text.parse().ok());
    if row.offset_raw_ms.is_none() && row.created_at_us.is_none() {
        return Err(Reject::new("missing_offset", "there is neither videoOffsetTimeMsec nor timestampUsec"));
    }
    row.notice = notice.map(str::to_owned);
    message(renderer, &mut row)?;
    Ok(Outcome::row(row, false))
}

/// Fills in who said what.
fn message(renderer: &Renderer<'_>, row: &mut ChatMessage) -> Result<(), Reject> {
    let sponsor = match inner(&renderer.header, "header")? {
        Some(header) => inner(&header.inner, "liveChatSponsorshipsHeaderRenderer")?,
        None => None,
    };
    row.user_id = filled(&renderer.author_id, "authorExternalChannelId")?;
    row.user_login = match sponsor {
        Some(sponsor) => words(&sponsor.author)?,
        None => words(&renderer.author)?,
    };
    row.display_name = row.user_login.clone();
    for holder in items(&renderer.badges, "authorBadges", "a badge")? {
        if let Some(badge) = inner(&holder?.badge, "liveChatAuthorBadgeRenderer")? {
            let icon = match inner(&badge.icon, "icon")? {
                Some(icon) => filled(&icon.kind, "iconType")?,
                None => None,
            };
            // Members have a picture of their own in place of an icon; the words tell for how long.
            let tooltip = filled(&badge.tooltip, "tooltip")?.unwrap_or_default();
            row.badges.push(icon.map_or_else(|| format!("member/{tooltip}"), |it| format!("{}/1", it.to_lowercase())));
        }
    }
    let mut told = Vec::new();
    for part in [&renderer.amount, &renderer.header_primary, &renderer.header_sub, &renderer.text, &renderer.subtext] {
        told.extend(words(part)?);
    }
    if let Some(sponsor) = sponsor {
        told.extend(words(&sponsor.primary)?);
    }
    let mut pieces = Pieces::default();
    if let Some(message) = inner(&renderer.message, "message")? {
        // These are YouTube's words, not the sender's.
        if matches!(row.notice.as_deref(), Some("engagement" | "gift_redemption")) {
            told.extend(words(&renderer.message)?);
        } else {
            runs(message, &mut pieces)?;
        }
    }
    row.system_text = (!told.is_empty()).then(|| told.join(" "));
    pieces.fill(None, row)
}

fn runs(message: &Words<'_>, pieces: &mut Pieces) -> Result<(), Reject> {
    if let Some(simple) = filled(&message.simple, "simpleText")? {
        pieces.plain(&simple);
    }
    for run in items(&message.runs, "runs", "a run")? {
        let run = run?;
        if let Some(plain) = text(&run.text, "a run's text")? {
            pieces.plain(&plain);
        }
        if let Some(emoji) = inner(&run.emoji, "emoji")? {
            let id = filled(&emoji.id, "emojiId")?.unwrap_or_default();
            match flag(&emoji.custom, "isCustomEmoji")? {
                true => pieces.emote(emoji.shortcuts.0.first().map_or(id.as_str(), AsRef::as_ref), &id),
                // The id of an emoji that everybody has is the character itself.
                false => pieces.plain(&id),
            }
        }
    }
    Ok(())
}

/// All of a text without its looks; `None` when there is none.
fn words(words: &Object<Words<'_>>) -> Result<Option<String>, Reject> {
    let Some(words) = inner(words, "a text")? else { return Ok(None) };
    let mut all = filled(&words.simple, "simpleText")?.unwrap_or_default();
    for run in items(&words.runs, "runs", "a run")? {
        let run = run?;
        all.push_str(&text(&run.text, "a run's text")?.unwrap_or_default());
        if let Some(emoji) = inner(&run.emoji, "emoji")? {
            all.push_str(&filled(&emoji.id, "emojiId")?.unwrap_or_default());
        }
    }
    Ok(Some(all.trim().to_owned()).filter(|all| !all.is_empty()))
}

fn milliseconds(offset: &Scalar<'_>) -> Result<Option<i64>, Reject> {
    let ms = match offset {
        Scalar::Absent => return Ok(None),
        Scalar::Integer(ms) => Some(*ms),
        Scalar::Text(text) => text.parse().ok(),
        Scalar::Float(_) | Scalar::Flag(_) | Scalar::Other => None,
    };
    let ms = ms.filter(|ms: &i64| (-times::FURTHEST_MS..=times::FURTHEST_MS).contains(ms));
    ms.map(Some).ok_or_else(|| Reject::new("bad_offset", "videoOffsetTimeMsec is not a number of ms within a year"))
}
