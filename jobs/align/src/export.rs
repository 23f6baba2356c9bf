//! The chat as subtitles of the recording: each line where what it answers is said, so that any player shows the alignment.

use std::fmt;

use anyhow::ensure;
use clap::ValueEnum;
use job::Job;
use schemas::{AlignedTurn, ChatMessage, Vod};

use crate::args::{Export, Transcript};
use crate::inputs::Inputs;

/// How long a line stays, ms.
const SHOWN_MS: i64 = 5_000;

/// Longest line, characters.
const LONGEST: usize = 200;

/// Characters that about fit into one row of the column that ASS shows, and rows of it besides the newest line.
const ROW: usize = 25;
const ROWS: usize = 12;

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
    let inputs = Inputs::of(job, store, &export.vod, wanted).await?;
    let turns: Vec<AlignedTurn> = store.rows(&inputs.aligned(store).await?).await?;
    let chat: Vec<ChatMessage> = store.rows(&inputs.ingest).await?;
    let vods: Vec<Vod> = store.rows(&inputs.ingest).await?;
    let end_ms = vods.first().map_or(i64::MAX, |vod| vod.duration_ms);
    let mut lines: Vec<_> = chat.iter().zip(&turns).filter_map(|(message, turn)| line(message, turn)).collect();
    lines.retain(|line| line.at_ms < end_ms);
    // A stretch with a shorter lag can begin before the one before it has ended.
    lines.sort_by_key(|line| line.at_ms);
    ensure!(!lines.is_empty(), "no line of {} has a lag, so there is nothing to place; see `align show`", inputs.vod);
    let text = match export.format {
        Format::Vtt => vtt(&lines, end_ms),
        Format::Ass => ass(&lines, end_ms),
    };
    job.hand_out(export.output.as_deref(), text.as_bytes())
}

/// The line of a message whose lag is known, unless it answers something before the recording.
fn line<'a>(message: &'a ChatMessage, turn: &AlignedTurn) -> Option<Line<'a>> {
    let at_ms = message.offset_ms - turn.lag_ms?;
    let user = message.display_name.as_deref().or(message.user_login.as_deref()).unwrap_or("deleted account");
    (at_ms >= 0).then_some(Line { at_ms, user, text: &message.text })
}

/// A cue for each line; browsers find room for those that are shown at once.
fn vtt(lines: &[Line<'_>], end_ms: i64) -> String {
    let escaped = |text: &str| plain(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut out = "WEBVTT\n\n".to_owned();
    for Line { at_ms, user, text } in lines {
        let (from, to) = (Clock::of(*at_ms), Clock::of((at_ms + SHOWN_MS).min(end_ms)));
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

/// An event for each change of what is seen: the newest lines that there is room for, the newest below.
fn ass(lines: &[Line<'_>], end_ms: i64) -> String {
    let mut out = ASS_HEAD.to_owned();
    let texts: Vec<_> = lines.iter().map(|line| (unsteering(line.user), unsteering(line.text))).collect();
    for (index, Line { at_ms, .. }) in lines.iter().enumerate() {
        let next = lines.get(index + 1).map_or(i64::MAX, |next| next.at_ms);
        let (from, to) = (Clock::of(*at_ms), Clock::of((at_ms + SHOWN_MS).min(next).min(end_ms)));
        if from.hundredths() == to.hundredths() {
            continue;
        }
        let mut rows = 0;
        let mut fits = |at: &usize| {
            rows += (texts[*at].0.chars().count() + texts[*at].1.chars().count() + 1).div_ceil(ROW);
            rows <= ROWS && lines[*at].at_ms + SHOWN_MS > *at_ms
        };
        let first = (0..index).rev().take_while(|at| fits(at)).last().unwrap_or(index);
        let text: Vec<_> =
            texts[first..=index].iter().map(|(user, text)| format!("{{\\b1}}{user}{{\\b0}} {text}")).collect();
        let (from, to) = (from.hundredths(), to.hundredths());
        out.push_str(&format!("Dialogue: 0,{from},{to},Chat,,0,0,0,,{}\n", text.join("\\N")));
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

/// A time as players read it.
#[derive(Debug, Clone, Copy)]
struct Clock {
    hours: i64,
    minutes: i64,
    seconds: i64,
    ms: i64,
}

impl Clock {
    fn of(at_ms: i64) -> Self {
        let (hours, minutes, seconds) = (at_ms / 3_600_000, at_ms / 60_000 % 60, at_ms / 1_000 % 60);
        Self { hours, minutes, seconds, ms: at_ms % 1_000 }
    }

    /// As ASS has it.
    fn hundredths(self) -> String {
        let Self { hours, minutes, seconds, ms } = self;
        format!("{hours}:{minutes:02}:{seconds:02}.{:02}", ms / 10)
    }
}

/// As WebVTT has it.
impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hours, minutes, seconds, ms } = self;
        write!(f, "{hours:02}:{minutes:02}:{seconds:02}.{ms:03}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: Line<'static> =
        Line { at_ms: 3_723_456, user: "<b>{\\an8}", text: "a --> b\n\n1\n{\\p1}m 0 0 & \u{202e}x" };

    fn events(lines: &[Line<'_>], end_ms: i64) -> Vec<String> {
        let text = ass(lines, end_ms);
        text.lines().filter_map(|line| line.strip_prefix("Dialogue: 0,")).map(str::to_owned).collect()
    }

    #[test]
    fn chat_cannot_steer_a_player() {
        assert_eq!(
            vtt(&[HOSTILE], i64::MAX),
            "WEBVTT\n\n01:02:03.456 --> 01:02:08.456 align:start\n&lt;b&gt;{\\an8}: a --&gt; b 1 {\\p1}m 0 0 &amp; x\n\n"
        );
        assert_eq!(
            events(&[HOSTILE], i64::MAX),
            ["1:02:03.45,1:02:08.45,Chat,,0,0,0,,{\\b1}<b>❴⧵an8❵{\\b0} a --> b 1 ❴⧵p1❵m 0 0 & x"]
        );
    }

    #[test]
    fn the_newest_line_is_below_the_others() {
        let line = |at_ms, text| Line { at_ms, user: "u", text };
        let long = "m".repeat(LONGEST);
        let lines = [line(0, "a"), line(2_000, "b"), line(2_004, "c"), line(5_500, "d"), line(9_000, &long)];
        let text = |letters: &str| {
            let all: Vec<_> = letters.chars().map(|letter| format!("{{\\b1}}u{{\\b0}} {letter}")).collect();
            all.join("\\N")
        };
        let found = events(&lines, 10_000);
        assert_eq!(found.len(), 4, "{found:?}");
        // Two lines in one hundredth of a second come at once; nothing outlives the recording.
        assert_eq!(found[0], format!("0:00:00.00,0:00:02.00,Chat,,0,0,0,,{}", text("a")));
        assert_eq!(found[1], format!("0:00:02.00,0:00:05.50,Chat,,0,0,0,,{}", text("abc")));
        assert_eq!(found[2], format!("0:00:05.50,0:00:09.00,Chat,,0,0,0,,{}", text("bcd")));
        assert!(found[3].starts_with("0:00:09.00,0:00:10.00,") && found[3].ends_with(&long), "{found:?}");
        let crowd: Vec<_> = (0..100).map(|at| line(at * 10, long.as_str())).collect();
        assert!(events(&crowd, 10_000).iter().all(|event| event.matches("\\b1").count() <= ROWS * ROW / LONGEST + 1));
    }
}
