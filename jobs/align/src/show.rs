//! What was found for a VOD, for people and machines.

use std::collections::BTreeMap;

use job::Job;
use schemas::{AlignedTurn, OffsetSegment};
use serde_json::{Value, json};

use crate::args::Transcript;
use crate::inputs::Inputs;
use crate::verdicts;

/// Lines of chat that are shown.
const SAMPLE: usize = 10;
/// Longest transcript that is shown, characters.
const WIDTH: usize = 72;

/// Runs `align show`.
pub(crate) async fn command(vod: &str, wanted: &Transcript, job: &Job) -> anyhow::Result<()> {
    let store = job.store_to_read().await?;
    let inputs = Inputs::of(job, store, vod, wanted).await?;
    let run = inputs.aligned(store).await?;
    let segments: Vec<OffsetSegment> = store.rows(&run).await?;
    let turns: Vec<AlignedTurn> = store.rows(&run).await?;
    let texts: BTreeMap<String, String> = store
        .rows::<schemas::ChatMessage>(&inputs.ingest)
        .await?
        .into_iter()
        .map(|row| (row.message_id, row.text))
        .collect();
    let mut text = format!("align {}, run {}\n", inputs.vod, run.id());
    for segment in &segments {
        text.push_str(&describe(segment));
    }
    let counts = ["messages", "aligned", "no_speech", "no_lag"]
        .map(|name| format!("{name} {}", run.manifest.counts.get(name).copied().unwrap_or(0)));
    text.push_str(&format!("  {}\n", counts.join(", ")));
    let judged = verdicts::judged(store, &run).await?;
    judged.iter().for_each(|opinion| text.push_str(&format!("  judged: {opinion}\n")));
    // The best evidence first, and among equals the earliest.
    let mut best: Vec<&AlignedTurn> = turns.iter().filter(|turn| turn.echo > 0.0).collect();
    best.sort_by(|a, b| b.echo.total_cmp(&a.echo).then(a.ordinal.cmp(&b.ordinal)));
    best.truncate(SAMPLE);
    best.sort_by_key(|turn| turn.ordinal);
    for turn in best {
        let message = texts.get(&turn.message_id).map_or("", String::as_str);
        text.push_str(&format!("\n  {}  {}\n", clock(turn.offset_ms), printable(message, WIDTH)));
        text.push_str(&format!("     answers  {}\n", printable(&tail(&turn.transcript), WIDTH)));
    }
    let value = json!({
        "vod": inputs.vod, "run_id": run.id(), "segments": segments, "counts": run.manifest.counts, "judged": judged,
    });
    job.print(&text, &value)
}

/// The facts of a run in a few words.
pub(crate) fn summary(facts: &BTreeMap<String, Value>) -> String {
    let number = |name: &str| facts.get(name).and_then(Value::as_i64);
    let verdict = facts.get("verdict").and_then(Value::as_str).unwrap_or("unknown").replace('_', " ");
    match (number("lag_ms"), number("low_ms"), number("high_ms")) {
        (Some(lag), Some(low), Some(high)) => {
            format!("lag {} s, 95 % {} to {} s, {verdict}", seconds(lag), seconds(low), seconds(high))
        }
        _ => format!("lag {verdict}"),
    }
}

fn describe(segment: &OffsetSegment) -> String {
    let lag = match (segment.lag_ms, segment.low_ms, segment.high_ms) {
        (Some(lag), Some(low), Some(high)) => {
            format!("lag {} s (95 % {} to {} s)", seconds(lag), seconds(low), seconds(high))
        }
        _ => "no lag".to_owned(),
    };
    let clocks = match (segment.clock_shift_ms, segment.reaction_ms, segment.clock.as_deref()) {
        (Some(shift), Some(reaction), Some(clock)) => {
            format!("  of it {} s between the clocks (by {clock}), {} s to react\n", seconds(shift), seconds(reaction))
        }
        _ => String::new(),
    };
    format!(
        "  {} to {}: {}, {lag}\n{clocks}  p {}, peak ratio {}, {} echoes in {} messages\n",
        clock(segment.from_ms),
        clock(segment.to_ms),
        segment.verdict.replace('_', " "),
        segment.p_value,
        segment.peak_ratio,
        segment.echoes,
        segment.messages
    )
}

/// Milliseconds as seconds with two decimals.
pub(crate) fn seconds(ms: i64) -> String {
    let hundredths = (ms.abs() + 5) / 10;
    let sign = if ms < 0 && hundredths > 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Milliseconds as hours, minutes and seconds.
pub(crate) fn clock(ms: i64) -> String {
    let at = ms.unsigned_abs();
    let sign = if ms < 0 { "-" } else { "" };
    let (hours, minutes, rest) = (at / 3_600_000, at / 60_000 % 60, at % 60_000);
    let hours = if hours > 0 { format!("{hours}:") } else { String::new() };
    format!("{sign}{hours}{minutes:02}:{:02}.{}", rest / 1_000, rest % 1_000 / 100)
}

/// The last words: they are the ones that were answered.
fn tail(transcript: &str) -> String {
    let characters: Vec<char> = transcript.chars().collect();
    match characters.len().checked_sub(WIDTH) {
        Some(from) if from > 0 => format!("…{}", characters[from + 1..].iter().collect::<String>()),
        _ => transcript.to_owned(),
    }
}

/// At most `width` characters without control and direction characters: chat may not steer a terminal.
pub(crate) fn printable(text: &str, width: usize) -> String {
    let steering = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().filter(|&c| !steering(c)).take(width).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(
            ["3.20", "-0.50", "0.00", "20.00"],
            [3_204, -500, -3, 19_996].map(seconds).each_ref().map(String::as_str)
        );
        assert_eq!(clock(61_250), "01:01.2");
        assert_eq!(clock(3_661_000), "1:01:01.0");
        assert_eq!(clock(-1_500), "-00:01.5");
    }

    #[test]
    fn chat_cannot_steer_a_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\u{202e}c\n", 80), "a[31mbc");
    }
}
