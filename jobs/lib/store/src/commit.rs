//! Committing a run: data first, manifest last.

use std::collections::BTreeMap;
use std::path::Path as FilePath;

use bytes::Bytes;
use ids::{Digest, RunId};
use manifest::{Manifest, Output, Record, RunKey};
use schemas::Row;
use serde::Serialize;

use crate::objects::Created;
use crate::{BlobInfo, Run, Store, StoreError, TableFile, layout};

/// A run that is being written. Until [`RunWriter::commit`] nothing of it is visible to readers of runs.
pub struct RunWriter<'store> {
    store: &'store Store,
    manifest: Manifest,
}

impl Store {
    /// Begins the run that answers `key`.
    ///
    /// # Errors
    /// When the key has no canonical JSON.
    pub fn begin(&self, key: RunKey) -> Result<RunWriter<'_>, StoreError> {
        let manifest = Manifest {
            format: Manifest::FORMAT.to_owned(),
            run_id: key.id()?,
            key,
            tables: BTreeMap::new(),
            blobs: BTreeMap::new(),
            counts: BTreeMap::new(),
            facts: BTreeMap::new(),
        };
        Ok(RunWriter { store: self, manifest })
    }

    /// Adds one execution record to a committed run, under the next free number.
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn add_record(&self, run: &Run, record: &Record) -> Result<(), StoreError> {
        let bytes = Bytes::from(manifest::to_canonical_json(record)?);
        for number in 1.. {
            let path = layout::record(run.job(), &run.id(), number);
            if self.try_create(&path, bytes.clone()).await? == Created::New {
                break;
            }
        }
        Ok(())
    }
}

impl<'store> RunWriter<'store> {
    /// The run's id.
    pub fn id(&self) -> RunId {
        self.manifest.run_id
    }

    /// The job that runs.
    pub fn job(&self) -> &str {
        &self.manifest.key.job
    }

    /// The store it is written to.
    pub fn store(&self) -> &'store Store {
        self.store
    }

    /// Writes `rows` as this run's part of their table, in the order given.
    ///
    /// # Errors
    /// [`StoreError::Differs`] when an earlier attempt wrote other rows; the backend's failure.
    pub async fn table<R: Row>(&mut self, rows: &[R]) -> Result<(), StoreError> {
        let output = self.store.put_table(&self.manifest.run_id, rows).await?;
        self.manifest.tables.insert(output.table.clone(), output);
        Ok(())
    }

    /// Takes the rows of a file as this run's part of their table; the file stays.
    ///
    /// # Errors
    /// As [`RunWriter::table`], and [`StoreError::File`] when the file cannot be read.
    pub async fn table_file<R: Row>(&mut self, table: TableFile<R>) -> Result<(), StoreError> {
        let output = self.store.put_table_file(&self.manifest.run_id, table).await?;
        self.manifest.tables.insert(output.table.clone(), output);
        Ok(())
    }

    /// Keeps `bytes` as a blob of this run.
    ///
    /// # Errors
    /// As [`Store::put_blob`].
    pub async fn blob(&mut self, role: &str, bytes: Bytes, media_type: &str) -> Result<Digest, StoreError> {
        let info = self.store.put_blob(bytes).await?;
        Ok(self.note(role, info, media_type))
    }

    /// Keeps the file at `path` as a blob of this run.
    ///
    /// # Errors
    /// As [`Store::put_blob_file`].
    pub async fn blob_file(&mut self, role: &str, path: &FilePath, media_type: &str) -> Result<Digest, StoreError> {
        let info = self.store.put_blob_file(path).await?;
        Ok(self.note(role, info, media_type))
    }

    /// Names a blob that the store holds already as one of this run.
    pub fn blob_kept(&mut self, role: &str, info: BlobInfo, media_type: &str) {
        self.note(role, info, media_type);
    }

    fn note(&mut self, role: &str, info: BlobInfo, media_type: &str) -> Digest {
        let output = Output { digest: info.digest, size: info.size, media_type: media_type.to_owned() };
        self.manifest.blobs.insert(role.to_owned(), output);
        info.digest
    }

    /// Notes a count that has to reconcile.
    pub fn count(&mut self, name: &str, count: usize) {
        self.manifest.counts.insert(name.to_owned(), count as u64);
    }

    /// Notes a result worth reading without opening a table. It has to be deterministic.
    ///
    /// # Errors
    /// When the value cannot be JSON.
    pub fn fact(&mut self, name: &str, value: impl Serialize) -> Result<(), StoreError> {
        let value = serde_json::to_value(value).map_err(manifest::CanonicalError::from)?;
        self.manifest.facts.insert(name.to_owned(), value);
        Ok(())
    }

    /// Writes the manifest: from here on the run exists.
    ///
    /// # Errors
    /// [`StoreError::Differs`] when the same run was committed with another result; the backend's failure.
    pub async fn commit(self) -> Result<Run, StoreError> {
        let bytes = self.manifest.to_bytes()?;
        let digest = Digest::of(&bytes);
        let path = layout::manifest(&self.manifest.key.job, &self.manifest.run_id);
        self.store.create(&path, Bytes::from(bytes)).await?;
        Ok(Run { manifest: self.manifest, digest })
    }
}
