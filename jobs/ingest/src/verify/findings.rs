//! What was found, and what counts as damage.

use std::collections::BTreeSet;

use serde::Serialize;
use store::StoreError;

/// What was found.
#[derive(Default, Serialize)]
pub(super) struct Findings {
    /// VODs looked at.
    pub(super) vods: u64,
    /// Objects that were looked at, records and manifests among them.
    pub(super) objects: u64,
    /// Bytes that were read.
    pub(super) bytes: u64,
    /// Objects that an earlier, stopped verify found sound already.
    pub(super) resumed: u64,
    /// Objects that are still to be looked at.
    pub(super) left: u64,
    /// Objects that are not what they have to be.
    pub(super) damaged: Vec<Damage>,
    /// What is odd but was taken in like that.
    pub(super) notes: Vec<Note>,
}

/// An object that is not what it has to be.
#[derive(Debug, Serialize)]
pub(super) struct Damage {
    /// The object.
    pub(super) object: String,
    /// What is wrong with it.
    pub(super) reason: String,
    /// The generations that need it, as `vod generation N`.
    pub(super) needed_by: Vec<String>,
    /// Where it was moved to, if it was.
    pub(super) set_aside: Option<String>,
}

/// Something odd about a run.
#[derive(Debug, Serialize)]
pub(super) struct Note {
    /// The run's manifest.
    pub(super) object: String,
    /// What is odd.
    pub(super) note: String,
}

impl Findings {
    pub(super) fn damage(&mut self, object: &str, reason: String) {
        self.damaged.push(Damage { object: object.to_owned(), reason, needed_by: Vec::new(), set_aside: None });
    }

    /// Adds what was found elsewhere.
    pub(super) fn add(&mut self, other: Self) {
        self.vods += other.vods;
        self.objects += other.objects;
        self.bytes += other.bytes;
        self.resumed += other.resumed;
        self.left += other.left;
        self.damaged.extend(other.damaged);
        self.notes.extend(other.notes);
    }

    /// The damaged objects.
    pub(super) fn paths(&self) -> BTreeSet<&str> {
        self.damaged.iter().map(|damage| damage.object.as_str()).collect()
    }
}

/// The value, unless what went wrong is damage of `object`, which is noted.
pub(super) fn sound<T>(
    findings: &mut Findings,
    object: &str,
    outcome: Result<T, StoreError>,
) -> anyhow::Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(StoreError::Missing { path }) => {
            findings.damage(&path, "it is missing".to_owned());
            Ok(None)
        }
        Err(StoreError::Damaged { path, expected, found }) => {
            findings.damage(&path, format!("its digest is {found}, it has to be {expected}"));
            Ok(None)
        }
        Err(
            error @ (StoreError::Invalid { .. }
            | StoreError::Parquet { .. }
            | StoreError::Schema { .. }
            | StoreError::TooLarge { .. }),
        ) => {
            findings.damage(object, error.to_string());
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
