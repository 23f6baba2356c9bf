//! What earlier attempts of a run kept. A checkpoint that is damaged is passed over and its work done again.

use std::collections::BTreeMap;

use bytes::Bytes;
use ids::Digest;
use job::Job;
use serde::Serialize;
use store::{RunWriter, StoreError};

/// The checkpoints of a run.
pub(crate) struct Checkpoints<'a> {
    run: &'a RunWriter<'a>,
    job: &'a Job,
    /// Nothing when their records cannot be read: then nobody knows which there are.
    found: Option<BTreeMap<u64, Digest>>,
}

impl<'a> Checkpoints<'a> {
    pub(crate) async fn find(run: &'a RunWriter<'a>, job: &'a Job) -> anyhow::Result<Self> {
        let found = match run.checkpoints().await {
            Err(error @ StoreError::Invalid { .. }) => {
                job.say(&format!("the checkpoints are passed over: {error}"));
                None
            }
            found => Some(found?.into_iter().collect()),
        };
        Ok(Self { run, job, found })
    }

    /// Checkpoint `number` as `read` takes it, if there is one that it can read.
    pub(crate) async fn get<T>(
        &self,
        number: u64,
        read: impl FnOnce(&[u8]) -> anyhow::Result<T>,
    ) -> anyhow::Result<Option<T>> {
        let Some(digest) = self.found.as_ref().and_then(|found| found.get(&number)) else { return Ok(None) };
        let read = match self.run.store().blob(digest).await {
            Err(error @ (StoreError::Missing { .. } | StoreError::Damaged { .. })) => Err(error.into()),
            bytes => read(&bytes?),
        };
        let passed_over =
            |error: &anyhow::Error| self.job.say(&format!("checkpoint {number} is passed over: {error:#}"));
        Ok(read.inspect_err(passed_over).ok())
    }

    /// Keeps `state` as checkpoint `number`; nothing is written where one is that could not be read.
    pub(crate) async fn keep(&self, number: u64, state: &impl Serialize) -> anyhow::Result<()> {
        if self.found.as_ref().is_some_and(|found| !found.contains_key(&number)) {
            self.run.checkpoint(number, Bytes::from(manifest::to_canonical_json(state)?)).await?;
        }
        Ok(())
    }
}
