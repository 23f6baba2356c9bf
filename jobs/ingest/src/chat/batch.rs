//! Elements as they were cut out of a file, read many at a time.

use std::ops::Range;
use std::str::Utf8Error;

use ids::VodKey;

use super::draft::{Deletion, Draft, Outcome, Reject};
use super::kind::Kind;
use super::scan::{self, Shape};
use super::{seen, surrogates, wire};

/// Bytes of elements that are read together.
const FULL: usize = 1 << 18;

/// Room for elements, so that a batch hardly ever grows.
const ROOM: usize = FULL + (FULL >> 3);

/// Elements that wait to be read.
pub(super) struct Batch {
    bytes: Vec<u8>,
    elements: Vec<(Range<usize>, Shape, Kind)>,
}

/// What was read of a batch.
pub(super) struct Parsed {
    /// The elements' bytes.
    pub(super) raw: Vec<u8>,
    /// The rows, as they wait to be sorted.
    pub(super) rows: Vec<u8>,
    pub(super) elements: Vec<Parsing>,
    writer: wire::Writer,
}

/// One element, or one of several in it.
pub(super) struct Parsing {
    /// Where its bytes are.
    pub(super) raw: Range<usize>,
    /// Whether half a surrogate pair was replaced in it.
    pub(super) repaired: bool,
    pub(super) found: Result<Found, Reject>,
}

/// What an element is.
pub(super) enum Found {
    Row(Waiting),
    Deletion(Deletion),
}

/// A row among the rows, and what counts of it while it waits there.
pub(super) struct Waiting {
    pub(super) at: Range<usize>,
    /// Its id, as [`seen::short`] has it.
    pub(super) id: u128,
    pub(super) created_at_us: Option<i64>,
    pub(super) offset_raw_ms: Option<i64>,
    /// Whether its offset was written in whole seconds.
    pub(super) whole: bool,
}

impl Batch {
    /// A batch without elements.
    pub(super) fn new() -> Self {
        Self { bytes: Vec::with_capacity(ROOM), elements: Vec::with_capacity(ROOM >> 9) }
    }

    /// Takes one more element.
    pub(super) fn push(&mut self, raw: &[u8], shape: Shape, kind: Kind) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(raw);
        self.elements.push((from..self.bytes.len(), shape, kind));
    }

    /// Whether it is time to read it.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL
    }

    /// Reads all elements as messages of `vod`.
    pub(super) fn read(self, vod: &VodKey) -> Parsed {
        let mut parsed = Parsed {
            raw: Vec::new(),
            rows: Vec::with_capacity(ROOM),
            elements: Vec::with_capacity(self.elements.len()),
            writer: wire::Writer::default(),
        };
        // One look at all of it is faster than one at each.
        let text = std::str::from_utf8(&self.bytes).ok();
        for (raw, shape, kind) in self.elements {
            let bytes = self.bytes.get(raw.clone()).unwrap_or_default();
            let text = text.and_then(|text| text.get(raw.clone())).map_or_else(|| std::str::from_utf8(bytes), Ok);
            let mut repaired = false;
            match outcome(text, shape, kind, vod, &mut repaired) {
                Ok(Outcome::Several(all)) => {
                    for one in all {
                        parsed.push(raw.clone(), std::mem::take(&mut repaired), one);
                    }
                }
                outcome => parsed.push(raw, repaired, outcome),
            }
        }
        Parsed { raw: self.bytes, ..parsed }
    }
}

fn outcome(
    text: Result<&str, Utf8Error>,
    shape: Shape,
    kind: Kind,
    vod: &VodKey,
    repaired: &mut bool,
) -> Result<Outcome, Reject> {
    shape.check()?;
    let text =
        text.map_err(|error| Reject::new("bad_encoding", format!("byte {} is not UTF-8", error.valid_up_to())))?;
    match kind.read(text, vod) {
        // What is wrong with the line as a whole comes before what is wrong in it.
        Err(reject) if shape.is_unread() => match scan::line(text) {
            Ok((bytes, shape)) => outcome(std::str::from_utf8(&bytes), shape, kind, vod, repaired),
            Err(_) => Err(reject),
        },
        Err(reject) if reject.reason == Reject::MALFORMED => match surrogates::repair(text) {
            None => Err(reject),
            Some(text) => {
                let outcome = kind.read(&text, vod)?;
                *repaired = true;
                Ok(outcome)
            }
        },
        outcome => outcome,
    }
}

impl Parsed {
    fn push(&mut self, raw: Range<usize>, repaired: bool, outcome: Result<Outcome, Reject>) {
        let found = outcome.and_then(|outcome| match outcome {
            Outcome::Row(draft) => Ok(Found::Row(self.row(&draft))),
            Outcome::Deletion(deletion) => Ok(Found::Deletion(deletion)),
            Outcome::Several(_) => Err(Reject::type_of("an element of an element", "an element")),
        });
        self.elements.push(Parsing { raw, repaired, found });
    }

    fn row(&mut self, Draft { row, whole }: &Draft) -> Waiting {
        let from = self.rows.len();
        wire::put_message(row, &mut self.writer, &mut self.rows);
        Waiting {
            at: from..self.rows.len(),
            id: seen::short(&row.message_id),
            created_at_us: row.created_at_us,
            offset_raw_ms: row.offset_raw_ms,
            whole: *whole,
        }
    }
}
