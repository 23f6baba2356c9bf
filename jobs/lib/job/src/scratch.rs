//! Files for the time of one run: gone when it ends and when it is interrupted, and swept by the next run when it was killed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use tempfile::TempDir;

/// How our folders in the system's temporary folder begin.
const PREFIX: &str = "dougpt-run-";

/// The file by whose lock a folder is known to be in use.
const LOCK: &str = "in-use";

/// The folders in use by this process, for an end on which nothing is dropped.
static IN_USE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A file in a folder of its own, both gone on drop.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    /// Held, not read: the lock ends with it, however the process ends.
    _lock: File,
    folder: TempDir,
}

impl Scratch {
    /// A place for a file called `name`; the file itself is not made.
    ///
    /// # Errors
    /// When the system's temporary folder cannot be written.
    pub fn new(name: &str) -> anyhow::Result<Self> {
        let place = std::env::temp_dir();
        sweep(&place);
        Self::new_in(&place, name)
            .with_context(|| format!("no temporary file can be made in {}; set TMPDIR", place.display()))
    }

    fn new_in(place: &Path, name: &str) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(place)?;
        // The lock is taken before it gets the name that sweepers look for.
        let unnamed = folder.path().join("new");
        let lock = File::create(&unnamed)?;
        lock.lock()?;
        fs::rename(&unnamed, folder.path().join(LOCK))?;
        in_use().insert(folder.path().to_owned());
        Ok(Self { path: folder.path().join(name), _lock: lock, folder })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        in_use().remove(self.folder.path());
    }
}

fn in_use() -> std::sync::MutexGuard<'static, BTreeSet<PathBuf>> {
    // A set of paths is whole whoever panicked while holding it.
    IN_USE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes all scratch files of this process, which is about to end without dropping anything.
pub(crate) fn remove_all() {
    for folder in std::mem::take(&mut *in_use()) {
        // What stays is swept by the next run.
        let _ = fs::remove_dir_all(folder);
    }
}

/// Removes the folders of processes that are gone. Whatever does not work is left to the next run.
fn sweep(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        // A link could point anywhere.
        if !ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let free = File::open(entry.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if free && let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::debug!(folder = %entry.path().display(), %error, "a leftover folder stays");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_holds_is_swept() {
        let place = tempfile::tempdir().unwrap();
        let held = Scratch::new_in(place.path(), "audio.flac").unwrap();
        fs::write(held.path(), "sound").unwrap();
        let dead = place.path().join(format!("{PREFIX}dead"));
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join(LOCK), "").unwrap();
        let unfinished = place.path().join(format!("{PREFIX}unfinished"));
        fs::create_dir(&unfinished).unwrap();
        let others = place.path().join("other");
        fs::create_dir(&others).unwrap();
        fs::write(others.join(LOCK), "").unwrap();
        sweep(place.path());
        assert!(held.path().exists() && unfinished.exists() && others.exists() && !dead.exists());
        drop(held);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);
    }
}
