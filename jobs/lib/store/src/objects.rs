//! Single objects: create, read, list.

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutMode, PutPayload};

use crate::location::backend;
use crate::{Store, StoreError};

/// What became of a create-only write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Created {
    /// The object is new.
    New,
    /// There was one before.
    Taken,
}

impl Store {
    /// Writes `bytes` to `path` unless something is there.
    pub(crate) async fn try_create(&self, path: &Path, bytes: Bytes) -> Result<Created, StoreError> {
        let outcome = self.objects().put_opts(path, PutPayload::from(bytes), PutMode::Create.into()).await;
        match outcome {
            Ok(_) => Ok(Created::New),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(Created::Taken),
            Err(source) => Err(backend("writing", path.as_ref(), source)),
        }
    }

    /// Writes `bytes` to `path`; the same bytes already there are as good.
    ///
    /// A write whose answer was lost is retried below us and then collides with itself, so equal is success.
    pub(crate) async fn create(&self, path: &Path, bytes: Bytes) -> Result<Created, StoreError> {
        if self.try_create(path, bytes.clone()).await? == Created::New {
            return Ok(Created::New);
        }
        match self.get(path, bytes.len() as u64).await {
            Ok(existing) if existing == bytes => Ok(Created::Taken),
            Ok(_) | Err(StoreError::TooLarge { .. }) => Err(StoreError::Differs { path: path.to_string() }),
            Err(error) => Err(error),
        }
    }

    /// The bytes at `path`, refused beyond `limit` bytes.
    pub(crate) async fn get(&self, path: &Path, limit: u64) -> Result<Bytes, StoreError> {
        let result = self.objects().get(path).await.map_err(|source| missing_or("reading", path, source))?;
        let size = result.meta.size;
        if size > limit {
            return Err(StoreError::TooLarge { path: path.to_string(), size, limit });
        }
        result.bytes().await.map_err(|source| missing_or("reading", path, source))
    }

    /// Size of the object at `path`, if there is one.
    pub(crate) async fn size(&self, path: &Path) -> Result<Option<u64>, StoreError> {
        match self.objects().head(path).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(backend("looking at", path.as_ref(), source)),
        }
    }

    /// Every object under `prefix` with its size, sorted by path.
    ///
    /// # Errors
    /// When the backend cannot list.
    pub async fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let prefix = Path::from(prefix);
        let listing = self.objects().list(Some(&prefix)).map_ok(|meta| (meta.location.to_string(), meta.size));
        let mut found: Vec<_> =
            listing.try_collect().await.map_err(|source| backend("listing", prefix.as_ref(), source))?;
        found.sort();
        Ok(found)
    }

    /// Names of the folders directly under `prefix`, sorted.
    pub(crate) async fn folders(&self, prefix: &Path) -> Result<Vec<String>, StoreError> {
        let listing = self.objects().list_with_delimiter(Some(prefix)).await;
        let listing = listing.map_err(|source| backend("listing", prefix.as_ref(), source))?;
        let mut names: Vec<_> =
            listing.common_prefixes.iter().filter_map(|path| path.filename().map(str::to_owned)).collect();
        names.sort();
        Ok(names)
    }

    /// Names of the objects directly under `prefix`, sorted.
    pub(crate) async fn files(&self, prefix: &Path) -> Result<Vec<String>, StoreError> {
        let listing = self.objects().list_with_delimiter(Some(prefix)).await;
        let listing = listing.map_err(|source| backend("listing", prefix.as_ref(), source))?;
        let mut names: Vec<_> =
            listing.objects.iter().filter_map(|meta| meta.location.filename().map(str::to_owned)).collect();
        names.sort();
        Ok(names)
    }
}

pub(crate) fn missing_or(operation: &'static str, path: &Path, source: object_store::Error) -> StoreError {
    match source {
        object_store::Error::NotFound { .. } => StoreError::Missing { path: path.to_string() },
        source => backend(operation, path.as_ref(), source),
    }
}
