//! One stage of a fetch, kept in the store while it goes on: what an interrupted fetch has is not asked for again.
//!
//! A stage is a run that is never committed: its key says what is fetched, and each piece is a checkpoint under its
//! number. The committed run names the pieces that it is made of; nothing of it depends on how often it was interrupted.
//! Once that run is committed the stage has ended: whoever asks again wants what is there then, in a new stage.

use std::collections::BTreeMap;

use bytes::Bytes;
use ids::Digest;
use manifest::RunKey;
use serde_json::Value;
use store::{BlobInfo, RunWriter, Store};

use crate::{LOGIC_VERSION, NAME};

/// Under this number lies that a stage has ended.
const END: u64 = u64::MAX;

pub(super) struct Stage<'store> {
    writer: RunWriter<'store>,
    found: BTreeMap<u64, Digest>,
}

impl<'store> Stage<'store> {
    /// The first stage of those that fetch what `params`, an object, say which has not ended.
    pub(super) async fn open(store: &'store Store, params: &Value) -> anyhow::Result<Self> {
        for attempt in 0_u64.. {
            let mut params = params.clone();
            params["attempt"] = attempt.into();
            let (inputs, models) = (BTreeMap::new(), BTreeMap::new());
            let key = RunKey { job: NAME.to_owned(), logic_version: LOGIC_VERSION, params, inputs, models };
            let writer = store.begin(key)?;
            let found: BTreeMap<_, _> = writer.checkpoints().await?.into_iter().collect();
            if !found.contains_key(&END) {
                return Ok(Self { writer, found });
            }
        }
        unreachable!("there are fewer stages than numbers")
    }

    /// The store it lies in.
    pub(super) fn store(&self) -> &'store Store {
        self.writer.store()
    }

    /// What an earlier attempt kept as piece `number`.
    pub(super) fn found(&self, number: u64) -> Option<&Digest> {
        self.found.get(&number)
    }

    /// Keeps piece `number`.
    pub(super) async fn keep(&self, number: u64, piece: Bytes) -> anyhow::Result<BlobInfo> {
        Ok(self.writer.checkpoint(number, piece).await?)
    }

    /// Ends it: what it was for is committed.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        self.keep(END, Bytes::from_static(b"ended")).await?;
        Ok(())
    }
}
