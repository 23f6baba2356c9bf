//! The page itself: one file that works without a network, in which nothing but its own script can run.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ids::{Digest, VodKey};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use schemas::{ChatMessage, Word};

use super::clips::{Clip, Kind};
use super::plot::plot;
use super::wave::{self, Sound};
use crate::estimate::evidence::is_machine;
use crate::estimate::verdict::Verdict;
use crate::inputs::Rows;
use crate::pieces::{self, Piece};
use crate::show::{clock, printable, seconds};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// What qa.json calls its own format.
pub const FORMAT: &str = "dougpt-qa-1";
/// What a person can say about a piece: value and label.
pub const JUDGEMENTS: [(&str, &str); 5] = [
    ("fits", "Fits"),
    ("early", "Chat too early"),
    ("late", "Chat too late"),
    ("unrelated", "Unrelated"),
    ("unclear", "Cannot tell"),
];
/// How far the slider goes to both sides, ms.
pub const SLIDER_MS: i64 = 10_000;
/// Lines of chat that are shown beside a piece.
const LINES: usize = 100;
/// Longest line and longest name that are shown, characters.
const LONGEST: (usize, usize) = (500, 60);
/// Width of a piece's timeline in its own units.
const LANE: f64 = 1_000.0;

/// Everything on the page.
pub struct Page<'a> {
    /// The VOD.
    pub vod: &'a VodKey,
    /// The align run that is judged.
    pub run_id: &'a str,
    /// What it found.
    pub stretches: &'a [Piece],
    /// What it found it in.
    pub rows: &'a Rows,
    /// The pieces with their sound.
    pub clips: &'a [(Clip, Sound)],
}

/// The lag that the page names: that of most of the chat.
pub fn lag_ms(stretches: &[Piece]) -> i64 {
    pieces::largest(stretches).map_or(0, |stretch| stretch.estimate.lag_ms)
}

impl Page<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        let title = format!("Alignment of {}", self.vod);
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy());
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    title { (title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main data-format=(FORMAT) data-vod=(self.vod) data-run=(self.run_id) data-lag=(lag_ms(self.stretches)) {
                        (self.head())
                        (self.controls())
                        @for (number, (clip, sound)) in self.clips.iter().enumerate() {
                            (self.clip(number, clip, sound))
                        }
                        @if self.clips.is_empty() { p.empty { "The recording is too short to cut into pieces." } }
                        footer { "Only pieces chosen by chance count for the accuracy: those the lag rests on fit more often. Align run " code { (self.run_id) } ". This page is one file: it loads nothing and sends nothing." }
                    }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        };
        page.into_string()
    }

    fn head(&self) -> Markup {
        html! {
            header {
                p.kicker { "Does the chat answer what is said?" }
                h1 { bdi { (self.vod) } }
                @for stretch in self.stretches {
                    (self.stretch(stretch))
                }
            }
        }
    }

    fn stretch(&self, stretch: &Piece) -> Markup {
        let found = &stretch.estimate;
        let (class, verdict, sentence) = match found.verdict {
            Verdict::Ok => ("ok", "ok", "Chat follows speech at one lag, and the lag is known well."),
            Verdict::Weak => {
                ("weak", "weak", "There is a lag, but the evidence for its place is thin: listen before you trust it.")
            }
            Verdict::NotIdentifiable => (
                "refused",
                "not identifiable",
                "No lag stands out from chance. The page shows the best guess; no message was tied to speech with it.",
            ),
        };
        let refused = found.verdict == Verdict::NotIdentifiable;
        html! {
            section.stretch {
                h2 {
                    @if self.stretches.len() > 1 { (clock(stretch.from_ms)) " to " (clock(stretch.to_ms)) " " }
                    @else { "The whole broadcast " }
                    span class={"badge " (class)} { (verdict) }
                }
                p.sentence { (sentence) }
                dl {
                    div.lead { dt { @if refused { "Best guess" } @else { "Lag" } } dd { (seconds(found.lag_ms)) " s" } }
                    div { dt { "95 % interval" } dd { (seconds(found.low_ms)) " to " (seconds(found.high_ms)) " s" } }
                    div { dt { "Chance" } dd { "p " (found.grounds.p_value) } }
                    div { dt { "Above next peak" } dd { (format!("{:.1}", found.grounds.peak_ratio)) " ×" } }
                    div { dt { "Echoes" } dd { (found.grounds.echoes) } }
                    div { dt { "Messages" } dd { (found.messages) } }
                }
                figure {
                    (plot(found))
                    figcaption {
                        span.key.both { "both" } span.key.words { "shared rare words" } span.key.bursts { "bursts" }
                        span.key.interval { "95 % interval" }
                    }
                }
            }
        }
    }

    fn controls(&self) -> Markup {
        html! {
            section.controls aria-label="Controls" {
                label for="offset" { "Move chat" }
                input #offset type="range" min=(-SLIDER_MS) max=(SLIDER_MS) step="100" value="0";
                output #moved for="offset" { "±0.0 s" }
                button #reset type="button" { "Reset" }
                span.gap {}
                span #judged role="status" { "0 of " (self.clips.len()) " judged" }
                button #save.primary type="button" { "Save qa.json" }
                p.keys {
                    kbd { "1" } " to " kbd { (JUDGEMENTS.len()) } " judge, " kbd { "space" } " plays, " kbd { "j" } " and " kbd { "k" }
                    " go on and back, " kbd { "[" } " and " kbd { "]" } " move the chat, " kbd { "s" } " saves"
                }
            }
        }
    }

    fn clip(&self, number: usize, clip: &Clip, sound: &Sound) -> Markup {
        let inside = |at: i64| (clip.from_ms..clip.to_ms).contains(&at);
        let words: Vec<&Word> = self.rows.words.iter().filter(|word| inside(word.start_ms)).collect();
        // Of several lags that of the chat which answers the piece.
        let answers = |stretch: &&Piece| clip.from_ms + stretch.estimate.lag_ms < stretch.to_ms;
        let stretch = self.stretches.iter().find(answers).or(self.stretches.last());
        let lag_ms = stretch.map_or(0, |stretch| stretch.estimate.lag_ms);
        let by_person = |message: &&ChatMessage| !message.user_login.as_deref().is_some_and(is_machine);
        let answers = |message: &&ChatMessage| inside(message.offset_ms.saturating_sub(lag_ms));
        let chat: Vec<&ChatMessage> = self.rows.chat.iter().filter(answers).filter(by_person).collect();
        let more = chat.len().saturating_sub(LINES);
        let line = |message: &ChatMessage| printable(&message.text, LONGEST.0);
        let name =
            |message: &ChatMessage| printable(message.user_login.as_deref().unwrap_or("deleted account"), LONGEST.1);
        let why = match clip.kind {
            Kind::Evidence => format!("{} echoes", clip.echoes),
            Kind::Random => "chosen by chance".to_owned(),
        };
        html! {
            article.clip data-from=(clip.from_ms) data-to=(clip.to_ms) data-kind=(clip.kind.name()) {
                h2 { (clock(clip.from_ms)) " to " (clock(clip.to_ms)) " " small { (why) } }
                audio controls preload="metadata" src=(format!("data:{};base64,{}", media::EXCERPT_TYPE, STANDARD.encode(&sound.flac))) {}
                (lanes((clip, sound), lag_ms, &words, &chat))
                div.columns {
                    section {
                        h3 { "Said" }
                        @if words.is_empty() { p.empty { "Nothing." } }
                        @for line in words.chunk_by(|a, b| a.utterance == b.utterance) {
                            p.line {
                                time { (clock(line.first().map_or(clip.from_ms, |word| word.start_ms))) }
                                span {
                                    @for word in line {
                                        span.word data-at=(word.start_ms - clip.from_ms) { (word.text) } " "
                                    }
                                }
                            }
                        }
                    }
                    section {
                        h3 { "Written " (seconds(lag_ms.saturating_abs())) " s " @if lag_ms < 0 { "earlier" } @else { "later" } }
                        @if chat.is_empty() { p.empty { "Nothing." } }
                        div.chatter tabindex="0" {
                            @for message in chat.iter().take(LINES) {
                                p.line.message data-at=(message.offset_ms - lag_ms - clip.from_ms) {
                                    time { (clock(message.offset_ms)) }
                                    span {
                                        b { bdi { (name(message)) } } " "
                                        bdi { (line(message)) }
                                    }
                                }
                            }
                            @if more > 0 { p.empty { "And " (more) " more." } }
                        }
                    }
                }
                fieldset {
                    legend { "Do they belong together?" }
                    @for (key, (value, label)) in (1..).zip(JUDGEMENTS) {
                        label {
                            input type="radio" name=(format!("clip-{number}")) value=(value);
                            span { kbd { (key) } " " (label) }
                        }
                    }
                }
            }
        }
    }
}

/// Speech above, chat below, on one line of time; the script moves the chat.
fn lanes((clip, sound): (&Clip, &Sound), lag_ms: i64, words: &[&Word], chat: &[&ChatMessage]) -> Markup {
    let length = (clip.to_ms - clip.from_ms).max(1) as f64;
    let x = |at: i64| format!("{:.1}", (at - clip.from_ms) as f64 / length * LANE);
    let wide = |from: i64, to: i64| format!("{:.1}", ((to - from) as f64 / length * LANE - 1.5).max(2.0));
    html! {
        svg.lanes viewBox="0 0 1000 64" preserveAspectRatio="none" aria-hidden="true" {
            rect.lane x="0" y="4" width="1000" height="24" rx="4" {}
            path.wave d=(wave::path(&sound.loudness, LANE, 4.0, 24.0)) {}
            rect.lane x="0" y="36" width="1000" height="24" rx="4" {}
            @for word in words {
                rect.said x=(x(word.start_ms)) y="8" width=(wide(word.start_ms, word.end_ms.min(clip.to_ms))) height="16" rx="2" {}
            }
            g.chat {
                @for message in chat {
                    rect.written x=(x(message.offset_ms.saturating_sub(lag_ms))) y="40" width="5" height="16" rx="2" {}
                }
            }
            line.head x1="0" x2="0" y1="0" y2="64" {}
        }
    }
}

/// Nothing may load or run but the style, the script and the sounds of this page.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Digest::of(text.as_bytes()).as_bytes());
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; media-src data:; base-uri 'none'; \
         form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}
