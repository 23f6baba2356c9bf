//! Checkpoints: what a long run has done so far, so that the same command goes on after an interruption.
//!
//! A checkpoint is a blob and a small record beside the coming manifest, `runs/<job>/<run-id>/checkpoint-<n>.json`. It is
//! not part of the run: a run that was interrupted commits the same manifest as one that was not.

use bytes::Bytes;
use ids::{Digest, RunId};
use object_store::path::Path;

use crate::{BlobInfo, RunWriter, Store, StoreError, layout};

/// A record holds one digest: 1 KiB is plenty.
const LIMIT: u64 = 1 << 10;

impl Store {
    /// The checkpoints of a run by number, oldest first. They may be there whether or not the run is committed.
    ///
    /// # Errors
    /// When a record is not valid, or the backend fails.
    pub async fn checkpoints(&self, job: &str, run: &RunId) -> Result<Vec<(u64, Digest)>, StoreError> {
        let folder = Path::from(format!("{}/{run}", layout::runs(job)));
        let mut found = Vec::new();
        for file in self.files(&folder).await? {
            let Some(number) = file.strip_prefix("checkpoint-").and_then(layout::number) else { continue };
            let path = layout::checkpoint(job, run, number);
            let bytes = self.get(&path, LIMIT).await?;
            let digest: Digest = serde_json::from_slice(&bytes).map_err(|error| StoreError::Invalid {
                path: path.to_string(),
                what: "checkpoint",
                reason: error.to_string(),
            })?;
            found.push((number, digest));
        }
        found.sort_unstable();
        Ok(found)
    }
}

impl RunWriter<'_> {
    /// Keeps `state` as checkpoint `number` of this run.
    ///
    /// # Errors
    /// [`StoreError::Differs`] when an earlier attempt had another state there: the job is not deterministic.
    pub async fn checkpoint(&self, number: u64, state: Bytes) -> Result<BlobInfo, StoreError> {
        let info = self.store().put_blob(state).await?;
        let record = Bytes::from(manifest::to_canonical_json(&info.digest)?);
        self.store().create(&layout::checkpoint(self.job(), &self.id(), number), record).await?;
        Ok(info)
    }

    /// The checkpoints that earlier attempts of this run left, oldest first.
    ///
    /// # Errors
    /// As [`Store::checkpoints`].
    pub async fn checkpoints(&self) -> Result<Vec<(u64, Digest)>, StoreError> {
        self.store().checkpoints(self.job(), &self.id()).await
    }
}
