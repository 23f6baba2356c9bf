//! What has to be there: the chain of every VOD's generations, their manifests, and the objects these name.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};
use ids::{Digest, VodKey};
use store::{Run, Store};

use super::findings::{Findings, sound};
use crate::NAME;

/// VODs whose chains are read at once.
const AT_ONCE: usize = 16;

/// An object that a manifest names.
#[derive(Debug, Clone)]
pub(super) struct Object {
    /// Where it is.
    pub(super) path: String,
    /// Its digest.
    pub(super) digest: Digest,
    /// Its size, bytes.
    pub(super) size: u64,
}

/// Everything that has to be there.
#[derive(Default)]
pub(super) struct Plan {
    /// The objects by path: blobs that several runs share are looked at once.
    pub(super) objects: BTreeMap<String, Object>,
    /// The runs by the path of their manifest, each with the VOD it took in.
    pub(super) runs: BTreeMap<String, (Run, VodKey)>,
    /// The generations that need an object, by its path; manifests too.
    pub(super) needed_by: BTreeMap<String, Vec<String>>,
    /// What reading records and manifests found already.
    pub(super) findings: Findings,
}

/// Reads the records and manifests of `vods`, each with the number of its newest generation.
pub(super) async fn plan(store: &Store, vods: Vec<(VodKey, u64)>) -> anyhow::Result<Plan> {
    let chains = stream::iter(vods).map(|(vod, newest)| async move { chain(store, &vod, newest).await });
    let mut whole = Plan::default();
    let mut chains = chains.buffered(AT_ONCE);
    while let Some(plan) = chains.try_next().await? {
        whole.objects.extend(plan.objects);
        whole.runs.extend(plan.runs);
        whole.findings.add(plan.findings);
        for (path, generations) in plan.needed_by {
            whole.needed_by.entry(path).or_default().extend(generations);
        }
    }
    Ok(whole)
}

/// Every generation of a VOD up to the `newest`, whether each names the one before, and what its run promises.
async fn chain(store: &Store, vod: &VodKey, newest: u64) -> anyhow::Result<Plan> {
    let mut plan = Plan::default();
    plan.findings.vods = 1;
    // The digest of the record before, while it is known.
    let mut previous = Some(None);
    for number in 1..=newest {
        let object = format!("vods/{vod}/{number}.json");
        let found = store.vod_generation(vod, number).await;
        let Some(record) = sound(&mut plan.findings, &object, found)? else {
            previous = None;
            continue;
        };
        if previous.is_some_and(|previous| record.previous != previous) {
            plan.findings.damage(&object, "it does not name the digest of the generation before".to_owned());
        }
        if record.vod != *vod || record.generation != number {
            let reason = format!("it is the record of {}, generation {}", record.vod, record.generation);
            plan.findings.damage(&object, reason);
        }
        previous = Some(Some(Digest::of(&manifest::to_canonical_json(&record)?)));
        plan.findings.objects += 1;
        let object = format!("runs/{NAME}/{}/manifest.json", record.run_id);
        let needing = format!("{vod} generation {number}");
        plan.needed_by.entry(object.clone()).or_default().push(needing.clone());
        let found = store.run(NAME, &record.run_id).await;
        let Some(run) = sound(&mut plan.findings, &object, found)? else { continue };
        plan.findings.objects += 1;
        if run.digest != record.manifest_digest {
            let reason = format!("its digest is {}, generation {number} names another", run.digest);
            plan.findings.damage(&object, reason);
            continue;
        }
        let promised: BTreeMap<_, _> = objects(&run, store).map(|object| (object.path.clone(), object)).collect();
        for path in promised.keys() {
            plan.needed_by.entry(path.clone()).or_default().push(needing.clone());
        }
        plan.objects.extend(promised);
        plan.runs.insert(object, (run, vod.clone()));
    }
    Ok(plan)
}

/// Every object that a run's manifest names.
fn objects(run: &Run, store: &Store) -> impl Iterator<Item = Object> {
    let tables = run.manifest.tables.values();
    let tables = tables.map(|table| Object { path: table.path.clone(), digest: table.digest, size: table.size });
    let blobs = run.manifest.blobs.values();
    let blobs = blobs.map(|blob| Object { path: store.blob_path(&blob.digest), digest: blob.digest, size: blob.size });
    tables.chain(blobs)
}
