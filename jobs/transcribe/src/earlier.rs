//! What earlier runs of a VOD heard: a piece whose samples did not change is not recognised again.

use std::collections::BTreeMap;

use ids::Digest;
use store::RunWriter;
use tokio::sync::OnceCell;

use crate::hearing::Kept;
use crate::{NAME, Params};

/// The pieces of earlier runs by key; they are looked for when the first one is asked for.
pub(crate) struct Earlier<'a> {
    run: &'a RunWriter<'a>,
    params: &'a Params,
    found: OnceCell<BTreeMap<Digest, Kept>>,
}

impl<'a> Earlier<'a> {
    pub(crate) fn new(run: &'a RunWriter<'a>, params: &'a Params) -> Self {
        Self { run, params, found: OnceCell::new() }
    }

    /// What was heard under that key.
    pub(crate) async fn get(&self, key: &Digest) -> anyhow::Result<Option<&Kept>> {
        Ok(self.found.get_or_try_init(|| self.look()).await?.get(key))
    }

    async fn look(&self) -> anyhow::Result<BTreeMap<Digest, Kept>> {
        let (store, vod) = (self.run.store(), serde_json::to_value(&self.params.vod)?);
        let mut found = BTreeMap::new();
        for run in store.runs(NAME).await? {
            if run.manifest.key.params.get("vod") != Some(&vod) {
                continue;
            }
            // What cannot be read is no loss, it is heard again.
            for (number, digest) in store.checkpoints(NAME, &run.id()).await.unwrap_or_default() {
                // The first one is the survey.
                let kept = match number {
                    0 => continue,
                    _ => store.blob(&digest).await.ok().and_then(|bytes| Kept::read(&bytes).ok()),
                };
                found.extend(kept.map(|kept| (kept.key, kept)));
            }
        }
        Ok(found)
    }
}
