//! What changed between two generations of a broadcast: the platform mutes, deletes and renames after the fact.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::{Context, bail};
use job::Job;
use schemas::{ChatMessage, Segment, Span, Vod};
use serde::Serialize;
use serde_json::Value;
use store::{Run, Store};

use crate::{NAME, lookup};

/// How many of a kind the text names.
const NAMED: usize = 5;

/// What is in one generation and not in the other.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Difference {
    vod: String,
    before: u64,
    after: u64,
    /// Other parts of the broadcast were asked for, so that not all below is the platform's doing.
    asked_otherwise: bool,
    /// Facts of the broadcast: name, before, after.
    facts: Vec<(String, Option<String>, Option<String>)>,
    /// Names of segments that were silenced, that sound again, that are new, that are gone, and whose bytes differ.
    segments_muted: Vec<String>,
    segments_unmuted: Vec<String>,
    segments_added: Vec<String>,
    segments_removed: Vec<String>,
    segments_changed: Vec<String>,
    /// Ids of messages.
    messages_added: Vec<String>,
    messages_removed: Vec<String>,
    /// Chapters and muted ranges as `kind start_ms-end_ms label`.
    spans_added: Vec<String>,
    spans_removed: Vec<String>,
}

/// Prints what changed; the newest two generations unless others are named.
pub(crate) async fn diff(name: &str, before: Option<u64>, after: Option<u64>, job: &Job) -> anyhow::Result<()> {
    let store = job.store_to_read().await?;
    let (vod, numbers) = lookup::key(store, name).await?;
    let newest = numbers.last().copied().unwrap_or(0);
    let after = after.unwrap_or(newest);
    let before = match before {
        Some(before) => before,
        None if newest < 2 => bail!("{vod} has one generation only; take it in again later to see what changed"),
        None => after.saturating_sub(1),
    };
    for number in [before, after] {
        if !numbers.contains(&number) {
            bail!("{vod} has no generation {number}; it has 1 to {newest}");
        }
    }
    let run = async |number| -> anyhow::Result<Run> {
        let record = store.vod_generation(&vod, number).await?;
        Ok(store.run(NAME, &record.run_id).await?)
    };
    let mut found = compare(store, &run(before).await?, &run(after).await?).await?;
    (found.vod, found.before, found.after) = (vod.to_string(), before, after);
    job.print(&text(&found)?, &found)
}

async fn compare(store: &Store, before: &Run, after: &Run) -> anyhow::Result<Difference> {
    let asked = |run: &Run| {
        let params = &run.manifest.key.params;
        [&params["broadcast"]["range"], &params["quality"], &params["media"], &params["chat"]].map(Value::clone)
    };
    let asked_otherwise = asked(before) != asked(after);
    let mut found = Difference { asked_otherwise, facts: facts(store, before, after).await?, ..Difference::default() };
    segments(&mut found, &rows::<Segment>(store, before).await?, &rows::<Segment>(store, after).await?);
    let ids = async |run| -> anyhow::Result<BTreeSet<String>> {
        Ok(rows::<ChatMessage>(store, run).await?.into_iter().map(|row| row.message_id).collect())
    };
    let (old, new) = (ids(before).await?, ids(after).await?);
    found.messages_added = new.difference(&old).cloned().collect();
    found.messages_removed = old.difference(&new).cloned().collect();
    let spans = async |run| -> anyhow::Result<BTreeSet<String>> {
        let described = |row: Span| {
            format!("{} {}-{} {}", row.kind, row.start_ms, row.end_ms, row.label.unwrap_or_default())
                .trim_end()
                .to_owned()
        };
        // What follows from the segments is told there.
        let own =
            rows::<Span>(store, run).await?.into_iter().filter(|row| matches!(row.kind.as_str(), "chapter" | "muted"));
        Ok(own.map(described).collect())
    };
    let (old, new) = (spans(before).await?, spans(after).await?);
    found.spans_added = new.difference(&old).cloned().collect();
    found.spans_removed = old.difference(&new).cloned().collect();
    Ok(found)
}

/// The rows of a table, none where the run has no such table.
async fn rows<R: schemas::Row>(store: &Store, run: &Run) -> anyhow::Result<Vec<R>> {
    match run.manifest.tables.contains_key(R::TABLE.name) {
        true => Ok(store.rows::<R>(run).await?),
        false => Ok(Vec::new()),
    }
}

async fn facts(
    store: &Store,
    before: &Run,
    after: &Run,
) -> anyhow::Result<Vec<(String, Option<String>, Option<String>)>> {
    let row = async |run: &Run| -> anyhow::Result<Vod> {
        let rows = store.rows::<Vod>(run).await?;
        rows.into_iter().next().with_context(|| format!("run {} has no row of the VOD", run.id()))
    };
    let (old, new) = (row(before).await?, row(after).await?);
    let pairs = [
        ("title", old.title, new.title),
        ("channel", old.channel, new.channel),
        ("started_at", old.started_at, new.started_at),
        ("duration_ms", Some(old.duration_ms.to_string()), Some(new.duration_ms.to_string())),
    ];
    let changed = pairs.into_iter().filter(|(_, old, new)| old != new);
    Ok(changed.map(|(name, old, new)| (name.to_owned(), old, new)).collect())
}

/// Pairs segments by their name without what says whether they are muted.
fn segments(found: &mut Difference, before: &[Segment], after: &[Segment]) {
    let by_stem = |rows: &[Segment]| -> BTreeMap<(i64, String), Segment> {
        rows.iter().map(|row| ((row.ordinal, stem(&row.name)), row.clone())).collect()
    };
    let (old, mut new) = (by_stem(before), by_stem(after));
    for (stem, old) in old {
        let Some(new) = new.remove(&stem) else {
            found.segments_removed.push(old.name);
            continue;
        };
        let muted = |row: &Segment| row.variant == "muted";
        match (muted(&old), muted(&new)) {
            (false, true) => found.segments_muted.push(new.name),
            (true, false) => found.segments_unmuted.push(new.name),
            _ if old.digest != new.digest => found.segments_changed.push(new.name),
            _ => {}
        }
    }
    found.segments_added.extend(new.into_values().map(|row| row.name));
}

fn stem(name: &str) -> String {
    name.replacen("-unmuted", "", 1).replacen("-muted", "", 1)
}

fn text(found: &Difference) -> anyhow::Result<String> {
    let mut text = String::new();
    if found.asked_otherwise {
        writeln!(
            text,
            "other parts, another quality or another chat were asked for, so not all of this is the platform's doing"
        )?;
    }
    for (name, old, new) in &found.facts {
        let shown =
            |value: &Option<String>| value.as_deref().map_or_else(|| "unknown".to_owned(), crate::report::plain);
        writeln!(text, "{name}: {} -> {}", shown(old), shown(new))?;
    }
    for (what, names) in [
        ("segments became muted", &found.segments_muted),
        ("segments sound again", &found.segments_unmuted),
        ("segments were added", &found.segments_added),
        ("segments were removed", &found.segments_removed),
        ("segments have other bytes", &found.segments_changed),
        ("messages were added", &found.messages_added),
        ("messages vanished", &found.messages_removed),
        ("chapters or muted ranges were added", &found.spans_added),
        ("chapters or muted ranges were removed", &found.spans_removed),
    ] {
        if names.is_empty() {
            continue;
        }
        let first: Vec<_> = names.iter().take(NAMED).map(|name| crate::report::plain(name)).collect();
        let more = if names.len() > NAMED { ", ..." } else { "" };
        writeln!(text, "{} {what}: {}{more}", names.len(), first.join(", "))?;
    }
    let head = format!("{NAME} diff {}: generation {} -> {}", found.vod, found.before, found.after);
    Ok(if text.is_empty() { format!("{head}: nothing changed") } else { format!("{head}\n{text}") })
}
