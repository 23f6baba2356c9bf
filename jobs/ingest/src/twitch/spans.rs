//! The stretches of a broadcast that are special: chapters, what was muted, what is missing.

use schemas::{Segment, Span};

use super::video::Video;
use crate::params::Broadcast;

/// All of them, by time; `duration_ms` is the length of what was taken.
pub(super) fn of(video: &Video, segments: &[Segment], broadcast: &Broadcast, duration_ms: i64) -> Vec<Span> {
    let from = broadcast.start_ms();
    let span = |kind: &str, start_ms: i64, end_ms: i64, label: Option<&String>| Span {
        platform: broadcast.vod.platform,
        vod_id: broadcast.vod.id.clone(),
        kind: kind.to_owned(),
        start_ms,
        end_ms,
        label: label.cloned(),
    };
    let mut spans = Vec::new();
    for chapter in &video.chapters {
        let start = chapter.start_ms - from;
        let label = chapter.game.as_ref().or(chapter.description.as_ref());
        spans.push(span("chapter", start, start.saturating_add(chapter.duration_ms), label));
    }
    if video.chapters.is_empty() && video.game.is_some() {
        // Twitch names chapters only where there are several.
        spans.push(span("chapter", -from, video.length_seconds.saturating_mul(1000) - from, video.game.as_ref()));
    }
    for muted in &video.muted {
        let start = muted.start_ms - from;
        spans.push(span("muted", start, start.saturating_add(muted.duration_ms), None));
    }
    let mut last: Option<Span> = None;
    for segment in segments {
        let end = segment.start_ms + segment.duration_ms;
        let kind = match (&segment.gap, segment.variant.as_str()) {
            (Some(_), _) => "gap",
            (None, "muted") => "muted_segment",
            _ => continue,
        };
        match &mut last {
            Some(before) if before.kind == kind && before.end_ms == segment.start_ms && before.label == segment.gap => {
                before.end_ms = end;
            }
            _ => {
                spans.extend(last.take());
                last = Some(span(kind, segment.start_ms, end, segment.gap.as_ref()));
            }
        }
    }
    spans.extend(last);
    // Of a cut, only what reaches into it.
    spans.retain(|span| span.start_ms < duration_ms && span.end_ms > 0);
    spans.sort_by(|a, b| (a.start_ms, a.end_ms, &a.kind).cmp(&(b.start_ms, b.end_ms, &b.kind)));
    spans
}
