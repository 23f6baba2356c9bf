//! Bytes of strangers: no input panics, and whatever is accepted reconciles.

use std::collections::BTreeSet;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::Value;

use crate::exports::{Parsed, comment, parse, rechat, twitchdownloader};

/// The laws of every export that was accepted.
fn reconcile(export: &Parsed) -> Result<(), TestCaseError> {
    prop_assert_eq!(export.messages as usize, export.rows.len() + export.problems.len());
    prop_assert_eq!(export.finished.reasons.values().sum::<u64>() as usize, export.problems.len());
    let ids: BTreeSet<_> = export.rows.iter().map(|row| &row.message_id).collect();
    prop_assert_eq!(ids.len(), export.rows.len());
    let order: Vec<_> = export.rows.iter().map(|row| (row.offset_ms, row.created_at_us, &row.message_id)).collect();
    prop_assert!(order.is_sorted());
    prop_assert!(
        export
            .rows
            .iter()
            .zip(0..)
            .all(|(row, ordinal)| row.ordinal == ordinal && row.fragments.len() == row.fragment_emotes.len())
    );
    prop_assert!(export.problems.iter().all(|problem| problem.raw.chars().count() <= 500));
    Ok(())
}

/// A change to the bytes of a file.
#[derive(Debug, Clone)]
enum Mutation {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Delete(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
    Cut(prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<prop::sample::Index>;
    // What JSON is made of is more telling than any byte.
    let byte = prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\0-.eunl\n\xff".to_vec())];
    let token = prop::sample::select(vec!["null", "[", "{", "\"", "\\ud83d", "1e999", "-", ",", "\u{feff}", "\\u0000"]);
    prop_oneof![
        4 => (at(), byte).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        4 => (at(), token).prop_map(|(at, token)| Mutation::Insert(at, token.as_bytes().to_vec())),
        2 => (at(), 1..40_usize).prop_map(|(at, length)| Mutation::Delete(at, length)),
        2 => (at(), 1..400_usize).prop_map(|(at, length)| Mutation::Repeat(at, length)),
        1 => at().prop_map(Mutation::Cut),
    ]
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let position = |at: &prop::sample::Index, bytes: &[u8]| at.index(bytes.len() + 1);
        match self {
            Self::Set(at, byte) => {
                let at = position(at, bytes);
                if let Some(place) = bytes.get_mut(at) {
                    *place = *byte;
                }
            }
            Self::Insert(at, token) => {
                let at = position(at, bytes);
                bytes.splice(at..at, token.iter().copied());
            }
            Self::Delete(at, length) => {
                let at = position(at, bytes);
                let end = (at + length).min(bytes.len());
                bytes.drain(at..end);
            }
            Self::Repeat(at, length) => {
                let at = position(at, bytes);
                let piece = bytes[at..(at + length).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            Self::Cut(at) => bytes.truncate(position(at, bytes)),
        }
    }
}

fn comments() -> impl Strategy<Value = Vec<Value>> {
    let one = ("[a-e]{1,2}", -10.0..1e5_f64, "\\PC{1,20}").prop_map(|(id, seconds, body)| comment(&id, seconds, &body));
    prop::collection::vec(one, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_refused_or_reconcile(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(export) = parse(&bytes) {
            reconcile(&export)?;
        }
    }

    #[test]
    fn arbitrary_json_is_refused_or_reconciles(text in r#"[\[{]?("(comments|video|_id|message)"|[\[\]{}",:0-9a\\ \n]|null){0,80}"#) {
        if let Ok(export) = parse(text.as_bytes()) {
            reconcile(&export)?;
        }
    }

    #[test]
    fn damaged_exports_are_refused_or_reconcile(
        comments in comments(),
        shape in 0..3_u8,
        mutations in prop::collection::vec(mutation(), 1..6),
        packed in any::<bool>(),
    ) {
        let mut bytes = match shape {
            0 => rechat(&comments),
            1 => twitchdownloader(0, &comments),
            _ => twitchdownloader(4, &comments),
        }.into_bytes();
        // Half of the packed ones are damaged before packing, so that the JSON below gzip is reached too.
        let inside = mutations.len().is_multiple_of(2);
        if !packed || inside {
            mutations.iter().for_each(|mutation| mutation.apply(&mut bytes));
        }
        if packed {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&bytes).unwrap();
            bytes = encoder.finish().unwrap();
            if !inside {
                mutations.iter().for_each(|mutation| mutation.apply(&mut bytes));
            }
        }
        if let Ok(export) = parse(&bytes) {
            reconcile(&export)?;
        }
    }

    #[test]
    fn whole_exports_lose_nothing(comments in comments()) {
        for text in [rechat(&comments), twitchdownloader(3, &comments)] {
            let count = comments.len();
            match parse(text.as_bytes()) {
                Ok(export) => {
                    reconcile(&export)?;
                    prop_assert_eq!(export.messages as usize, count);
                    let known = ["duplicate_id", "empty_text"];
                    prop_assert!(export.finished.reasons.keys().all(|reason| known.contains(&reason.as_str())), "{:?}", export.problems);
                }
                // Only when each of the few bodies is nothing but spaces.
                Err(error) => prop_assert!(error.to_string().contains("no text"), "{}", error),
            }
        }
    }
}

#[test]
fn the_sample_s_exports_reconcile_and_survive_truncation_everywhere() {
    for name in ["demo-1.chat.json", "demo-3.chat.json"] {
        let (_, bytes) = testkit::sample::FILES.iter().find(|(file, _)| *file == name).expect("the sample");
        let whole = parse(bytes).unwrap();
        reconcile(&whole).unwrap();
        // Primes, so that cuts fall everywhere within comments.
        for length in (0..bytes.len() - 2).step_by(997) {
            let error = parse(&bytes[..length]).expect_err("half a file is none").to_string();
            assert!(error.contains("chat.json"), "{error}");
        }
    }
}
