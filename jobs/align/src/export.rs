//! The chat as subtitles of the recording: each line where what it answers is said, so that any player shows the alignment.

use std::io::Write;

use anyhow::ensure;
use clap::ValueEnum;
use job::{Job, Output};
use schemas::{AlignedTurn, ChatMessage};

use crate::args::{Export, Transcript};
use crate::inputs::Inputs;

/// How long a line stays, ms.
const SHOWN_MS: i64 = 5_000;

/// Longest line, characters.
const LONGEST: usize = 200;

/// A format to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// WebVTT, for browsers
    Vtt,
    /// Advanced SubStation Alpha, for players such as mpv and VLC
    Ass,
}

/// One line of chat in media time.
struct Line<'a> {
    at_ms: i64,
    user: &'a str,
    text: &'a str,
}

/// Runs `align export`.
pub(crate) async fn command(export: &Export, wanted: &Transcript, job: &Job) -> anyhow::Result<()> {
    let store = job.store_to_read().await?;
    let inputs = Inputs::find(job, store, &export.vod, wanted).await?;
    let turns: Vec<AlignedTurn> = store.rows(&inputs.aligned(store).await?).await?;
    let chat: Vec<ChatMessage> = store.rows(&inputs.ingest).await?;
    let lines: Vec<_> = chat.iter().zip(&turns).filter_map(|(message, turn)| line(message, turn)).collect();
    ensure!(!lines.is_empty(), "no line of {} has a lag, so there is nothing to place; see `align show`", inputs.vod);
    let text = match export.format {
        Format::Vtt => vtt(&lines),
        Format::Ass => ass(&lines),
    };
    match &export.output {
        Some(path) => Output::write(path, text.as_bytes()),
        None => Ok(std::io::stdout().lock().write_all(text.as_bytes())?),
    }
}

/// The line of a message whose lag is known, unless it answers something before the recording.
fn line<'a>(message: &'a ChatMessage, turn: &AlignedTurn) -> Option<Line<'a>> {
    let at_ms = message.offset_ms - turn.lag_ms?;
    let user = message.display_name.as_deref().or(message.user_login.as_deref()).unwrap_or("deleted account");
    (at_ms >= 0).then_some(Line { at_ms, user, text: &message.text })
}

fn vtt(lines: &[Line<'_>]) -> String {
    let escaped = |text: &str| plain(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut out = "WEBVTT\n\n".to_owned();
    for Line { at_ms, user, text } in lines {
        let (from, to) = (clock(*at_ms, 3), clock(at_ms + SHOWN_MS, 3));
        out.push_str(&format!("{from} --> {to} align:start\n{}: {}\n\n", escaped(user), escaped(text)));
    }
    out
}

/// All ten fields of an event stand, in this order: ffmpeg reads no text of a file that leaves some out.
const ASS_HEAD: &str = "\
[Script Info]
ScriptType: v4.00+
PlayResX: 1280
PlayResY: 720

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV
Style: Chat,sans-serif,26,&H00FFFFFF,1,1.5,0,1,24,900,24

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
";

fn ass(lines: &[Line<'_>]) -> String {
    let mut out = ASS_HEAD.to_owned();
    for Line { at_ms, user, text } in lines {
        let (from, to) = (clock(*at_ms, 2), clock(at_ms + SHOWN_MS, 2));
        out.push_str(&format!(
            "Dialogue: 0,{from},{to},Chat,,0,0,0,,{{\\b1}}{}{{\\b0}} {}\n",
            unsteering(user),
            unsteering(text)
        ));
    }
    out
}

/// Braces begin override tags and a backslash a command, and neither has an escape: look-alikes stand for them.
fn unsteering(text: &str) -> String {
    plain(text).replace('{', "❴").replace('}', "❵").replace('\\', "⧵")
}

/// One line of at most [`LONGEST`] characters, without those that steer.
fn plain(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    crate::show::printable(&text, LONGEST)
}

/// Hours, minutes, seconds and so many decimals.
fn clock(at_ms: i64, decimals: usize) -> String {
    let (hours, minutes, seconds, ms) = (at_ms / 3_600_000, at_ms / 60_000 % 60, at_ms / 1_000 % 60, at_ms % 1_000);
    let fraction = format!("{ms:03}");
    format!("{hours:02}:{minutes:02}:{seconds:02}.{}", &fraction[..decimals])
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: Line<'static> =
        Line { at_ms: 3_723_456, user: "<b>{\\an8}", text: "a --> b\n\n1\n{\\p1}m 0 0 & \u{202e}x" };

    #[test]
    fn chat_cannot_steer_a_player() {
        assert_eq!(
            vtt(&[HOSTILE]),
            "WEBVTT\n\n01:02:03.456 --> 01:02:08.456 align:start\n&lt;b&gt;{\\an8}: a --&gt; b 1 {\\p1}m 0 0 &amp; x\n\n"
        );
        let text = ass(&[HOSTILE]);
        let event = text.lines().last().unwrap();
        assert_eq!(
            event,
            "Dialogue: 0,01:02:03.45,01:02:08.45,Chat,,0,0,0,,{\\b1}<b>❴⧵an8❵{\\b0} a --> b 1 ❴⧵p1❵m 0 0 & x"
        );
    }
}
