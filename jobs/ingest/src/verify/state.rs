//! What an earlier verify that was stopped found sound: one line for each object, in a file of the user's cache folder.
//!
//! The file belongs to one question (store, depth, subset, VODs), is locked while it is answered, grows line by line, so
//! that a kill loses nothing, and is removed when everything was looked at. Damage is not noted: it is looked at again.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use ids::Digest;

/// Another verify answers the same question right now.
#[derive(Debug, thiserror::Error)]
#[error("another verify of {store} with the same options is running; wait until it is done")]
pub(crate) struct Locked {
    store: String,
}

/// The notes of one question. Without a cache folder nothing is noted, and a stopped verify begins anew.
pub(crate) struct State {
    sound: HashSet<String>,
    file: Option<(PathBuf, File)>,
}

impl State {
    /// The notes of `question`, without those of earlier runs if `anew`.
    ///
    /// # Errors
    /// [`Locked`].
    pub(crate) fn open(question: &str, store: &str, anew: bool) -> anyhow::Result<Self> {
        let Some(folder) = folder() else { return Ok(Self { sound: HashSet::new(), file: None }) };
        match Self::open_in(&folder, question, anew) {
            Ok(state) => Ok(state),
            Err(Failure::Locked) => Err(Locked { store: store.to_owned() }.into()),
            Err(Failure::Io(error)) => {
                tracing::warn!(folder = %folder.display(), %error, "a stopped verify will not be resumable");
                Ok(Self { sound: HashSet::new(), file: None })
            }
        }
    }

    fn open_in(folder: &Path, question: &str, anew: bool) -> Result<Self, Failure> {
        fs::create_dir_all(folder)?;
        let path = folder.join(Digest::of(question.as_bytes()).short());
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Failure::Locked),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        // A line without its end was being written when the process was killed.
        let whole = text.rfind('\n').map_or("", |end| text.get(..end).unwrap_or_default());
        let mut lines = whole.lines();
        let ours = lines.next() == Some(question) && !anew;
        let sound = if ours { lines.map(str::to_owned).collect() } else { HashSet::new() };
        let kept = if ours { whole.len() + 1 } else { 0 };
        file.set_len(kept as u64)?;
        file.seek(io::SeekFrom::End(0))?;
        if !ours {
            writeln!(file, "{question}")?;
        }
        Ok(Self { sound, file: Some((path, file)) })
    }

    /// Whether the object was found sound before.
    pub(crate) fn has(&self, object: &str) -> bool {
        self.sound.contains(object)
    }

    /// Notes that the object is sound.
    pub(crate) fn note(&mut self, object: &str) -> anyhow::Result<()> {
        match &mut self.file {
            Some((path, file)) => writeln!(file, "{object}").with_context(|| format!("{} is full", path.display())),
            None => Ok(()),
        }
    }

    /// Forgets everything: all was looked at.
    pub(crate) fn finish(self) {
        if let Some((path, _locked)) = self.file
            && let Err(error) = fs::remove_file(&path)
        {
            tracing::debug!(path = %path.display(), %error, "the notes of a finished verify stay");
        }
    }
}

enum Failure {
    Locked,
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// `dougpt/verify` in the user's cache folder.
fn folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("dougpt").join("verify"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &Path, anew: bool) -> State {
        State::open_in(folder, "q", anew).ok().unwrap()
    }

    #[test]
    fn notes_last_until_they_are_finished() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = open(folder.path(), false);
        assert!(!state.has("a"));
        state.note("a").unwrap();
        assert!(matches!(State::open_in(folder.path(), "q", false), Err(Failure::Locked)));
        assert!(State::open_in(folder.path(), "another", false).is_ok());
        let path = state.file.as_ref().unwrap().0.clone();
        drop(state);
        // Killed in the middle of a line.
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"b").unwrap();
        let mut state = open(folder.path(), false);
        assert!(state.has("a") && !state.has("b"));
        state.note("c").unwrap();
        drop(state);
        let state = open(folder.path(), false);
        assert!(state.has("a") && state.has("c"));
        drop(state);
        assert!(!open(folder.path(), true).has("a"));
        open(folder.path(), false).finish();
        assert!(!path.exists());
    }
}
