//! The chat of the sample stream's first broadcast as GQL gives it, so that one test can go from a VOD's id to a model.

use std::collections::BTreeSet;

use serde_json::Value;

use super::chat::{Message, Said, emote, plain};
use super::scenario::Scenario;

const FILE: &str = include_str!("../../sample/demo-1.chat.json");

/// Every message once, in order of time.
///
/// # Panics
/// When the checked-in file is damaged.
pub(super) fn read(scenario: &Scenario) -> Vec<Message> {
    let file: Value = serde_json::from_str(FILE).unwrap_or_else(|error| panic!("sample/demo-1.chat.json: {error}"));
    let comments = file["comments"].as_array().cloned().unwrap_or_default();
    let mut seen = BTreeSet::new();
    let fresh = comments.iter().filter(|comment| seen.insert(text(&comment["_id"])));
    let mut times: Vec<(i64, &Value)> = fresh.map(|comment| (at_ms(comment), comment)).collect();
    times.sort_by_key(|(at_ms, _)| *at_ms);
    let messages = times.into_iter().enumerate();
    messages.map(|(number, (at_ms, comment))| Message::new(scenario, number, at_ms, said(comment))).collect()
}

fn at_ms(comment: &Value) -> i64 {
    (comment["content_offset_seconds"].as_f64().unwrap_or(0.0) * 1000.0).round() as i64
}

fn said(comment: &Value) -> Said {
    let (who, message) = (&comment["commenter"], &comment["message"]);
    let commenter = who.is_object().then(|| [&who["_id"], &who["name"], &who["display_name"]].map(text));
    let mut at = 0;
    let mut fragments = Vec::new();
    for fragment in message["fragments"].as_array().into_iter().flatten() {
        let words = text(&fragment["text"]);
        fragments.push(match fragment["emoticon"]["emoticon_id"].as_str() {
            Some(id) => emote(&words, id, at),
            None => plain(&words),
        });
        at += words.chars().count();
    }
    let badges = message["user_badges"].as_array().into_iter().flatten();
    Said {
        id: text(&comment["_id"]),
        commenter,
        fragments,
        badges: badges.map(|badge| (text(&badge["_id"]), text(&badge["version"]))).collect(),
        colour: message["user_color"].as_str().map(str::to_owned),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
