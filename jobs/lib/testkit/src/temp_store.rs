//! A store that is gone when its test is over.

use std::path::Path;

use tempfile::TempDir;

/// An empty folder for one store, removed on drop.
#[derive(Debug)]
pub struct TempStore(TempDir);

impl TempStore {
    /// Makes the folder.
    ///
    /// # Panics
    /// When the temporary folder cannot be written.
    #[expect(clippy::new_without_default, reason = "making a folder is more than a default value should do")]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("dougpt-store-").tempdir();
        Self(folder.expect("the temporary folder is writable"))
    }

    /// The store's folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// What `--store` takes.
    pub fn url(&self) -> String {
        format!("file://{}", self.path().display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_lives_as_long_as_the_value() {
        let store = TempStore::new();
        let path = store.path().to_path_buf();
        assert!(path.is_dir() && store.url() == format!("file://{}", path.display()));
        drop(store);
        assert!(!path.exists());
    }
}
