//! What can go wrong with a store, by what the reader of the message can do about it.

use std::path::PathBuf;

use ids::Digest;

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no store.
    #[error("{url:?} is not a store: {reason}; give a folder, file:PATH, s3://, azblob:// or gs://")]
    Url {
        /// As it was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder of a local store cannot be made or used.
    #[error("the store folder {} cannot be used; check that it exists and is writable", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The store overwrites where it was asked to create.
    #[error(
        "the store at {url} ignores create-only writes ({observed}); two runs could overwrite each other, so it is refused"
    )]
    NotCreateOnly {
        /// The store.
        url: String,
        /// What the probe saw.
        observed: String,
    },
    /// The service has no create-only writes.
    #[error(
        "{url} cannot be a store: {scheme}: has no way to create a file only where none is, so two runs could overwrite \
         each other; use a folder, s3://, azblob:// or gs:// as the store ({scheme}: URLs do for --vod and --chat of ingest)"
    )]
    NoCreate {
        /// The URL.
        url: String,
        /// Its scheme.
        scheme: String,
    },
    /// The backend failed.
    #[error("{operation} {path} in the store failed")]
    Backend {
        /// What was tried: reading, writing, listing.
        operation: &'static str,
        /// The object.
        path: String,
        /// What the backend says.
        source: object_store::Error,
    },
    /// The object is not there.
    #[error("the store has no {path}; `audit verify` tells what else is missing")]
    Missing {
        /// The object.
        path: String,
    },
    /// A model was not taken into the store.
    #[error("the store has no model {name}; run `models pull {name}` (`models list` shows the names)")]
    NoModel {
        /// The name.
        name: ids::Name,
    },
    /// The object is larger than anything we would write there.
    #[error("{path} has {size} bytes, more than the {limit} allowed there; it was not written by this program")]
    TooLarge {
        /// The object.
        path: String,
        /// Its size, bytes.
        size: u64,
        /// The limit, bytes.
        limit: u64,
    },
    /// The object's bytes are not the ones its digest names.
    #[error("{path} is damaged: its digest is {found}, it has to be {expected}; run `audit verify` and restore it")]
    Damaged {
        /// The object.
        path: String,
        /// What the manifest says.
        expected: Digest,
        /// What was read.
        found: Digest,
    },
    /// The same question got another answer.
    #[error(
        "{path} exists with other bytes: the same run gave two results, or the object is damaged, which `audit verify` and \
         `ingest verify` tell; nothing was overwritten"
    )]
    Differs {
        /// The object.
        path: String,
    },
    /// A JSON object does not say what it has to.
    #[error("{path} is not a valid {what}: {reason}")]
    Invalid {
        /// The object.
        path: String,
        /// What it has to be.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A Parquet file cannot be read or written.
    #[error("{path} cannot be read or written as Parquet")]
    Parquet {
        /// The object.
        path: String,
        /// What the Parquet library says.
        source: parquet::errors::ParquetError,
    },
    /// A table part does not have the table's schema.
    #[error("{path} does not fit its table")]
    Schema {
        /// The object.
        path: String,
        /// Which column or value.
        source: schemas::SchemaError,
    },
    /// A local file cannot be read or written.
    #[error("{} cannot be read or written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A value has no canonical JSON.
    #[error("a manifest cannot be written")]
    Canonical(#[from] manifest::CanonicalError),
}
