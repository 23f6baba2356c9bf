//! A file that a run is made of: given, or fetched into a scratch file.

use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ids::{Digest, VodKey};
use job::Job;
use store::RunWriter;

use crate::chat::{self, Export};
use crate::fetch::{self, Fetched};
use crate::params::Input;
use job::Scratch;

/// A file that is taken in, as it was when its digest was taken.
pub(crate) struct SourceFile {
    pub(crate) path: PathBuf,
    /// How messages call it: its path or its URL.
    pub(crate) name: PathBuf,
    pub(crate) digest: Digest,
    /// Bytes.
    pub(crate) size: u64,
    state: Metadata,
    /// The file itself where it was fetched.
    fetched: Option<Scratch>,
}

impl SourceFile {
    /// The local file at `path`, which is called a `what`.
    pub(crate) fn open(path: &Path, what: &str) -> anyhow::Result<Self> {
        let unreadable = || format!("the {what} {} cannot be read; check the path", path.display());
        // Asked before it is opened: opening a pipe would wait for somebody to write into it.
        if !std::fs::metadata(path).with_context(unreadable)?.is_file() {
            bail!("the {what} {} is not a regular file; give the path of a file", path.display());
        }
        let file = File::open(path).with_context(unreadable)?;
        let state = file.metadata().with_context(unreadable)?;
        let (digest, size) = Digest::of_reader(file).with_context(unreadable)?;
        Ok(Self { path: path.to_owned(), name: path.to_owned(), digest, size, state, fetched: None })
    }

    /// A file that was fetched and is called `name`.
    pub(crate) fn fetched(file: Scratch, name: PathBuf, digest: Digest, size: u64) -> anyhow::Result<Self> {
        let path = file.path().to_owned();
        let state = std::fs::metadata(&path).with_context(|| format!("{} cannot be read back", name.display()))?;
        Ok(Self { path, name, digest, size, state, fetched: Some(file) })
    }

    /// What `input` names, which may have `most` bytes where it has to be fetched.
    pub(crate) async fn of(input: &Input, what: &str, most: u64, job: &Job) -> anyhow::Result<Self> {
        match input {
            Input::File(path) => Self::open(path, what),
            Input::Url(source) => {
                let Fetched { file, digest, size } = fetch::fetch(source, most, job).await?;
                Self::fetched(file, source.url().into(), digest, size)
            }
        }
    }

    /// Whether it is a copy of ours, whose path says nothing to anybody.
    pub(crate) fn is_fetched(&self) -> bool {
        self.fetched.is_some()
    }

    /// Refuses a file that was written to since its digest was taken.
    pub(crate) fn unchanged(&self) -> anyhow::Result<()> {
        let now = std::fs::metadata(&self.path).ok();
        let same = |now: &Metadata| now.len() == self.size && now.modified().ok() == self.state.modified().ok();
        if now.as_ref().is_some_and(same) {
            return Ok(());
        }
        bail!("{} changed while it was read; wait until it is complete and run the command again", self.name.display());
    }

    /// Reads it as the chat of `vod`.
    pub(crate) fn export(&self, vod: &VodKey, threads: usize) -> anyhow::Result<Export> {
        let export = match self.is_fetched() {
            true => chat::read(File::open(&self.path)?, &self.name, vod, threads)?,
            false => chat::read_file(&self.path, vod, threads)?,
        };
        if export.digest != self.digest {
            bail!("the chat {} changed while it was read; run the command again", self.name.display());
        }
        Ok(export)
    }

    /// As [`SourceFile::export`], of a chat that somebody gave for the messages in it: one without elements is refused.
    pub(crate) fn filled_export(&self, vod: &VodKey, threads: usize) -> anyhow::Result<Export> {
        let export = self.export(vod, threads)?;
        if export.messages == 0 {
            bail!(
                "the chat {} is empty: its list of comments has no element; export it again, or leave it out with --media-only",
                self.name.display()
            );
        }
        Ok(export)
    }

    /// Keeps it as it was given.
    pub(crate) async fn keep(&self, role: &str, media_type: &str, run: &mut RunWriter<'_>) -> anyhow::Result<()> {
        let digest = run.blob_file(role, &self.path, media_type).await?;
        if digest != self.digest {
            bail!("{} changed while it was read; run the command again", self.name.display());
        }
        Ok(())
    }
}
