//! One broadcast on its own: every tag of every filter, and an example of every turn without one.
//!
//! Nothing here sees another broadcast, so adding one cannot change what this one gives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use anyhow::{Context, ensure};
use engine::Engine;
use guard::{Action, Guard};
use ids::Digest;
use schemas::{AlignedTurn, ChatMessage, Example, Tag};
use serde_json::json;
use sql::{Kind, Query, Scope};

use crate::Config;
use crate::names::Names;
use crate::source::Source;

/// The guard under which replies are served; what it would not let out is not to be learnt.
static GUARD: LazyLock<Guard> = LazyLock::new(Guard::builtin);

/// The tag of turns of which nothing visible is left.
pub const EMPTY: &str = "empty";

/// What a prompt calls a channel whose export names none.
const UNNAMED_CHANNEL: &str = "streamer";

/// One broadcast, filtered.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// What became of each turn, in order.
    pub turns: Vec<Turn>,
}

/// One turn, filtered.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Why not to use it, in the order in which the filters decide; empty when there is an example.
    pub tags: Vec<Tag>,
    /// The example, without its split.
    pub example: Option<Candidate>,
}

/// An example that caps and leaks may still refuse.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The sender's id.
    pub user_id: String,
    /// The row; its split is decided later.
    pub example: Example,
}

/// Digest of all that decides about a message besides settings: the filters' SQL and the guard's rules.
pub fn filters_digest() -> Digest {
    let filters: Vec<_> = sql::of(Kind::Filter).map(|query| (query.name, query.text)).collect();
    Digest::of(json!({ "sql": filters, "guard": GUARD.digest() }).to_string().as_bytes())
}

/// Filters one broadcast and makes its examples.
///
/// # Errors
/// When a filter cannot run or names a message that is not there.
pub async fn prepare(source: &Source, config: &Config) -> anyhow::Result<Prepared> {
    let mut tags = filter(source, config).await?;
    let out_of_context = out_of_context(&tags);
    let channel = source.vod.channel.as_deref().map(prompt::normalise).filter(|name| !name.is_empty());
    let channel = channel.unwrap_or_else(|| UNNAMED_CHANNEL.to_owned());
    let names = Names::new(&config.pseudonyms.key, source.key.platform, &channel, &source.messages);
    let lines: Vec<Option<Line<'_>>> = source
        .messages
        .iter()
        .map(|message| {
            let usable = !out_of_context.contains(message.message_id.as_str());
            usable.then(|| Line::of(message, &names)).flatten()
        })
        .collect();
    let mut turns = Vec::with_capacity(source.turns.len());
    for (index, (turn, message)) in source.turns.iter().zip(&source.messages).enumerate() {
        let mut own = tags.remove(&turn.message_id).unwrap_or_default();
        let mut example = None;
        if own.is_empty() {
            let context = context(&lines[..index], message, config);
            example = candidate(source, turn, message, &names, &channel, &context)?;
            if example.is_none() {
                own.push(tag(turn, EMPTY, "nothing visible is left"));
            }
        }
        turns.push(Turn { tags: own, example });
    }
    ensure!(tags.is_empty(), "a filter named messages that {} does not have: {:?}", source.key, tags.keys().next());
    Ok(Prepared { turns })
}

/// Every tag, by message, in the order of the filters.
async fn filter(source: &Source, config: &Config) -> anyhow::Result<BTreeMap<String, Vec<Tag>>> {
    let engine = Engine::in_memory()?;
    engine.put(&source.ingest_run.to_string(), std::slice::from_ref(&source.vod))?;
    engine.put(&source.ingest_run.to_string(), &source.messages)?;
    engine.put(&source.transcribe_run.to_string(), &source.utterances)?;
    engine.put(&source.transcribe_run.to_string(), &source.words)?;
    engine.put(&source.align_run.to_string(), &source.segments)?;
    engine.put(&source.align_run.to_string(), &source.turns)?;
    engine.put_settings(&config.settings())?;
    engine.add_function("objection", objection);
    let mut tags: BTreeMap<String, Vec<Tag>> = BTreeMap::new();
    let on = |query: &&Query| !config.filters.off.iter().any(|name| name == query.name);
    for query in sql::of(Kind::Filter).filter(on) {
        let rows = engine.ask(query.name, query.text, &[]).await?.texts()?;
        let mut found = BTreeSet::new();
        for row in rows {
            let [Some(platform), Some(vod_id), Some(message_id), Some(reason)] = row.as_slice() else {
                anyhow::bail!("the filter {} has to give platform, vod_id, message_id and reason", query.name)
            };
            let own = *platform == source.key.platform.to_string() && vod_id == source.key.id.as_str();
            ensure!(own, "the filter {} named a message of {platform}/{vod_id}, not of {}", query.name, source.key);
            found.insert((message_id.clone(), reason.clone()));
        }
        for (message_id, reason) in found {
            let (platform, vod_id) = (source.key.platform, source.key.id.clone());
            let tag = Tag { platform, vod_id, message_id: message_id.clone(), filter: query.name.to_owned(), reason };
            tags.entry(message_id).or_default().push(tag);
        }
    }
    Ok(tags)
}

/// The rules under which the guard would not let `text` out.
fn objection(text: &str) -> Option<String> {
    let verdict = GUARD.check_output(text);
    let rules: Vec<_> = verdict.findings.iter().map(|finding| finding.rule.as_str()).collect();
    (verdict.action == Action::Block).then(|| rules.join(" "))
}

/// The messages that are no good as a line of a context either.
fn out_of_context(tags: &BTreeMap<String, Vec<Tag>>) -> BTreeSet<String> {
    let line = |tag: &Tag| sql::named(Kind::Filter, &tag.filter).is_some_and(|query| query.scope() == Scope::Line);
    tags.iter().filter(|(_, tags)| tags.iter().any(line)).map(|(message_id, _)| message_id.clone()).collect()
}

/// A chat line as contexts show it.
struct Line<'a> {
    message: &'a ChatMessage,
    user_id: &'a str,
    author: String,
    text: String,
}

impl<'a> Line<'a> {
    fn of(message: &'a ChatMessage, names: &Names) -> Option<Self> {
        let user_id = message.user_id.as_deref()?;
        let text = names.clean(&message.text);
        (!text.is_empty()).then(|| Self { message, user_id, author: names.author(user_id), text })
    }
}

/// The last lines of others before `reply`, oldest first.
fn context<'a>(before: &'a [Option<Line<'a>>], reply: &ChatMessage, config: &Config) -> Vec<&'a Line<'a>> {
    let limits = &config.context;
    let oldest = reply.offset_ms.saturating_sub(i64::from(limits.chat_window_ms));
    let recent = before.iter().rev().flatten().take_while(|line| line.message.offset_ms >= oldest);
    let others = recent.filter(|line| Some(line.user_id) != reply.user_id.as_deref());
    let mut lines: Vec<_> = others.take(limits.chat_lines as usize).collect();
    lines.reverse();
    lines
}

/// The example of an untagged turn; `None` when reply or transcript have nothing visible.
fn candidate(
    source: &Source,
    turn: &AlignedTurn,
    message: &ChatMessage,
    names: &Names,
    channel: &str,
    context: &[&Line<'_>],
) -> anyhow::Result<Option<Candidate>> {
    let incomplete = || format!("the aligned turn {} of {} names no window", turn.message_id, source.key);
    let media = || format!("{} was aligned, but its ingest run names no media", source.key);
    let Some(user_id) = &message.user_id else { return Ok(None) };
    let (reply, transcript) = (names.clean(&message.text), prompt::normalise(&turn.transcript));
    if reply.is_empty() || transcript.is_empty() {
        return Ok(None);
    }
    let mut example = Example {
        example_id: Digest::of(b""),
        split: String::new(),
        platform: source.key.platform,
        vod_id: source.key.id.clone(),
        message_id: turn.message_id.clone(),
        offset_ms: turn.offset_ms,
        author: names.author(user_id),
        channel: channel.to_owned(),
        transcript,
        chat_authors: context.iter().map(|line| line.author.clone()).collect(),
        chat_texts: context.iter().map(|line| line.text.clone()).collect(),
        chat_message_ids: context.iter().map(|line| line.message.message_id.clone()).collect(),
        reply,
        window_start_ms: turn.window_start_ms.with_context(incomplete)?,
        window_end_ms: turn.window_end_ms.with_context(incomplete)?,
        first_word: turn.first_word.with_context(incomplete)?,
        last_word: turn.last_word.with_context(incomplete)?,
        media_digest: source.vod.media_digest.with_context(media)?,
        audio_digest: source.vod.audio_digest.with_context(media)?,
        ingest_run: source.ingest_run,
        transcribe_run: source.transcribe_run,
        align_run: source.align_run,
    };
    example.example_id = identity(&example)?;
    Ok(Some(Candidate { user_id: user_id.clone(), example }))
}

/// Digest of broadcast, message, context and reply: the same in every dataset.
fn identity(example: &Example) -> anyhow::Result<Digest> {
    let content = json!({
        "platform": example.platform,
        "vod_id": example.vod_id,
        "message_id": example.message_id,
        "author": example.author,
        "channel": example.channel,
        "transcript": example.transcript,
        "chat_authors": example.chat_authors,
        "chat_texts": example.chat_texts,
        "reply": example.reply,
    });
    Ok(Digest::of(&manifest::to_canonical_json(&content)?))
}

/// A tag of `turn`.
pub(crate) fn tag(turn: &AlignedTurn, filter: &str, reason: &str) -> Tag {
    Tag {
        platform: turn.platform,
        vod_id: turn.vod_id.clone(),
        message_id: turn.message_id.clone(),
        filter: filter.to_owned(),
        reason: reason.to_owned(),
    }
}
