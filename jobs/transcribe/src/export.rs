//! Transcripts in the formats that players, editors and scripts read.

use clap::ValueEnum;
use ids::VodKey;
use job::{Job, WhichTranscript};
use schemas::{Span, Utterance, Word};
use serde_json::{Value, json};

use crate::args::Export;
use crate::regions::SILENT;

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
    let Export { model, run, .. } = export;
    let which = WhichTranscript { model: model.as_ref(), run: run.as_deref(), option: "--run" };
    let run = which.find(store, &generation).await?;
    let ingest = job.ingest_run(store, &generation).await?;
    let has_spans = ingest.manifest.tables.contains_key(Span::TABLE.name);
    let spans: Vec<Span> = if has_spans { store.rows(&ingest).await? } else { Vec::new() };
    let transcript = Transcript {
        vod: &generation.vod,
        made_by: json!({ "run_id": run.id(), "params": run.manifest.key.params, "models": run.manifest.key.models }),
        utterances: &store.rows(&run).await?,
        words: &store.rows(&run).await?,
        silent: &silent(&spans),
    };
    let text = transcript.render(export.format)?;
    job.hand_out(export.output.as_deref(), text.as_bytes())
}

/// Stretches without sound of their own, in order, neighbours of a kind joined.
fn silent(spans: &[Span]) -> Vec<Silence> {
    let mut found: Vec<Silence> = Vec::new();
    let mut all: Vec<_> = spans.iter().filter(|span| SILENT.contains(&span.kind.as_str())).collect();
    all.sort_by_key(|span| (span.start_ms, span.end_ms));
    for span in all {
        let label = if span.kind == "gap" { "[missing]" } else { "[muted]" };
        match found.last_mut() {
            Some(last) if last.label == label && last.end_ms >= span.start_ms => {
                last.end_ms = last.end_ms.max(span.end_ms);
            }
            _ => found.push(Silence { start_ms: span.start_ms, end_ms: span.end_ms, label }),
        }
    }
    found
}

/// A stretch without sound, and what it is shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Silence {
    start_ms: i64,
    end_ms: i64,
    label: &'static str,
}

/// All that an export is made of.
struct Transcript<'a> {
    vod: &'a VodKey,
    /// The run and what it was asked.
    made_by: Value,
    utterances: &'a [Utterance],
    words: &'a [Word],
    silent: &'a [Silence],
}

/// One line of subtitles.
struct Cue<'a> {
    start_ms: i64,
    end_ms: i64,
    text: &'a str,
}

impl Transcript<'_> {
    /// The transcript as text of that format; the same rows always give the same bytes.
    fn render(&self, format: Format) -> anyhow::Result<String> {
        Ok(match format {
            Format::Json => self.json()?,
            Format::Srt => as_srt(&self.cues()),
            Format::Vtt => as_vtt(&self.cues()),
            Format::Tsv => as_tsv(&self.cues()),
        })
    }

    /// What was said and where nothing could be, in order.
    fn cues(&self) -> Vec<Cue<'_>> {
        let said =
            self.utterances.iter().map(|row| Cue { start_ms: row.start_ms, end_ms: row.end_ms, text: &row.text });
        let silent = self.silent.iter().map(|it| Cue { start_ms: it.start_ms, end_ms: it.end_ms, text: it.label });
        let mut cues: Vec<_> = said.chain(silent).collect();
        cues.sort_by_key(|cue| cue.start_ms);
        cues
    }

    fn json(&self) -> anyhow::Result<String> {
        let mut list = Vec::new();
        let mut rest = self.words;
        for row in self.utterances {
            // Words are in the order of their utterances.
            let (own, others) = rest.split_at(rest.partition_point(|word| word.utterance <= row.ordinal));
            rest = others;
            let word = |word: &Word| {
                json!({
                    "start_ms": word.start_ms, "end_ms": word.end_ms, "text": word.text,
                    "probability": word.probability,
                })
            };
            list.push(json!({
                "start_ms": row.start_ms, "end_ms": row.end_ms, "text": row.text, "probability": row.probability,
                "language": row.language, "suspect": row.suspect, "no_speech": row.no_speech,
                "words": own.iter().map(word).collect::<Vec<_>>(),
            }));
        }
        let silence = |it: &Silence| json!({ "start_ms": it.start_ms, "end_ms": it.end_ms, "text": it.label });
        let silent: Vec<_> = self.silent.iter().map(silence).collect();
        let document = json!({ "vod": self.vod, "made_by": self.made_by, "utterances": list, "silent": silent });
        let mut text = String::from_utf8(manifest::to_canonical_json(&document)?)?;
        text.push('\n');
        Ok(text)
    }
}

fn as_srt(cues: &[Cue<'_>]) -> String {
    let mut out = String::new();
    for (number, cue) in (1..).zip(cues) {
        // SubRip has no escapes. A cue ends at an empty line, which a single line cannot hold; players take <b> and the
        // like for formatting, so that a spoken angle bracket is written as a look-alike that no player reads.
        let text = one_line(cue.text).replace('<', "‹").replace('>', "›");
        out.push_str(&format!("{number}\n{} --> {}\n{text}\n\n", clock(cue.start_ms, ','), clock(cue.end_ms, ',')));
    }
    out
}

fn as_vtt(cues: &[Cue<'_>]) -> String {
    let mut out = "WEBVTT\n\n".to_owned();
    for cue in cues {
        let text = one_line(cue.text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        out.push_str(&format!("{} --> {}\n{text}\n\n", clock(cue.start_ms, '.'), clock(cue.end_ms, '.')));
    }
    out
}

fn as_tsv(cues: &[Cue<'_>]) -> String {
    let mut out = "start\tend\ttext\n".to_owned();
    for cue in cues {
        out.push_str(&format!("{}\t{}\t{}\n", cue.start_ms, cue.end_ms, one_line(cue.text)));
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
                no_speech: 0.0,
                language: "en".to_owned(),
                suspect: if ordinal == 1 { vec!["blocklist".to_owned()] } else { Vec::new() },
                model_digest: ids::Digest::of(b"model"),
                engine: "whisper.cpp 1.8.3".to_owned(),
                timing: "precise".to_owned(),
            }
        });
        (utterances.collect(), words)
    }

    fn render(format: Format, (utterances, words): &(Vec<Utterance>, Vec<Word>), silent: &[Silence]) -> String {
        let vod = "file/x".parse().unwrap();
        Transcript { vod: &vod, made_by: json!({}), utterances, words, silent }.render(format).unwrap()
    }

    #[test]
    fn what_has_no_sound_is_said() {
        let ids::VodKey { platform, id } = "file/x".parse().unwrap();
        let spans = [("gap", 20, 30), ("muted_segment", 10, 20), ("muted_segment", 0, 10), ("muted", 0, 99)];
        let spans = spans.map(|(kind, start, end)| Span {
            platform,
            vod_id: id.clone(),
            kind: kind.to_owned(),
            start_ms: start * 60_000,
            end_ms: end * 60_000,
            label: None,
        });
        let silent = silent(&spans);
        let text = render(Format::Tsv, &(Vec::new(), Vec::new()), &silent);
        assert_eq!(text, "start\tend\ttext\n0\t1200000\t[muted]\n1200000\t1800000\t[missing]\n");
        assert!(render(Format::Srt, &rows(), &silent).contains("1\n00:00:00,000 --> 00:20:00,000\n[muted]\n\n2\n"));
        let json = render(Format::Json, &rows(), &silent);
        assert!(json.contains("\"silent\":[{\"end_ms\":1200000,\"start_ms\":0,\"text\":\"[muted]\"}"), "{json}");
    }

    fn check(format: Format, expect: &str) {
        assert_eq!(render(format, &rows(), &[]), expect, "{format:?}");
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
        let text = render(Format::Json, &rows(), &[]);
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
        let empty = render(Format::Json, &(Vec::new(), Vec::new()), &[]);
        assert_eq!(empty, "{\"made_by\":{},\"silent\":[],\"utterances\":[],\"vod\":\"file/x\"}\n");
    }
}
