//! Finding a VOD of the store by what a person types. Only names are read here, so that a damaged record can be found.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use ids::{Platform, VodKey};
use manifest::VodGeneration;
use store::Store;

use crate::Origin;

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

/// The VOD called `text`: `platform/id`, its URL, or the id alone where it is unique.
pub(crate) async fn key(store: &Store, text: &str) -> anyhow::Result<(VodKey, Vec<u64>)> {
    let mut named: Vec<_> = all(store).await?.into_iter().collect();
    let page = if text.contains("://") { Origin::parse(text).ok() } else { None };
    if let Some(Origin::Twitch(id)) = page {
        named.retain(|(key, _)| key.platform == Platform::Twitch && key.id == id);
        return Ok(named.pop().ok_or(NoSuchVod { name: format!("twitch/{id}") })?);
    }
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

/// A generation of the VOD called `text`: the newest, or the one of that number.
pub(crate) async fn generation(store: &Store, text: &str, number: Option<u64>) -> anyhow::Result<VodGeneration> {
    let (key, numbers) = key(store, text).await?;
    if let Some(number) = number {
        let newest = numbers.last().copied().unwrap_or(0);
        ensure!(numbers.contains(&number), "{key} has no generation {number}; it has 1 to {newest}");
        return Ok(store.vod_generation(&key, number).await?);
    }
    store.vod(&key).await?.with_context(|| format!("{key} was removed from the store just now"))
}
