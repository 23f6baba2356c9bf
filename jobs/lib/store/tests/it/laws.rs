//! What holds for every store, whatever it is made of.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures::future::join_all;
use ids::{Digest, Name, VodKey};
use manifest::{RunKey, SplitAssignment};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use schemas::Tag;
use store::{Named, Run, Store, StoreError, Versioned};

use crate::place::Place;
use crate::tables::tags;

/// How many writers race.
const RACERS: u32 = 8;

/// The key of a run of `job` that is asked for `seed`.
pub fn key(job: &str, seed: u32) -> RunKey {
    RunKey {
        job: job.to_owned(),
        logic_version: 1,
        params: serde_json::json!({ "seed": seed }),
        inputs: BTreeMap::new(),
        models: BTreeMap::new(),
    }
}

/// Commits a run with a blob, a table, a count and a fact.
pub async fn make(store: &Store, key: RunKey, fact: &str) -> Result<Run, StoreError> {
    let mut run = store.begin(key)?;
    run.blob("page", Bytes::from_static(b"<html>"), "text/html").await?;
    run.table::<Tag>(&tags(100)).await?;
    run.count("rows", 100);
    run.fact("note", fact)?;
    run.commit().await
}

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn vod(text: &str) -> VodKey {
    text.parse().expect("a VOD")
}

/// Runs `writer` with the numbers 0 to [`RACERS`], each in its own task over its own opening of the store.
async fn race<T, W>(place: &Place, writer: impl Fn(Store, u32) -> W) -> Vec<T>
where
    T: Send + 'static,
    W: Future<Output = T> + Send + 'static,
{
    let mut stores = Vec::new();
    for _ in 0..RACERS {
        stores.push(place.open().await);
    }
    let writers = stores.into_iter().zip(0..).map(|(store, number)| tokio::spawn(writer(store, number)));
    join_all(writers).await.into_iter().map(|outcome| outcome.expect("the writer does not panic")).collect()
}

pub async fn blobs_are_created_once_and_read_back(place: &Place) {
    let store = place.open().await;
    let bytes = Bytes::from_static(b"some bytes");
    let digest = Digest::of(&bytes);
    assert!(!store.has_blob(&digest).await.unwrap());
    assert!(matches!(store.blob(&digest).await, Err(StoreError::Missing { path }) if path == store.blob_path(&digest)));
    let info = store.put_blob(bytes.clone()).await.unwrap();
    assert_eq!((info.digest, info.size), (digest, 10));
    assert_eq!(store.put_blob(bytes.clone()).await.unwrap(), info, "the same bytes again are fine");
    let again = place.open().await;
    assert_eq!(again.blob(&digest).await.unwrap(), bytes);
    assert!(again.has_blob(&digest).await.unwrap());
    assert_eq!(again.list("blobs").await.unwrap(), [(again.blob_path(&digest), 10)]);
    let empty = store.put_blob(Bytes::new()).await.unwrap();
    assert_eq!(store.blob(&empty.digest).await.unwrap(), Bytes::new());
}

pub async fn racing_writers_of_the_same_bytes_all_succeed(place: &Place) {
    let outcomes = race(place, |store, _| async move { store.put_blob(Bytes::from(vec![7; 100_000])).await }).await;
    let digests: BTreeSet<_> = outcomes.into_iter().map(|outcome| outcome.unwrap().digest).collect();
    assert_eq!(digests.len(), 1);
    let runs = race(place, |store, _| async move { make(&store, key("toy", 1), "same").await }).await;
    let digests: BTreeSet<_> = runs.into_iter().map(|run| run.unwrap().digest).collect();
    assert_eq!(digests.len(), 1);
}

pub async fn racing_writers_of_different_bytes_have_one_winner(place: &Place) {
    let writer = |store, number: u32| async move { make(&store, key("toy", 1), &number.to_string()).await };
    let outcomes = race(place, writer).await;
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, RACERS as usize - 1));
    assert!(lost.iter().all(|outcome| matches!(outcome, Err(StoreError::Differs { .. }))), "{lost:?}");
    let store = place.open().await;
    let winner = won.into_iter().next().unwrap().unwrap();
    assert_eq!(store.find_run(&key("toy", 1)).await.unwrap(), Some(winner), "the loser changed nothing");
}

pub async fn nothing_is_visible_before_the_manifest(place: &Place) {
    let (writing, reading) = (place.open().await, place.open().await);
    let mut run = writing.begin(key("toy", 1)).unwrap();
    let visible = async || {
        let found = reading.find_run(&key("toy", 1)).await.unwrap();
        let all = reading.runs("toy").await.unwrap();
        assert_eq!(found.as_ref(), all.first());
        found.is_some()
    };
    assert!(!visible().await);
    run.blob("page", Bytes::from_static(b"x"), "text/html").await.unwrap();
    assert!(!visible().await);
    run.table::<Tag>(&tags(3)).await.unwrap();
    run.checkpoint(1, Bytes::from_static(b"half")).await.unwrap();
    assert!(!visible().await);
    let run = run.commit().await.unwrap();
    assert!(visible().await);
    assert_eq!(reading.rows::<Tag>(&run).await.unwrap(), tags(3));
    assert_eq!(reading.run_with_digest("toy", &run.digest).await.unwrap(), run);
    assert_eq!(reading.jobs_with_runs().await.unwrap(), ["toy"]);
}

pub async fn the_same_run_with_another_result_is_an_alarm(place: &Place) {
    let store = place.open().await;
    let first = make(&store, key("toy", 1), "one").await.unwrap();
    assert_eq!(make(&store, key("toy", 1), "one").await.unwrap(), first);
    assert!(matches!(make(&store, key("toy", 1), "two").await, Err(StoreError::Differs { .. })));
    let mut other_rows = store.begin(key("toy", 1)).unwrap();
    let outcome = other_rows.table::<Tag>(&tags(99)).await;
    assert!(matches!(outcome, Err(StoreError::Differs { path }) if path.starts_with("tables/tag/")));
    assert_eq!(store.find_run(&key("toy", 1)).await.unwrap(), Some(first));
}

pub async fn damaged_objects_are_told(place: &Place) {
    let store = place.open().await;
    let run = make(&store, key("toy", 1), "one").await.unwrap();
    let blob = run.manifest.blobs["page"].digest;
    let table = run.manifest.tables["tag"].clone();
    let manifest = format!("runs/toy/{}/manifest.json", run.id());
    let damage = async |path: &str| {
        let path = Path::from(path);
        let whole = store.objects().get(&path).await.unwrap().bytes().await.unwrap();
        let mut bytes = whole.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        store.objects().put(&path, bytes.into()).await.unwrap();
        whole
    };
    damage(&store.blob_path(&blob)).await;
    assert!(matches!(store.blob(&blob).await, Err(StoreError::Damaged { expected, .. }) if expected == blob));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    assert!(matches!(store.blob_to_file(&blob, &file).await, Err(StoreError::Damaged { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no damaged file is left behind");
    assert!(matches!(store.put_blob(Bytes::from_static(b"<html>")).await, Err(StoreError::Differs { .. })));
    damage(&table.path).await;
    assert!(matches!(store.rows::<Tag>(&run).await, Err(StoreError::Damaged { path, .. }) if path == table.path));

    let whole = damage(&manifest).await;
    assert!(matches!(store.find_run(&key("toy", 1)).await, Err(StoreError::Invalid { path, .. }) if path == manifest));
    // The same JSON in another form, and another run's manifest, are no manifest of this run either.
    let other = make(&store, key("toy", 2), "two").await;
    assert!(matches!(other, Err(StoreError::Differs { .. })), "its blob is the damaged one");
    let spaced = String::from_utf8(whole.to_vec()).unwrap().replacen("{", "{ ", 1);
    let renamed = String::from_utf8(whole.to_vec()).unwrap().replace("\"seed\":1", "\"seed\":2");
    for text in [spaced, renamed] {
        store.objects().put(&Path::from(manifest.as_str()), text.into()).await.unwrap();
        let outcome = store.find_run(&key("toy", 1)).await;
        assert!(matches!(outcome, Err(StoreError::Invalid { .. })), "{outcome:?}");
    }
}

pub async fn generations_are_numbered_and_chained_under_races(place: &Place) {
    let store = place.open().await;
    let mut runs = Vec::new();
    for seed in 0..RACERS {
        runs.push(make(&store, key("ingest", seed), "").await.unwrap());
    }
    assert_eq!(store.vod(&vod("file/a")).await.unwrap(), None);
    let shared = runs.clone();
    let writer = move |store: Store, number: u32| {
        let run = shared[number as usize].clone();
        async move { store.add_generation(&vod("file/a"), &run, "2025-01-01T00:00:00Z").await.unwrap() }
    };
    let mut records = race(place, writer).await;
    records.sort_by_key(|record| record.generation);
    let numbers: Vec<_> = records.iter().map(|record| record.generation).collect();
    assert_eq!(numbers, (1..=u64::from(RACERS)).collect::<Vec<_>>());
    let mut previous = None;
    for record in &records {
        assert_eq!(record.previous, previous);
        assert_eq!(&store.vod_generation(&vod("file/a"), record.generation).await.unwrap(), record);
        previous = Some(Digest::of(&manifest::to_canonical_json(record).unwrap()));
    }
    let newest = records.last().unwrap();
    let run = runs.iter().find(|run| run.id() == newest.run_id).unwrap();
    assert_eq!(&store.add_generation(&vod("file/a"), run, "later").await.unwrap(), newest, "again changes nothing");
    store.add_generation(&vod("file/b"), &runs[0], "t").await.unwrap();
    let all: Vec<_> = store.vods().await.unwrap().into_iter().map(|it| (it.vod.to_string(), it.generation)).collect();
    assert_eq!(all, [("file/a".to_owned(), u64::from(RACERS)), ("file/b".to_owned(), 1)]);
}

pub async fn versions_are_numbered_and_found_again(place: &Place) {
    let store = place.open().await;
    let missing = store.named(Named::Dataset, &"talk".parse::<Versioned>().unwrap()).await;
    assert!(matches!(missing, Err(StoreError::Missing { .. })));
    let mut runs = Vec::new();
    for seed in 0..RACERS {
        runs.push(make(&store, key("dataset", seed), "").await.unwrap());
    }
    let shared = runs.clone();
    let writer = move |store: Store, number: u32| {
        let run = shared[number as usize].clone();
        async move { store.add_version(Named::Dataset, &name("talk"), &run).await.unwrap() }
    };
    let records = race(place, writer).await;
    let numbers: BTreeSet<_> = records.iter().map(|record| record.version).collect();
    assert_eq!(numbers, (1..=u64::from(RACERS)).collect());
    for (record, run) in records.iter().zip(&runs) {
        assert_eq!(record.run_id, run.id());
        assert_eq!(&store.add_version(Named::Dataset, &name("talk"), run).await.unwrap(), record, "one version a run");
        let which = format!("talk@{}", record.version).parse().unwrap();
        assert_eq!(store.named(Named::Dataset, &which).await.unwrap(), (record.clone(), run.clone()));
    }
    let (newest, _) = store.named(Named::Dataset, &"talk".parse().unwrap()).await.unwrap();
    assert_eq!(newest.version, u64::from(RACERS));
    assert_eq!(store.versions(Named::Dataset).await.unwrap().len(), RACERS as usize);
    assert!(store.versions(Named::Adapter).await.unwrap().is_empty());
}

pub async fn the_first_split_of_a_broadcast_stays(place: &Place) {
    let assignment = |split: &str| SplitAssignment {
        dataset: name("talk"),
        vod: vod("file/a"),
        split: split.to_owned(),
        rule: Digest::of(split.as_bytes()),
    };
    let shared = assignment;
    let given = race(place, move |store: Store, number: u32| {
        let mine = shared(if number.is_multiple_of(2) { "train" } else { "test" });
        async move { store.assign_split(&mine).await.unwrap() }
    })
    .await;
    let first = given[0].clone();
    assert!(given.iter().all(|split| *split == first), "everybody is told the same split");
    let store = place.open().await;
    for split in ["train", "val", "test"] {
        assert_eq!(store.assign_split(&assignment(split)).await.unwrap(), first);
    }
    let elsewhere = SplitAssignment { dataset: name("other"), ..assignment("val") };
    assert_eq!(store.assign_split(&elsewhere).await.unwrap(), elsewhere, "each dataset has its own ledger");
}

pub async fn checkpoints_come_back_in_order(place: &Place) {
    let store = place.open().await;
    let run = store.begin(key("toy", 1)).unwrap();
    for number in [10, 2, 1] {
        run.checkpoint(number, Bytes::from(number.to_string())).await.unwrap();
    }
    let again = place.open().await;
    let run = again.begin(key("toy", 1)).unwrap();
    let found = run.checkpoints().await.unwrap();
    let expected: Vec<_> = [1_u64, 2, 10].iter().map(|n| (*n, Digest::of(n.to_string().as_bytes()))).collect();
    assert_eq!(found, expected);
    run.checkpoint(2, Bytes::from_static(b"2")).await.unwrap();
    assert!(matches!(run.checkpoint(2, Bytes::from_static(b"3")).await, Err(StoreError::Differs { .. })));
    let finished = run.commit().await.unwrap();
    let plain = place.open().await.begin(key("toy", 1)).unwrap().commit().await.unwrap();
    assert_eq!(finished.digest, plain.digest, "an interruption does not show in the manifest");
}

pub async fn large_files_become_blobs(place: &Place) {
    let store = place.open().await;
    let folder = tempfile::tempdir().unwrap();
    // One byte beyond a single request.
    let bytes: Vec<_> = (0..(64 << 20) + 1_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for length in [1000, bytes.len()] {
        let from = folder.path().join("from");
        std::fs::write(&from, &bytes[..length]).unwrap();
        let info = store.put_blob_file(&from).await.unwrap();
        assert_eq!((info.digest, info.size), (Digest::of(&bytes[..length]), length as u64));
        assert_eq!(store.put_blob_file(&from).await.unwrap(), info);
        let to = folder.path().join("to");
        place.open().await.blob_to_file(&info.digest, &to).await.unwrap();
        assert!(std::fs::read(&to).unwrap() == bytes[..length]);
        assert_eq!(store.measure(&store.blob_path(&info.digest)).await.unwrap(), (info.digest, info.size));
    }
}

pub async fn a_store_that_creates_once_passes_the_probe(place: &Place) {
    let store = place.open().await;
    store.probe().await.unwrap();
    assert!(store.list("").await.unwrap().is_empty(), "the probe leaves nothing behind");
}
