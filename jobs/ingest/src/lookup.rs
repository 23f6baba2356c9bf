//! Finding a VOD of the store by what a person types.

use anyhow::bail;
use ids::VodKey;
use manifest::VodGeneration;
use store::Store;

/// The newest generation of the VOD called `text`: `platform/id`, or the id alone where it is unique.
pub(crate) async fn vod(store: &Store, text: &str) -> anyhow::Result<VodGeneration> {
    if text.contains('/') {
        let key: VodKey = text.parse()?;
        return match store.vod(&key).await? {
            Some(generation) => Ok(generation),
            None => bail!("the store has no VOD {key}; `ingest list` shows what it has"),
        };
    }
    let all = store.vods().await?;
    let mut named: Vec<_> = all.into_iter().filter(|generation| generation.vod.id.as_str() == text).collect();
    match (named.pop(), named.as_slice()) {
        (Some(only), []) => Ok(only),
        (Some(last), others) => {
            let keys: Vec<_> = others.iter().chain([&last]).map(|generation| generation.vod.to_string()).collect();
            bail!("{text:?} stands for {}; write the one that is meant", keys.join(" and "));
        }
        (None, _) => {
            let shown: String = text.chars().take(100).collect();
            bail!("the store has no VOD {shown:?}; `ingest list` shows what it has");
        }
    }
}
