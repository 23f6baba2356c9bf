//! `audit verify`: every object of a store read again and held against what names it.
//!
//! Blobs and table parts are held against the digests in their names and manifests; manifests against their canonical
//! form, their run id, the records of their executions and every later record that names their digest; chains of records
//! link by link; releases against their signatures. What nothing refers to is noted and is no damage: a run that was
//! stopped leaves such objects.

mod chains;
mod contents;
mod manifests;
mod place;
mod references;

use std::collections::BTreeMap;

use futures::{StreamExt, stream};
use ids::Digest;
use job::{Exit, Job, Progress};
use serde::Serialize;
use store::{Run, Store, StoreError};

use place::Place;

/// What was found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Objects read.
    pub objects: usize,
    /// Their size, bytes.
    pub bytes: u64,
    /// Committed runs among them.
    pub runs: usize,
    /// What is not as it was written, sorted by object.
    pub damage: Vec<Finding>,
    /// What nothing refers to, sorted by object.
    pub notes: Vec<Finding>,
}

/// A statement about one object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Its path in the store.
    pub object: String,
    /// What is wrong, or worth knowing.
    pub what: String,
}

impl Report {
    fn damage(&mut self, object: impl Into<String>, what: impl Into<String>) {
        self.damage.push(Finding { object: object.into(), what: what.into() });
    }

    fn note(&mut self, object: impl Into<String>, what: impl Into<String>) {
        self.notes.push(Finding { object: object.into(), what: what.into() });
    }
}

/// What the checks look at.
struct Contents {
    /// Every object by path, with its size and what it is.
    objects: BTreeMap<String, (u64, Place)>,
    /// Digest of every blob and table part that could be read, by path.
    digests: BTreeMap<String, Digest>,
    /// Every readable manifest, by its path.
    runs: BTreeMap<String, Run>,
}

/// Runs the command.
pub(crate) async fn run(job: &Job) -> anyhow::Result<Exit> {
    let store = job.store_to_read().await?;
    let report = verify(store, job.flags().thread_count(), |total| job.progress("verify", total)).await?;
    job.print(&text(&report), &report)?;
    Ok(if report.damage.is_empty() { Exit::Done } else { Exit::No })
}

/// Checks the whole of `store`, reading up to `at_once` objects at a time.
///
/// # Errors
/// When the store cannot be listed or read. Damage is no error but a finding.
pub async fn verify(
    store: &Store,
    at_once: usize,
    progress: impl FnOnce(u64) -> Progress,
) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let mut objects = BTreeMap::new();
    for (path, size) in store.list("").await? {
        report.objects += 1;
        report.bytes += size;
        let place = Place::of(&path);
        objects.insert(path, (size, place));
    }
    let progress = progress(report.bytes);
    let digests = measure(store, &objects, at_once, &progress).await?;
    let mut contents = Contents { objects, digests, runs: BTreeMap::new() };
    manifests::check(store, &mut contents, &mut report).await?;
    report.runs = contents.runs.len();
    contents::check(&contents, &mut report);
    references::check(store, &contents, &mut report).await?;
    chains::check(store, &contents, &mut report).await?;
    report.damage.sort();
    report.damage.dedup();
    report.notes.sort();
    Ok(report)
}

/// The digests of all blobs and table parts.
async fn measure(
    store: &Store,
    objects: &BTreeMap<String, (u64, Place)>,
    at_once: usize,
    progress: &Progress,
) -> Result<BTreeMap<String, Digest>, StoreError> {
    let large = objects.iter().filter(|(_, (_, place))| matches!(place, Place::Blob(_) | Place::Part { .. }));
    let reads = large.map(|(path, (size, _))| {
        let (store, path, size) = (store.clone(), path.clone(), *size);
        async move {
            // A task of its own, so that hashing uses more than one thread.
            let task = tokio::spawn(async move {
                let measured = store.measure(&path).await;
                (path, measured)
            });
            (size, task.await)
        }
    });
    let mut reads = stream::iter(reads).buffered(at_once.max(1));
    let mut digests = BTreeMap::new();
    let mut done = 0;
    while let Some((size, read)) = reads.next().await {
        done += size;
        progress.set(done);
        match read {
            Ok((path, measured)) => drop(digests.insert(path, measured?.0)),
            Err(panic) if panic.is_panic() => std::panic::resume_unwind(panic.into_panic()),
            Err(_) => {}
        }
    }
    Ok(digests)
}

fn text(report: &Report) -> String {
    let line = |kind: &str, finding: &Finding| format!("{kind} {}: {}\n", finding.object, finding.what);
    let mut text: String = report.notes.iter().map(|note| line("note", note)).collect();
    text.extend(report.damage.iter().map(|damage| line("DAMAGED", damage)));
    let verdict = match report.damage.len() {
        0 => "all as it was written".to_owned(),
        1 => "1 finding of damage".to_owned(),
        several => format!("{several} findings of damage"),
    };
    text.push_str(&format!(
        "verified {} objects, {} bytes, {} runs: {verdict}\n",
        report.objects, report.bytes, report.runs
    ));
    text
}
