//! Opening a store from its URL.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use url::Url;

use crate::StoreError;
use crate::services::Service;
use crate::{foreign, s3};

/// A store that answers create-only writes.
#[derive(Clone, Debug)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    url: String,
}

impl Store {
    /// Opens the store at `url` and probes that it creates without overwriting: a folder, `file:PATH`,
    /// `s3://BUCKET/PREFIX` (endpoint and credentials from the usual `AWS_*` variables; MinIO through `AWS_ENDPOINT`),
    /// `azblob://CONTAINER/PREFIX` (`AZURE_STORAGE_*`) or `gs://BUCKET/PREFIX` (`GOOGLE_APPLICATION_CREDENTIALS`).
    ///
    /// # Errors
    /// When the URL is of no known kind, the store cannot be reached or written, or it ignores create-only writes.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let store = Self::open_unprobed(url)?;
        store.probe().await?;
        Ok(store)
    }

    /// Opens the store at `url` for reading: no probe is written. A folder has to exist.
    ///
    /// # Errors
    /// When the URL is of no known kind or the folder does not exist.
    pub fn open_to_read(url: &str) -> Result<Self, StoreError> {
        if let Place::Folder(path) = Place::parse(url)?
            && !path.is_dir()
        {
            let reason = "there is no such folder".to_owned();
            return Err(StoreError::Url { url: without_secrets(url), reason });
        }
        Self::open_unprobed(url)
    }

    /// A store in memory, empty.
    pub fn in_memory() -> Self {
        Self { objects: Arc::new(InMemory::new()), url: "memory:".to_owned() }
    }

    /// A store over any object store, for wrappers that inject faults.
    pub fn over(objects: Arc<dyn ObjectStore>, url: &str) -> Self {
        Self { objects, url: url.to_owned() }
    }

    /// Looks whether the store creates without overwriting, as [`Store::open`] does.
    ///
    /// # Errors
    /// [`StoreError::NotCreateOnly`] when it does not; the backend's failure.
    pub async fn probe(&self) -> Result<(), StoreError> {
        crate::probe::probe(self).await
    }

    /// The URL it was opened with.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The object store below, for engines that read it themselves. Paths are those of the layout.
    pub fn objects(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.objects)
    }

    fn open_unprobed(url: &str) -> Result<Self, StoreError> {
        let objects: Arc<dyn ObjectStore> = match Place::parse(url)? {
            Place::Folder(path) => {
                let folder = |source| StoreError::Folder { path: path.clone(), source };
                std::fs::create_dir_all(&path).map_err(folder)?;
                let path = std::fs::canonicalize(&path).map_err(folder)?;
                let local = LocalFileSystem::new_with_prefix(&path);
                Arc::new(local.map_err(|source| backend("opening", url, source))?)
            }
            Place::S3 { bucket, prefix } => {
                s3::store(&bucket, &prefix).map_err(|source| backend("opening", url, source))?
            }
            Place::Foreign { service, url: parsed } => foreign::open(service, &parsed, &without_secrets(url))?,
        };
        Ok(Self { objects, url: without_secrets(url) })
    }
}

pub(crate) fn backend(operation: &'static str, path: &str, source: object_store::Error) -> StoreError {
    StoreError::Backend { operation, path: path.to_owned(), source }
}

/// Where a URL points.
enum Place {
    Folder(PathBuf),
    S3 { bucket: String, prefix: String },
    Foreign { service: Service, url: Url },
}

impl Place {
    fn parse(url: &str) -> Result<Self, StoreError> {
        let refuse = |reason: &str| StoreError::Url { url: without_secrets(url), reason: reason.to_owned() };
        if url.is_empty() || url.contains('\0') {
            return Err(refuse("it is empty or has a NUL"));
        }
        if let Some(path) = url.strip_prefix("file://").or_else(|| url.strip_prefix("file:")) {
            return if path.is_empty() { Err(refuse("it names no folder")) } else { Ok(Self::Folder(path.into())) };
        }
        if !url.contains("://") {
            return Ok(Self::Folder(url.into()));
        }
        let parsed = Url::parse(url).map_err(|error| refuse(&error.to_string()))?;
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(refuse("credentials do not belong into a URL, set the environment variables of its service"));
        }
        if parsed.host_str().is_none_or(str::is_empty) {
            return Err(refuse("it names no bucket, container or host"));
        }
        match (parsed.scheme(), Service::of(parsed.scheme())) {
            ("s3", _) => {
                let prefix = parsed.path().trim_matches('/').to_owned();
                Ok(Self::S3 { bucket: parsed.host_str().unwrap_or_default().to_owned(), prefix })
            }
            (_, Some(service)) => Ok(Self::Foreign { service, url: parsed }),
            (scheme, None) => Err(refuse(&format!("stores over {scheme}: are not supported"))),
        }
    }
}

/// A URL without credentials, query and fragment; anything else as it is.
pub(crate) fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (place, path) = rest.split_once('/').map_or((rest, None), |(place, path)| (place, Some(path)));
    let host = place.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{}", path.map(|path| format!("/{path}")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_name_no_store_are_refused_with_the_reason() {
        // A file's name may hold anything.
        assert_eq!(without_secrets("a?b#c@d"), "a?b#c@d");
        for (url, reason) in [
            ("", "empty"),
            ("file:", "names no folder"),
            ("ftp://host/x", "ftp: are not supported"),
            ("s3:///prefix", "bucket"),
            ("s3://key:secret@bucket/x", "credentials"),
            ("azblob://key:secret@container/x?sig=secret", "credentials"),
            ("azblob:///x", "container"),
            ("hf://host/x?secret", "hf: are not supported"),
        ] {
            let error = Place::parse(url).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(reason) && !error.contains("secret"), "{url}: {error}");
        }
    }

    #[test]
    fn services_that_cannot_create_once_are_refused_at_once() {
        for url in ["webdav://127.0.0.1:1/x", "webdavs://host/x", "https://host/x"] {
            let refused = Store::open_to_read(url);
            assert!(matches!(&refused, Err(StoreError::NoCreate { .. })), "{refused:?}");
        }
    }

    #[test]
    fn reading_does_not_make_a_folder() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("none");
        assert!(Store::open_to_read(folder.to_str().unwrap()).is_err());
        assert!(!folder.exists());
    }
}
