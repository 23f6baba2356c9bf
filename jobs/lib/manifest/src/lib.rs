//! Run identity, canonical JSON and every record a store keeps.

mod canonical;
mod release;
mod run;
mod versions;

pub use canonical::{CanonicalError, to_canonical_json, value_to_canonical_json};
pub use release::{Release, ReleaseError, SignedRelease};
pub use run::{Manifest, Output, Record, RunKey, TableOutput};
pub use versions::{SplitAssignment, VersionRecord, VodGeneration};
