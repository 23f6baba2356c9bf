//! What every target about chat asserts: whatever the bytes are, an export is refused with an error, or each of its
//! elements becomes a row or a problem.

use std::path::Path;

use ingest::chat::{ChatError, Sink, read};
use schemas::{ChatMessage, Problem};

/// Counts rows and problems, and looks at their order.
#[derive(Default)]
struct Laws {
    rows: u64,
    problems: u64,
    last_ms: Option<i64>,
}

impl Sink for Laws {
    type Error = ChatError;

    fn row(&mut self, row: &ChatMessage) -> Result<(), ChatError> {
        assert_eq!(u64::try_from(row.ordinal), Ok(self.rows), "rows are numbered");
        assert!(self.last_ms.is_none_or(|last_ms| last_ms <= row.offset_ms), "rows are in order");
        assert!(!row.message_id.is_empty());
        assert_eq!(row.fragments.len(), row.fragment_emotes.len());
        self.last_ms = Some(row.offset_ms);
        self.rows += 1;
        Ok(())
    }

    fn problem(&mut self, problem: Problem) -> Result<(), ChatError> {
        assert!(!problem.reason.is_empty() && problem.raw.chars().count() <= 500);
        self.problems += 1;
        Ok(())
    }
}

/// Reads `bytes` as an export, from its beginning to its last row.
pub fn chat(bytes: &[u8]) {
    let vod = "file/fuzz".parse().expect("a key");
    let Ok(export) = read(bytes, Path::new("fuzz.json"), &vod, 1) else { return };
    let (messages, digest) = (export.messages, export.digest);
    assert_eq!(digest, ids::Digest::of(bytes));
    let mut laws = Laws::default();
    // A range that cuts, for half of the inputs.
    let range = (bytes.len() % 2 == 1).then_some((500, 90_000));
    let finished = export.finish(Some("2025-03-01T18:00:00Z"), range, &mut laws).expect("a sink that takes everything");
    assert_eq!(laws.rows + laws.problems, messages, "rows and problems are the elements");
    assert_eq!((finished.rows, finished.reasons.values().sum::<u64>()), (laws.rows, laws.problems));
}

/// The same for `bytes` between two texts.
pub fn chat_within(before: &str, bytes: &[u8], after: &str) {
    chat(&[before.as_bytes(), bytes, after.as_bytes()].concat());
}
