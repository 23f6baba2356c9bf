//! What runs read: manifests of other runs, blobs and models; checkpoints; and blobs nothing reads or made.

use std::collections::{BTreeMap, BTreeSet};

use ids::Digest;
use store::{Store, StoreError};

use super::contents::blob_path;
use super::manifests::record;
use super::place::Place;
use super::{Contents, Report};

/// Jobs whose inputs come from outside the store and are known by their digest only.
const FROM_OUTSIDE: [&str; 2] = ["ingest", "models"];

/// Checks every reference between objects.
pub(super) async fn check(store: &Store, contents: &Contents, report: &mut Report) -> Result<(), StoreError> {
    let manifests: BTreeSet<Digest> = contents.runs.values().map(|run| run.digest).collect();
    let has_blob = |digest: &Digest| contents.objects.contains_key(&blob_path(digest));
    let mut used: BTreeSet<String> = BTreeSet::new();
    for (path, run) in &contents.runs {
        used.extend(run.manifest.blobs.values().map(|blob| blob_path(&blob.digest)));
        let key = &run.manifest.key;
        for (role, digest) in &key.inputs {
            used.insert(blob_path(digest));
            if !FROM_OUTSIDE.contains(&run.job()) && !manifests.contains(digest) && !has_blob(digest) {
                report.damage(
                    path,
                    format!("its input {role} is {digest}, which no manifest and no blob of the store has"),
                );
            }
        }
        for (name, digest) in &key.models {
            used.insert(blob_path(digest));
            if !has_blob(digest) {
                report.damage(blob_path(digest), format!("it is missing: the model {name} of {path}"));
            }
        }
    }
    let mut unfinished: BTreeMap<(&str, String), u64> = BTreeMap::new();
    for (path, (_, place)) in &contents.objects {
        let Place::Checkpoint { job, run } = place else { continue };
        let Some(digest) = record::<Digest>(store, path, report).await? else { continue };
        used.insert(blob_path(&digest));
        if !has_blob(&digest) {
            report.damage(path, format!("its state {digest} is missing"));
        }
        if !contents.runs.contains_key(&format!("runs/{job}/{run}/manifest.json")) {
            *unfinished.entry((job, run.to_string())).or_default() += 1;
        }
    }
    for ((job, run), count) in unfinished {
        // What ingest fetches is kept so, and stays after the run that is made of it.
        let what = if job == "ingest" { "of a fetch" } else { "of a run that is not finished" };
        let note = format!("{count} checkpoints {what}; the same command goes on from there");
        report.note(format!("runs/{job}/{run}"), note);
    }
    for (path, (size, place)) in &contents.objects {
        if matches!(place, Place::Blob(_)) && !used.contains(path) {
            report.note(path, format!("no run names these {size} bytes; a run was stopped, or goes on"));
        }
    }
    Ok(())
}
