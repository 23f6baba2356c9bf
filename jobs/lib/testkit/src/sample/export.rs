//! Writes a chat the way other tools export it, one comment per line so that changes can be read.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::chat::{Author, Message};
use super::script::{Broadcast, Script, Shape};
use super::truth::Truth;
use super::{Error, Timing};

#[derive(Serialize)]
struct Comment<'a> {
    _id: &'a str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
    channel_id: String,
    content_type: &'static str,
    content_id: &'a str,
    content_offset_seconds: f64,
    commenter: Option<Commenter<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    message: Body<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more_replies: Option<bool>,
}

#[derive(Serialize)]
struct Commenter<'a> {
    display_name: &'a str,
    _id: String,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    bio: Option<&'static str>,
    created_at: &'static str,
    updated_at: &'static str,
    logo: Option<&'static str>,
}

#[derive(Serialize)]
struct Body<'a> {
    body: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bits_spent: Option<u32>,
    fragments: Vec<Fragment<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_action: Option<bool>,
    user_badges: Vec<Badge>,
    user_color: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_notice_params: Option<BTreeMap<&'static str, &'static str>>,
    emoticons: Vec<Emoticon<'a>>,
}

#[derive(Serialize)]
struct Fragment<'a> {
    text: &'a str,
    emoticon: Option<FragmentEmoticon<'a>>,
}

#[derive(Serialize)]
struct FragmentEmoticon<'a> {
    emoticon_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    emoticon_set_id: Option<&'static str>,
}

#[derive(Serialize)]
struct Emoticon<'a> {
    _id: &'a str,
    begin: usize,
    end: usize,
}

#[derive(Serialize)]
struct Badge {
    _id: &'static str,
    version: &'static str,
}

/// The chat file of one broadcast.
pub(super) fn chat(
    script: &Script,
    broadcast: &Broadcast,
    timing: &Timing,
    messages: &[Message],
) -> Result<Vec<u8>, Error> {
    let mut lines = Vec::with_capacity(messages.len() + 1);
    for message in messages {
        lines.push(serde_json::to_string(&comment(script, broadcast, message))?);
    }
    let text = match broadcast.shape {
        Shape::Rechat => {
            lines.insert(0, rechat_video(script, broadcast, timing));
            format!("[\n{}\n]\n", lines.join(",\n"))
        }
        Shape::TwitchDownloader => {
            format!(
                "{{{},\"comments\":[\n{}\n],\"embeddedData\":null}}\n",
                head(script, broadcast, timing),
                lines.join(",\n")
            )
        }
    };
    Ok(text.into_bytes())
}

/// `truth.json`, one utterance or message per line.
pub(super) fn truth(truth: &Truth) -> Result<Vec<u8>, Error> {
    let mut broadcasts = Vec::new();
    for broadcast in &truth.broadcasts {
        let utterances: Vec<_> = broadcast.utterances.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        let mut messages = Vec::new();
        for (id, message) in &broadcast.messages {
            messages.push(format!("\"{id}\":{}", serde_json::to_string(message)?));
        }
        broadcasts.push(format!(
            "{{\"id\":\"{}\",\"started_at\":\"{}\",\"duration_ms\":{},\"lag_ms\":{},\"utterances\":[\n{}\n],\"messages\":{{\n{}\n}},\"duplicated\":{}}}",
            broadcast.id,
            broadcast.started_at,
            broadcast.duration_ms,
            broadcast.lag_ms,
            utterances.join(",\n"),
            messages.join(",\n"),
            serde_json::to_string(&broadcast.duplicated)?
        ));
    }
    Ok(format!("{{\"broadcasts\":[\n{}\n]}}\n", broadcasts.join(",\n")).into_bytes())
}

/// What stands before the comments in TwitchDownloader's file. Written by hand because the order of a JSON object's
/// keys otherwise depends on a feature of serde_json that any crate of the build can switch on.
fn head(script: &Script, broadcast: &Broadcast, timing: &Timing) -> String {
    let streamer = &script.streamer;
    let seconds = json!(timing.duration_ms as f64 / 1000.0);
    format!(
        "\"FileInfo\":{{\"Version\":{{\"Major\":1,\"Minor\":4,\"Patch\":0}},\"CreatedAt\":\"2025-04-01T09:00:00Z\",\"UpdatedAt\":\"0001-01-01T00:00:00\"}},\n\
         \"streamer\":{{\"name\":{},\"login\":{},\"id\":{}}},\"clipper\":null,\n\
         \"video\":{{\"title\":{},\"description\":null,\"id\":{},\"created_at\":\"{}\",\"start\":0.0,\"end\":{seconds},\"length\":{seconds},\
         \"viewCount\":42,\"game\":\"Just Chatting\",\"chapters\":[]}}",
        Value::from(streamer.name.as_str()),
        Value::from(streamer.login.as_str()),
        streamer.id,
        Value::from(broadcast.title.as_str()),
        Value::from(broadcast.id.as_str()),
        broadcast.clock(0),
    )
}

/// The first element of a rechat archive.
fn rechat_video(script: &Script, broadcast: &Broadcast, timing: &Timing) -> String {
    let started = broadcast.clock(0);
    format!(
        "{{\"title\":{},\"description\":\"\",\"broadcast_id\":1,\"broadcast_type\":\"archive\",\"status\":\"recorded\",\"language\":\"en\",\
         \"views\":42,\"created_at\":\"{started}\",\"published_at\":\"{started}\",\"_id\":\"v{}\",\"recorded_at\":\"{started}\",\
         \"game\":\"Just Chatting\",\"length\":{},\"channel\":{{\"name\":{},\"display_name\":{}}}}}",
        Value::from(broadcast.title.as_str()),
        broadcast.id,
        timing.duration_ms / 1000,
        Value::from(script.streamer.login.as_str()),
        Value::from(script.streamer.name.as_str()),
    )
}

fn comment<'a>(script: &'a Script, broadcast: &'a Broadcast, message: &'a Message) -> Comment<'a> {
    let rechat = broadcast.shape == Shape::Rechat;
    let created_at = broadcast.clock(message.at_ms);
    let (fragments, emoticons) = fragments(script, &message.body, rechat);
    // The old archive writes notices with the names of the chat protocol.
    let notice_key = if rechat { "msg-id" } else { "msg_id" };
    Comment {
        _id: &message.id,
        updated_at: rechat.then(|| created_at.clone()),
        created_at,
        channel_id: script.streamer.id.to_string(),
        content_type: "video",
        content_id: &broadcast.id,
        content_offset_seconds: message.at_ms as f64 / 1000.0,
        commenter: commenter(script, &message.author, rechat),
        source: rechat.then_some("chat"),
        state: rechat.then_some("published"),
        message: Body {
            body: &message.body,
            bits_spent: (!rechat).then_some(0),
            fragments,
            is_action: rechat.then_some(false),
            user_badges: badges(&message.author),
            user_color: color(&message.author),
            user_notice_params: message.notice.map(|notice| BTreeMap::from([(notice_key, notice)])),
            emoticons,
        },
        more_replies: rechat.then_some(false),
    }
}

fn commenter<'a>(script: &'a Script, author: &'a Author, rechat: bool) -> Option<Commenter<'a>> {
    let (name, id) = match author {
        Author::Viewer(index) => (script.viewers.logins[*index].as_str(), 910_000_000 + index),
        Author::Bot(login) => (login.as_str(), 920_000_000 + login.len()),
        Author::Gone => return None,
    };
    Some(Commenter {
        display_name: name,
        _id: id.to_string(),
        name,
        r#type: rechat.then_some("user"),
        bio: None,
        created_at: "2019-05-04T12:00:00Z",
        updated_at: "2025-02-01T12:00:00Z",
        logo: None,
    })
}

fn badges(author: &Author) -> Vec<Badge> {
    match author {
        Author::Bot(login) if login == "streamelements" => {
            vec![Badge { _id: "moderator", version: "1" }, Badge { _id: "bot-badge", version: "1" }]
        }
        Author::Bot(_) => vec![Badge { _id: "moderator", version: "1" }],
        Author::Viewer(index) if index % 3 == 0 => vec![Badge { _id: "subscriber", version: "3" }],
        Author::Viewer(index) if index % 7 == 0 => vec![Badge { _id: "premium", version: "1" }],
        Author::Viewer(_) | Author::Gone => Vec::new(),
    }
}

fn color(author: &Author) -> Option<&'static str> {
    const COLORS: [&str; 6] = ["#FF0000", "#1E90FF", "#008000", "#8A2BE2", "#FF7F50", "#2E8B57"];
    match author {
        Author::Viewer(index) => COLORS.get(index % 8).copied(),
        Author::Bot(_) => Some("#5B99FF"),
        Author::Gone => None,
    }
}

/// Cuts a body at its emotes. Positions count characters and include the last one.
fn fragments<'a>(script: &'a Script, body: &'a str, rechat: bool) -> (Vec<Fragment<'a>>, Vec<Emoticon<'a>>) {
    let (mut fragments, mut emoticons) = (Vec::new(), Vec::new());
    let mut rest = 0;
    let mut at = 0;
    for word in body.split(' ') {
        let end = at + word.len();
        if let Some(mood) = script.emotes.iter().find(|(_, emote)| *emote == word).map(|(mood, _)| mood) {
            if rest < at {
                fragments.push(Fragment { text: &body[rest..at], emoticon: None });
            }
            let id = emote_id(mood);
            let emoticon = FragmentEmoticon { emoticon_id: id, emoticon_set_id: rechat.then_some("") };
            fragments.push(Fragment { text: word, emoticon: Some(emoticon) });
            let begin = body[..at].chars().count();
            emoticons.push(Emoticon { _id: id, begin, end: begin + word.chars().count() - 1 });
            rest = end;
        }
        at = end + 1;
    }
    if rest < body.len() {
        fragments.push(Fragment { text: &body[rest..], emoticon: None });
    }
    (fragments, emoticons)
}

/// The emote's id on the platform.
fn emote_id(mood: &str) -> &'static str {
    match mood {
        "hype" => "emotesv2_d0000000000000000000000000000001",
        "sad" => "emotesv2_d0000000000000000000000000000002",
        "funny" => "emotesv2_d0000000000000000000000000000003",
        _ => "emotesv2_d0000000000000000000000000000004",
    }
}
