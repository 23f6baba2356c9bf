//! The filters on the sample stream's chat: each kind of dirt is caught, replies are kept.

use std::collections::{BTreeMap, BTreeSet};

use dataset::Config;
use dataset::prepare::prepare;
use schemas::ChatMessage;
use serde_json::Value;
use testkit::sample::{Kind, dir, truth};

use crate::rows::{key, source};

/// The messages of a sample broadcast in TwitchDownloader's shape, in order, each id once.
fn messages(id: &str) -> Vec<ChatMessage> {
    let text = std::fs::read_to_string(dir().join(format!("{id}.chat.json"))).unwrap();
    let export: Value = serde_json::from_str(&text).unwrap();
    let mut seen = BTreeSet::new();
    let comments = export["comments"].as_array().unwrap().iter();
    let mut messages: Vec<_> = comments
        .filter(|comment| seen.insert(comment["_id"].as_str().unwrap().to_owned()))
        .map(|comment| {
            let message = &comment["message"];
            let fragments = message["fragments"].as_array().unwrap();
            let (marked, plain): (Vec<_>, Vec<_>) =
                fragments.iter().partition(|fragment| !fragment["emoticon"].is_null());
            let text = |fragment: &&Value| fragment["text"].as_str().unwrap().to_owned();
            let mut own = crate::rows::message(&key(id), 0, 0, message["body"].as_str().unwrap());
            own.message_id = comment["_id"].as_str().unwrap().to_owned();
            own.offset_ms = (comment["content_offset_seconds"].as_f64().unwrap() * 1000.0) as i64;
            own.user_id = comment["commenter"]["_id"].as_str().map(str::to_owned);
            own.user_login = comment["commenter"]["name"].as_str().map(str::to_owned);
            own.emotes = marked.iter().map(text).collect();
            own.text_without_emotes = plain.iter().map(text).collect();
            own.notice = message["user_notice_params"]["msg_id"].as_str().map(str::to_owned);
            own
        })
        .collect();
    messages.sort_by_key(|message| message.offset_ms);
    for (ordinal, message) in messages.iter_mut().enumerate() {
        message.ordinal = ordinal as i64;
    }
    messages
}

/// The filters of which one has to catch a kind; none for what has to be kept.
fn expected(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Reply | Kind::Chatter => &[],
        Kind::Bot | Kind::BotReply => &["bot"],
        Kind::Command => &["command"],
        Kind::Link => &["link"],
        Kind::Repeat => &["spam_repeat"],
        Kind::Copypasta => &["copypasta"],
        Kind::EmoteOnly => &["emote_only"],
        Kind::Toxic => &["guarded"],
        Kind::Pii => &["pii"],
        Kind::Notice => &["notice"],
        Kind::NullCommenter => &["no_user"],
        Kind::Injection => &["control_tokens"],
        // Strange letters are no dirt by themselves, and lateness is for alignment to see.
        Kind::Unicode | Kind::Late => &["*"],
    }
}

#[tokio::test]
async fn every_kind_of_dirt_is_caught_and_replies_stay() {
    let config = Config::parse("").unwrap();
    let mut wrong: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut caught, mut kept) = (0, 0);
    for id in ["demo-1", "demo-2"] {
        let mut broadcast = source(id, &[]);
        broadcast.messages = messages(id);
        let template = source(id, &[(0, "x")]).turns.remove(0);
        broadcast.turns = broadcast
            .messages
            .iter()
            .map(|message| {
                let (message_id, offset_ms) = (message.message_id.clone(), message.offset_ms);
                schemas::AlignedTurn { message_id, offset_ms, ordinal: message.ordinal, ..template.clone() }
            })
            .collect();
        let prepared = prepare(&broadcast, &config).await.unwrap();
        let truth = truth();
        let truth = &truth.broadcast(id).messages;
        for (message, turn) in broadcast.messages.iter().zip(&prepared.turns) {
            let expected = expected(truth[&message.message_id].kind);
            let tags: Vec<_> = turn.tags.iter().map(|tag| tag.filter.as_str()).collect();
            let right = match expected {
                [] => tags.is_empty(),
                ["*"] => true,
                filters => tags.iter().any(|tag| filters.contains(tag)),
            };
            match right {
                true if expected.is_empty() => kept += 1,
                true => caught += 1,
                false => wrong.entry(format!("{expected:?}")).or_default().push(format!("{:?} {tags:?}", message.text)),
            }
        }
    }
    assert_eq!(wrong, BTreeMap::new());
    assert!(caught > 60 && kept > 200, "{caught} caught, {kept} kept");
}
