//! From the command line to an engine: the promoted release, its device, and what its prompts say by default.

use std::collections::BTreeMap;

use anyhow::Context;
use job::Job;
use job::keyring::Keyring;
use store::{Run, Store};

use crate::args::LoadArgs;
use crate::engine::Engine;
use crate::parity::Shadow;
use crate::{NAME, release};

/// An engine and the channel name its prompts show where a request names none.
pub(crate) struct Opened {
    pub(crate) engine: Engine,
    pub(crate) streamer: String,
}

/// Loads what the channel promotes.
///
/// # Errors
/// When nothing is promoted, or anything on the way to it is not what was promised.
pub(crate) async fn open(options: &LoadArgs, job: &Job) -> anyhow::Result<Opened> {
    llm::set_threads(job.flags().thread_count());
    let store = job.store().await?;
    let trusted = Keyring::from_environment()?.trusted_keys()?;
    let compute = options.device.open()?;
    let refused = || format!("{NAME}: channel {} is not served", options.channel);
    let loaded = release::load(store, &options.channel, &trusted, &compute).await.with_context(refused)?;
    let shadow = release::renderer_of_training(store, &loaded.release.base_digest).await.with_context(refused)?;
    let streamer = match &options.streamer {
        Some(name) => name.clone(),
        None => usual_channel(store, &loaded.train).await,
    };
    tracing::info!(
        channel = %loaded.release.channel,
        release = loaded.release.sequence,
        adapter = %loaded.release.adapter,
        digest = %loaded.release.adapter_digest,
        device = compute.name(),
        streamer,
        "loaded"
    );
    Ok(Opened { engine: Engine::new(loaded, Shadow::new(shadow)), streamer })
}

/// The channel that most training examples name: prompts that show another name than training did are strange to the
/// adapter. A store without the dataset still serves, with no name.
async fn usual_channel(store: &Store, train: &Run) -> String {
    let Some(dataset) = train.manifest.key.inputs.get("dataset") else { return String::new() };
    let rows = async { store.rows::<schemas::Example>(&store.run_with_digest("dataset", dataset).await?).await };
    let rows = match rows.await {
        Ok(rows) => rows,
        Err(error) => {
            let error = crate::journal::chain(&error);
            tracing::warn!(error, "the dataset cannot be read, so prompts name no channel; --streamer gives one");
            return String::new();
        }
    };
    let mut counts = BTreeMap::new();
    for row in rows.into_iter().filter(|row| row.split == "train") {
        *counts.entry(row.channel).or_insert(0_u64) += 1;
    }
    // Of equals the first by name, so that it is always the same.
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    most.map(|(channel, _)| channel).unwrap_or_default()
}
