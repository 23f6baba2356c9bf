//! What a store that fails shows, and that trying again gives the same.

use std::sync::Arc;

use ids::VodKey;
use object_store::memory::InMemory;
use store::{Named, Store, StoreError};

use crate::laws::{key, make};
use crate::wrapper::{Misbehaving, Misbehaviour};

/// Everything a job writes around one run.
async fn whole_job(store: &Store) -> Result<String, StoreError> {
    let run = make(store, key("dataset", 1), "note").await?;
    let vod: VodKey = "file/a".parse().expect("a VOD");
    store.add_generation(&vod, &run, "2025-01-01T00:00:00Z").await?;
    store.add_version(Named::Dataset, &"talk".parse().expect("a name"), &run).await?;
    Ok(run.digest.to_string())
}

/// A store over `inner` that misbehaves.
fn misbehaving(inner: &Arc<InMemory>, how: Misbehaviour) -> (Store, Arc<Misbehaving>) {
    let objects = Misbehaving::over(inner, how);
    (Store::over(objects.clone(), "memory:misbehaving"), objects)
}

async fn paths(inner: &Arc<InMemory>) -> Vec<(String, u64)> {
    Store::over(inner.clone(), "memory:").list("").await.unwrap()
}

#[tokio::test]
async fn whichever_write_fails_the_next_attempt_gives_the_same_store() {
    let clean = Arc::new(InMemory::new());
    let (store, counter) = misbehaving(&clean, Misbehaviour::FailsWrite(0));
    let digest = whole_job(&store).await.unwrap();
    let writes = counter.writes();
    assert!(writes >= 5, "{writes} writes");
    for number in 1..=writes {
        for how in [Misbehaviour::FailsWrite(number), Misbehaviour::LosesAnswer(number)] {
            let inner = Arc::new(InMemory::new());
            let (store, _) = misbehaving(&inner, how);
            let first = whole_job(&store).await;
            assert!(matches!(first, Err(StoreError::Backend { .. })), "{how:?}: {first:?}");
            let sound = Store::over(inner.clone(), "memory:");
            let visible = sound.find_run(&key("dataset", 1)).await.unwrap();
            // The manifest is the third write: blob, table, manifest.
            let written = number > 3 || matches!(how, Misbehaviour::LosesAnswer(3));
            assert_eq!(visible.is_some(), written, "{how:?}");
            assert_eq!(whole_job(&store).await.unwrap(), digest, "{how:?}");
            assert_eq!(paths(&inner).await, paths(&clean).await, "{how:?}");
        }
    }
}

#[tokio::test]
async fn a_store_that_overwrites_is_refused_by_the_probe() {
    let inner = Arc::new(InMemory::new());
    let (store, _) = misbehaving(&inner, Misbehaviour::IgnoresCreate);
    let refused = store.probe().await.unwrap_err();
    let StoreError::NotCreateOnly { url, observed } = &refused else { panic!("{refused}") };
    assert_eq!((url.as_str(), observed.as_str()), ("memory:misbehaving", "a second write to one key was accepted"));
    assert!(paths(&inner).await.is_empty(), "the probe leaves nothing behind");
    let (store, _) = misbehaving(&inner, Misbehaviour::FailsWrite(0));
    store.probe().await.unwrap();
    for number in 1..=2 {
        let (store, _) = misbehaving(&inner, Misbehaviour::FailsWrite(number));
        assert!(matches!(store.probe().await, Err(StoreError::Backend { .. })), "a failing store is no verdict");
    }
}
