//! What the clocks say of a lag: how much of it is no reaction, but chat and recording counting from different moments.
//!
//! Only the sum of both is in what people say. A wall clock beside the media (`EXT-X-PROGRAM-DATE-TIME`, RFC 8216 section
//! 4.3.2.6) gives each message its place in the recording; without one, the moment a message was made and the start that the
//! platform states tell how far its time in the chat is off.

use chrono::DateTime;
use schemas::{ChatMessage, Segment};

/// Fewer messages than this tell nothing.
const FEWEST: usize = 8;

/// A clock of which half of the messages are farther than this from the median does not run with the chat, ms.
const APART_MS: u64 = 5_000;

/// What is known about wall clocks.
#[derive(Debug, Default)]
pub struct Clocks {
    /// Segments with a wall clock: their first sample on it and in the recording, and their length, ms.
    media: Vec<(i64, i64, i64)>,
    /// Start of the broadcast by the platform, ms on the wall clock.
    started: Option<i64>,
}

/// How far chat time is ahead of media time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// Chat time less media time, ms.
    pub ms: i64,
    /// Which clock says so.
    pub clock: &'static str,
}

impl Clocks {
    /// The clocks of a VOD.
    pub fn of(started_at: Option<&str>, segments: &[Segment]) -> Self {
        let wall = |text: &str| DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis());
        let mut media: Vec<_> = segments
            .iter()
            .filter_map(|it| Some((wall(it.program_date_time.as_deref()?)?, it.start_ms, it.duration_ms)))
            .collect();
        media.sort_unstable();
        Self { media, started: started_at.and_then(wall) }
    }

    /// The shift of the chat between two times of it: the median over its messages.
    pub fn shift(&self, chat: &[ChatMessage], from_ms: i64, to_ms: i64) -> Option<Shift> {
        // A time that was made from the moment of the message says nothing about the clock it was made with.
        let timed = chat.iter().filter(|message| {
            (from_ms..to_ms).contains(&message.offset_ms) && ["exact", "spread"].contains(&message.restoration.as_str())
        });
        let timed: Vec<(i64, i64)> =
            timed.filter_map(|message| Some((message.offset_ms, message.created_at_us?.div_euclid(1000)))).collect();
        let by = |clock, shifts: Vec<i64>| median(shifts).map(|ms| Shift { ms, clock });
        let media = timed.iter().filter_map(|(offset, made)| Some(offset - self.media_ms(*made)?)).collect();
        by("program_date_time", media).or_else(|| {
            let started = self.started?;
            by("created_at", timed.iter().map(|(offset, made)| offset - (made - started)).collect())
        })
    }

    /// The media time of a moment on the wall clock.
    fn media_ms(&self, wall: i64) -> Option<i64> {
        let after = self.media.partition_point(|(first, ..)| *first <= wall);
        let (first, start, length) = self.media.get(after.checked_sub(1)?)?;
        (wall - first < *length).then_some(start + wall - first)
    }
}

/// The median, unless there are too few values or they are too far apart.
fn median(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    let middle = values.get(values.len() / 2).copied()?;
    let near = values.iter().filter(|value| value.abs_diff(middle) <= APART_MS).count();
    (values.len() >= FEWEST && near * 2 > values.len()).then_some(middle)
}

#[cfg(test)]
mod tests {
    use ids::VodKey;

    use super::*;

    const START: &str = "2026-01-01T20:00:00Z";
    const START_US: i64 = 1_767_297_600_000_000;

    fn message(offset_ms: i64, after_ms: i64) -> ChatMessage {
        let VodKey { platform, id } = "file/x".parse().unwrap();
        let created_at_us = Some(START_US + after_ms * 1000);
        ChatMessage { offset_ms, created_at_us, ..ChatMessage::plain(platform, id, String::new()) }
    }

    #[test]
    fn clocks_tell_the_shift_of_a_stretch() {
        let chat: Vec<_> = (0..20).map(|n| message(n * 1000 + if n < 10 { 2500 } else { -500 }, n * 1000)).collect();
        let clocks = Clocks::of(Some(START), &[]);
        let shift = |from, to| clocks.shift(&chat, from, to);
        assert_eq!(shift(12_000, 99_000), None, "too few");
        assert_eq!(shift(2500, 9000), None, "too few");
        assert_eq!(shift(9500, 99_000), Some(Shift { ms: -500, clock: "created_at" }));
        assert_eq!(Clocks::of(None, &[]).shift(&chat, 0, 99_000), None);
        assert_eq!(Clocks::of(Some("yesterday"), &[]).shift(&chat, 0, 99_000), None);
        let guessed: Vec<_> =
            chat.iter().map(|it| ChatMessage { restoration: "created_at".to_owned(), ..it.clone() }).collect();
        assert_eq!(clocks.shift(&guessed, 0, 99_000), None);
        let stopped: Vec<_> = (0..60).map(|n| message(n * 1000, 0)).collect();
        assert_eq!(clocks.shift(&stopped, 0, 99_000), None, "a clock that stands still");
    }

    #[test]
    fn the_clock_of_the_media_knows_better() {
        let VodKey { platform, id } = "file/x".parse().unwrap();
        let segment = |start_ms: i64, clock: &str| Segment {
            platform,
            vod_id: id.clone(),
            ordinal: 0,
            start_ms,
            duration_ms: 10_000,
            name: String::new(),
            variant: "original".to_owned(),
            discontinuity: false,
            program_date_time: Some(clock.to_owned()),
            digest: None,
            size: 0,
            gap: None,
        };
        // The stream was away for a minute, and the recording is not.
        let segments = [segment(0, "2026-01-01T20:00:02Z"), segment(10_000, "2026-01-01T20:01:12Z")];
        let clocks = Clocks::of(Some(START), &segments);
        let before: Vec<_> = (0..9).map(|n| message(n * 1000 + 2000, n * 1000 + 2000)).collect();
        assert_eq!(clocks.shift(&before, 0, 60_000), Some(Shift { ms: 2000, clock: "program_date_time" }));
        let after: Vec<_> = (0..9).map(|n| message(n * 1000 + 72_000, n * 1000 + 72_000)).collect();
        assert_eq!(clocks.shift(&after, 60_000, 99_000), Some(Shift { ms: 62_000, clock: "program_date_time" }));
        assert_eq!(clocks.shift(&[message(30_000, 30_000)], 0, 99_000), None);
    }
}
