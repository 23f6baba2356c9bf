//! Every promotion of a store, and whether a server here would believe it.

use job::keyring::{Keyring, KeyringError};
use job::{Exit, Job};
use manifest::SignedRelease;
use serde_json::json;

/// Runs `eval releases`.
pub(crate) async fn command(job: &Job) -> anyhow::Result<Exit> {
    let store = job.store_to_read().await?;
    let trusted = match Keyring::from_environment()?.trusted_keys() {
        Err(KeyringError::NoTrustedKeys { .. }) => Vec::new(),
        found => found?,
    };
    let mut text = String::new();
    let mut values = Vec::new();
    for channel in store.channels().await? {
        let mut previous = None;
        for (position, (signed, digest)) in store.releases(&channel).await?.into_iter().enumerate() {
            let state = state(&signed, &trusted, (position as u64 + 1, previous) == place(&signed));
            previous = Some(digest);
            let release = &signed.release;
            text.push_str(&format!(
                "{channel} {}: {}@{}, base {}, evaluation {}: {state}\n",
                release.sequence,
                release.adapter,
                release.adapter_version,
                release.base_model,
                release.eval_run.short(),
            ));
            values.push(json!({"release": signed, "digest": digest, "state": state}));
        }
    }
    job.print(&text, &values)?;
    Ok(Exit::Done)
}

fn place(signed: &SignedRelease) -> (u64, Option<ids::Digest>) {
    (signed.release.sequence, signed.release.previous)
}

fn state(signed: &SignedRelease, trusted: &[String], in_order: bool) -> String {
    match (signed.verify(trusted), in_order) {
        (Ok(_), true) => "believed".to_owned(),
        (Ok(_), false) => "not believed: a record before it is missing or was changed".to_owned(),
        (Err(error), _) => format!("not believed: {error}"),
    }
}
