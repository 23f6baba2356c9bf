//! Training as a user runs it: the executable, a real base model, a dataset of the sample stream.

mod fixture;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fixture::{BASE, Size};
use ids::Digest;
use manifest::Manifest;
use schemas::TrainMetric;
use store::{Named, Store};
use testkit::TempStore;
use testkit::process::{Output, output};

/// Short enough for a test, long enough for three checkpoints and a best adapter that is not the last.
const SHORT: &str =
    "steps = 4\nbatch_size = 2\nwarmup_steps = 1\nevaluate_every = 2\nvalidation_examples = 2\ncheckpoint_every = 1\n";

const SIZE: Size = Size { replies: 6, chat_lines: 2, sentences: 1 };

fn train(store: &TempStore, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    command.env_remove("DOUGPT_STORE").env_remove("RUST_LOG").args(["--store", &store.url()]).args(arguments);
    command
}

fn run(store: &TempStore, arguments: &[&str]) -> Output {
    output(&mut train(store, arguments))
}

/// Every file below `folder` whose path has `part` in it.
fn files(folder: &Path, part: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => found.push(entry.path()),
            }
        }
    }
    found.retain(|path| path.to_string_lossy().contains(part));
    found.sort();
    found
}

fn manifest(store: &TempStore) -> Vec<u8> {
    let found = files(&store.path().join("runs/train"), "manifest.json");
    assert_eq!(found.len(), 1, "{found:?}");
    std::fs::read(&found[0]).unwrap()
}

async fn stocked(splits: [&str; 3]) -> TempStore {
    let place = TempStore::new();
    let store = Store::open(&place.url()).await.unwrap();
    fixture::dataset(&store, "demo", splits, &SIZE).await;
    place
}

#[tokio::test]
async fn a_killed_and_damaged_run_ends_like_one_that_was_not() {
    let (whole, killed) = (stocked(["train", "val", "test"]).await, stocked(["train", "val", "test"]).await);
    let config = whole.path().join("short.toml");
    std::fs::write(&config, SHORT).unwrap();
    let config = config.to_str().unwrap();
    let arguments = ["--dataset", "demo", "--base", BASE, "--name", "demo", "--device", "cpu", "--config", config];

    let first = run(&whole, &[&arguments[..], &["--threads", "1"]].concat()).expect_code(0);
    assert!(
        first.stdout.starts_with("train demo@1: done, run ") && first.stdout.contains("validation loss"),
        "{first:?}"
    );
    for word in ["step 4/4: loss", "tokens/s", "eta 0 s", "validation loss"] {
        assert!(first.stderr.contains(word), "{word}: {}", first.stderr);
    }
    let again = run(&whole, &arguments).expect_code(0);
    assert!(again.stdout.starts_with("train demo@1: already done, run "), "{again:?}");

    // SIGKILL as soon as the second checkpoint is known to be written.
    let nothing = run(&killed, &[&arguments[..], &["--resume"]].concat()).expect_code(2);
    assert!(nothing.stderr.contains("nothing to resume"), "{nothing:?}");
    let mut child = train(&killed, &[&arguments[..], &["--threads", "2"]].concat())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("step 3/4")), "the third step is never told of");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(files(&killed.path().join("runs/train"), "manifest.json").is_empty());
    let records = files(&killed.path().join("runs/train"), "checkpoint-");
    assert!(records.len() >= 2, "{records:?}");
    let newest: Digest = serde_json::from_slice(&std::fs::read(records.last().unwrap()).unwrap()).unwrap();
    let blob = files(&killed.path().join("blobs"), &newest.to_string());
    let mut bytes = std::fs::read(&blob[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&blob[0], bytes).unwrap();

    let resumed = run(&killed, &[&arguments[..], &["--resume"]].concat()).expect_code(0);
    assert!(
        resumed.stderr.contains("is passed over") && resumed.stderr.contains("going on from a checkpoint"),
        "{resumed:?}"
    );
    assert_eq!(manifest(&killed), manifest(&whole));

    it_left_what_it_promises(&whole).await;
    it_can_be_exported(&whole);
}

async fn it_left_what_it_promises(place: &TempStore) {
    let manifest: Manifest = serde_json::from_slice(&manifest(place)).unwrap();
    let store = Store::open(&place.url()).await.unwrap();
    let (_, run) = store.named(Named::Adapter, &"demo".parse().unwrap()).await.unwrap();
    let metrics = store.rows::<TrainMetric>(&run).await.unwrap();
    let course: Vec<_> = metrics.iter().map(|metric| (metric.split.as_str(), metric.step)).collect();
    let expect = [("val", 0), ("train", 1), ("train", 2), ("val", 2), ("train", 3), ("train", 4), ("val", 4)];
    assert_eq!(course, expect);
    let losses = &manifest.facts["losses"];
    let (before, kept) = (losses["validation_before"].as_f64().unwrap(), losses["validation_kept"].as_f64().unwrap());
    assert!(kept < before - 0.1, "four steps teach something: {before} -> {kept}");
    assert_eq!(manifest.facts["labels_shuffled"], false);
    assert_eq!(manifest.facts["base_digest"], store.model(&BASE.parse().unwrap()).await.unwrap().digest.to_string());
    let plot = store.blob(&manifest.blobs["loss_plot"].digest).await.unwrap();
    assert!(plot.starts_with(b"<svg"));
}

fn it_can_be_exported(place: &TempStore) {
    let folder = place.path().join("exported");
    let target = folder.to_str().unwrap();
    run(place, &["export", "demo", "--format", "peft", "-o", target]).expect_code(0);
    let config: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("adapter_config.json")).unwrap()).unwrap();
    assert_eq!((&config["peft_type"], &config["base_model_name_or_path"]), (&"LORA".into(), &BASE.into()));
    let weights = folder.join("adapter_model.safetensors");
    let (digest, _) = Digest::of_reader(std::fs::File::open(&weights).unwrap()).unwrap();
    assert_eq!(files(&place.path().join("blobs"), &digest.to_string()).len(), 1);
    run(place, &["export", "demo", "--format", "peft", "-o", target]).expect_code(0);
    std::fs::write(&weights, "something of somebody's").unwrap();
    let refused = run(place, &["export", "demo", "--format", "peft", "-o", target]).expect_code(2);
    assert!(refused.stderr.contains("adapter_model.safetensors"), "{refused:?}");
    let list = run(place, &["list"]).expect_code(0);
    assert!(list.stdout.starts_with("demo@1") && list.stdout.contains(BASE), "{list:?}");
}

#[tokio::test]
async fn what_cannot_be_trained_is_refused_and_leaves_nothing() {
    let place = stocked(["test", "test", "test"]).await;
    let config = place.path().join("bad.toml");
    std::fs::write(&config, "rank = 0\n").unwrap();
    let check = |arguments: &[&str], says: &[&str]| {
        let refused = run(&place, arguments).expect_code(2);
        for text in says {
            assert!(refused.stderr.contains(text), "{arguments:?} does not say {text}: {}", refused.stderr);
        }
        assert!(!refused.stderr.contains("panicked"), "{}", refused.stderr);
    };
    let base = ["--base", BASE, "--name", "x", "--device", "cpu"];
    check(&[&["--dataset", "none"][..], &base].concat(), &["none", "dataset build"]);
    check(&[&["--dataset", "demo@7"][..], &base].concat(), &["demo@7"]);
    check(&["--dataset", "demo", "--base", "tiny", "--name", "x", "--device", "cpu"], &["tiny", "models pull"]);
    check(&[&["--dataset", "demo", "--config", config.to_str().unwrap()][..], &base].concat(), &["`rank`"]);
    check(&[&["--dataset", "demo", "--config", "/nowhere.toml"][..], &base].concat(), &["/nowhere.toml"]);
    check(&["--dataset", "demo", "--base", BASE, "--name", "x", "--device", "cuda:61"], &["--device cpu"]);
    check(&[&["--dataset", "demo"][..], &base].concat(), &["no example to train on"]);
    check(&["export", "none", "--format", "peft", "-o", "x"], &["none", "train list"]);
    assert!(files(&place.path().join("runs"), "runs/train").is_empty());
}
