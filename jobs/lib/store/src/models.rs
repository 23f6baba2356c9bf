//! Model files that were taken into the store by the `models` job.

use ids::{Digest, Name};

use crate::{Store, StoreError};

/// A pinned model file in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its name in models.toml.
    pub name: Name,
    /// Digest of the file; the blob's name.
    pub digest: Digest,
    /// Size, bytes.
    pub size: u64,
}

impl Store {
    /// The blob role and parameter name under which `models` keeps a file.
    pub const MODEL_ROLE: &str = "model";

    /// The model called `name`.
    ///
    /// # Errors
    /// [`StoreError::NoModel`] when it was not pulled, [`StoreError::Invalid`] when the name stands for two files.
    pub async fn model(&self, name: &Name) -> Result<Model, StoreError> {
        let runs = self.runs("models").await?;
        let named = runs.iter().filter(|run| run.manifest.key.params["name"] == name.as_str());
        let mut files: Vec<_> = named.filter_map(|run| run.manifest.blobs.get(Self::MODEL_ROLE)).collect();
        files.sort_by_key(|file| file.digest);
        files.dedup_by_key(|file| file.digest);
        match files.as_slice() {
            [] => Err(StoreError::NoModel { name: name.clone() }),
            [file] => Ok(Model { name: name.clone(), digest: file.digest, size: file.size }),
            [first, second, ..] => Err(StoreError::Invalid {
                path: format!("model {name}"),
                what: "single file",
                reason: format!("the store holds {} and {} under that name", first.digest, second.digest),
            }),
        }
    }
}
