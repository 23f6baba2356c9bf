//! From a URL to a file of our own: bounded, digested as it comes, and going on where a connection broke.

use std::fs::File;
use std::io::Write;

use anyhow::{Context, bail};
use futures::TryStreamExt;
use ids::{Digest, Hasher};
use job::{Job, Progress};
use store::{Source, SourceError, Version};

use crate::NAME;
use crate::retries::Retries;
use job::Scratch;

/// No media may be larger: 64 GiB, the most a store keeps.
pub(crate) const MEDIA: u64 = 64 << 30;

/// No chat export may be larger: 8 GiB, the most that is read of one.
pub(crate) const CHAT: u64 = 8 << 30;

/// Failures in a row are without a byte between them.
const RETRIES: Retries = Retries { most: 6 };

/// How often a file is begun anew, because it changed or the server gives no parts of it.
const RESTARTS: u32 = 3;

/// A file that was fetched; gone when this is.
pub(crate) struct Fetched {
    /// Where it is.
    pub(crate) file: Scratch,
    /// Digest of its bytes.
    pub(crate) digest: Digest,
    /// Its size, bytes.
    pub(crate) size: u64,
}

/// Fetches `source`, refused beyond `most` bytes.
pub(crate) async fn fetch(source: &Source, most: u64, job: &Job) -> anyhow::Result<Fetched> {
    let file = Scratch::new("fetched")?;
    let mut transfer = Transfer::new(source, most, &file, job)?;
    let (mut tries, mut restarts) = (RETRIES.start(), 0);
    loop {
        let before = transfer.hasher.length();
        let error = match transfer.go_on().await {
            Ok(()) => break,
            Err(error) => error,
        };
        if transfer.hasher.length() > before {
            tries.progress();
        }
        match error.downcast_ref() {
            Some(SourceError::Changed { .. } | SourceError::NoRanges { .. }) if restarts < RESTARTS => {
                restarts += 1;
                transfer.restart()?;
            }
            Some(SourceError::Failed { temporary: true, .. }) => {
                let reason = format!("{error} after {} bytes", transfer.hasher.length());
                if tries.again("fetching", &reason, None).await.is_err() {
                    return Err(error);
                }
            }
            _ => return Err(error),
        }
    }
    let (digest, size) = (transfer.hasher.digest(), transfer.hasher.length());
    if size == 0 {
        bail!("{} is empty; check the URL", source.url());
    }
    Ok(Fetched { file, digest, size })
}

/// What is known of a file that is being fetched.
struct Transfer<'run> {
    source: &'run Source,
    most: u64,
    job: &'run Job,
    path: &'run std::path::Path,
    file: File,
    hasher: Hasher,
    version: Option<Version>,
    progress: Option<Progress>,
}

impl<'run> Transfer<'run> {
    fn new(source: &'run Source, most: u64, file: &'run Scratch, job: &'run Job) -> anyhow::Result<Self> {
        let path = file.path();
        let file = File::create(path).with_context(|| format!("{} cannot be made; set TMPDIR", path.display()))?;
        let hasher = Hasher::default();
        Ok(Self { source, most, job, path, file, hasher, version: None, progress: None })
    }

    /// Fetches what is missing, up to the end or the first failure.
    async fn go_on(&mut self) -> anyhow::Result<()> {
        let mut reading = self.source.read(self.hasher.length(), self.version.as_ref()).await?;
        let size = reading.version.size;
        if let Some(size) = size.filter(|size| *size > self.most) {
            bail!("{} has {size} bytes, more than the {} that are taken", self.source.url(), self.most);
        }
        if self.progress.is_none() {
            self.progress = size.map(|size| self.job.progress(&format!("{NAME} {}", self.source.name()), size));
        }
        self.version = Some(reading.version);
        while let Some(bytes) = reading.bytes.try_next().await? {
            if self.hasher.length() + bytes.len() as u64 > self.most {
                bail!("{} has more than the {} bytes that are taken", self.source.url(), self.most);
            }
            let full = || format!("{} cannot be written; set TMPDIR to a folder with room", self.path.display());
            self.file.write_all(&bytes).with_context(full)?;
            self.hasher.update(&bytes);
            if let Some(progress) = &self.progress {
                progress.set(self.hasher.length());
            }
        }
        match size {
            Some(size) if size != self.hasher.length() => Err(SourceError::Failed {
                url: self.source.url().to_owned(),
                reason: format!("it ended after {} of {size} bytes", self.hasher.length()),
                temporary: size > self.hasher.length(),
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// Begins anew.
    fn restart(&mut self) -> anyhow::Result<()> {
        self.file = File::create(self.path).with_context(|| format!("{} cannot be made", self.path.display()))?;
        self.hasher = Hasher::default();
        self.version = None;
        Ok(())
    }
}
