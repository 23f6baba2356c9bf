//! Numbered records, link by link: generations, versions, splits, releases; and the logs.

use std::collections::BTreeMap;

use ids::Digest;
use job::keyring::Keyring;
use manifest::{SignedRelease, SplitAssignment, VersionRecord, VodGeneration};
use store::{Store, StoreError};

use super::contents::blob_path;
use super::manifests::record;
use super::place::Place;
use super::{Contents, Report};

/// The last link seen of each chain: number and digest.
type Chains = BTreeMap<String, (u64, Digest)>;

/// Checks every chain and every log.
pub(super) async fn check(store: &Store, contents: &Contents, report: &mut Report) -> Result<(), StoreError> {
    let mut chains = Chains::new();
    for (path, place) in in_order(contents) {
        match place {
            Place::Generation { vod, number } => {
                let Some(record) = record::<VodGeneration>(store, path, report).await? else { continue };
                if record.vod != *vod || record.generation != *number {
                    report.damage(path, "it speaks of another VOD or generation than its name");
                }
                link(store, path, *number, record.previous, &mut chains, report).await?;
                names_run(contents, path, "ingest", &record.run_id.to_string(), &record.manifest_digest, report);
            }
            Place::Dataset { name, number } | Place::Adapter { name, number } => {
                let Some(record) = record::<VersionRecord>(store, path, report).await? else { continue };
                if record.name != *name || record.version != *number {
                    report.damage(path, "it speaks of another name or version than its own");
                }
                link(store, path, *number, record.previous, &mut chains, report).await?;
                let job = if matches!(place, Place::Dataset { .. }) { "dataset" } else { "train" };
                names_run(contents, path, job, &record.run_id.to_string(), &record.manifest_digest, report);
                if job == "dataset" {
                    splits(store, contents, path, &record, report).await?;
                }
            }
            Place::Split { dataset, vod } => {
                let Some(record) = record::<SplitAssignment>(store, path, report).await? else { continue };
                let known = ["train", "val", "test"].contains(&record.split.as_str());
                if record.dataset != *dataset || record.vod != *vod || !known {
                    report.damage(path, "it speaks of another dataset or VOD than its name, or of no split");
                }
            }
            Place::Release { channel, number } => {
                let Some(record) = record::<SignedRelease>(store, path, report).await? else { continue };
                if record.release.channel != *channel || record.release.sequence != *number {
                    report.damage(path, "it speaks of another channel or number than its name");
                }
                link(store, path, *number, record.release.previous, &mut chains, report).await?;
                release(contents, path, &record, report);
            }
            Place::Log => match store.infer_log_file(path).await {
                Ok(_) => {}
                Err(error @ StoreError::Backend { .. }) => return Err(error),
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
                    report.damage(path, format!("it cannot be read as the table infer_log{cause}"));
                }
            },
            _ => {}
        }
    }
    Ok(())
}

/// Every object, those of one chain by number and not by name.
fn in_order(contents: &Contents) -> Vec<(&String, &Place)> {
    let mut objects: Vec<_> = contents.objects.iter().map(|(path, (_, place))| (path, place)).collect();
    objects.sort_by_key(|(path, place)| {
        let number = match place {
            Place::Generation { number, .. }
            | Place::Dataset { number, .. }
            | Place::Adapter { number, .. }
            | Place::Release { number, .. } => *number,
            _ => 0,
        };
        (folder(path).to_owned(), number)
    });
    objects
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A record has to follow the one before it, and name its digest.
async fn link(
    store: &Store,
    path: &str,
    number: u64,
    previous: Option<Digest>,
    chains: &mut Chains,
    report: &mut Report,
) -> Result<(), StoreError> {
    let (last, digest) = match chains.get(folder(path)) {
        Some((last, digest)) => (*last, Some(*digest)),
        None => (0, None),
    };
    if number != last + 1 {
        report.damage(path, format!("number {} is missing or cannot be read", last + 1));
    } else if previous != digest {
        report.damage(path, "it does not name the digest of the record before it: one of both was changed");
    }
    let own = Digest::of(&store.object(path).await?);
    chains.insert(folder(path).to_owned(), (number, own));
    Ok(())
}

/// A record has to name a manifest that is there and has that digest.
fn names_run(contents: &Contents, path: &str, job: &str, run: &str, digest: &Digest, report: &mut Report) {
    let manifest = format!("runs/{job}/{run}/manifest.json");
    match contents.runs.get(&manifest) {
        Some(found) if found.digest == *digest => {}
        Some(found) => report.damage(
            &manifest,
            format!("its digest is {}, but {path} names {digest}: one of both was changed", found.digest),
        ),
        None if contents.objects.contains_key(&manifest) => {}
        None => report.damage(&manifest, format!("it is missing; {path} names it")),
    }
}

/// The splits that a dataset was built with have to be those of its ledger.
async fn splits(
    store: &Store,
    contents: &Contents,
    path: &str,
    version: &VersionRecord,
    report: &mut Report,
) -> Result<(), StoreError> {
    let Some(run) = contents.runs.get(&format!("runs/dataset/{}/manifest.json", version.run_id)) else { return Ok(()) };
    let built = run.manifest.key.params["splits"].as_object().cloned().unwrap_or_default();
    for (vod, split) in built {
        let ledger = format!("datasets/{}/splits/{vod}.json", version.name);
        if !contents.objects.contains_key(&ledger) {
            report.damage(ledger, format!("it is missing; {path} was built with it"));
            continue;
        }
        let Ok(bytes) = store.object(&ledger).await else { continue };
        let Ok(assigned) = serde_json::from_slice::<SplitAssignment>(&bytes) else { continue };
        let rule = &run.manifest.key.params["split_rules"][&vod];
        if rule.as_str().is_some_and(|rule| rule != assigned.rule.to_string()) {
            report.damage(&ledger, format!("it names the rule {}, but {path} was built with {rule}", assigned.rule));
        }
        if split.as_str() != Some(&assigned.split) {
            report.damage(ledger, format!("it says {}, but {path} was built with {split}", assigned.split));
        }
    }
    Ok(())
}

/// A release has to carry a valid signature and to name what is there.
fn release(contents: &Contents, path: &str, signed: &SignedRelease, report: &mut Report) {
    let release = &signed.release;
    if let Err(error) = signed.verify(std::slice::from_ref(&signed.public_key)) {
        report.damage(path, error.to_string());
    }
    // Hexadecimal reads the same in capitals; only what was written counts as whole.
    if [&signed.public_key, &signed.signature].iter().any(|hex| hex.bytes().any(|byte| byte.is_ascii_uppercase())) {
        report.damage(path, "its key or signature is not in lower case; it was changed");
    }
    names_run(contents, path, "train", &release.train_run.to_string(), &release.train_manifest, report);
    names_run(contents, path, "eval", &release.eval_run.to_string(), &release.eval_manifest, report);
    for (what, digest) in [("adapter", &release.adapter_digest), ("base model", &release.base_digest)] {
        if !contents.objects.contains_key(&blob_path(digest)) {
            report.damage(blob_path(digest), format!("it is missing: the {what} of {path}"));
        }
    }
    // Whose keys to trust is the server's business; without a key ring there is nothing to say about it.
    let trusted = Keyring::from_environment().and_then(|ring| ring.trusted_keys());
    if trusted.is_ok_and(|trusted| !trusted.contains(&signed.public_key)) {
        report.note(path, format!("signed by {}, which is no trusted key here", signed.public_key));
    }
}
