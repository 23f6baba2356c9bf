//! When a message was sent, on the axis of its VOD: what all messages of a file say together about the times in it.
//!
//! - Twitch gives offsets in whole seconds and clock times in milliseconds. Clock minus offset is the start of the stream
//!   plus the part of the second that the offset lost, so it lies within one second, over thousands of messages. That
//!   second gives the start, and the start gives back what was lost.
//! - The start moves when a stream broke off and was taken up again: a step, never a slope.
//! - For a while Twitch wrote local time as if it were UTC: then nearly all clocks are off by one time zone.
//! - Chat of old recordings may be late by up to an hour as a whole.
//!
//! One message can be wrong about any of this; here the majority decides.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use schemas::ChatMessage;
use serde::Serialize;

use super::batch::Waiting;
use super::times;

/// How far clocks of one segment may lie apart, ms: the lost part of a second, and half a second of jitter.
const SPREAD_MS: i64 = 1500;

/// So many messages in a row that agree with each other and not with those before are a step.
const STEP: usize = 5;

/// A recording does not break off more often.
const MOST_SEGMENTS: usize = 1000;

/// Different minutes in which clocks minus offsets may lie before nothing is made of them.
const MOST_MINUTES: usize = 10_000;

/// The shortest difference that shifts a whole chat, and the longest, ms. Twitch may take some minutes to note that a
/// recording began, so less proves nothing.
const SHIFT_MS: RangeInclusive<i64> = 300_000..=3_700_000;

/// A stretch of the VOD with one start of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Segment {
    /// Its first second, as written.
    from_s: i64,
    /// Clock time of the VOD's time 0 by this segment, ms since 1970.
    start_ms: i64,
    messages: u64,
}

/// A segment as manifests keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockShift {
    /// Its beginning, ms from the start of the VOD.
    pub from_ms: i64,
    /// What the clock shows there more than the first segment's would, ms: how long the stream was away.
    pub shift_ms: i64,
    /// When the VOD would have begun by its clock, RFC 3339.
    pub started_at: String,
    /// Messages it rests on.
    pub messages: u64,
}

/// What is gathered while a file is read.
pub(super) struct Samples {
    /// Whether all offsets so far were written in whole seconds.
    whole: bool,
    /// Whether there is any offset.
    pub(super) any_offset: bool,
    /// Second, and clock minus offset in ms, of each message while all are whole; the minimum stands for no clock.
    behind: Vec<(i32, i64)>,
    /// How often clock minus offset lies in a minute since 1970.
    minutes: HashMap<i64, u64>,
    /// The minute of the message before and how often it was there in a row, not among `minutes` yet: it hardly changes.
    minute: (i64, u64),
    earliest_clock_ms: i64,
}

/// Stands for a message without clock time.
const NO_CLOCK: i64 = i64::MIN;

impl Samples {
    pub(super) fn new() -> Self {
        Self {
            whole: true,
            any_offset: false,
            behind: Vec::new(),
            minutes: HashMap::new(),
            minute: (0, 0),
            earliest_clock_ms: i64::MAX,
        }
    }

    /// Takes one message.
    pub(super) fn note(&mut self, message: &Waiting) {
        let clock_ms = message.created_at_us.map(|us| us.div_euclid(1000));
        self.earliest_clock_ms = self.earliest_clock_ms.min(clock_ms.unwrap_or(i64::MAX));
        let Some(offset_ms) = message.offset_raw_ms else { return };
        self.any_offset = true;
        let behind_ms = clock_ms.map(|clock_ms| clock_ms.saturating_sub(offset_ms));
        if let Some(minute) = behind_ms.map(|behind_ms| behind_ms.div_euclid(60_000)) {
            if self.minute.0 != minute {
                self.count_minute();
                self.minute = (minute, 0);
            }
            self.minute.1 += 1;
        }
        if self.whole && !message.whole {
            (self.whole, self.behind) = (false, Vec::new());
        }
        if self.whole {
            let second = i32::try_from(offset_ms.div_euclid(1000)).unwrap_or(i32::MAX);
            self.behind.push((second, behind_ms.unwrap_or(NO_CLOCK)));
        }
    }

    fn count_minute(&mut self) {
        let (minute, count) = self.minute;
        if count > 0 && self.minutes.len() < MOST_MINUTES {
            *self.minutes.entry(minute).or_default() += count;
        }
    }

    /// What they say together; `started_at` is when the VOD began, as its export says.
    pub(super) fn clock(mut self, started_at: Option<&str>) -> Clock {
        self.count_minute();
        let started_ms = started_at.and_then(times::microseconds).map(|us| us.div_euclid(1000));
        let zone_ms = started_ms.map_or(0, |started_ms| self.zone(started_ms));
        let (mut axis, mut shift_ms) = (Axis::Exact, 0);
        if !self.any_offset {
            axis = Axis::Capture { began_ms: self.earliest_clock_ms, known: false };
        } else if self.whole {
            self.behind.sort_unstable();
            let segments = segments(&self.behind);
            axis = match segments.first() {
                Some(first) => {
                    let late_ms = started_ms.map_or(0, |started_ms| started_ms - (first.start_ms + zone_ms));
                    // Chat that is late has nothing to say before that.
                    let before = self.behind.partition_point(|(second, _)| i64::from(*second) * 1000 + 999 < late_ms);
                    if SHIFT_MS.contains(&late_ms) && before * 100 <= self.behind.len() {
                        shift_ms = late_ms;
                    }
                    Axis::Clock { segments, at: 0 }
                }
                None => Axis::Spread { counts: counts(&self.behind), at: 0, rank: 0 },
            };
        }
        Clock { axis, zone_ms, shift_ms }
    }

    /// What has to be added to clocks that show local time.
    fn zone(&self, started_ms: i64) -> i64 {
        let mut votes: HashMap<i64, u64> = HashMap::new();
        for (minute, count) in &self.minutes {
            let off_ms = minute * 60_000 + 30_000 - started_ms;
            let quarter = (off_ms + 450_000).div_euclid(900_000);
            // The middle of a minute, and a recording begins within a minute of what its record says.
            if (off_ms - quarter * 900_000).abs() <= 90_000 {
                *votes.entry(quarter).or_default() += count;
            }
        }
        let all: u64 = self.minutes.values().sum();
        let most = votes.into_iter().find(|(_, count)| *count > all / 2);
        let Some((quarter, _)) = most else { return 0 };
        // Time zones there are: up to 14 hours, in halves, and +5:45, +8:45, +12:45.
        let exists = (-48..=56).contains(&quarter) && (quarter % 2 == 0 || [23, 35, 51].contains(&quarter));
        // Nobody chats in a recording before it began; without that proof the whole chat may be late instead.
        let proof = quarter > 0 || self.earliest_clock_ms < started_ms - 300_000;
        if quarter != 0 && exists && proof { -quarter * 900_000 } else { 0 }
    }
}

/// How often each second is there, in order.
fn counts(behind: &[(i32, i64)]) -> Vec<(i64, u64)> {
    let mut counts: Vec<(i64, u64)> = Vec::new();
    for (second, _) in behind {
        match counts.last_mut() {
            Some((last, count)) if *last == i64::from(*second) => *count += 1,
            _ => counts.push((i64::from(*second), 1)),
        }
    }
    counts
}

/// The segments in messages ordered by second; none when most messages fit into none.
fn segments(behind: &[(i32, i64)]) -> Vec<Segment> {
    let mut begins: Vec<i32> = Vec::new();
    // The lowest and highest of the segment, and of those that may be the next one.
    let mut band: Option<(i64, i64)> = None;
    let mut pending: Vec<(i32, i64)> = Vec::new();
    let clocks = behind.iter().copied().filter(|(_, ms)| *ms != NO_CLOCK);
    let enough = clocks.clone().take(STEP).count();
    for (second, ms) in clocks {
        if let Some((low, high)) = band.filter(|(low, high)| ms >= high - SPREAD_MS && ms <= low + SPREAD_MS) {
            band = Some((low.min(ms), high.max(ms)));
            pending.clear();
            continue;
        }
        pending.push((second, ms));
        let low = pending.iter().map(|(_, ms)| *ms).min().unwrap_or(ms);
        let high = pending.iter().map(|(_, ms)| *ms).max().unwrap_or(ms);
        if high - low > SPREAD_MS {
            // Wherever a new segment begins, it is not before this message's neighbours agree.
            let keep = pending.iter().rposition(|(_, other)| (ms - other).abs() > SPREAD_MS).map_or(0, |at| at + 1);
            pending.drain(..keep);
        } else if pending.len() == enough {
            begins.push(pending.first().map_or(second, |(first, _)| *first));
            band = Some((low, high));
            pending.clear();
        }
    }
    // What comes before the first step belongs to it.
    if let Some(first) = begins.first_mut() {
        *first = i32::MIN;
    }
    let mut found: Vec<Segment> = Vec::new();
    let mut fitting = 0;
    for (at, begin) in begins.iter().enumerate() {
        let place = |begin: i32| behind.partition_point(|(second, _)| *second < begin);
        let end = begins.get(at + 1).map_or(behind.len(), |end| place(*end));
        let within = behind.get(place(*begin)..end).unwrap_or_default();
        let mut clocks: Vec<i64> = within.iter().map(|(_, ms)| *ms).filter(|ms| *ms != NO_CLOCK).collect();
        clocks.sort_unstable();
        let Some(median) = clocks.get(clocks.len() / 2).copied() else { continue };
        clocks.retain(|ms| (ms - median).abs() <= SPREAD_MS / 2);
        let (Some(low), Some(high)) = (clocks.first(), clocks.last()) else { continue };
        // Every clock is start + 0..=999, so the start lies in high - 999 ..= low.
        let start_ms = (low + high - 999).div_euclid(2);
        fitting += clocks.len();
        match found.last_mut() {
            Some(last) if (last.start_ms - start_ms).abs() < SPREAD_MS / 3 => last.messages += clocks.len() as u64,
            _ => found.push(Segment { from_s: i64::from(*begin), start_ms, messages: clocks.len() as u64 }),
        }
    }
    if fitting * 2 > behind.len() && found.len() <= MOST_SEGMENTS { found } else { Vec::new() }
}

/// How offsets come about in one file.
enum Axis {
    /// They are written in ms.
    Exact,
    /// Whole seconds, completed by clock times.
    Clock { segments: Vec<Segment>, at: usize },
    /// Whole seconds without clocks that agree: evenly over their second.
    Spread { counts: Vec<(i64, u64)>, at: usize, rank: u64 },
    /// Clock times alone.
    Capture { began_ms: i64, known: bool },
}

/// Gives each message its place.
pub(super) struct Clock {
    axis: Axis,
    zone_ms: i64,
    /// What the whole chat is late by.
    shift_ms: i64,
}

impl Clock {
    /// Says when the broadcast of a capture began, which its clock times count from.
    pub(super) fn began(&mut self, started_at: Option<&str>) {
        let us = started_at.and_then(times::microseconds);
        if let (Axis::Capture { began_ms, known }, Some(us)) = (&mut self.axis, us) {
            (*began_ms, *known) = (us.div_euclid(1000), true);
        }
    }

    /// Whether clock times are all there is.
    pub(super) fn is_capture(&self) -> bool {
        matches!(self.axis, Axis::Capture { .. })
    }

    /// A time on the axis of drafts on that of the VOD.
    pub(super) fn on_axis(&self, sent_ms: i64) -> i64 {
        match self.axis {
            Axis::Capture { began_ms, .. } => sent_ms.saturating_sub(began_ms),
            Axis::Exact | Axis::Clock { .. } | Axis::Spread { .. } => sent_ms.saturating_sub(self.shift_ms),
        }
    }

    /// Fills in the offset of `row`, which comes in order of `sent_ms`. The order stays.
    pub(super) fn place(&mut self, row: &mut ChatMessage, sent_ms: i64) {
        let clock_ms = row.created_at_us.map(|us| us.div_euclid(1000));
        let second = sent_ms.div_euclid(1000);
        let (place_ms, restoration) = match &mut self.axis {
            Axis::Exact => (sent_ms, "exact"),
            Axis::Capture { known, .. } => (sent_ms, if *known { "created_at" } else { "none" }),
            Axis::Clock { segments, at } => {
                while segments.get(*at + 1).is_some_and(|next| next.from_s <= second) {
                    *at += 1;
                }
                let start_ms = segments.get(*at).map_or(0, |segment| segment.start_ms);
                // Whatever the clock says, a message stays in its second.
                let part_ms = clock_ms.map(|ms| ms.saturating_sub(start_ms).saturating_sub(sent_ms));
                let trusted = part_ms.is_some_and(|ms| (-250..1250).contains(&ms));
                (sent_ms + part_ms.unwrap_or(0).clamp(0, 999), if trusted { "created_at" } else { "spread" })
            }
            Axis::Spread { counts, at, rank } => {
                while counts.get(*at).is_some_and(|(counted, _)| *counted < second) {
                    (*at, *rank) = (*at + 1, 0);
                }
                let count = counts.get(*at).map_or(1, |(_, count)| *count);
                let part_ms = i64::try_from(*rank * 1000 / count.max(1)).unwrap_or(999).min(999);
                *rank += 1;
                (sent_ms + part_ms, "spread")
            }
        };
        row.offset_ms = self.on_axis(place_ms);
        restoration.clone_into(&mut row.restoration);
        row.created_at_us = row.created_at_us.map(|us| us.saturating_add(self.zone_ms * 1000));
    }

    /// The steps, for manifests; empty when offsets do not come from a clock.
    pub(super) fn steps(&self) -> Vec<ClockShift> {
        let Axis::Clock { segments, .. } = &self.axis else { return Vec::new() };
        let first_ms = segments.first().map_or(0, |first| first.start_ms);
        let step = |segment: &Segment| ClockShift {
            from_ms: self.on_axis(segment.from_s.max(0) * 1000),
            shift_ms: segment.start_ms - first_ms,
            started_at: times::from_ms(segment.start_ms + self.zone_ms + self.shift_ms).unwrap_or_default(),
            messages: segment.messages,
        };
        segments.iter().map(step).collect()
    }

    /// What was added to clock times that were local, and taken from the offsets of a late chat, ms.
    pub(super) fn corrections(&self) -> (i64, i64) {
        (self.zone_ms, self.shift_ms)
    }
}
