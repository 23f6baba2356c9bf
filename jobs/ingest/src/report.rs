//! What `list`, `show` and `audio` say about the VODs of a store.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use job::Job;
use manifest::VodGeneration;
use schemas::{Media, Problem, Segment, Span, Vod};
use serde_json::json;
use store::{Run, Store};

use crate::{NAME, lookup};

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
    for generation in store.vods().await? {
        let run = run_of(store, &generation).await?;
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
            count("messages"),
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

/// Prints all about one VOD.
pub(crate) async fn show(name: &str, job: &Job) -> anyhow::Result<()> {
    let store = job.store_to_read().await?;
    let generation = lookup::vod(store, name).await?;
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
        ("title", or_unknown(&vod.title)),
        ("channel", or_unknown(&vod.channel)),
        ("started", or_unknown(&vod.started_at)),
        ("length", clock(vod.duration_ms)),
        ("chat", or_unknown(&vod.chat_format)),
    ] {
        writeln!(text, "{label:<11} {value}")?;
    }
    let count = |name: &str| run.manifest.counts.get(name).copied().unwrap_or_default();
    writeln!(text, "{:<11} {} = {} rows + {} problems", "messages", vod.messages, count("rows"), count("problems"))?;
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

/// Writes the sound of a VOD to a file.
pub(crate) async fn audio(name: &str, output: &Path, job: &Job) -> anyhow::Result<()> {
    let store = job.store_to_read().await?;
    let generation = lookup::vod(store, name).await?;
    let run = run_of(store, &generation).await?;
    let blob = run.manifest.blobs.get("audio");
    let blob =
        blob.with_context(|| format!("{} was taken in without media; run ingest without --chat-only", generation.vod))?;
    store.blob_to_file(&blob.digest, output).await?;
    let text = format!("{NAME} audio {}: {} bytes to {}", generation.vod, blob.size, output.display());
    job.print(&text, &json!({ "vod": generation.vod, "digest": blob.digest, "size": blob.size, "file": output }))
}

pub(crate) async fn run_of(store: &Store, generation: &VodGeneration) -> anyhow::Result<Run> {
    Ok(store.run(NAME, &generation.run_id).await?)
}

/// Milliseconds as H:MM:SS.
pub(crate) fn clock(ms: i64) -> String {
    let seconds = ms / 1000;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Text of strangers for a terminal: no control characters.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(200).collect()
}
