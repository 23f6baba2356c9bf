//! One stage of a fetch, kept in the store while it goes on: what an interrupted fetch has is not asked for again.
//!
//! A stage is a run that is never committed: its key says what is fetched, and each piece is a checkpoint under its
//! number. The committed run names the pieces that it is made of; nothing of it depends on how often it was interrupted.

use std::collections::BTreeMap;

use bytes::Bytes;
use ids::Digest;
use manifest::RunKey;
use serde_json::Value;
use store::{BlobInfo, RunWriter, Store};

use crate::{LOGIC_VERSION, NAME};

pub(super) struct Stage<'store> {
    writer: RunWriter<'store>,
    found: BTreeMap<u64, Digest>,
}

impl<'store> Stage<'store> {
    /// The stage that fetches what `params` say.
    pub(super) async fn open(store: &'store Store, params: Value) -> anyhow::Result<Self> {
        let (inputs, models) = (BTreeMap::new(), BTreeMap::new());
        let writer =
            store.begin(RunKey { job: NAME.to_owned(), logic_version: LOGIC_VERSION, params, inputs, models })?;
        let found = writer.checkpoints().await?.into_iter().collect();
        Ok(Self { writer, found })
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
}
