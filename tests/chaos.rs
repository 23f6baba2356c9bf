//! Killed at any instant, then started again: the same manifests, and nothing half-written is ever visible.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::cli::{Cli, files, sample};

/// Settings that make training short; every code path stays the same.
const SHORT_TRAINING: &str = "steps = 4\nevaluate_every = 2\nvalidation_examples = 2\ncheckpoint_every = 2\n";

/// How often a job is killed.
const KILLS: u32 = 10;

/// Manifests of a store by path, with their bytes.
fn manifests(cli: &Cli) -> BTreeMap<PathBuf, Vec<u8>> {
    let store = cli.store();
    let found = files(&store).into_iter().filter(|file| file.ends_with("manifest.json"));
    let relative = |file: PathBuf| {
        (file.strip_prefix(&store).expect("below the store").to_owned(), std::fs::read(&file).expect("readable"))
    };
    found.map(relative).collect()
}

/// Kills `job` at instants spread over `whole`, an undisturbed run's time, then lets it finish.
fn kill_then_finish(cli: &Cli, job: &str, arguments: &[&str], whole: Duration) {
    for kill in 1..=KILLS {
        let mut command = cli.command(job, arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the job starts");
        std::thread::sleep(whole.mul_f64(f64::from(kill) / f64::from(KILLS + 1)));
        child.kill().expect("our own child can be killed");
        child.wait().expect("our own child can be waited for");
        // Whatever is visible now is whole.
        cli.run("audit", &["verify"]).expect_code(0);
    }
    cli.run(job, arguments).expect_code(0);
}

#[test]
fn ingest_survives_kill() {
    let undisturbed = Cli::new();
    let vod = format!("file:{}", sample("demo-1.mkv"));
    let chat = sample("demo-1.chat.json");
    let arguments = ["--vod", &vod, "--chat", &chat];
    let clock = Instant::now();
    undisturbed.run("ingest", &arguments).expect_code(0);
    let whole = clock.elapsed();
    let killed = Cli::new();
    // The store has to exist for `audit verify` even if the first kill comes before anything was written.
    std::fs::create_dir_all(killed.store()).expect("a folder");
    kill_then_finish(&killed, "ingest", &arguments, whole);
    assert_eq!(manifests(&killed), manifests(&undisturbed));
}

#[test]
fn train_survives_kill() {
    let undisturbed = Cli::new();
    let train = undisturbed.file("train.toml", SHORT_TRAINING);
    let vod = format!("file:{}", sample("demo-1.mkv"));
    let chat = sample("demo-1.chat.json");
    let dataset = ["run", "--vod", &vod, "--chat", &chat, "--until", "dataset"];
    undisturbed.run("pipeline", &dataset).expect_code(0);
    undisturbed.run("models", &["pull", "smollm2-135m-instruct"]).expect_code(0);
    let killed = Cli::new();
    copy(&undisturbed.store(), &killed.store());
    let arguments = [
        "--dataset",
        "main",
        "--base",
        "smollm2-135m-instruct",
        "--name",
        "main",
        "--config",
        &train,
        "--device",
        "cpu",
    ];
    let clock = Instant::now();
    undisturbed.run("train", &arguments).expect_code(0);
    let whole = clock.elapsed();
    kill_then_finish(&killed, "train", &arguments, whole);
    assert_eq!(manifests(&killed), manifests(&undisturbed));
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).expect("below the folder"));
        std::fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
        std::fs::copy(&file, &target).expect("a copy");
    }
}
