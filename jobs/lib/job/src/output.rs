//! A file that a person asked for with `--output`: whole or not there, whatever interrupts the writing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf, is_separator};

use anyhow::{Context, bail};
use tempfile::NamedTempFile;

use crate::Job;

/// An output while it is written.
///
/// A regular file is replaced when all of it is there; a symbolic link keeps pointing to it. What is no file to replace,
/// as a pipe or `/dev/stdout`, gets the bytes as they come.
#[derive(Debug)]
pub struct Output {
    to: PathBuf,
    target: Target,
}

#[derive(Debug)]
enum Target {
    Replaced(NamedTempFile, PathBuf),
    Through(File),
}

impl Output {
    /// Begins to write to `path`.
    ///
    /// # Errors
    /// When it is a folder, or its folder cannot be written to.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let to = path.to_owned();
        let there = fs::metadata(path);
        if there.as_ref().is_ok_and(fs::Metadata::is_dir) || path.to_string_lossy().ends_with(is_separator) {
            bail!("{} is a folder; give the name of a file to write", path.display());
        }
        let target = match there {
            Ok(there) if !there.is_file() => {
                Target::Through(File::options().write(true).open(path).with_context(|| unwritable(path))?)
            }
            _ => {
                let real = fs::canonicalize(path).unwrap_or_else(|_| to.clone());
                let folder = real.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                // The error would name the temporary file, of which nobody has heard.
                let temporary = match folder.is_dir() {
                    true => NamedTempFile::new_in(folder).map_err(|error| io::Error::from(error.kind())),
                    false => Err(io::Error::other(format!("there is no folder {}", folder.display()))),
                };
                Target::Replaced(temporary.with_context(|| unwritable(path))?, real)
            }
        };
        Ok(Self { to, target })
    }

    /// Writes `bytes` to `path`, whole or not at all.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
        let mut output = Self::create(path)?;
        output.write_all(bytes).with_context(|| unwritable(path))?;
        output.finish()
    }

    /// Puts what was written in its place.
    ///
    /// # Errors
    /// When it cannot be.
    pub fn finish(self) -> anyhow::Result<()> {
        let put = match self.target {
            Target::Replaced(temporary, real) => match readable(&temporary) {
                Ok(()) => temporary.persist(real).map(drop).map_err(|error| error.error),
                Err(error) => Err(error),
            },
            Target::Through(mut file) => file.flush(),
        };
        put.with_context(|| unwritable(&self.to))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.target {
            Target::Replaced(temporary, _) => temporary.write(bytes),
            Target::Through(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Replaced(temporary, _) => temporary.flush(),
            Target::Through(file) => file.flush(),
        }
    }
}

impl Job {
    /// Gives a person what a command made: in the file they named, of which a line is printed, else on stdout.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn hand_out(&self, to: Option<&Path>, bytes: &[u8]) -> anyhow::Result<()> {
        let Some(path) = to else {
            let mut out = io::stdout().lock();
            return out.write_all(bytes).and_then(|()| out.flush()).context("stdout cannot be written");
        };
        Output::write(path, bytes)?;
        let (output, size) = (path.display().to_string(), bytes.len());
        let text = format!("{}: wrote {output} ({} kB)", self.name(), size.div_ceil(1_000));
        self.print(&text, &serde_json::json!({ "output": output, "size": size }))
    }
}

fn unwritable(path: &Path) -> String {
    format!("{} cannot be written; check that its folder is there and has room", path.display())
}

/// Lets others read the file as any new file may be read: temporary files are their owner's alone.
#[cfg(unix)]
fn readable(file: &NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &NamedTempFile) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        fs::write(&path, "old").unwrap();
        let mut output = Output::create(&path).unwrap();
        output.write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        output.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");

        let mut given_up = Output::create(&path).unwrap();
        given_up.write_all(b"half").unwrap();
        drop(given_up);
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was left behind");
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_stay_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        Output::write(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");

        Output::write(Path::new("/dev/null"), b"gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let folder = tempfile::Builder::new().prefix("output-").tempdir().unwrap();
        for path in [folder.path(), &folder.path().join("absent/"), Path::new("absent/")] {
            let error = Output::create(path).unwrap_err().to_string();
            assert!(error.contains("is a folder"), "{error}");
        }
        let absent = folder.path().join("absent/page.html");
        let error = format!("{:#}", Output::create(&absent).unwrap_err());
        assert!(error.starts_with(&absent.display().to_string()), "{error}");
        assert!(!error.contains(".tmp"), "{error}");
    }
}
