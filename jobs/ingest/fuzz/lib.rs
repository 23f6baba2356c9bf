//! What every target about chat asserts: whatever the bytes are, an export is refused with an error, or each of its
//! elements becomes a row or a problem.

use std::collections::HashSet;
use std::path::Path;

use ingest::chat::{ChatError, Finished, Sink, read};
use schemas::{ChatMessage, Problem};

/// All that came out of an export.
#[derive(Debug, Default, PartialEq)]
pub struct Read {
    format: String,
    rows: Vec<ChatMessage>,
    problems: Vec<Problem>,
    finished: Finished,
}

impl Sink for Read {
    type Error = ChatError;

    fn row(&mut self, row: &ChatMessage) -> Result<(), ChatError> {
        self.rows.push(row.clone());
        Ok(())
    }

    fn problem(&mut self, problem: Problem) -> Result<(), ChatError> {
        self.problems.push(problem);
        Ok(())
    }
}

impl Read {
    /// What holds of every export.
    fn check(&self, messages: u64) {
        let counts = [self.rows.len() as u64, self.problems.len() as u64];
        assert_eq!(counts.iter().sum::<u64>(), messages, "rows and problems are the elements");
        assert_eq!([self.finished.rows, self.finished.reasons.values().sum()], counts);
        let key = |row: &ChatMessage| (row.offset_ms, row.created_at_us, row.message_id.clone());
        assert!(self.rows.is_sorted_by_key(key), "rows are in order");
        let ids: HashSet<_> = self.rows.iter().map(|row| &row.message_id).collect();
        assert_eq!(ids.len(), self.rows.len(), "an id is there once");
        for (row, ordinal) in self.rows.iter().zip(0..) {
            assert_eq!(row.ordinal, ordinal, "rows are numbered");
            assert!(!row.message_id.is_empty());
            assert_eq!(row.fragments.len(), row.fragment_emotes.len());
        }
        for problem in &self.problems {
            assert!(!problem.reason.is_empty());
            assert!(
                [&problem.raw, &problem.detail].iter().all(|text| text.chars().count() <= 500),
                "problems are short"
            );
        }
    }
}

/// Reads `bytes` as an export on `threads` threads, from its beginning to its last row; `None` when it is refused.
pub fn chat(bytes: &[u8], threads: usize) -> Option<Read> {
    let vod = "file/fuzz".parse().expect("a key");
    let export = read(bytes, Path::new("fuzz.json"), &vod, threads).ok()?;
    assert_eq!(export.digest, ids::Digest::of(bytes));
    let messages = export.messages;
    let mut found = Read { format: export.format.clone(), ..Read::default() };
    // A range that cuts, for half of the inputs.
    let range = (bytes.len() % 2 == 1).then_some((500, 90_000));
    let finished = export.finish(Some("2025-03-01T18:00:00Z"), range, &mut found);
    found.finished = finished.expect("a sink that takes everything");
    found.check(messages);
    Some(found)
}

/// The same for `bytes` between two texts.
pub fn chat_within(before: &str, bytes: &[u8], after: &str) {
    chat(&[before.as_bytes(), bytes, after.as_bytes()].concat(), 1);
}
