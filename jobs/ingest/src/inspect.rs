//! What a chat export holds, before anything of it is taken in.

use std::fmt::Write;
use std::path::Path;

use ids::{Platform, VodKey};
use job::Job;
use schemas::{ChatMessage, Problem};
use serde_json::json;

use crate::chat::{self, ChatError, Sink};
use crate::report::{clock, plain};

/// What is kept of the rows.
#[derive(Default)]
struct Span {
    first_ms: Option<i64>,
    last_ms: Option<i64>,
}

impl Sink for Span {
    type Error = ChatError;

    fn row(&mut self, row: &ChatMessage) -> Result<(), ChatError> {
        self.first_ms.get_or_insert(row.offset_ms);
        self.last_ms = Some(row.offset_ms);
        Ok(())
    }

    fn problem(&mut self, _: Problem) -> Result<(), ChatError> {
        Ok(())
    }
}

/// Reads the export at `path` as it would be taken in, and prints what came of it.
pub(crate) fn inspect(path: &Path, started_at: Option<&str>, job: &Job) -> anyhow::Result<()> {
    let vod = VodKey { platform: Platform::File, id: "inspect".parse()? };
    let export = chat::read_file(path, &vod, job.flags().thread_count())?;
    let (format, video, digest) = (export.format.clone(), export.video.clone(), export.digest);
    let (messages, repaired) = (export.messages, export.repaired);
    let mut span = Span::default();
    let finished = export.finish(started_at, None, &mut span)?;
    let problems: u64 = finished.reasons.values().sum();

    let mut text = String::new();
    let mut line = |name: &str, value: String| writeln!(text, "{name:<11} {value}");
    line("file", path.display().to_string())?;
    line("format", format.clone())?;
    line("digest", digest.to_string())?;
    for (name, value) in [("title", &video.title), ("channel", &video.channel), ("started_at", &video.started_at)] {
        if let Some(value) = value {
            line(name, plain(value))?;
        }
    }
    line("elements", format!("{messages}: {} messages, {problems} problems", finished.rows))?;
    for (reason, count) in &finished.reasons {
        line("", format!("{count} {reason}"))?;
    }
    if let (Some(first), Some(last)) = (span.first_ms, span.last_ms) {
        line("time", format!("{} to {}", clock(first), clock(last)))?;
    }
    for (way, count) in &finished.restorations {
        line("offsets", format!("{count} {way}"))?;
    }
    for (name, count) in [("deleted", finished.deleted), ("repaired", repaired)] {
        if count > 0 {
            line(name, count.to_string())?;
        }
    }
    let value = json!({
        "file": path,
        "format": format,
        "digest": digest,
        "title": video.title,
        "channel": video.channel,
        "started_at": video.started_at,
        "elements": messages,
        "messages": finished.rows,
        "problems": problems,
        "problem_reasons": finished.reasons,
        "first_ms": span.first_ms,
        "last_ms": span.last_ms,
        "restorations": finished.restorations,
        "deleted_messages": finished.deleted,
        "repaired_messages": repaired,
    });
    job.print(&text, &value)
}
