//! The object store: where everything lies, how it is committed, and how it is read back checked.
//!
//! ```text
//! blobs/sha256/<aa>/<digest>                     immutable bytes: media, audio, models, adapters, pages
//! tables/<table>/v<N>/run=<run-id>/part-0.parquet
//! runs/<job>/<run-id>/manifest.json              deterministic; written last
//! runs/<job>/<run-id>/record-<n>.json            volatile: times, host, executable
//! runs/<job>/<run-id>/checkpoint-<n>.json        how far an interrupted run got
//! vods/<platform>/<vod-id>/<generation>.json     which ingest run is generation N
//! datasets/<name>/<version>.json                 which run is version N
//! datasets/<name>/splits/<platform>/<vod-id>.json the split of a broadcast, given once
//! adapters/<name>/<version>.json
//! releases/<channel>/<seq>.json                  promotions
//! logs/infer/date=<day>/<server>-<seq>.parquet
//! ```
//!
//! Every write is create-only. A path is made of validated ids and digests only. An object that exists with other bytes
//! is never overwritten: that is an alarm ([`StoreError::Differs`]).

mod blob;
mod checkpoints;
mod commit;
mod error;
mod foreign;
mod inspect;
mod layout;
mod location;
mod logs;
mod models;
pub mod network;
mod objects;
mod probe;
mod runs;
mod s3;
mod services;
mod source;
mod table_file;
mod tables;
mod transport;
mod versions;

pub use blob::BlobInfo;
pub use commit::RunWriter;
pub use error::StoreError;
pub use location::Store;
pub use models::Model;
pub use runs::Run;
pub use source::{Reading, Source, SourceError, Version};
pub use table_file::TableFile;
pub use versions::{Named, Versioned};
