//! Looking at any object by its path, for those who check a store as a whole.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use ids::{Digest, Hasher, Name};
use manifest::{SplitAssignment, TableOutput};
use object_store::path::Path;
use object_store::{GetResult, GetResultPayload, ObjectStoreExt};
use schemas::InferLog;
use tokio::task::spawn_blocking;

use crate::objects::missing_or;
use crate::{Run, Store, StoreError, layout, tables};

/// No small object may be larger: 64 MiB.
const LIMIT: u64 = 64 << 20;

/// Requests for sizes at once.
const AT_ONCE: usize = 16;

/// No log file may be larger: 1 GiB.
const LOG_LIMIT: u64 = 1 << 30;

impl Store {
    /// Digest and size in bytes of the object at `path`, read as a stream.
    ///
    /// # Errors
    /// [`StoreError::Missing`], or the backend's failure.
    pub async fn measure(&self, path: &str) -> Result<(Digest, u64), StoreError> {
        let path = parsed(path)?;
        let result = self.objects().get(&path).await.map_err(|source| missing_or("reading", &path, source))?;
        // A local file is read in large pieces on a thread of its own, which is several times as fast as its stream.
        let result = match result {
            GetResult { payload: GetResultPayload::File(file, _), .. } => {
                let unreadable = |source| StoreError::File { path: path.to_string().into(), source };
                let measured = spawn_blocking(move || Digest::of_reader(file)).await;
                return measured.map_err(|error| unreadable(std::io::Error::other(error)))?.map_err(unreadable);
            }
            streamed => streamed,
        };
        let mut stream = result.into_stream();
        let mut hasher = Hasher::default();
        while let Some(chunk) = stream.try_next().await.map_err(|source| missing_or("reading", &path, source))? {
            hasher.update(&chunk);
        }
        Ok((hasher.digest(), hasher.length()))
    }

    /// Size in bytes of the object at `path`, if there is one; its bytes are not read.
    ///
    /// # Errors
    /// The backend's failure.
    pub async fn object_size(&self, path: &str) -> Result<Option<u64>, StoreError> {
        self.size(&parsed(path)?).await
    }

    /// The objects that `run` promises and that are missing, or not as long as they have to be; no bytes are read.
    ///
    /// # Errors
    /// The backend's failure.
    pub async fn lacking(&self, run: &Run) -> Result<Vec<String>, StoreError> {
        let tables = run.manifest.tables.values().map(|table| (table.path.clone(), table.size));
        let blobs = run.manifest.blobs.values().map(|blob| (self.blob_path(&blob.digest), blob.size));
        // A blob may have several roles.
        let promised: BTreeMap<String, u64> = tables.chain(blobs).collect();
        let looks = promised.into_iter().map(async |(path, size)| {
            let found = self.object_size(&path).await?;
            Ok((found != Some(size)).then_some(path))
        });
        stream::iter(looks).buffered(AT_ONCE).try_filter_map(async |path| Ok(path)).try_collect().await
    }

    /// Moves a damaged object to `damaged/` before its path, so that the run that promises it can be made again. Gives
    /// the new path.
    ///
    /// # Errors
    /// [`StoreError::Missing`], or the backend's failure.
    pub async fn set_aside(&self, path: &str) -> Result<String, StoreError> {
        let (from, aside) = (parsed(path)?, format!("damaged/{path}"));
        let moved = self.objects().rename(&from, &parsed(&aside)?).await;
        moved.map_err(|source| missing_or("moving", &from, source))?;
        Ok(aside)
    }

    /// The bytes of the small object (a manifest or a record) at `path`.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::TooLarge`], or the backend's failure.
    pub async fn object(&self, path: &str) -> Result<Bytes, StoreError> {
        self.get(&parsed(path)?, LIMIT).await
    }

    /// The Parquet file of a table part, checked against the digest in its manifest.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Damaged`], or the backend's failure.
    pub async fn table_bytes(&self, output: &TableOutput) -> Result<Bytes, StoreError> {
        let bytes = self.get(&parsed(&output.path)?, tables::LIMIT).await?;
        let found = Digest::of(&bytes);
        if found != output.digest {
            return Err(StoreError::Damaged { path: output.path.clone(), expected: output.digest, found });
        }
        Ok(bytes)
    }

    /// The rows of one log file.
    ///
    /// # Errors
    /// When it cannot be read as the table `infer_log`.
    pub async fn infer_log_file(&self, path: &str) -> Result<Vec<InferLog>, StoreError> {
        tables::decode(self.get(&parsed(path)?, LOG_LIMIT).await?, path)
    }

    /// Every split of every dataset's ledger, sorted by path.
    ///
    /// # Errors
    /// When a record is not valid, or the backend fails.
    pub async fn splits(&self) -> Result<Vec<SplitAssignment>, StoreError> {
        let mut found = Vec::new();
        for dataset in self.folders(&Path::from("datasets")).await? {
            let Ok(dataset) = dataset.parse::<Name>() else { continue };
            for (path, _) in self.list(layout::splits(&dataset).as_ref()).await? {
                let invalid =
                    |reason: String| StoreError::Invalid { path: path.clone(), what: "split assignment", reason };
                let bytes = self.object(&path).await?;
                found.push(serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?);
            }
        }
        Ok(found)
    }
}

fn parsed(path: &str) -> Result<Path, StoreError> {
    let invalid = |error: object_store::path::Error| StoreError::Invalid {
        path: path.to_owned(),
        what: "object path",
        reason: error.to_string(),
    };
    Path::parse(path).map_err(invalid)
}
