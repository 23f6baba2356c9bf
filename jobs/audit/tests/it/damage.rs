//! Verification: what is whole is found whole, and no bit of what counts can change unseen.

use std::fs;

use audit::{Report, verify};
use clap::Parser;
use job::{HasFlags, Job};

use crate::store_of_all::All;

async fn check(all: &All) -> Report {
    let args = audit::Args::parse_from(["audit", "verify", "--progress", "never"]);
    let job = Job::new("audit", "0.1.0", args.flags().clone());
    verify(&all.store, 2, |total| job.progress("verify", total)).await.unwrap()
}

#[tokio::test]
async fn a_whole_store_is_found_whole() {
    let all = All::new().await;
    let report = check(&all).await;
    assert_eq!(report.damage, []);
    assert_eq!((report.runs, report.objects), (8, all.objects().await.len()));
    // The signing key of the fixture is nobody's trusted key; nothing else is worth a note.
    assert!(report.notes.iter().all(|note| note.object.starts_with("releases/")), "{:?}", report.notes);
}

/// Whether some bytes of an object are about one execution only, and held by nothing.
fn is_volatile(path: &str) -> bool {
    path.contains("/record-") || path.starts_with("vods/") || path.starts_with("logs/")
}

#[tokio::test]
async fn no_bit_of_a_manifest_record_or_release_changes_unseen() {
    let all = All::new().await;
    let mut flips = 0;
    for (path, file) in all.objects().await {
        if !path.ends_with(".json") || is_volatile(&path) {
            continue;
        }
        let whole = fs::read(&file).unwrap();
        for position in (flips % 3..whole.len()).step_by(3) {
            let mut damaged = whole.clone();
            damaged[position] ^= 1 << (position % 8);
            fs::write(&file, &damaged).unwrap();
            let report = check(&all).await;
            assert!(!report.damage.is_empty(), "{path}: byte {position} changed unseen");
            flips += 1;
        }
        fs::write(&file, whole).unwrap();
    }
    assert!(flips > 1_000, "{flips}");
    assert_eq!(check(&all).await.damage, []);
}

#[tokio::test]
async fn damage_to_any_object_names_it() {
    let all = All::new().await;
    for (path, file) in all.objects().await {
        let whole = fs::read(&file).unwrap();
        let cut = &whole[..whole.len() - 1];
        fs::write(&file, cut).unwrap();
        let report = check(&all).await;
        assert!(report.damage.iter().any(|damage| damage.object == path), "{path} cut short: {:?}", report.damage);
        fs::remove_file(&file).unwrap();
        let report = check(&all).await;
        let named = report.damage.iter().any(|damage| damage.object == path || damage.what.contains(&path));
        // What nothing refers to can go: the newest record of a chain, records of executions, checkpoints, logs.
        let last = is_volatile(&path) || path.starts_with("releases/") || path.contains("/checkpoint-");
        let last = last || path == "datasets/demo/1.json" || path == "adapters/demo/1.json";
        // A checkpoint's blob is missed by its record, which carries the digest.
        let missed = report.damage.iter().any(|damage| damage.what.contains(path.rsplit('/').next().unwrap()));
        assert!(named || missed || last, "{path} removed unseen: {:?}", report.damage);
        fs::write(&file, whole).unwrap();
    }
    assert_eq!(check(&all).await.damage, []);
}

#[tokio::test]
async fn leftovers_are_noted_and_are_no_damage() {
    let all = All::new().await;
    let root = all.folder.path();
    let run = ids::Digest::of(b"stopped").to_string();
    let blob = ids::Digest::of(b"left").to_string();
    let left = [
        (format!("tables/word/v1/run={run}/part-0.parquet"), "part"),
        (format!("blobs/sha256/{}/{blob}", &blob[..2]), "left"),
        ("probe/1-2-3-serial".to_owned(), "first"),
        ("notes.txt".to_owned(), "mine"),
    ];
    for (path, text) in &left {
        let file = root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let report = check(&all).await;
    assert_eq!(report.damage, []);
    for (path, _) in &left {
        assert!(report.notes.iter().any(|note| note.object == *path), "{path}: {:?}", report.notes);
    }
    // A run whose record got lost is whole as well.
    let record =
        all.objects().await.into_iter().find(|(path, _)| path.starts_with("runs/eval") && path.contains("record-"));
    fs::remove_file(record.unwrap().1).unwrap();
    assert_eq!(check(&all).await.damage, []);
}
