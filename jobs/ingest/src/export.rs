//! Writes the chat of a VOD as other tools read it: TwitchDownloader's JSON, version 1.4.0.
//!
//! The bytes depend on the rows alone, so the file says of itself that it was made when the broadcast began.

use std::io::{BufWriter, IntoInnerError, Write};
use std::path::Path;

use anyhow::{Context, bail};
use job::{Job, Output};
use schemas::{ChatMessage, Vod};
use serde_json::{Value, json};

use crate::args::ChatFormat;
use crate::chat::to_utc;
use crate::{NAME, lookup, report};

/// The time .NET takes for none.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// Writes the chat of `name`, of the newest generation or the one given, to `output`, or to stdout.
pub(crate) async fn export(
    name: &str,
    generation: Option<u64>,
    format: ChatFormat,
    output: Option<&Path>,
    job: &Job,
) -> anyhow::Result<()> {
    let ChatFormat::Twitchdownloader = format;
    let store = job.store_to_read().await?;
    let generation = lookup::generation(store, name, generation).await?;
    let run = report::run_of(store, &generation).await?;
    let vods = store.rows::<Vod>(&run).await?;
    let vod = vods.first().with_context(|| format!("run {} has no row of the VOD", run.id()))?;
    if vod.chat_format.is_none() {
        bail!("{} was taken in without chat; run ingest with --chat", generation.vod);
    }
    let rows = store.rows::<ChatMessage>(&run).await?;
    let Some(path) = output else {
        let mut bytes = Vec::new();
        twitchdownloader(vod, &rows, &mut bytes)?;
        return job.print(&String::from_utf8(bytes)?, &json!({ "vod": generation.vod, "messages": rows.len() }));
    };
    let unwritable = || format!("{} cannot be written", path.display());
    let mut file = BufWriter::new(Output::create(path)?);
    twitchdownloader(vod, &rows, &mut file).with_context(unwritable)?;
    file.into_inner().map_err(IntoInnerError::into_error).with_context(unwritable)?.finish()?;
    let text = format!("{NAME} export {}: {} messages to {}", generation.vod, rows.len(), path.display());
    job.print(&text, &json!({ "vod": generation.vod, "messages": rows.len(), "file": path }))
}

/// Writes `rows` as TwitchDownloader would, one comment a line.
///
/// # Errors
/// When `out` cannot be written.
pub fn twitchdownloader(vod: &Vod, rows: &[ChatMessage], out: &mut impl Write) -> anyhow::Result<()> {
    let started_at = vod.started_at.as_deref().and_then(|time| to_utc(time, 0)).unwrap_or_else(|| NO_TIME.to_owned());
    let channel = vod.channel.clone().unwrap_or_default();
    let seconds = |ms: i64| Value::from(ms as f64 / 1000.0);
    let file = json!({
        "Version": { "Major": 1, "Minor": 4, "Patch": 0 }, "CreatedAt": started_at, "UpdatedAt": NO_TIME,
    });
    let video = json!({
        "title": vod.title, "description": null, "id": vod.vod_id, "created_at": started_at, "start": 0.0,
        "end": seconds(vod.duration_ms),
        "length": if vod.duration_ms > 0 { seconds(vod.duration_ms) } else { Value::from(-1.0) },
        "viewCount": 0, "game": null, "chapters": [],
    });
    let streamer = json!({ "name": channel, "login": channel, "id": 0 });
    write!(out, "{{\"FileInfo\":{file},\"streamer\":{streamer},\"clipper\":null,\"video\":{video},\"comments\":[")?;
    for (number, row) in rows.iter().enumerate() {
        write!(out, "{}\n{}", if number == 0 { "" } else { "," }, comment(vod, row))?;
    }
    writeln!(out, "\n],\"embeddedData\":null}}")?;
    Ok(out.flush()?)
}

/// One comment. Its offset always has three decimals: one in whole seconds would be taken for one that lost them.
fn comment(vod: &Vod, row: &ChatMessage) -> String {
    let sign = if row.offset_ms < 0 { "-" } else { "" };
    let ms = row.offset_ms.unsigned_abs();
    let created = row.created_at_us.and_then(chrono::DateTime::from_timestamp_micros);
    let created = created.map_or_else(|| NO_TIME.to_owned(), |it| it.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string());
    let pieces: Vec<(&str, &str)> = match row.fragments.is_empty() {
        true => vec![(row.text.as_str(), "")],
        false => row
            .fragments
            .iter()
            .zip(&row.fragment_emotes)
            .map(|(text, emote)| (text.as_str(), emote.as_str()))
            .collect(),
    };
    let (mut fragments, mut emoticons, mut begin) = (Vec::new(), Vec::new(), 0);
    for (text, emote) in pieces {
        let emoticon = if emote.is_empty() { Value::Null } else { json!({ "emoticon_id": emote }) };
        fragments.push(json!({ "text": text, "emoticon": emoticon }));
        if !emote.is_empty() {
            // TwitchDownloader counts the end in UTF-16 and one too far; what reads its files expects that.
            let end = begin + text.encode_utf16().count() + 1;
            emoticons.push(json!({ "_id": emote, "begin": begin, "end": end }));
        }
        begin += text.chars().count();
    }
    let badges = row.badges.iter().map(|badge| badge.split_once('/').unwrap_or((badge, "")));
    let badges: Vec<_> = badges.map(|(name, version)| json!({ "_id": name, "version": version })).collect();
    let mut message = json!({
        "body": row.text, "bits_spent": row.bits, "fragments": fragments, "user_badges": badges,
        "user_color": row.user_color, "emoticons": emoticons,
    });
    if let (Some(notice), Some(message)) = (&row.notice, message.as_object_mut()) {
        message.insert("user_notice_params".to_owned(), json!({ "msg_id": notice }));
    }
    // Readers cannot do without a sender, so that of a deleted account is empty.
    let commenter = json!({
        "display_name": row.display_name.as_deref().unwrap_or_default(),
        "_id": row.user_id.as_deref().unwrap_or_default(),
        "name": row.user_login.as_deref().unwrap_or_default(),
        "bio": null, "created_at": NO_TIME, "updated_at": NO_TIME, "logo": null,
    });
    let quoted = |text: &str| Value::from(text).to_string();
    format!(
        "{{\"_id\":{},\"created_at\":\"{created}\",\"channel_id\":\"\",\"content_type\":\"video\",\"content_id\":{},\
         \"content_offset_seconds\":{sign}{}.{:03},\"commenter\":{commenter},\"message\":{message}}}",
        quoted(&row.message_id),
        quoted(vod.vod_id.as_str()),
        ms / 1000,
        ms % 1000,
    )
}
