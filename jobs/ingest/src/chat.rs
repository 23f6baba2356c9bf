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
//! and the depth of nesting have limits. A few batches of elements are in memory, and rows wait in temporary files when
//! there are many. Batches are read on several threads; what comes out does not depend on how many.

mod ahead;
mod batch;
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
mod workers;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::thread;

use ids::{Digest, VodKey};
use schemas::{ChatMessage, Problem};

use ahead::Ahead;
use batch::{Batch, Found, Parsed, Parsing, Waiting};
use clock::{Clock, Samples};
use deletions::Deletions;
use draft::Reject;
use kind::Kind;
use problems::Problems;
use scan::{Scanner, Shape};
use seen::Seen;
use sorter::Sorter;
use workers::Workers;

pub use clock::ClockShift;
pub use error::ChatError;
pub use times::to_utc;
pub use video::Video;

/// Longest beginning of an element, and of what is wrong with it, that is kept with a problem, characters.
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
    fn row(&mut self, row: &ChatMessage) -> Result<(), Self::Error>;
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

/// Reads the export at `path` as the chat of `vod`, on `threads` threads.
///
/// # Errors
/// When the file cannot be read, breaks a limit, is of no known shape, or is no JSON outside of single elements.
pub fn read_file(path: &Path, vod: &VodKey, threads: usize) -> Result<Export, ChatError> {
    let unreadable = |source| ChatError::Read { path: path.to_owned(), source };
    // Asked before it is opened: opening a pipe would wait for somebody to write into it.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(ChatError::NotAFile { path: path.to_owned() });
    }
    read(File::open(path).map_err(unreadable)?, path, vod, threads)
}

/// Reads an export from `source`; `path` is its name in errors.
///
/// # Errors
/// As [`read_file`].
pub fn read(source: impl Read + Send, path: &Path, vod: &VodKey, threads: usize) -> Result<Export, ChatError> {
    let unreadable = |source| ChatError::Read { path: path.to_owned(), source };
    thread::scope(|scope| {
        let mut ahead = Ahead::start(scope, source);
        let text = bytes::text(&mut ahead).map_err(unreadable)?;
        let mut scanner = Scanner::new(text, path);
        let workers = Workers::start(scope, threads, |batch: Batch| batch.read(vod));
        let mut messages = Messages::new(path, vod, workers);
        let head = container::walk(&mut scanner, &mut messages)?;
        drop(scanner);
        messages.finish(head, ahead.finish().map_err(unreadable)?)
    })
}

/// The rows and problems of the elements seen so far.
struct Messages<'file> {
    path: &'file Path,
    vod: &'file VodKey,
    /// What the elements are; unknown until one can be told.
    kind: Option<Kind>,
    batch: Batch,
    workers: Workers<Batch, Parsed>,
    /// Items of the list before its first element.
    before: u64,
    count: u64,
    sorter: Sorter,
    problems: Problems,
    seen: Seen,
    samples: Samples,
    deletions: Deletions,
    repaired: u64,
}

impl<'file> Messages<'file> {
    fn new(path: &'file Path, vod: &'file VodKey, workers: Workers<Batch, Parsed>) -> Self {
        Self {
            path,
            vod,
            kind: None,
            batch: Batch::new(),
            workers,
            before: 0,
            count: 0,
            sorter: Sorter::new(),
            problems: Problems::default(),
            seen: Seen::default(),
            samples: Samples::new(),
            deletions: Deletions::default(),
            repaired: 0,
        }
    }

    /// Takes the next element.
    fn push(&mut self, raw: &[u8], shape: Shape) {
        if self.kind.is_none() && shape.check().is_ok() {
            self.kind = std::str::from_utf8(raw).ok().and_then(Kind::of);
        }
        self.batch.push(raw, shape, self.kind.unwrap_or(Kind::Comment));
    }

    /// Has the elements read once there are enough of them.
    fn send(&mut self) -> Result<(), ChatError> {
        if !self.batch.is_full() {
            return Ok(());
        }
        match self.workers.put(std::mem::replace(&mut self.batch, Batch::new())) {
            Some(parsed) => self.parsed(parsed),
            None => Ok(()),
        }
    }

    /// Takes what is still on its way, for whoever needs to know all.
    fn all(&mut self) -> Result<(), ChatError> {
        let mut next = self.workers.put(std::mem::replace(&mut self.batch, Batch::new()));
        while let Some(parsed) = next.take().or_else(|| self.workers.next()) {
            self.parsed(parsed)?;
        }
        Ok(())
    }

    fn parsed(&mut self, Parsed { raw, rows, elements, .. }: Parsed) -> Result<(), ChatError> {
        for Parsing { raw: at, repaired, found } in elements {
            self.repaired += u64::from(repaired);
            self.one(raw.get(at).unwrap_or_default(), &rows, found)?;
        }
        match self.count {
            count if count > MOST_MESSAGES => {
                Err(ChatError::TooMany { path: self.path.to_owned(), limit: MOST_MESSAGES })
            }
            _ => Ok(()),
        }
    }

    fn one(&mut self, raw: &[u8], rows: &[u8], found: Result<Found, Reject>) -> Result<(), ChatError> {
        let position = self.before + self.count;
        self.count += 1;
        let reject = match found {
            Ok(Found::Row(waiting)) => {
                let row = rows.get(waiting.at.clone()).unwrap_or_default();
                if self.seen.note(waiting.id) {
                    return self.row(&waiting, row);
                }
                let id = String::from_utf8_lossy(wire::first_text(row).unwrap_or_default());
                let id = draft::beginning(&id);
                Reject::new("duplicate_id", format!("an earlier element has the id {id:?} already"))
            }
            Ok(Found::Deletion(deletion)) => {
                let words = format!("it is no message, it takes away {:?}", deletion.target);
                self.deletions.note(deletion);
                Reject::new("deletion", words)
            }
            Err(reject) => reject,
        };
        // Four bytes are the longest character, so a character that is cut here lies beyond the limit.
        let beginning = raw.get(..4 * RAW).unwrap_or(raw);
        self.problems.push(&Problem {
            platform: self.vod.platform,
            vod_id: self.vod.id.clone(),
            input: "chat".to_owned(),
            position: i64::try_from(position).unwrap_or(i64::MAX),
            reason: reject.reason.to_owned(),
            // It may quote names out of the element.
            detail: reject.detail.chars().take(RAW).collect(),
            raw: String::from_utf8_lossy(beginning).chars().take(RAW).collect(),
        })
    }

    fn row(&mut self, waiting: &Waiting, row: &[u8]) -> Result<(), ChatError> {
        self.samples.note(waiting);
        let clock_ms = waiting.created_at_us.map(|us| us.div_euclid(1000));
        let sent_ms = waiting.offset_raw_ms.or(clock_ms).unwrap_or_default();
        self.sorter.push(sent_ms, waiting.created_at_us, row)
    }

    /// Has to come after [`Messages::all`].
    fn finish(self, head: container::Head, digest: Digest) -> Result<Export, ChatError> {
        let Self { path, count, sorter, problems, samples, mut deletions, repaired, .. } = self;
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
        let Self { vod, sorter, problems, deletions, mut clock, video, .. } = self;
        clock.began(started_at.or(video.started_at.as_deref()));
        let (zone_ms, late_ms) = clock.corrections();
        let finished = Finished { clock_shifts: clock.steps(), zone_ms, late_ms, ..Finished::default() };
        let range = range.map(|(from, to)| [from, to].map(|ms| i64::try_from(ms).unwrap_or(i64::MAX)));
        let mut finishing = Finishing { vod: &vod, clock, deletions, problems, range, position: 0, finished };
        let mut merge = sorter.merge()?;
        let mut row = ChatMessage::plain(vod.platform, vod.id.clone(), String::new());
        while let Some(sent_ms) = merge.next(&mut row)? {
            finishing.row(sent_ms, &mut row, sink)?;
        }
        let Finishing { mut finished, problems, .. } = finishing;
        finished.reasons.clone_from(&problems.reasons);
        problems.each(&vod, |problem| sink.problem(problem))?;
        Ok(finished)
    }
}

/// The last pass over the rows, in their order.
struct Finishing<'vod> {
    vod: &'vod VodKey,
    clock: Clock,
    deletions: Deletions,
    problems: Problems,
    range: Option<[i64; 2]>,
    /// How many rows came so far.
    position: i64,
    finished: Finished,
}

impl Finishing<'_> {
    /// Gives a row its place, or makes a problem of it.
    fn row<S: Sink>(&mut self, sent_ms: i64, row: &mut ChatMessage, sink: &mut S) -> Result<(), S::Error> {
        let position = self.position;
        self.position += 1;
        let deleted = self.deletions.of(row, sent_ms);
        let placed = row.offset_raw_ms.is_some() != self.clock.is_capture();
        if placed {
            self.clock.place(row, sent_ms);
            let at = |at| if at == i64::MAX { row.offset_ms } else { self.clock.on_axis(at) };
            row.deleted_at_ms = deleted.map(at);
        }
        if let Some(reject) = misplaced(row, placed, self.range) {
            self.problems.push(&Problem {
                platform: self.vod.platform,
                vod_id: self.vod.id.clone(),
                input: "chat".to_owned(),
                position,
                reason: reject.reason.to_owned(),
                detail: reject.detail,
                raw: row.text.chars().take(RAW).collect(),
            })?;
            return Ok(());
        }
        if let Some([from, _]) = self.range {
            row.offset_ms -= from;
            row.deleted_at_ms = row.deleted_at_ms.map(|at| at.saturating_sub(from));
        }
        let finished = &mut self.finished;
        row.ordinal = i64::try_from(finished.rows).unwrap_or(i64::MAX);
        finished.rows += 1;
        finished.deleted += u64::from(row.deleted_at_ms.is_some());
        match finished.restorations.get_mut(&row.restoration) {
            Some(count) => *count += 1,
            None => drop(finished.restorations.insert(row.restoration.clone(), 1)),
        }
        sink.row(row)
    }
}

/// Why a row has no place among the others.
fn misplaced(row: &ChatMessage, placed: bool, range: Option<[i64; 2]>) -> Option<Reject> {
    let id = || draft::beginning(&row.message_id);
    if !placed {
        let detail = format!("message {} has a clock time only, and others have offsets", id());
        return Some(Reject::new("missing_offset", detail));
    }
    let ms = row.offset_ms;
    if ms.checked_abs().is_none_or(|ms| ms > times::FURTHEST_MS) {
        let detail = format!("message {} was sent more than a year from the start; check --started-at", id());
        return Some(Reject::new("bad_offset", detail));
    }
    let outside = range.is_some_and(|[from, to]| !(from..to).contains(&ms));
    outside.then(|| {
        Reject::new("outside_range", format!("message {} at {ms} ms is not in the range that was asked for", id()))
    })
}
