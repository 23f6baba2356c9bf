//! The one place that knows the name of every object. Paths are made of validated ids and numbers only.

use ids::{Digest, Name, RunId, VodKey};
use object_store::path::Path;
use schemas::Table;

use crate::Named;

pub(crate) fn blob(digest: &Digest) -> Path {
    let hex = digest.to_string();
    Path::from(format!("blobs/sha256/{}/{hex}", &hex[..2]))
}

pub(crate) fn table_part(table: &Table, run: &RunId) -> Path {
    Path::from(format!("tables/{}/v{}/run={run}/part-0.parquet", table.name, table.version))
}

pub(crate) fn runs(job: &str) -> Path {
    Path::from(format!("runs/{job}"))
}

pub(crate) fn manifest(job: &str, run: &RunId) -> Path {
    Path::from(format!("runs/{job}/{run}/manifest.json"))
}

pub(crate) fn record(job: &str, run: &RunId, number: u64) -> Path {
    Path::from(format!("runs/{job}/{run}/record-{number}.json"))
}

pub(crate) fn checkpoint(job: &str, run: &RunId, number: u64) -> Path {
    Path::from(format!("runs/{job}/{run}/checkpoint-{number}.json"))
}

pub(crate) fn vods() -> Path {
    Path::from("vods")
}

pub(crate) fn vod(vod: &VodKey) -> Path {
    Path::from(format!("vods/{}/{}", vod.platform, vod.id))
}

pub(crate) fn named(kind: Named, name: &Name) -> Path {
    Path::from(format!("{}/{name}", kind.folder()))
}

pub(crate) fn split(dataset: &Name, vod: &VodKey) -> Path {
    Path::from(format!("datasets/{dataset}/splits/{}/{}.json", vod.platform, vod.id))
}

/// The ledger of a dataset's splits.
pub(crate) fn splits(dataset: &Name) -> Path {
    Path::from(format!("datasets/{dataset}/splits"))
}

pub(crate) fn releases(channel: &Name) -> Path {
    Path::from(format!("releases/{channel}"))
}

/// `N.json` inside `folder`.
pub(crate) fn numbered(folder: &Path, number: u64) -> Path {
    Path::from(format!("{folder}/{number}.json"))
}

/// The number of a file called `N.json`.
pub(crate) fn number(file: &str) -> Option<u64> {
    let digits = file.strip_suffix(".json")?;
    let number: u64 = digits.parse().ok()?;
    (number.to_string() == digits).then_some(number)
}
