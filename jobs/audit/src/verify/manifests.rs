//! Manifests and the records of their executions.

use manifest::Record;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{Store, StoreError};

use super::place::Place;
use super::{Contents, Report};

/// Reads every manifest; then every record has to name the manifest that is there.
pub(super) async fn check(store: &Store, contents: &mut Contents, report: &mut Report) -> Result<(), StoreError> {
    for (path, (_, place)) in &contents.objects {
        let Place::Manifest { job, run } = place else { continue };
        match store.run(job, run).await {
            Ok(found) => drop(contents.runs.insert(path.clone(), found)),
            Err(StoreError::Invalid { reason, .. }) => report.damage(path, reason),
            Err(error) => return Err(error),
        }
    }
    for (path, (_, place)) in &contents.objects {
        let Place::Record { job, run } = place else { continue };
        let Some(record) = record::<Record>(store, path, report).await? else { continue };
        let manifest = format!("runs/{job}/{run}/manifest.json");
        match contents.runs.get(&manifest) {
            Some(run) if run.digest == record.manifest_digest => {}
            Some(run) => report.damage(
                &manifest,
                format!(
                    "its digest is {}, but {path} recorded {}: one of both was changed",
                    run.digest, record.manifest_digest
                ),
            ),
            None if contents.objects.contains_key(&manifest) => {}
            None => report.damage(&manifest, format!("it is missing, but {path} recorded an execution of that run")),
        }
    }
    for (path, run) in &contents.runs {
        let folder = path.strip_suffix("manifest.json").unwrap_or(path);
        let recorded = contents.objects.contains_key(&format!("{folder}record-1.json"));
        if !recorded {
            report.note(
                path,
                format!("no execution of the {} run is on record; it may have been stopped right after", run.job()),
            );
        }
    }
    Ok(())
}

/// A record as it was written: valid and in canonical form. What is not is reported.
pub(super) async fn record<T: DeserializeOwned + Serialize>(
    store: &Store,
    path: &str,
    report: &mut Report,
) -> Result<Option<T>, StoreError> {
    let bytes = match store.object(path).await {
        Ok(bytes) => bytes,
        Err(error @ (StoreError::Missing { .. } | StoreError::TooLarge { .. })) => {
            report.damage(path, error.to_string());
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let value: T = match serde_json::from_slice(&bytes) {
        Ok(value) => value,
        Err(error) => {
            report.damage(path, format!("it cannot be read: {error}"));
            return Ok(None);
        }
    };
    if manifest::to_canonical_json(&value)? != bytes {
        report.damage(path, "it is not in canonical form; it was changed");
        return Ok(None);
    }
    Ok(Some(value))
}
