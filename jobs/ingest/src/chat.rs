//! Chat exports of other tools, read as a stream: every element becomes a row of `chat_message` or a row of `problem`.
//!
//! Two shapes are known, told apart by content:
//!
//! ```text
//! twitchdownloader/1.N   {"FileInfo": {...}, "streamer": {...}, "video": {...}, "comments": [...], "embeddedData": {...}}
//! rechat/5               [video, comment, comment, ...]   or   {"comments": [...], "_next": "..."}
//! ```
//!
//! Files may be UTF-8 or UTF-16 with a byte order mark, and gzip. They come from strangers: a file, an element, a string
//! and the depth of nesting have limits, and only one element at a time is in memory beside the rows.

mod bytes;
mod comment;
mod error;
mod export;
mod lenient;
mod scan;
mod surrogates;
mod times;
mod video;

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use ids::{Digest, VodKey};
use schemas::{ChatMessage, Problem};

use bytes::Hashing;
use comment::Reject;
use scan::{Scanner, Shape};

pub use error::ChatError;
pub use times::to_utc;
pub use video::Video;

/// Longest beginning of an element that is kept with a problem, characters.
pub(crate) const RAW: usize = 500;

/// No export may have more messages.
const MOST_MESSAGES: u64 = 50_000_000;

/// A chat export that was read to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// Which reader understood it.
    pub format: String,
    /// What it says about the broadcast.
    pub video: Video,
    /// Elements of its list of comments: rows plus problems.
    pub messages: u64,
    /// The messages, ordered by `offset_ms`, `created_at_us` and `message_id`.
    pub rows: Vec<ChatMessage>,
    /// The elements that are no messages, in the order of the file.
    pub problems: Vec<Problem>,
    /// Messages of which half a surrogate pair was replaced by U+FFFD.
    pub repaired: u64,
    /// Digest of the file as it was read.
    pub digest: Digest,
}

impl Export {
    /// How many problems there are, by reason.
    pub fn reasons(&self) -> BTreeMap<String, u64> {
        let mut reasons = BTreeMap::new();
        for problem in &self.problems {
            *reasons.entry(problem.reason.clone()).or_default() += 1;
        }
        reasons
    }
}

/// Reads the export at `path` as the chat of `vod`.
///
/// # Errors
/// When the file cannot be read, breaks a limit, is of no known shape, or is no JSON outside of single comments.
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
    let head = export::walk(&mut scanner, &mut messages)?;
    drop(scanner);
    let digest = hashing.finish().map_err(unreadable)?;
    messages.finish(path, head, digest)
}

/// The rows and problems of the elements seen so far.
struct Messages<'vod> {
    vod: &'vod VodKey,
    count: u64,
    rows: Vec<ChatMessage>,
    problems: Vec<Problem>,
    seen: HashSet<String>,
    repaired: u64,
}

impl<'vod> Messages<'vod> {
    fn new(vod: &'vod VodKey) -> Self {
        Self { vod, count: 0, rows: Vec::new(), problems: Vec::new(), seen: HashSet::new(), repaired: 0 }
    }

    /// Takes the element at `position` of the file's list. False when there are too many.
    fn take(&mut self, position: u64, raw: &[u8], shape: Shape) -> bool {
        self.count += 1;
        match self.row(raw, shape) {
            Ok(row) => {
                self.seen.insert(row.message_id.clone());
                self.rows.push(row);
            }
            Err(reject) => {
                // Four bytes are the longest character, so a character that is cut here lies beyond the limit.
                let beginning = raw.get(..4 * RAW).unwrap_or(raw);
                self.problems.push(Problem {
                    platform: self.vod.platform,
                    vod_id: self.vod.id.clone(),
                    input: "chat".to_owned(),
                    position: i64::try_from(position).unwrap_or(i64::MAX),
                    reason: reject.reason.to_owned(),
                    detail: reject.detail,
                    raw: String::from_utf8_lossy(beginning).chars().take(RAW).collect(),
                });
            }
        }
        self.count < MOST_MESSAGES
    }

    fn row(&mut self, raw: &[u8], shape: Shape) -> Result<ChatMessage, Reject> {
        shape.check()?;
        let text = std::str::from_utf8(raw)
            .map_err(|error| Reject::new("bad_encoding", format!("byte {} is not UTF-8", error.valid_up_to())))?;
        let row = match comment::row(text, self.vod) {
            Err(reject) if reject.reason == Reject::MALFORMED => match surrogates::repair(text) {
                None => return Err(reject),
                Some(text) => {
                    let row = comment::row(&text, self.vod)?;
                    self.repaired += 1;
                    row
                }
            },
            outcome => outcome?,
        };
        if self.seen.contains(&row.message_id) {
            let detail = format!("an earlier element has the id {:?} already", comment::beginning(&row.message_id));
            return Err(Reject::new("duplicate_id", detail));
        }
        Ok(row)
    }

    fn finish(mut self, path: &Path, head: export::Head, digest: Digest) -> Result<Export, ChatError> {
        if let (true, Some(first)) = (self.rows.is_empty(), self.problems.first()) {
            return Err(ChatError::NothingReadable {
                path: path.to_owned(),
                messages: self.count,
                position: first.position,
                detail: first.detail.clone(),
            });
        }
        // The id is unique, so this order is total.
        self.rows.sort_by(|a, b| {
            (a.offset_ms, a.created_at_us, &a.message_id).cmp(&(b.offset_ms, b.created_at_us, &b.message_id))
        });
        for (ordinal, row) in (0..).zip(&mut self.rows) {
            row.ordinal = ordinal;
        }
        Ok(Export {
            format: head.format,
            video: head.video,
            messages: self.count,
            rows: self.rows,
            problems: self.problems,
            repaired: self.repaired,
            digest,
        })
    }
}
