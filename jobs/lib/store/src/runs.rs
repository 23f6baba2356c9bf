//! Finding and reading the runs of a store.

use futures::{StreamExt, TryStreamExt, stream};
use ids::{Digest, RunId};
use manifest::{Manifest, Record, RunKey};
use schemas::Row;

use crate::{Store, StoreError, layout};

/// No manifest or record may be larger: 64 MiB.
const LIMIT: u64 = 64 << 20;

/// How many manifests are read at once.
const AT_ONCE: usize = 16;

/// A committed run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its manifest.
    pub manifest: Manifest,
    /// Digest of the manifest, by which later runs name it.
    pub digest: Digest,
}

impl Run {
    /// The run's id.
    pub fn id(&self) -> RunId {
        self.manifest.run_id
    }

    /// The job that ran.
    pub fn job(&self) -> &str {
        &self.manifest.key.job
    }
}

impl Store {
    /// The run that answers `key`, if it is committed.
    ///
    /// # Errors
    /// When its manifest is damaged, or the backend fails.
    pub async fn find_run(&self, key: &RunKey) -> Result<Option<Run>, StoreError> {
        match self.run(&key.job, &key.id()?).await {
            Ok(run) => Ok(Some(run)),
            Err(StoreError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A run by job and id.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; [`StoreError::Invalid`] when the manifest is not the one its path promises.
    pub async fn run(&self, job: &str, id: &RunId) -> Result<Run, StoreError> {
        let path = layout::manifest(job, id);
        let bytes = self.get(&path, LIMIT).await?;
        let invalid = |reason: String| StoreError::Invalid { path: path.to_string(), what: "manifest", reason };
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
        if manifest.format != Manifest::FORMAT {
            return Err(invalid(format!("format {:?} is not known to this version", manifest.format)));
        }
        if manifest.key.job != job || manifest.run_id != *id || manifest.key.id()? != *id {
            return Err(invalid("its key does not give its run id; it was changed".to_owned()));
        }
        if manifest.to_bytes()? != bytes {
            return Err(invalid("it is not in canonical form; it was changed".to_owned()));
        }
        Ok(Run { manifest, digest: Digest::of(&bytes) })
    }

    /// The ids of every committed or begun run of `job`, sorted.
    ///
    /// # Errors
    /// When the backend cannot list.
    pub async fn run_ids(&self, job: &str) -> Result<Vec<RunId>, StoreError> {
        let names = self.folders(&layout::runs(job)).await?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// Every committed run of `job`, sorted by id.
    ///
    /// # Errors
    /// When one manifest is damaged, or the backend fails.
    pub async fn runs(&self, job: &str) -> Result<Vec<Run>, StoreError> {
        let ids = self.run_ids(job).await?;
        let runs = stream::iter(ids).map(|id| async move {
            match self.run(job, &id).await {
                Ok(run) => Ok(Some(run)),
                Err(StoreError::Missing { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        });
        let runs: Vec<_> = runs.buffered(AT_ONCE).try_collect().await?;
        Ok(runs.into_iter().flatten().collect())
    }

    /// The names of all jobs that have runs, sorted.
    ///
    /// # Errors
    /// When the backend cannot list.
    pub async fn jobs_with_runs(&self) -> Result<Vec<String>, StoreError> {
        self.folders(&object_store::path::Path::from("runs")).await
    }

    /// The run of `job` whose manifest has that digest.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none.
    pub async fn run_with_digest(&self, job: &str, digest: &Digest) -> Result<Run, StoreError> {
        let runs = self.runs(job).await?;
        let path = format!("{job} run with manifest digest {digest}");
        runs.into_iter().find(|run| run.digest == *digest).ok_or(StoreError::Missing { path })
    }

    /// The rows that `run` wrote to the table of `R`.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when the run wrote no such table; otherwise as [`Store::read_table`].
    pub async fn rows<R: Row>(&self, run: &Run) -> Result<Vec<R>, StoreError> {
        let output = run.manifest.tables.get(R::TABLE.name);
        let path = || format!("table {} in {} run {}", R::TABLE.name, run.job(), run.id());
        self.read_table(output.ok_or_else(|| StoreError::Missing { path: path() })?).await
    }

    /// The executions of a run, oldest first.
    ///
    /// # Errors
    /// When a record is not valid, or the backend fails.
    pub async fn records(&self, job: &str, id: &RunId) -> Result<Vec<Record>, StoreError> {
        let mut records = Vec::new();
        for number in 1.. {
            let path = layout::record(job, id, number);
            let bytes = match self.get(&path, LIMIT).await {
                Ok(bytes) => bytes,
                Err(StoreError::Missing { .. }) => break,
                Err(error) => return Err(error),
            };
            let record = serde_json::from_slice(&bytes).map_err(|error| StoreError::Invalid {
                path: path.to_string(),
                what: "record",
                reason: error.to_string(),
            })?;
            records.push(record);
        }
        Ok(records)
    }
}
