//! The kinds of stores that every law holds for.

use store::Store;
use testkit::TempStore;

/// A place for one store that nobody else uses.
pub enum Place {
    /// In memory.
    Memory(Store),
    /// A local folder.
    Folder(TempStore),
    /// A prefix in the bucket of a real S3 server.
    S3(String),
    /// A prefix in the container of a real Azure Blob server, through OpenDAL.
    Azure(String),
}

impl Place {
    /// A new store in memory.
    pub fn memory(_law: &str) -> Self {
        Self::Memory(Store::in_memory())
    }

    /// A new folder.
    pub fn folder(_law: &str) -> Self {
        Self::Folder(TempStore::new())
    }

    /// A new prefix; fails when `ci/s3 run` did not set the variables of its server.
    pub fn s3(law: &str) -> Self {
        Self::S3(testkit::s3::store(law))
    }

    /// A new prefix; fails when `ci/azure run` did not set the variables of its server.
    pub fn azure(law: &str) -> Self {
        Self::Azure(testkit::azure::store(law))
    }

    /// The store, opened anew as another process would.
    pub async fn open(&self) -> Store {
        match self {
            Self::Memory(store) => store.clone(),
            Self::Folder(folder) => Store::open(&folder.url()).await.expect("a folder is a store"),
            Self::S3(url) => Store::open(url).await.expect("the S3 server is a store"),
            Self::Azure(url) => Store::open(url).await.expect("the Azure server is a store"),
        }
    }
}
