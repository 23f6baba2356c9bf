//! What a run was asked to do, what it made, and who did it.

use std::collections::BTreeMap;

use ids::{Digest, RunId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CanonicalError, to_canonical_json};

/// Everything that decides the output of a run. Its canonical JSON's digest is the run's id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunKey {
    /// The job, e.g. `ingest`.
    pub job: String,
    /// Raised by hand whenever the job would give other bytes for the same question.
    pub logic_version: u32,
    /// The validated parameters.
    pub params: Value,
    /// What it reads: role to digest, of a manifest or of bytes.
    pub inputs: BTreeMap<String, Digest>,
    /// Which model files it uses: name to digest.
    pub models: BTreeMap<String, Digest>,
}

impl RunKey {
    /// The identity of the run.
    ///
    /// # Errors
    /// When the parameters cannot be JSON.
    pub fn id(&self) -> Result<RunId, CanonicalError> {
        Ok(RunId::new(Digest::of(&to_canonical_json(self)?)))
    }

    /// The components in which `self` differs from `earlier`, each as `component: earlier -> now`.
    pub fn differences(&self, earlier: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |what: String, before: Option<String>, now: Option<String>| {
            if before != now {
                let side = |value: Option<String>| value.unwrap_or_else(|| "nothing".to_owned());
                found.push(format!("{what}: {} -> {}", side(before), side(now)));
            }
        };
        compare("job".into(), Some(earlier.job.clone()), Some(self.job.clone()));
        let version = |key: &Self| Some(key.logic_version.to_string());
        compare("logic_version".into(), version(earlier), version(self));
        for (kind, before, now) in [
            ("params", flat(&earlier.params), flat(&self.params)),
            ("inputs", texts(&earlier.inputs), texts(&self.inputs)),
            ("models", texts(&earlier.models), texts(&self.models)),
        ] {
            let mut names: Vec<_> = before.keys().chain(now.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                compare(format!("{kind}.{name}"), before.get(name).cloned(), now.get(name).cloned());
            }
        }
        found
    }
}

/// The entries of an object as text.
fn flat(params: &Value) -> BTreeMap<String, String> {
    let Value::Object(map) = params else { return BTreeMap::from([(String::new(), params.to_string())]) };
    map.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
}

fn texts(digests: &BTreeMap<String, Digest>) -> BTreeMap<String, String> {
    digests.iter().map(|(name, digest)| (name.clone(), digest.to_string())).collect()
}

/// A table part that a run wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableOutput {
    /// Table name.
    pub table: String,
    /// Schema version.
    pub version: u32,
    /// Object path in the store.
    pub path: String,
    /// Number of rows.
    pub rows: u64,
    /// Size of the Parquet file, bytes.
    pub size: u64,
    /// Digest of the Parquet file.
    pub digest: Digest,
}

/// A blob that a run made or took in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Digest of the bytes; the blob's name.
    pub digest: Digest,
    /// Size, bytes.
    pub size: u64,
    /// Media type, e.g. `audio/flac`.
    pub media_type: String,
}

/// The deterministic account of a run. Written last: a run exists if and only if its manifest does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format of this file.
    pub format: String,
    /// The identity of the run; the digest of `key`.
    pub run_id: RunId,
    /// What was asked.
    pub key: RunKey,
    /// Tables written, by table name.
    pub tables: BTreeMap<String, TableOutput>,
    /// Blobs made, by role.
    pub blobs: BTreeMap<String, Output>,
    /// Counts that must reconcile, by name.
    pub counts: BTreeMap<String, u64>,
    /// Results worth reading without opening a table.
    pub facts: BTreeMap<String, Value>,
}

impl Manifest {
    /// The format this code writes and reads.
    pub const FORMAT: &str = "dougpt.manifest/1";

    /// The bytes as stored.
    ///
    /// # Errors
    /// When a fact cannot be JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        to_canonical_json(self)
    }

    /// The digest by which later runs name this one as input.
    ///
    /// # Errors
    /// When a fact cannot be JSON.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Ok(Digest::of(&self.to_bytes()?))
    }
}

/// The volatile account of one execution: never part of any identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Start, RFC 3339.
    pub started_at: String,
    /// End, RFC 3339.
    pub finished_at: String,
    /// Wall time, ms.
    pub elapsed_ms: u64,
    /// Name of the machine.
    pub host: String,
    /// Digest of the executable that ran.
    pub executable_digest: Option<Digest>,
    /// Nix store path of that executable, when it has one.
    pub nix_store_path: Option<String>,
    /// Version of the job's package.
    pub job_version: String,
    /// Threads it was allowed.
    pub threads: u64,
    /// Digest of the manifest it wrote.
    pub manifest_digest: Digest,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key() -> RunKey {
        RunKey {
            job: "align".into(),
            logic_version: 1,
            params: json!({"seed": 7, "blocks": [1, 2]}),
            inputs: BTreeMap::from([("vod".into(), Digest::of(b"vod"))]),
            models: BTreeMap::new(),
        }
    }

    #[test]
    fn the_identity_is_pinned() {
        // Changing this digest orphans every store in the world.
        let id = key().id().unwrap().to_string();
        assert_eq!(id, "5fbf53f4b110323e3be1e49028f61f3d857ea9475201c04f89cb1871bd85adf4");
    }

    #[test]
    fn differences_name_the_component() {
        let mut now = key();
        assert!(now.differences(&key()).is_empty());
        now.params = json!({"seed": 8, "blocks": [1, 2]});
        now.inputs.insert("chat".into(), Digest::of(b"chat"));
        let found = now.differences(&key());
        assert_eq!(found[0], "params.seed: 7 -> 8");
        assert!(found[1].starts_with("inputs.chat: nothing -> "), "{found:?}");
    }
}
