//! What `list` and `show` say: the pins, and which of them are at hand.

use std::fmt::Write;

use anyhow::Context;
use job::Job;
use serde::Serialize;
use store::{Store, StoreError};

use crate::{Cache, Pin, Registry};

/// A pin and where its file is.
#[derive(Serialize)]
struct State<'registry> {
    #[serde(flatten)]
    pin: &'registry Pin,
    in_store: bool,
    in_cache: bool,
}

/// Prints every pin, one a line.
pub(crate) async fn list(registry: &Registry, job: &Job) -> anyhow::Result<()> {
    let store = store(job).await;
    let mut states = Vec::new();
    for pin in registry.pins() {
        states.push(state(pin, store).await?);
    }
    let mut text =
        format!("{:<24} {:<8} {:>11} {:<12} {:<6} {}\n", "NAME", "KIND", "BYTES", "LICENCE", "STORE", "CACHE");
    for State { pin, in_store, in_cache } in &states {
        let (store, cache) = (yes(*in_store), yes(*in_cache));
        writeln!(
            text,
            "{:<24} {:<8} {:>11} {:<12} {store:<6} {cache}",
            pin.name.as_str(),
            pin.kind,
            pin.size,
            pin.licence
        )?;
    }
    job.print(&text, &states)
}

/// Prints all about one pin.
pub(crate) async fn show(pin: &Pin, job: &Job) -> anyhow::Result<()> {
    let state = state(pin, store(job).await).await?;
    let cache = Cache::find().map_or_else(|| "no cache".to_owned(), |cache| cache.path(pin).display().to_string());
    let mut text = String::new();
    for (label, value) in [
        ("name", pin.name.to_string()),
        ("kind", pin.kind.to_string()),
        ("file", pin.file.clone()),
        ("bytes", pin.size.to_string()),
        ("sha256", pin.sha256.to_string()),
        ("licence", pin.licence.clone()),
        ("store", yes(state.in_store).to_owned()),
        ("cache", format!("{} ({cache})", yes(state.in_cache))),
    ] {
        writeln!(text, "{label:<8} {value}")?;
    }
    for url in &pin.urls {
        writeln!(text, "{:<8} {url}", "url")?;
    }
    job.print(&text, &state)
}

/// The store, if it can be read: the pins are worth seeing before there is one.
async fn store(job: &Job) -> Option<&Store> {
    match job.store_to_read().await {
        Ok(store) => Some(store),
        Err(error) => {
            tracing::info!(error = format!("{error:#}"), "no store to look into");
            None
        }
    }
}

async fn state<'registry>(pin: &'registry Pin, store: Option<&Store>) -> anyhow::Result<State<'registry>> {
    let in_store = match store {
        None => false,
        Some(store) => match store.model(&pin.name).await {
            Ok(model) => model.digest == pin.sha256,
            Err(StoreError::NoModel { .. }) => false,
            Err(error) => return Err(error).with_context(|| format!("looking for {} in the store", pin.name)),
        },
    };
    Ok(State { pin, in_store, in_cache: Cache::find().is_some_and(|cache| cache.holds(pin)) })
}

fn yes(answer: bool) -> &'static str {
    if answer { "yes" } else { "no" }
}
