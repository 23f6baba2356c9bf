//! Puts rows in order, whatever their number: sorted runs in memory, in temporary files when there are too many, merged.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use schemas::ChatMessage;

use super::error::ChatError;
use super::wire;

/// Bytes of rows that are sorted in memory.
const RUN: usize = 32 << 20;

/// A row among the bytes of a run.
pub(super) struct Entry {
    sent_ms: i64,
    created_at_us: Option<i64>,
    at: usize,
    end: usize,
}

/// Rows in the order in which they come.
pub(super) struct Sorter {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Sorted runs; the files have no name, so they are gone with the process.
    runs: Vec<File>,
    run: usize,
    count: u64,
}

impl Sorter {
    pub(super) fn new() -> Self {
        Self::with_runs_of(RUN)
    }

    fn with_runs_of(run: usize) -> Self {
        Self { bytes: Vec::new(), entries: Vec::new(), runs: Vec::new(), run, count: 0 }
    }

    /// Takes a row that was sent at `sent_ms`, as [`wire::put_message`] writes it.
    pub(super) fn push(&mut self, sent_ms: i64, created_at_us: Option<i64>, row: &[u8]) -> Result<(), ChatError> {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(row);
        let end = self.bytes.len();
        self.entries.push(Entry { sent_ms, created_at_us, at, end });
        self.count += 1;
        if end >= self.run { self.spill().map_err(ChatError::temporary) } else { Ok(()) }
    }

    /// How many rows it has.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The order is total, for an id is there once.
    fn sort(&mut self) {
        let bytes = &self.bytes;
        // The id is the first field of a row.
        let id = |entry: &Entry| bytes.get(entry.at..entry.end).and_then(wire::first_text);
        self.entries.sort_unstable_by(|a, b| {
            (a.sent_ms, a.created_at_us).cmp(&(b.sent_ms, b.created_at_us)).then_with(|| id(a).cmp(&id(b)))
        });
    }

    fn spill(&mut self) -> io::Result<()> {
        self.sort();
        let mut file = BufWriter::new(tempfile::tempfile()?);
        for entry in &self.entries {
            let row = self.bytes.get(entry.at..entry.end).unwrap_or_default();
            let us = entry.created_at_us;
            for number in [entry.sent_ms, i64::from(us.is_some()), us.unwrap_or_default(), row.len() as i64] {
                file.write_all(&number.to_le_bytes())?;
            }
            file.write_all(row)?;
        }
        let mut file = file.into_inner()?;
        file.rewind()?;
        self.runs.push(file);
        self.bytes.clear();
        self.entries.clear();
        Ok(())
    }

    /// All rows in order of when they were sent, their clock time and their id.
    pub(super) fn merge(mut self) -> Result<Merge, ChatError> {
        if self.runs.is_empty() {
            self.sort();
            return Ok(Merge::Memory { bytes: self.bytes, entries: self.entries.into_iter() });
        }
        self.spill().map_err(ChatError::temporary)?;
        // Freed before the rows are read again.
        (self.bytes, self.entries) = (Vec::new(), Vec::new());
        let mut heap = BinaryHeap::new();
        for file in self.runs {
            let mut run = Run { file: BufReader::with_capacity(1 << 16, file), row: Vec::new(), key: Key::default() };
            if run.read().map_err(ChatError::temporary)? {
                heap.push(Reverse(run));
            }
        }
        Ok(Merge::Files(heap))
    }
}

/// Rows in order.
pub(super) enum Merge {
    /// All of them are in memory.
    Memory { bytes: Vec<u8>, entries: std::vec::IntoIter<Entry> },
    /// The run with the earliest row on top.
    Files(BinaryHeap<Reverse<Run>>),
}

impl Merge {
    /// Makes `row` the next one; the time it was sent, or `None` at the end.
    pub(super) fn next(&mut self, row: &mut ChatMessage) -> Result<Option<i64>, ChatError> {
        let cut = || ChatError::temporary(io::ErrorKind::UnexpectedEof.into());
        match self {
            Self::Memory { bytes, entries } => {
                let Some(entry) = entries.next() else { return Ok(None) };
                wire::fill_message(row, bytes.get(entry.at..entry.end).unwrap_or_default()).ok_or_else(cut)?;
                Ok(Some(entry.sent_ms))
            }
            Self::Files(heap) => {
                let Some(mut run) = heap.peek_mut() else { return Ok(None) };
                let Reverse(earliest) = &mut *run;
                wire::fill_message(row, &earliest.row).ok_or_else(cut)?;
                let sent_ms = earliest.key.sent_ms;
                if !earliest.read().map_err(ChatError::temporary)? {
                    PeekMut::pop(run);
                }
                Ok(Some(sent_ms))
            }
        }
    }
}

/// A sorted run with its first row.
pub(super) struct Run {
    file: BufReader<File>,
    row: Vec<u8>,
    key: Key,
}

#[derive(Default, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    sent_ms: i64,
    created_at_us: Option<i64>,
    id: Vec<u8>,
}

impl Run {
    /// Reads the next row. False at the end.
    fn read(&mut self) -> io::Result<bool> {
        let mut head = [0; 32];
        let first = self.file.read(&mut head)?;
        if first == 0 {
            return Ok(false);
        }
        self.file.read_exact(head.get_mut(first..).unwrap_or_default())?;
        let (numbers, _) = head.as_chunks();
        let &[sent_ms, timed, us, length] = numbers else { return Err(io::ErrorKind::InvalidData.into()) };
        let [sent_ms, timed, us, length] = [sent_ms, timed, us, length].map(i64::from_le_bytes);
        self.row.resize(usize::try_from(length).map_err(|_| io::ErrorKind::InvalidData)?, 0);
        self.file.read_exact(&mut self.row)?;
        self.key.sent_ms = sent_ms;
        self.key.created_at_us = (timed == 1).then_some(us);
        self.key.id.clear();
        self.key.id.extend_from_slice(wire::first_text(&self.row).ok_or(io::ErrorKind::InvalidData)?);
        Ok(true)
    }
}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for Run {}
impl PartialOrd for Run {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Run {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

#[cfg(test)]
mod tests {
    use ids::VodKey;

    use super::*;

    #[test]
    fn runs_in_files_give_what_memory_gives() {
        let vod: VodKey = "file/x".parse().unwrap();
        let rows: Vec<_> = (0..500_i64)
            .map(|number| {
                let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed()) >> 40;
                let row = ChatMessage {
                    message_id: format!("id-{number}"),
                    created_at_us: (mixed % 3 != 0).then_some(mixed % 5),
                    ..ChatMessage::plain(vod.platform, vod.id.clone(), "x".repeat(number as usize % 40))
                };
                (mixed % 11, row)
            })
            .collect();
        let sorted = |run: usize| {
            let mut sorter = Sorter::with_runs_of(run);
            for (sent_ms, row) in &rows {
                let mut bytes = Vec::new();
                wire::put_message(row, &mut wire::Writer::default(), &mut bytes);
                sorter.push(*sent_ms, row.created_at_us, &bytes).unwrap();
            }
            assert_eq!((sorter.count(), sorter.runs.is_empty()), (500, run == RUN));
            let mut merge = sorter.merge().unwrap();
            let mut found = Vec::new();
            let mut row = ChatMessage::plain(vod.platform, vod.id.clone(), String::new());
            while let Some(sent_ms) = merge.next(&mut row).unwrap() {
                found.push((sent_ms, row.clone()));
            }
            found
        };
        let mut expect = rows.clone();
        expect.sort_by(|(a_ms, a), (b_ms, b)| {
            (a_ms, a.created_at_us, &a.message_id).cmp(&(b_ms, b.created_at_us, &b.message_id))
        });
        for run in [RUN, 1, 1000, 20_000] {
            assert!(sorted(run) == expect, "runs of {run}");
        }
    }
}
