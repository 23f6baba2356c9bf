//! `infer logs`: what was asked and answered, out of the store.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat};
use job::{Exit, Job};
use schemas::InferLog;

use crate::args::{Format, LogsArgs};
use crate::record::now_ms;

/// Prints the rows.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn command(options: &LogsArgs, job: &Job) -> anyhow::Result<Exit> {
    let from = options.since.map_or(i64::MIN, |since| since.at_ms(now_ms()));
    let mut rows = job.store_to_read().await?.infer_log().await?;
    rows.retain(|row| row.at_ms >= from);
    rows.sort_by(|a, b| (a.at_ms, &a.request_id).cmp(&(b.at_ms, &b.request_id)));
    let text = match options.format {
        Format::Table => table(&rows),
        Format::Json => serde_json::to_string(&rows)?,
        Format::Csv => csv(&rows)?,
    };
    job.print(&text, &rows)?;
    Ok(Exit::Done)
}

fn table(rows: &[InferLog]) -> String {
    let head = ["TIME", "EVENT", "ROUTE", "CHANNEL", "RELEASE", "STATUS", "MS", "GUARD", "REPLY ID", "REPLY"];
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        let at = DateTime::from_timestamp_millis(row.at_ms).unwrap_or_default();
        [
            at.to_rfc3339_opts(SecondsFormat::Millis, true),
            row.event.clone(),
            row.route.clone(),
            row.channel.to_string(),
            format!("{} {}", row.adapter, row.release),
            row.status.to_string(),
            row.latency_ms.to_string(),
            format!("{}/{}", row.guard_input, row.guard_output.as_deref().unwrap_or("-")),
            row.reply_id.clone().unwrap_or_else(|| "-".to_owned()),
            // A reply is one line already; this is for rows written by others.
            prompt::normalise(row.reply.as_deref().unwrap_or("-")),
        ]
    }));
    let mut widths = [0; 10];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for line in lines {
        let cells: Vec<_> = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text
}

/// RFC 4180: fields with commas, quotes or line breaks are quoted; lists are joined by spaces.
fn csv(rows: &[InferLog]) -> anyhow::Result<String> {
    let columns: Vec<_> = InferLog::TABLE.fields.iter().map(|field| field.name).collect();
    let mut text = columns.join(",");
    text.push('\n');
    for row in rows {
        let value = serde_json::to_value(row)?;
        let cells: Vec<_> = columns.iter().map(|column| cell(&value[*column])).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    Ok(text)
}

fn cell(value: &serde_json::Value) -> String {
    let text = match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => {
            items.iter().map(|item| item.as_str().unwrap_or_default()).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    };
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_have_to_be() {
        let check = |value: serde_json::Value, expect: &str| assert_eq!(cell(&value), expect);
        check(serde_json::json!("plain"), "plain");
        check(serde_json::json!("a, \"b\""), "\"a, \"\"b\"\"\"");
        check(serde_json::json!(["x:y", "z:w"]), "x:y z:w");
        check(serde_json::json!(null), "");
        check(serde_json::json!(-3), "-3");
    }
}
