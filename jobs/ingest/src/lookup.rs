//! Finding a VOD of the store by what a person types. Only names are read here, so that a damaged record can be found.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use ids::VodKey;
use manifest::VodGeneration;
use store::Store;

/// The store has no VOD of that name.
#[derive(Debug, thiserror::Error)]
#[error("the store has no VOD {name:?}; `ingest list` shows what it has")]
pub(crate) struct NoSuchVod {
    name: String,
}

/// Every VOD of the store with the numbers of its generations, in order.
pub(crate) async fn all(store: &Store) -> anyhow::Result<BTreeMap<VodKey, Vec<u64>>> {
    let mut found: BTreeMap<VodKey, Vec<u64>> = BTreeMap::new();
    for (path, _) in store.list("vods").await? {
        let parts = path.strip_prefix("vods/").and_then(|rest| rest.rsplit_once('/'));
        let parsed = parts.and_then(|(key, file)| Some((key.parse().ok()?, file.strip_suffix(".json")?.parse().ok()?)));
        if let Some((key, number)) = parsed {
            found.entry(key).or_default().push(number);
        }
    }
    found.values_mut().for_each(|numbers| numbers.sort_unstable());
    Ok(found)
}

/// The VOD called `text`: `platform/id`, or the id alone where it is unique.
pub(crate) async fn key(store: &Store, text: &str) -> anyhow::Result<(VodKey, Vec<u64>)> {
    let mut named: Vec<_> = all(store).await?.into_iter().collect();
    match text.contains('/') {
        true => {
            let wanted: VodKey = text.parse()?;
            named.retain(|(key, _)| *key == wanted);
        }
        false => named.retain(|(key, _)| key.id.as_str() == text),
    }
    if named.len() > 1 {
        let keys: Vec<_> = named.iter().map(|(key, _)| key.to_string()).collect();
        bail!("{text:?} stands for {}; write the one that is meant", keys.join(" and "));
    }
    let shown: String = text.chars().take(100).collect();
    Ok(named.pop().ok_or(NoSuchVod { name: shown })?)
}

/// The newest generation of the VOD called `text`.
pub(crate) async fn vod(store: &Store, text: &str) -> anyhow::Result<VodGeneration> {
    let (key, _) = key(store, text).await?;
    store.vod(&key).await?.with_context(|| format!("{key} was removed from the store just now"))
}
