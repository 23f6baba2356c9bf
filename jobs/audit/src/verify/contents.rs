//! Blobs and table parts against their names and manifests.

use std::collections::BTreeMap;

use ids::Digest;

use super::place::Place;
use super::{Contents, Report};

/// What a manifest promises about an object.
struct Promise<'a> {
    digest: Digest,
    size: u64,
    manifest: &'a str,
}

/// Checks every blob and part, and that every promised one is there.
pub(super) fn check(contents: &Contents, report: &mut Report) {
    let promises = promises(contents);
    for (path, promises) in &promises {
        let Some((size, _)) = contents.objects.get(path) else {
            for promise in promises {
                report.damage(path, format!("it is missing; {} names it", promise.manifest));
            }
            continue;
        };
        for promise in promises {
            if promise.size != *size {
                report.damage(path, format!("it has {size} bytes; {} says {}", promise.manifest, promise.size));
            }
            if contents.digests.get(path).is_some_and(|digest| *digest != promise.digest) {
                report.damage(path, format!("its bytes are not those that {} names", promise.manifest));
            }
        }
    }
    for (path, (_, place)) in &contents.objects {
        match place {
            Place::Blob(digest) if contents.digests.get(path).is_some_and(|found| found != digest) => {
                report.damage(path, "its bytes do not have the digest in its name");
            }
            Place::Part { run } if !promises.contains_key(path) => {
                report.note(path, format!("no committed run wrote it; run {run} was stopped, or goes on"));
            }
            Place::Probe => report.note(path, "left behind by a probe of the store"),
            Place::Unknown => report.note(path, "nothing of ours"),
            _ => {}
        }
    }
}

/// Every promise, by the path of the object.
fn promises(contents: &Contents) -> BTreeMap<String, Vec<Promise<'_>>> {
    let mut promises: BTreeMap<String, Vec<Promise<'_>>> = BTreeMap::new();
    for (manifest, run) in &contents.runs {
        for part in run.manifest.tables.values() {
            let promise = Promise { digest: part.digest, size: part.size, manifest };
            promises.entry(part.path.clone()).or_default().push(promise);
        }
        for blob in run.manifest.blobs.values() {
            let promise = Promise { digest: blob.digest, size: blob.size, manifest };
            promises.entry(blob_path(&blob.digest)).or_default().push(promise);
        }
    }
    promises
}

/// Where a blob lies.
pub(super) fn blob_path(digest: &Digest) -> String {
    let hex = digest.to_string();
    format!("blobs/sha256/{}/{hex}", hex.get(..2).unwrap_or_default())
}
