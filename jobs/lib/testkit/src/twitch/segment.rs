//! Segments by their names, whole or in part.

use super::piece::{self, Recipe};
use super::reply::Reply;
use super::scenario::{Container, Quality, Scenario};
use super::ts;

/// A segment's file name, taken apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Name {
    pub(super) index: usize,
    sound: Wanted,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Wanted {
    Plain,
    Muted,
    Unmuted,
}

impl Name {
    /// `7.ts`, `7-muted.ts`, `7-unmuted.ts`, or the same with `.mp4`.
    pub(super) fn parse(file: &str, container: Container) -> Option<Name> {
        let extension = if container == Container::Fmp4 { ".mp4" } else { ".ts" };
        let stem = file.strip_suffix(extension)?;
        let (digits, sound) = match stem.split_once('-') {
            None => (stem, Wanted::Plain),
            Some((digits, "muted")) => (digits, Wanted::Muted),
            Some((digits, "unmuted")) => (digits, Wanted::Unmuted),
            Some(_) => return None,
        };
        Some(Name { index: digits.parse().ok()?, sound })
    }
}

/// The initialisation segment of a quality.
pub(super) fn init(scenario: &Scenario, quality: &Quality) -> Reply {
    match piece::piece(recipe(scenario, quality, false)).init() {
        Some(bytes) => Reply::new(200, "video/mp4", bytes),
        None => denied(),
    }
}

/// The answer to a request for a segment.
pub(super) fn answer(
    scenario: &Scenario,
    quality: &Quality,
    name: Name,
    authorized: bool,
    range: Option<&str>,
) -> Reply {
    let muted = scenario.is_muted(name.index);
    let heard = match name.sound {
        _ if !scenario.vod.exists || name.index >= scenario.listed() => None,
        Wanted::Plain if muted && !scenario.media.unmuted_kept => None,
        Wanted::Unmuted if !muted || !(scenario.media.unmuted_kept || authorized) => None,
        Wanted::Muted if !muted => None,
        Wanted::Muted => Some(false),
        Wanted::Plain | Wanted::Unmuted => Some(true),
    };
    let Some(heard) = heard else { return denied() };
    let piece = piece::piece(recipe(scenario, quality, !heard));
    let length_ms = scenario.segment_ms(name.index);
    let mut bytes = piece.segment(name.index, length_ms);
    if scenario.media.stuffed && scenario.media.container == Container::Ts {
        ts::stuff(&mut bytes, quality.bandwidth / 8 * length_ms / 1000);
    }
    let content_type = if scenario.media.container == Container::Fmp4 { "video/mp4" } else { "video/MP2T" };
    let reply = Reply::new(200, content_type, bytes);
    if scenario.ranges { part(reply.with("accept-ranges", "bytes"), range) } else { reply }
}

fn recipe(scenario: &Scenario, quality: &Quality, silent: bool) -> Recipe {
    Recipe {
        container: scenario.media.container,
        sound: (!silent).then_some(scenario.media.sound),
        picture: quality.resolution.is_some(),
        segment_seconds: scenario.media.segment_seconds,
    }
}

/// What the content network says of everything it does not have.
pub(super) fn denied() -> Reply {
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                <Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    Reply::new(403, "application/xml", body)
}

/// The part of the body that `Range` asks for; all of it when it asks for nothing that can be understood.
fn part(reply: Reply, range: Option<&str>) -> Reply {
    let length = reply.body.len();
    let Some((from, to)) = range.and_then(|range| range.strip_prefix("bytes=")).and_then(|range| range.split_once('-'))
    else {
        return reply;
    };
    let (from, to) = match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) => (from, to.saturating_add(1).min(length)),
        (Ok(from), Err(_)) if to.is_empty() => (from, length),
        (Err(_), Ok(last)) if from.is_empty() => (length.saturating_sub(last), length),
        _ => return reply,
    };
    if from >= length || to <= from {
        return Reply::text(416, "").with("content-range", format!("bytes */{length}"));
    }
    let body = reply.body.slice(from..to);
    let range = format!("bytes {from}-{}/{length}", to - 1);
    Reply { status: 206, body, ..reply }.with("content-range", range)
}
