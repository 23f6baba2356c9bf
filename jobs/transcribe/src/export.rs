//! Transcripts in the formats that players, editors and scripts read.

use std::io::Write;

use clap::ValueEnum;
use job::{Job, Output, only_run};
use schemas::{Utterance, Word};
use serde_json::json;

use crate::args::Export;

/// A format to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Everything that is known, words included
    Json,
    /// SubRip subtitles
    Srt,
    /// WebVTT subtitles
    Vtt,
    /// Start and end in milliseconds and text, tab-separated
    Tsv,
}

/// Runs `transcribe export`.
pub(crate) async fn command(export: &Export, job: &Job) -> anyhow::Result<()> {
    let store = job.store_to_read().await?;
    let generation = job.vod(store, &export.vod).await?;
    let remedy = format!("transcribe --vod {} --model {}", generation.vod, export.model);
    let run = only_run(store, job.name(), &generation.vod, &remedy, |run| {
        run.manifest.key.inputs.get("ingest") == Some(&generation.manifest_digest)
            && run.manifest.key.params["model"] == export.model.as_str()
    })
    .await?;
    let text = render(export.format, &store.rows(&run).await?, &store.rows(&run).await?)?;
    match &export.output {
        Some(path) => Output::write(path, text.as_bytes()),
        None => Ok(std::io::stdout().lock().write_all(text.as_bytes())?),
    }
}

/// A transcript as text of that format; the same rows always give the same bytes.
///
/// # Errors
/// When a row cannot be JSON.
pub fn render(format: Format, utterances: &[Utterance], words: &[Word]) -> anyhow::Result<String> {
    Ok(match format {
        Format::Json => as_json(utterances, words)?,
        Format::Srt => as_srt(utterances),
        Format::Vtt => as_vtt(utterances),
        Format::Tsv => as_tsv(utterances),
    })
}

fn as_json(utterances: &[Utterance], words: &[Word]) -> anyhow::Result<String> {
    let mut list = Vec::new();
    let mut rest = words;
    for row in utterances {
        // Words are in the order of their utterances.
        let (own, others) = rest.split_at(rest.partition_point(|word| word.utterance <= row.ordinal));
        rest = others;
        let own: Vec<_> = own
            .iter()
            .map(|word| {
                json!({"start_ms": word.start_ms, "end_ms": word.end_ms, "text": word.text, "probability": word.probability})
            })
            .collect();
        list.push(json!({
            "start_ms": row.start_ms, "end_ms": row.end_ms, "text": row.text, "probability": row.probability,
            "language": row.language, "suspect": row.suspect, "words": own,
        }));
    }
    let vod = utterances.first().map(|row| format!("{}/{}", row.platform, row.vod_id));
    let mut text = String::from_utf8(manifest::to_canonical_json(&json!({"vod": vod, "utterances": list}))?)?;
    text.push('\n');
    Ok(text)
}

fn as_srt(utterances: &[Utterance]) -> String {
    let mut out = String::new();
    for (number, row) in (1..).zip(utterances) {
        // SubRip has no escapes. A cue ends at an empty line, which a single line cannot hold; players take <b> and the
        // like for formatting, so that a spoken angle bracket is written as a look-alike that no player reads.
        let text = one_line(&row.text).replace('<', "‹").replace('>', "›");
        out.push_str(&format!("{number}\n{} --> {}\n{text}\n\n", clock(row.start_ms, ','), clock(row.end_ms, ',')));
    }
    out
}

fn as_vtt(utterances: &[Utterance]) -> String {
    let mut out = "WEBVTT\n\n".to_owned();
    for row in utterances {
        let text = one_line(&row.text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        out.push_str(&format!("{} --> {}\n{text}\n\n", clock(row.start_ms, '.'), clock(row.end_ms, '.')));
    }
    out
}

fn as_tsv(utterances: &[Utterance]) -> String {
    let mut out = "start\tend\ttext\n".to_owned();
    for row in utterances {
        out.push_str(&format!("{}\t{}\t{}\n", row.start_ms, row.end_ms, one_line(&row.text)));
    }
    out
}

/// The text with every run of white space as one space: no format may be broken by a line break or a tab.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Hours, minutes, seconds, milliseconds.
fn clock(at_ms: i64, point: char) -> String {
    let at = at_ms.max(0);
    let (hours, minutes, seconds) = (at / 3_600_000, at / 60_000 % 60, at / 1_000 % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}{point}{:03}", at % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> (Vec<Utterance>, Vec<Word>) {
        let texts = ["Hello <b>chat</b> & co", "two\nlines\tand --> an arrow\n\n1\n"];
        let vod: ids::VodKey = "file/x".parse().unwrap();
        let mut words = Vec::new();
        let utterances = (0..).zip(texts).map(|(ordinal, text)| {
            let start_ms = 3_599_000 + ordinal * 1_500;
            for (number, word) in (0..).zip(text.split_whitespace()) {
                words.push(Word {
                    platform: vod.platform,
                    vod_id: vod.id.clone(),
                    ordinal: words.len() as i64,
                    utterance: ordinal,
                    start_ms: start_ms + number * 100,
                    end_ms: start_ms + number * 100 + 90,
                    text: word.to_owned(),
                    probability: 0.5,
                });
            }
            Utterance {
                platform: vod.platform,
                vod_id: vod.id.clone(),
                ordinal,
                start_ms,
                end_ms: start_ms + 1_234,
                text: text.to_owned(),
                words: text.split_whitespace().count() as i64,
                probability: 0.75,
                language: "en".to_owned(),
                suspect: if ordinal == 1 { vec!["blocklist".to_owned()] } else { Vec::new() },
            }
        });
        (utterances.collect(), words)
    }

    fn check(format: Format, expect: &str) {
        let (utterances, words) = rows();
        assert_eq!(render(format, &utterances, &words).unwrap(), expect, "{format:?}");
    }

    #[test]
    fn text_cannot_break_a_format() {
        check(
            Format::Srt,
            "1\n00:59:59,000 --> 01:00:00,234\nHello ‹b›chat‹/b› & co\n\n\
             2\n01:00:00,500 --> 01:00:01,734\ntwo lines and --› an arrow 1\n\n",
        );
        check(
            Format::Vtt,
            "WEBVTT\n\n00:59:59.000 --> 01:00:00.234\nHello &lt;b&gt;chat&lt;/b&gt; &amp; co\n\n\
             01:00:00.500 --> 01:00:01.734\ntwo lines and --&gt; an arrow 1\n\n",
        );
        check(
            Format::Tsv,
            "start\tend\ttext\n3599000\t3600234\tHello <b>chat</b> & co\n\
             3600500\t3601734\ttwo lines and --> an arrow 1\n",
        );
    }

    #[test]
    fn json_holds_every_word_once() {
        let (utterances, words) = rows();
        let text = render(Format::Json, &utterances, &words).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["vod"], "file/x");
        let said: Vec<_> = value["utterances"]
            .as_array()
            .unwrap()
            .iter()
            .map(|said| said["words"].as_array().unwrap().len())
            .collect();
        assert_eq!(said, [4, 7]);
        assert_eq!(value["utterances"][1]["suspect"][0], "blocklist");
        assert_eq!(render(Format::Json, &[], &[]).unwrap(), "{\"utterances\":[],\"vod\":null}\n");
    }
}
