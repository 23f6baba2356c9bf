//! Chat exports of other tools, read as a stream: every element becomes a row of `chat_message` or a row of `problem`.
//!
//! The format is told by content, never by the file's name:
//!
//! ```text
//! twitchdownloader/1.N   {"FileInfo": {...}, "streamer": {...}, "video": {...}, "comments": [...], "embeddedData": {...}}
//! rechat/5               [video, comment, comment, ...]   or   {"comments": [...], "_next": "..."}
//! twitch/gql             {"video": {...}, "comments": [node, ...]}
//! twitch-dl              the same with "video_comments"
//! chat-downloader/json   [{"message_id": ..., "author": ..., "time_in_seconds": ...}, ...]
//! chat-downloader/jsonl  one such object a line
//! ganymede               such a list without time_in_seconds
//! yt-dlp/live_chat       {"replayChatItemAction": {"actions": [...]}} a line
//! irc/jsonl              {"t": ..., "type": "PRIVMSG", ...} a line
//! ```
//!
//! Files may be UTF-8 or UTF-16 with a byte order mark, and gzip. They come from strangers: a file, an element, a string
//! and the depth of nesting have limits. One element at a time is in memory, and rows wait in temporary files when there
//! are many.

mod bytes;
mod capture;
mod clock;
mod comment;
mod container;
mod deletions;
mod downloader;
mod draft;
mod error;
mod fragments;
mod kind;
mod lenient;
mod live;
mod node;
mod problems;
mod scan;
mod seen;
mod sorter;
mod surrogates;
mod times;
mod video;
mod wire;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use ids::{Digest, VodKey};
use schemas::{ChatMessage, Problem};

use bytes::Hashing;
use clock::{Clock, Samples};
use deletions::Deletions;
use draft::{Draft, Outcome, Reject};
use kind::Kind;
use problems::Problems;
use scan::{Scanner, Shape};
use seen::Seen;
use sorter::Sorter;

pub use clock::ClockShift;
pub use error::ChatError;
pub use times::to_utc;
pub use video::Video;

/// Longest beginning of an element that is kept with a problem, characters.
const RAW: usize = 500;

/// No export may have more messages.
const MOST_MESSAGES: u64 = 50_000_000;

/// A chat export that was read to its end. Its rows come out of [`Export::finish`].
pub struct Export {
    /// Which reader understood it.
    pub format: String,
    /// What it says about the broadcast.
    pub video: Video,
    /// Its elements: rows plus problems.
    pub messages: u64,
    /// Messages of which half a surrogate pair was replaced by U+FFFD.
    pub repaired: u64,
    /// Digest of the file as it was read.
    pub digest: Digest,
    vod: VodKey,
    sorter: Sorter,
    problems: Problems,
    deletions: Deletions,
    clock: Clock,
}

/// Who takes the rows and problems of an export.
pub trait Sink {
    /// Why it cannot.
    type Error: From<ChatError>;
    /// Takes the next row, in order.
    ///
    /// # Errors
    /// The sink's own.
    fn row(&mut self, row: ChatMessage) -> Result<(), Self::Error>;
    /// Takes the next problem; all of them come after the rows.
    ///
    /// # Errors
    /// The sink's own.
    fn problem(&mut self, problem: Problem) -> Result<(), Self::Error>;
}

/// What came of an export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finished {
    /// Rows that were given.
    pub rows: u64,
    /// Problems that were given, by reason.
    pub reasons: BTreeMap<String, u64>,
    /// How many rows have their offset in which way.
    pub restorations: BTreeMap<String, u64>,
    /// Rows that a moderator took away.
    pub deleted: u64,
    /// Where the clock stepped.
    pub clock_shifts: Vec<ClockShift>,
    /// What was added to clock times that were local time, ms.
    pub zone_ms: i64,
    /// What was taken from the offsets of a chat that was late as a whole, ms.
    pub late_ms: i64,
}

/// Reads the export at `path` as the chat of `vod`.
///
/// # Errors
/// When the file cannot be read, breaks a limit, is of no known shape, or is no JSON outside of single elements.
pub fn read_file(path: &Path, vod: &VodKey) -> Result<Export, ChatError> {
    let unreadable = |source| ChatError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(ChatError::NotAFile { path: path.to_owned() });
    }
    read(file, path, vod)
}

/// Reads an export from `source`; `path` is its name in errors.
///
/// # Errors
/// As [`read_file`].
pub fn read(source: impl Read, path: &Path, vod: &VodKey) -> Result<Export, ChatError> {
    let unreadable = |source| ChatError::Read { path: path.to_owned(), source };
    let mut hashing = Hashing::new(source);
    let text = bytes::text(&mut hashing).map_err(unreadable)?;
    let mut scanner = Scanner::new(text, path);
    let mut messages = Messages::new(vod);
    let head = container::walk(&mut scanner, &mut messages)?;
    drop(scanner);
    let digest = hashing.finish().map_err(unreadable)?;
    messages.finish(path, head, digest)
}

/// The rows and problems of the elements seen so far.
struct Messages<'vod> {
    vod: &'vod VodKey,
    /// What the elements are; unknown until one can be told.
    kind: Option<Kind>,
    count: u64,
    sorter: Sorter,
    problems: Problems,
    seen: Seen,
    samples: Samples,
    deletions: Deletions,
    repaired: u64,
}

impl<'vod> Messages<'vod> {
    fn new(vod: &'vod VodKey) -> Self {
        Self {
            vod,
            kind: None,
            count: 0,
            sorter: Sorter::new(),
            problems: Problems::default(),
            seen: Seen::default(),
            samples: Samples::new(),
            deletions: Deletions::default(),
            repaired: 0,
        }
    }

    /// Takes the element at `position`.
    fn take(&mut self, position: u64, raw: &[u8], shape: Shape) -> Result<(), ChatError> {
        match self.outcome(raw, shape) {
            Ok(Outcome::Several(all)) => {
                all.into_iter().zip(position..).try_for_each(|(one, position)| self.one(position, raw, one))
            }
            outcome => self.one(position, raw, outcome),
        }
    }

    fn outcome(&mut self, raw: &[u8], shape: Shape) -> Result<Outcome, Reject> {
        shape.check()?;
        let text = std::str::from_utf8(raw)
            .map_err(|error| Reject::new("bad_encoding", format!("byte {} is not UTF-8", error.valid_up_to())))?;
        if self.kind.is_none() {
            self.kind = Kind::of(text);
        }
        let kind = self.kind.unwrap_or(Kind::Comment);
        match kind.read(text, self.vod) {
            Err(reject) if reject.reason == Reject::MALFORMED => match surrogates::repair(text) {
                None => Err(reject),
                Some(text) => {
                    let outcome = kind.read(&text, self.vod)?;
                    self.repaired += 1;
                    Ok(outcome)
                }
            },
            outcome => outcome,
        }
    }

    fn one(&mut self, position: u64, raw: &[u8], outcome: Result<Outcome, Reject>) -> Result<(), ChatError> {
        self.count += 1;
        let outcome = outcome.and_then(|outcome| match outcome {
            Outcome::Row(draft) if !self.seen.note(&draft.row.message_id) => {
                let id = draft::beginning(&draft.row.message_id);
                Err(Reject::new("duplicate_id", format!("an earlier element has the id {id:?} already")))
            }
            Outcome::Row(draft) => Ok(draft),
            Outcome::Deletion(deletion) => {
                let words = format!("it is no message, it takes away {:?}", deletion.target);
                self.deletions.note(deletion);
                Err(Reject::new("deletion", words))
            }
            Outcome::Several(_) => Err(Reject::type_of("an element of an element", "an element")),
        });
        match outcome {
            Ok(draft) => self.row(*draft),
            Err(reject) => {
                // Four bytes are the longest character, so a character that is cut here lies beyond the limit.
                let beginning = raw.get(..4 * RAW).unwrap_or(raw);
                self.problems.push(&Problem {
                    platform: self.vod.platform,
                    vod_id: self.vod.id.clone(),
                    input: "chat".to_owned(),
                    position: i64::try_from(position).unwrap_or(i64::MAX),
                    reason: reject.reason.to_owned(),
                    detail: reject.detail,
                    raw: String::from_utf8_lossy(beginning).chars().take(RAW).collect(),
                })
            }
        }
    }

    fn row(&mut self, draft: Draft) -> Result<(), ChatError> {
        self.samples.note(&draft);
        let clock_ms = draft.row.created_at_us.map(|us| us.div_euclid(1000));
        let sent_ms = draft.row.offset_raw_ms.or(clock_ms).unwrap_or_default();
        self.sorter.push(sent_ms, &draft.row)
    }

    fn finish(self, path: &Path, head: container::Head, digest: Digest) -> Result<Export, ChatError> {
        let Self { count, sorter, problems, samples, mut deletions, repaired, .. } = self;
        if let (0, Some((position, detail))) = (sorter.count(), &problems.first) {
            return Err(ChatError::NothingReadable {
                path: path.to_owned(),
                format: head.format,
                messages: count,
                position: *position,
                detail: detail.clone(),
            });
        }
        deletions.sort();
        let clock = samples.clock(head.video.started_at.as_deref());
        Ok(Export {
            format: head.format,
            video: head.video,
            messages: count,
            repaired,
            digest,
            vod: self.vod.clone(),
            sorter,
            problems,
            deletions,
            clock,
        })
    }
}

impl Export {
    /// Gives every row and problem to `sink`.
    ///
    /// Clock times of a live capture count from `started_at`. Only rows within `range` are given, and its beginning is
    /// their time 0; what is outside becomes problems, so that counts still reconcile.
    ///
    /// # Errors
    /// When a temporary file fails, or the sink's own.
    pub fn finish<S: Sink>(
        self,
        started_at: Option<&str>,
        range: Option<(u64, u64)>,
        sink: &mut S,
    ) -> Result<Finished, S::Error> {
        let Self { vod, sorter, mut problems, deletions, mut clock, video, .. } = self;
        clock.began(started_at.or(video.started_at.as_deref()));
        let (zone_ms, late_ms) = clock.corrections();
        let mut finished = Finished { clock_shifts: clock.steps(), zone_ms, late_ms, ..Finished::default() };
        let range = range.map(|(from, to)| [from, to].map(|ms| i64::try_from(ms).unwrap_or(i64::MAX)));
        let mut rows = sorter.merge()?;
        let mut position = -1;
        while let Some((sent_ms, mut row)) = rows.next(&vod)? {
            position += 1;
            let deleted = deletions.of(&row, sent_ms);
            let placed = row.offset_raw_ms.is_some() != clock.is_capture();
            if placed {
                clock.place(&mut row, sent_ms);
                row.deleted_at_ms = deleted.map(|at| if at == i64::MAX { row.offset_ms } else { clock.on_axis(at) });
            }
            if let Some(reject) = misplaced(&row, placed, range) {
                problems.push(&Problem {
                    platform: vod.platform,
                    vod_id: vod.id.clone(),
                    input: "chat".to_owned(),
                    position,
                    reason: reject.reason.to_owned(),
                    detail: reject.detail,
                    raw: row.text.chars().take(RAW).collect(),
                })?;
                continue;
            }
            if let Some([from, _]) = range {
                row.offset_ms -= from;
                row.deleted_at_ms = row.deleted_at_ms.map(|at| at.saturating_sub(from));
            }
            row.ordinal = i64::try_from(finished.rows).unwrap_or(i64::MAX);
            finished.rows += 1;
            finished.deleted += u64::from(row.deleted_at_ms.is_some());
            match finished.restorations.get_mut(&row.restoration) {
                Some(count) => *count += 1,
                None => drop(finished.restorations.insert(row.restoration.clone(), 1)),
            }
            sink.row(row)?;
        }
        finished.reasons.clone_from(&problems.reasons);
        problems.each(&vod, |problem| sink.problem(problem))?;
        Ok(finished)
    }
}

/// Why a row has no place among the others.
fn misplaced(row: &ChatMessage, placed: bool, range: Option<[i64; 2]>) -> Option<Reject> {
    let id = draft::beginning(&row.message_id);
    if !placed {
        return Some(Reject::new(
            "missing_offset",
            format!("message {id} has a clock time only, and others have offsets"),
        ));
    }
    let ms = row.offset_ms;
    if ms.checked_abs().is_none_or(|ms| ms > times::FURTHEST_MS) {
        let detail = format!("message {id} was sent more than a year from the start; check --started-at");
        return Some(Reject::new("bad_offset", detail));
    }
    let outside = range.is_some_and(|[from, to]| !(from..to).contains(&ms));
    outside.then(|| {
        Reject::new("outside_range", format!("message {id} at {ms} ms is not in the range that was asked for"))
    })
}
