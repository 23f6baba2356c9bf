//! Blobs: immutable bytes named by their digest.

use std::io::Write;
use std::path::Path as FilePath;

use bytes::Bytes;
use futures::TryStreamExt;
use ids::{Digest, Hasher};
use object_store::ObjectStoreExt;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::objects::missing_or;
use crate::{Store, StoreError, layout};

/// Files up to this size are written in one create-only request.
pub(crate) const ONE_REQUEST: u64 = 64 << 20;

/// No blob may be larger: 64 GiB.
const LIMIT: u64 = 64 << 30;

/// Digest and size of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobInfo {
    /// Digest of the bytes.
    pub digest: Digest,
    /// Size, bytes.
    pub size: u64,
}

impl Store {
    /// Keeps `bytes` as a blob.
    ///
    /// # Errors
    /// When the store cannot be written, or holds other bytes under that digest.
    pub async fn put_blob(&self, bytes: Bytes) -> Result<BlobInfo, StoreError> {
        let info = BlobInfo { digest: Digest::of(&bytes), size: bytes.len() as u64 };
        self.create(&layout::blob(&info.digest), bytes).await?;
        Ok(info)
    }

    /// Keeps the file at `path` as a blob.
    ///
    /// Beyond 64 MiB the upload has several parts, which no store makes create-only; it becomes visible whole, and two
    /// writers of one digest write the same bytes.
    ///
    /// # Errors
    /// When the file cannot be read, the store cannot be written, or the file changed between two readings.
    pub async fn put_blob_file(&self, path: &FilePath) -> Result<BlobInfo, StoreError> {
        let file = |source| StoreError::File { path: path.to_owned(), source };
        let (digest, size) = Digest::of_reader(std::fs::File::open(path).map_err(file)?).map_err(file)?;
        let target = layout::blob(&digest);
        if size <= ONE_REQUEST {
            let bytes = Bytes::from(std::fs::read(path).map_err(file)?);
            if Digest::of(&bytes) != digest {
                return Err(file(std::io::Error::other("the file changed while it was read")));
            }
            self.create(&target, bytes).await?;
            return Ok(BlobInfo { digest, size });
        }
        if self.size(&target).await? == Some(size) {
            return Ok(BlobInfo { digest, size });
        }
        self.upload(&target, path, &digest).await?;
        Ok(BlobInfo { digest, size })
    }

    /// Copies the file at `from`, which has to have that digest, to `target` in pieces; it becomes visible whole.
    pub(crate) async fn upload(&self, target: &Path, from: &FilePath, digest: &Digest) -> Result<(), StoreError> {
        let file = |source| StoreError::File { path: from.to_owned(), source };
        let mut reader = tokio::fs::File::open(from).await.map_err(file)?;
        let mut writer = BufWriter::new(self.objects(), target.clone());
        let mut hasher = Hasher::default();
        let mut buffer = vec![0; 1 << 20];
        loop {
            let n = reader.read(&mut buffer).await.map_err(file)?;
            if n == 0 {
                break;
            }
            hasher.update(&buffer[..n]);
            writer.write_all(&buffer[..n]).await.map_err(file)?;
        }
        if hasher.digest() != *digest {
            writer.abort().await.map_err(|source| crate::location::backend("abandoning", "an upload", source))?;
            return Err(file(std::io::Error::other("the file changed while it was read")));
        }
        writer.shutdown().await.map_err(file)
    }

    /// The digest of the object at `path`, read in pieces.
    pub(crate) async fn digest(&self, path: &Path) -> Result<Digest, StoreError> {
        let result = self.objects().get(path).await.map_err(|source| missing_or("reading", path, source))?;
        let mut stream = result.into_stream();
        let mut hasher = Hasher::default();
        while let Some(chunk) = stream.try_next().await.map_err(|source| missing_or("reading", path, source))? {
            hasher.update(&chunk);
        }
        Ok(hasher.digest())
    }

    /// The bytes of a blob, checked against its digest.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Damaged`], or the backend's failure.
    pub async fn blob(&self, digest: &Digest) -> Result<Bytes, StoreError> {
        let path = layout::blob(digest);
        let bytes = self.get(&path, LIMIT).await?;
        let found = Digest::of(&bytes);
        if found != *digest {
            return Err(StoreError::Damaged { path: path.to_string(), expected: *digest, found });
        }
        Ok(bytes)
    }

    /// Copies a blob to the local file `to`, checked against its digest; nothing is left behind when it does not fit.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Damaged`], [`StoreError::File`], or the backend's failure.
    pub async fn blob_to_file(&self, digest: &Digest, to: &FilePath) -> Result<(), StoreError> {
        let file = |source| StoreError::File { path: to.to_owned(), source };
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(FilePath::new("."));
        let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(file)?;
        self.copy_blob(digest, &mut temporary, to).await?;
        temporary.persist(to).map_err(|error| file(error.error))?;
        Ok(())
    }

    /// Writes the bytes of a blob to `out`, which is called `name` in errors. Only when it returns are they known to be
    /// those of the digest.
    ///
    /// # Errors
    /// As [`Store::blob_to_file`].
    pub async fn copy_blob(&self, digest: &Digest, out: &mut impl Write, name: &FilePath) -> Result<(), StoreError> {
        let path = layout::blob(digest);
        let result = self.objects().get(&path).await.map_err(|source| missing_or("reading", &path, source))?;
        let mut stream = result.into_stream();
        let mut hasher = Hasher::default();
        while let Some(chunk) = stream.try_next().await.map_err(|source| missing_or("reading", &path, source))? {
            hasher.update(&chunk);
            out.write_all(&chunk).map_err(|source| StoreError::File { path: name.to_owned(), source })?;
        }
        match hasher.digest() {
            found if found == *digest => Ok(()),
            found => Err(StoreError::Damaged { path: path.to_string(), expected: *digest, found }),
        }
    }

    /// Whether the store holds a blob of that digest; its bytes are not read.
    ///
    /// # Errors
    /// The backend's failure.
    pub async fn has_blob(&self, digest: &Digest) -> Result<bool, StoreError> {
        Ok(self.size(&layout::blob(digest)).await?.is_some())
    }

    /// Size of the blob of that digest, bytes, if the store holds it; its bytes are not read.
    ///
    /// # Errors
    /// The backend's failure.
    pub async fn blob_size(&self, digest: &Digest) -> Result<Option<u64>, StoreError> {
        self.size(&layout::blob(digest)).await
    }

    /// Where the blob of that digest lies in the store.
    pub fn blob_path(&self, digest: &Digest) -> String {
        layout::blob(digest).to_string()
    }
}
