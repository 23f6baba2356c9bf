//! The model cache of this machine: files named by their digest, shared by every store.

use std::env;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use ids::Digest;

use crate::Pin;

/// Where downloaded model files are kept.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

/// Why a file is not the model it was taken for.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("{} cannot be read; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It has another size or other bytes.
    #[error("{} is not {name}: {difference}; {advice}", path.display())]
    Different {
        /// The file.
        path: PathBuf,
        /// The model.
        name: String,
        /// In what it differs from the pin.
        difference: String,
        /// What to do.
        advice: &'static str,
    },
}

impl Cache {
    /// The folder `$DOUGPT_MODEL_CACHE`, else `dougpt/models` in `$XDG_CACHE_HOME` or `~/.cache`; `None` when none of
    /// the three variables is set.
    pub fn find() -> Option<Self> {
        Self::find_with(|name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
    }

    fn find_with(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<Self> {
        let folder = variable("DOUGPT_MODEL_CACHE").or_else(|| {
            let base = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
            Some(base?.join("dougpt/models"))
        })?;
        Some(Self { folder })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the file of `pin` is or would be.
    pub fn path(&self, pin: &Pin) -> PathBuf {
        self.folder.join(pin.sha256.to_string())
    }

    /// Whether there is a file of the right size; its digest is not taken.
    pub fn holds(&self, pin: &Pin) -> bool {
        self.path(pin).metadata().is_ok_and(|data| data.is_file() && data.len() == pin.size)
    }
}

/// Checks that the file at `path` is exactly the one `pin` names. The size is compared first, so that a wrong large file
/// is refused at once.
///
/// # Errors
/// Each way in which it is not; `advice` ends the message.
pub fn check(path: &Path, pin: &Pin, advice: &'static str) -> Result<(), FileError> {
    let unreadable = |source| FileError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let data = file.metadata().map_err(unreadable)?;
    if !data.is_file() {
        return Err(unreadable(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")));
    }
    let different =
        |difference| FileError::Different { path: path.to_owned(), name: pin.name.to_string(), difference, advice };
    if data.len() != pin.size {
        return Err(different(format!("it has {} bytes, the pinned file has {}", data.len(), pin.size)));
    }
    let (found, _) = Digest::of_reader(file).map_err(unreadable)?;
    if found != pin.sha256 {
        return Err(different(format!("its SHA-256 is {found}, the pinned one is {}", pin.sha256)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_where_the_environment_says() {
        let find = |set: &[(&str, &str)]| {
            let variable = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
            Cache::find_with(variable).map(|cache| cache.folder.display().to_string())
        };
        let all = [("DOUGPT_MODEL_CACHE", "/m"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(find(&all).as_deref(), Some("/m"));
        assert_eq!(find(&all[1..]).as_deref(), Some("/x/dougpt/models"));
        assert_eq!(find(&all[2..]).as_deref(), Some("/h/.cache/dougpt/models"));
        assert_eq!(find(&[]), None);
    }
}
