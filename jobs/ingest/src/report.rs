//! What `list` and `show` say about the VODs of a store.

use std::fmt::Write;

use anyhow::Context;
use ids::VodKey;
use job::Job;
use manifest::VodGeneration;
use schemas::{Media, Problem, Segment, Span, Vod};
use serde_json::json;
use store::{Run, Store};

use crate::{NAME, lookup, params};

/// How many problems `show` prints.
const PROBLEMS_SHOWN: usize = 10;

/// How many spans `show` prints.
const SPANS_SHOWN: usize = 30;

/// Prints every VOD with its newest generation, one a line.
pub(crate) async fn list(job: &Job) -> anyhow::Result<()> {
    let store = job.store_to_read().await?;
    let mut text =
        format!("{:<28} {:>3} {:>10} {:>9} {:>9}  {}\n", "VOD", "GEN", "LENGTH", "MESSAGES", "PROBLEMS", "TITLE");
    let mut values = Vec::new();
    for (vod, numbers) in lookup::all(store).await? {
        let number = numbers.last().copied().unwrap_or_default();
        let (generation, run) = match newest(store, &vod, number).await {
            Ok(found) => found,
            // One that is damaged does not hide the others.
            Err(error) => {
                writeln!(text, "{:<28} {number:>3}  damaged: {error:#}; see `{NAME} verify`", vod.to_string())?;
                values.push(json!({ "vod": vod, "generation": number, "damaged": format!("{error:#}") }));
                continue;
            }
        };
        let (counts, facts) = (&run.manifest.counts, &run.manifest.facts);
        let count = |name: &str| counts.get(name).copied().unwrap_or_default();
        let duration_ms = facts.get("duration_ms").and_then(|value| value.as_i64()).unwrap_or_default();
        let title = facts.get("title").and_then(|value| value.as_str()).unwrap_or_default();
        writeln!(
            text,
            "{:<28} {:>3} {:>10} {:>9} {:>9}  {}",
            generation.vod.to_string(),
            generation.generation,
            clock(duration_ms),
            count("rows"),
            count("problems"),
            plain(title),
        )?;
        values.push(json!({
            "vod": generation.vod,
            "generation": generation.generation,
            "run_id": generation.run_id,
            "fetched_at": generation.fetched_at,
            "counts": counts,
            "facts": facts,
        }));
    }
    job.print(&text, &values)
}

async fn newest(store: &Store, vod: &VodKey, number: u64) -> anyhow::Result<(VodGeneration, Run)> {
    let generation = store.vod_generation(vod, number).await?;
    let run = run_of(store, &generation).await?;
    Ok((generation, run))
}

/// Prints all about one VOD.
pub(crate) async fn show(name: &str, generation: Option<u64>, job: &Job) -> anyhow::Result<()> {
    let store = job.store_to_read().await?;
    let generation = lookup::generation(store, name, generation).await?;
    let run = run_of(store, &generation).await?;
    let vods = store.rows::<Vod>(&run).await?;
    let vod = vods.first().with_context(|| format!("run {} has no row of the VOD", run.id()))?;
    let media = store.rows::<Media>(&run).await?;
    let problems = store.rows::<Problem>(&run).await?;
    let (segments, spans) = (store.rows::<Segment>(&run).await?, store.rows::<Span>(&run).await?);
    let mut text = describe(&generation, vod, &media, &problems, &run)?;
    text.push_str(&pieces(&segments, &spans)?);
    for (role, blob) in run.manifest.blobs.iter().filter(|(role, _)| !role.starts_with("segment/")) {
        writeln!(text, "{:<11} {role} {}", "object", store.blob_path(&blob.digest))?;
    }
    let value = json!({
        "vod": vod,
        "generation": generation,
        "media": media,
        "segments": segments,
        "spans": spans,
        "counts": run.manifest.counts,
        "facts": run.manifest.facts,
        "blobs": run.manifest.blobs,
        "problems": problems,
    });
    job.print(&text, &value)
}

fn describe(
    generation: &VodGeneration,
    vod: &Vod,
    media: &[Media],
    problems: &[Problem],
    run: &Run,
) -> anyhow::Result<String> {
    let or_unknown = |value: &Option<String>| value.as_deref().map_or_else(|| "unknown".to_owned(), plain);
    let mut text = String::new();
    for (label, value) in [
        ("vod", generation.vod.to_string()),
        ("generation", format!("{}, taken in {}", generation.generation, generation.fetched_at)),
        ("run", run.id().to_string()),
        ("source", plain(&vod.source)),
        ("part", part(run)),
        ("title", or_unknown(&vod.title)),
        ("channel", or_unknown(&vod.channel)),
        ("started", or_unknown(&vod.started_at)),
        ("length", clock(vod.duration_ms)),
        ("chat", or_unknown(&vod.chat_format)),
    ] {
        if !value.is_empty() {
            writeln!(text, "{label:<11} {value}")?;
        }
    }
    let count = |name: &str| run.manifest.counts.get(name).copied().unwrap_or_default();
    let (rows, problems_of_it) = (count("rows"), count("problems"));
    writeln!(text, "{:<11} {} = {rows} messages + {problems_of_it} problems", "elements", vod.messages)?;
    for row in media {
        let stored = if row.stored { "stored" } else { "not stored" };
        writeln!(
            text,
            "{:<11} {} {} {} Hz, {} channels, {} bytes, {stored}, {}",
            row.role, row.container, row.codec, row.sample_rate, row.channels, row.size, row.digest
        )?;
    }
    for problem in problems.iter().take(PROBLEMS_SHOWN) {
        writeln!(
            text,
            "{:<11} element {}: {}: {}",
            "problem",
            problem.position,
            problem.reason,
            plain(&problem.detail)
        )?;
    }
    if problems.len() > PROBLEMS_SHOWN {
        writeln!(text, "{:<11} {} more; --json shows all", "problem", problems.len() - PROBLEMS_SHOWN)?;
    }
    Ok(text)
}

/// What was asked of the broadcast other than all of it: a range, or a rendition.
fn part(run: &Run) -> String {
    let asked = &run.manifest.key.params;
    let bound = |name: &str| asked["broadcast"]["range"][name].as_i64();
    let mut parts = Vec::new();
    if let Some((from, to)) = bound("from_ms").zip(bound("to_ms")) {
        let end = if to >= params::END as i64 { "the end".to_owned() } else { clock(to) };
        parts.push(format!("{} to {end} of the broadcast", clock(from)));
    }
    parts.extend(asked["quality"].as_str().map(|quality| format!("quality {}", plain(quality))));
    parts.join(", ")
}

/// What the media is made of, and what is special in it.
fn pieces(segments: &[Segment], spans: &[Span]) -> anyhow::Result<String> {
    let mut text = String::new();
    if !segments.is_empty() {
        let count = |wanted: fn(&&Segment) -> bool| segments.iter().filter(wanted).count();
        let (muted, missing) = (count(|row| row.variant == "muted"), count(|row| row.gap.is_some()));
        writeln!(text, "{:<11} {}, of them {muted} muted and {missing} missing", "segments", segments.len())?;
    }
    for span in spans.iter().take(SPANS_SHOWN) {
        let label = span.label.as_deref().map(|label| format!(" {}", plain(label))).unwrap_or_default();
        writeln!(text, "{:<11} {} to {} {}{label}", "span", clock(span.start_ms), clock(span.end_ms), span.kind)?;
    }
    if spans.len() > SPANS_SHOWN {
        writeln!(text, "{:<11} {} more; --json shows all", "span", spans.len() - SPANS_SHOWN)?;
    }
    Ok(text)
}

pub(crate) async fn run_of(store: &Store, generation: &VodGeneration) -> anyhow::Result<Run> {
    Ok(store.run(NAME, &generation.run_id).await?)
}

/// Milliseconds as H:MM:SS.
pub(crate) fn clock(ms: i64) -> String {
    let (sign, seconds) = (if ms <= -1000 { "-" } else { "" }, ms.unsigned_abs() / 1000);
    format!("{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Text of strangers for a terminal: no control characters, and none that turn the direction of what follows.
pub(crate) fn plain(text: &str) -> String {
    let harmful = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if harmful(c) { '\u{fffd}' } else { c }).take(200).collect()
}
