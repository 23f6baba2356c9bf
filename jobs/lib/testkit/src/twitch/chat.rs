//! Draws a chat from its scenario: the same one every time, with every shape of message the real service sends.

use serde_json::{Value, json};

use super::clock;
use super::scenario::{Chat, Scenario, Status};
use crate::random::Random;

const LOGINS: &[&str] = &[
    "crouton_carl",
    "odd_socks_oz",
    "dial_up_dana",
    "zippy_zed",
    "rivet_rat",
    "softlock_sam",
    "gravyboat",
    "cactus_kate",
    "puddle_pete",
    "tugboat_tess",
    "umbra_mint",
    "mossy_kettle",
    "pixel_otter",
    "sockdrawer99",
    "paperplane_pat",
    "toastghost",
    "lunar_lasagna",
    "nightbot",
];
const OPENINGS: &[&str] = &[
    "bring snacks for the",
    "who let him near the",
    "petition to keep the",
    "all in on the",
    "no way the",
    "POV: the",
    "もう一度",
];
const NOUNS: &[&str] =
    &["dragon", "kitchen", "banana", "third chair", "speedrun", "café ☕", "bridge", "🦆🦆", "spoon"];
const ENDINGS: &[&str] = &["", "!", " again", " lol", " KEKW", "??", " (real)", " \u{202e}esrever"];
const EMOTES: &[(&str, &str)] =
    &[("dougHYPE", "emotesv2_d0000000000000000000000000000001"), ("Kappa", "25"), ("LUL", "425618")];
const COLOURS: &[&str] = &["#1E90FF", "#8A2BE2", "#008000", "#FF0000", "#FF7F50", "#2E8B57"];
const BADGES: &[(&str, &str)] =
    &[("subscriber", "3"), ("premium", "1"), ("moderator", "1"), ("bits", "1000"), ("vip", "1"), ("sub-gifter", "5")];

/// One message as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its place among all messages, deleted ones included.
    pub number: usize,
    /// Its UUID.
    pub id: String,
    /// Milliseconds of the broadcast at which it really was written; what Twitch does not say.
    pub at_ms: i64,
    /// `contentOffsetSeconds`.
    pub second: i64,
    /// `createdAt`.
    pub created_at: String,
    /// Login; `None` when the account is gone.
    pub login: Option<String>,
    /// Texts of the fragments; a null text is `None`.
    pub texts: Vec<Option<String>>,
    /// As text: a hundred thousand trees would fill the memory of a test.
    node: String,
}

/// What a message says, before it has its times.
pub(super) struct Said {
    pub(super) id: String,
    /// Id, login and shown name.
    pub(super) commenter: Option<[String; 3]>,
    pub(super) fragments: Vec<Value>,
    /// Set and version.
    pub(super) badges: Vec<(String, String)>,
    pub(super) colour: Option<String>,
}

impl Message {
    /// The node of the comment, as GQL gives it.
    pub fn node(&self) -> Value {
        serde_json::from_str(&self.node).unwrap_or_default()
    }

    pub(super) fn new(scenario: &Scenario, number: usize, at_ms: i64, said: Said) -> Message {
        let chat = &scenario.chat;
        let second = at_ms.div_euclid(1000) + chat.offset_shift_seconds;
        let start = clock::parse(&scenario.vod.created_at);
        let created_at = clock::shortest(start + at_ms + chat.clock_shift_ms + chat.local_minutes * 60_000);
        let texts = said.fragments.iter().map(|fragment| fragment["text"].as_str().map(str::to_owned)).collect();
        let badges: Vec<Value> = said.badges.iter().map(|(set, version)| badge(scenario, set, version)).collect();
        let node = json!({
            "id": said.id,
            "commenter": said.commenter.as_ref().map(|[id, login, display]| json!({
                "id": id, "login": login, "displayName": display, "__typename": "User",
            })),
            "contentOffsetSeconds": second,
            "createdAt": created_at,
            "message": {
                "fragments": said.fragments, "userBadges": badges, "userColor": said.colour,
                "__typename": "VideoCommentMessage",
            },
            "__typename": "VideoComment",
        });
        let login = said.commenter.map(|[_, login, _]| login);
        Message { number, id: said.id, at_ms, second, created_at, login, texts, node: node.to_string() }
    }
}

/// The chat so far, without what moderators deleted, in order of time.
pub(super) fn chat(scenario: &Scenario) -> Vec<Message> {
    let mut messages = if scenario.chat.sample { super::sample_chat::read(scenario) } else { draw(scenario) };
    if scenario.vod.status == Status::Recording {
        let now_ms: u64 = (0..scenario.listed()).map(|index| scenario.segment_ms(index)).sum();
        messages.retain(|message| message.at_ms < now_ms as i64);
    }
    messages.retain(|message| !scenario.chat.deleted.contains(&message.number));
    messages
}

fn draw(scenario: &Scenario) -> Vec<Message> {
    let chat = &scenario.chat;
    let mut random = Random::new(chat.seed);
    let length_ms = i64::try_from(scenario.vod.length_seconds * 1000).unwrap_or(i64::MAX);
    let count = chat.per_minute * scenario.vod.length_seconds / 60;
    let mut times: Vec<i64> = (0..count).map(|_| random.between(0, length_ms - 1)).collect();
    for busy in &chat.busy {
        let from = busy.second as i64 * 1000;
        times.extend((0..busy.messages).map(|_| random.between(from, from + 999)));
    }
    times.sort_unstable();
    // Every message is drawn from a seed of its own: what one says takes nothing from those after it.
    let messages = times.into_iter().enumerate().map(|(number, at_ms)| {
        let seed = chat.seed ^ (at_ms as u64).rotate_left(20) ^ (number as u64).rotate_left(44);
        Message::new(scenario, number, at_ms, say(chat, number, &mut Random::new(seed)))
    });
    messages.collect()
}

fn say(chat: &Chat, number: usize, random: &mut Random) -> Said {
    // From 1, so that not all kinds meet in the first message.
    let due = |every: usize| every > 0 && (number + 1).is_multiple_of(every);
    let id = uuid(random);
    let who = random.below(LOGINS.len());
    let login = (!due(chat.null_commenter_every)).then(|| LOGINS[who].to_owned());
    let text = format!("{} {}{}", random.pick(OPENINGS), random.pick(NOUNS), random.pick(ENDINGS));
    let mut fragments = Vec::new();
    if due(chat.cheer_every) {
        fragments.push(plain(&format!("Cheer{} {text}", random.pick(&[1, 100, 1000]))));
    } else if due(chat.action_every) {
        // As IRC marks what was typed after /me.
        fragments.push(plain(&format!("\u{1}ACTION {text}\u{1}")));
    } else if due(chat.null_text_every) {
        fragments.extend([plain(&text), json!({"text": null, "emote": null})]);
    } else if due(chat.emote_every) {
        with_emotes(&text, random, &mut fragments);
    } else {
        fragments.push(plain(&text));
    }
    let colour = (!random.chance(30)).then(|| (*random.pick(COLOURS)).to_owned());
    let badges =
        (0..random.below(3)).map(|_| random.pick(BADGES)).map(|(set, version)| (set.to_string(), version.to_string()));
    let badges = badges.collect();
    let commenter = login.map(|login| {
        let shown = display(&login);
        [(910_000_000 + who).to_string(), login, shown]
    });
    Said { id, commenter, fragments, badges, colour }
}

pub(super) fn plain(text: &str) -> Value {
    json!({"text": text, "emote": null, "__typename": "VideoCommentMessageFragment"})
}

/// The text, an emote, a space, an emote. Positions count characters; the end is the emote's last one.
fn with_emotes(text: &str, random: &mut Random, fragments: &mut Vec<Value>) {
    let text = format!("{text} ");
    let mut at = text.chars().count();
    fragments.push(plain(&text));
    for last in [false, true] {
        let (name, id) = random.pick(EMOTES);
        fragments.push(emote(name, id, at));
        at += name.len() + 1;
        if !last {
            fragments.push(plain(" "));
        }
    }
}

pub(super) fn emote(name: &str, id: &str, at: usize) -> Value {
    let end = at + name.chars().count() - 1;
    let emote = json!({"id": format!("{id};{at};{end}"), "emoteID": id, "from": at, "__typename": "EmbeddedEmote"});
    json!({"text": name, "emote": emote, "__typename": "VideoCommentMessageFragment"})
}

fn badge(scenario: &Scenario, set: &str, version: &str) -> Value {
    let channel = if set == "subscriber" { scenario.vod.channel_id.as_str() } else { "" };
    let id = super::base64(format!("{set};{version};{channel}").as_bytes());
    json!({"id": id, "setID": set, "version": version, "__typename": "Badge"})
}

/// `crouton_carl` is shown as `Crouton_Carl`.
fn display(login: &str) -> String {
    let words = login.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    words.collect::<Vec<_>>().join("_")
}

/// A random UUID of version 4.
fn uuid(random: &mut Random) -> String {
    let (a, b) = (random.next(), random.next());
    let variant = 0x8000 | (b >> 48 & 0x3fff);
    format!("{:08x}-{:04x}-4{:03x}-{variant:04x}-{:012x}", a >> 32, a >> 16 & 0xffff, a & 0xfff, b & 0xffff_ffff_ffff)
}
