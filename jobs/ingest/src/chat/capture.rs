//! One line of a live capture of Twitch's chat protocol as a row or a deletion. It has clock times only.

use ids::{Digest, VodKey};
use serde::Deserialize;

use super::draft::{self, Deletion, Outcome, Reject, Target, count, filled, text};
use super::fragments::Pieces;
use super::lenient::{MOST_ITEMS, Members, Scalar};
use super::times;

#[derive(Deserialize)]
struct Line<'text> {
    #[serde(borrow, default)]
    t: Scalar<'text>,
    #[serde(borrow, default, rename = "type")]
    kind: Scalar<'text>,
    #[serde(borrow, default)]
    u: Scalar<'text>,
    #[serde(borrow, default, alias = "userId", alias = "user_id")]
    uid: Scalar<'text>,
    #[serde(borrow, default)]
    login: Scalar<'text>,
    #[serde(borrow, default)]
    color: Scalar<'text>,
    #[serde(borrow, default)]
    msg: Scalar<'text>,
    #[serde(borrow, default)]
    badges: Members<'text>,
    #[serde(borrow, default)]
    bits: Scalar<'text>,
    #[serde(borrow, default)]
    id: Scalar<'text>,
    #[serde(borrow, default, rename = "msgId")]
    msg_id: Scalar<'text>,
    #[serde(borrow, default, rename = "targetMsgId")]
    target: Scalar<'text>,
    #[serde(borrow, default, rename = "systemMsg")]
    system_msg: Scalar<'text>,
    #[serde(borrow, default, rename = "replyTo")]
    reply_to: Scalar<'text>,
}

/// What the line in `json` is.
pub(super) fn outcome(json: &str, vod: &VodKey) -> Result<Outcome, Reject> {
    let line: Line<'_> = draft::object(json)?;
    let created_at_us = match &line.t {
        Scalar::Absent => None,
        written => Some(
            times::clock(written).ok_or_else(|| Reject::new("bad_offset", "t is neither a Unix time nor RFC 3339"))?,
        ),
    };
    let kind = filled(&line.kind, "type")?.unwrap_or_default().to_uppercase();
    let msg_id = filled(&line.msg_id, "msgId")?;
    let at_ms = created_at_us.map(|us| us.div_euclid(1000));
    let deletion = |target| Ok(Outcome::Deletion(Deletion { target, at_ms }));
    let login = filled(&line.login, "login")?;
    let mut notice = None;
    match kind.as_str() {
        "CLEARMSG" => {
            let target = filled(&line.target, "targetMsgId")?.or(msg_id);
            return deletion(Target::Message(
                target
                    .ok_or_else(|| Reject::new("missing_id", "a CLEARMSG names no message in targetMsgId or msgId"))?,
            ));
        }
        "CLEARCHAT" => {
            let who = login.or(filled(&line.u, "u")?).or(filled(&line.msg, "msg")?);
            return deletion(who.map_or(Target::Everything, |who| Target::Sender(who.to_lowercase())));
        }
        "PRIVMSG" | "MESSAGE" | "MSG" | "CHAT" | "ACTION" => {}
        "USERNOTICE" => notice = Some(msg_id.clone().filter(|id| !is_uuid(id)).unwrap_or_else(|| "usernotice".into())),
        _ => return Err(Reject::new("not_a_message", format!("type is {:?}", draft::beginning(&kind)))),
    }
    if created_at_us.is_none() {
        return Err(Reject::new("missing_offset", "there is no t"));
    }
    // Beside a notice, msgId is its kind in the protocol. A capture without ids gets them from its own lines.
    let id = filled(&line.id, "id")?.or(msg_id.filter(|id| notice.is_none() || is_uuid(id)));
    let id = id.unwrap_or_else(|| Digest::of(json.as_bytes()).to_string().get(..32).unwrap_or_default().to_owned());
    let mut row = draft::begin(vod, &Scalar::Text(id.into()), "id")?;
    row.created_at_us = created_at_us;
    let shown = filled(&line.u, "u")?;
    let number = |text: &String| text.bytes().all(|byte| byte.is_ascii_digit());
    let named = filled(&line.uid, "uid")?.or_else(|| shown.clone().filter(number));
    row.display_name = shown.filter(|shown| !number(shown)).or_else(|| login.clone());
    row.user_login = login.or_else(|| row.display_name.clone());
    // Two accounts never have one login at a time, so it stands in for an id that was not captured.
    row.user_id = named.or_else(|| row.user_login.clone());
    row.user_color = filled(&line.color, "color")?;
    row.badges = badges(&line.badges)?;
    row.bits = count(&line.bits, "bits")?;
    row.notice = notice;
    row.system_text = filled(&line.system_msg, "systemMsg")?;
    row.reply_to = filled(&line.reply_to, "replyTo")?;
    let body = text(&line.msg, "msg")?.unwrap_or_default();
    let action = body.strip_prefix("\u{1}ACTION ").map(|rest| rest.trim_end_matches('\u{1}'));
    row.is_action = action.is_some() || kind == "ACTION";
    let mut pieces = Pieces::default();
    pieces.plain(action.unwrap_or(&body));
    pieces.fill(None, &mut row)?;
    Ok(Outcome::row(row, false))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// `"subscriber/3,vip/1"`, `["subscriber/3", "vip/1"]` or `{"subscriber": "3", "vip": "1"}`.
fn badges(written: &Members<'_>) -> Result<Vec<String>, Reject> {
    let plain = |value: &Scalar<'_>| match value {
        Scalar::Text(text) => Some(text.to_string()),
        Scalar::Integer(number) => Some(number.to_string()),
        Scalar::Float(number) => Some(number.to_string()),
        Scalar::Absent | Scalar::Flag(_) | Scalar::Other => None,
    };
    let found = match written {
        Members::Absent => Some(Vec::new()),
        Members::Text(list) if list.matches(',').count() < MOST_ITEMS => {
            Some(list.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect())
        }
        Members::List(items) => items.iter().map(plain).collect(),
        Members::Map(pairs) => pairs.iter().map(|(name, value)| Some(format!("{name}/{}", plain(value)?))).collect(),
        Members::Text(_) | Members::Other => None,
    };
    found.ok_or_else(|| Reject::type_of("badges", "a list of badges"))
}
