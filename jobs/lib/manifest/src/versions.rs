//! Small create-only records that give runs a name and a number.

use ids::{Digest, Name, RunId, VodKey};
use serde::{Deserialize, Serialize};

/// `vods/<platform>/<vod-id>/<generation>.json`: which ingest run is generation N of a VOD.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VodGeneration {
    /// The VOD.
    pub vod: VodKey,
    /// 1 for the first time it was taken in.
    pub generation: u64,
    /// The ingest run.
    pub run_id: RunId,
    /// Digest of that run's manifest.
    pub manifest_digest: Digest,
    /// Digest of the previous generation's record; null for the first.
    pub previous: Option<Digest>,
    /// When it was taken in, RFC 3339.
    pub fetched_at: String,
}

/// `datasets/<name>/<version>.json` and `adapters/<name>/<version>.json`: which run is version N of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionRecord {
    /// The name.
    pub name: Name,
    /// 1 for the first.
    pub version: u64,
    /// The run that made it.
    pub run_id: RunId,
    /// Digest of that run's manifest.
    pub manifest_digest: Digest,
    /// Digest of the previous version's record; null for the first.
    pub previous: Option<Digest>,
}

/// `datasets/<name>/splits/<platform>/<vod-id>.json`: the split a broadcast was given first, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitAssignment {
    /// The dataset.
    pub dataset: Name,
    /// The broadcast.
    pub vod: VodKey,
    /// `train`, `val` or `test`.
    pub split: String,
    /// Digest of the rule that decided.
    pub rule: Digest,
}
