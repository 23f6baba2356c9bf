//! The same input gives the same bytes: in two empty stores, with one thread and two, on files and on S3.

use std::collections::BTreeMap;

use crate::cli::{Cli, sample};

/// Settings that make training short; every code path stays the same.
pub(crate) const SHORT_TRAINING: &str =
    "steps = 4\nevaluate_every = 2\nvalidation_examples = 2\ncheckpoint_every = 2\n";

/// Everything up to the adapter on two broadcasts; job to manifest digests.
fn manifests(cli: &Cli) -> BTreeMap<String, Vec<String>> {
    let train = cli.file("train.toml", SHORT_TRAINING);
    let mut arguments = vec!["run".to_owned(), "--until".into(), "train".into(), "--train-config".into(), train];
    for name in ["demo-1", "demo-2"] {
        arguments.extend(["--vod".into(), format!("file:{}", sample(&format!("{name}.mkv")))]);
        arguments.extend(["--chat".into(), sample(&format!("{name}.chat.json"))]);
    }
    arguments.extend(["--device".into(), "cpu".into()]);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    cli.run("pipeline", &arguments).expect_code(0);
    let runs = "select job, manifest_digest from run order by job, manifest_digest";
    let output = cli.run("audit", &["sql", runs, "--format", "csv"]).expect_code(0);
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for line in output.stdout.lines().skip(1) {
        let (job, digest) = line.split_once(',').expect("two columns");
        found.entry(job.to_owned()).or_default().push(digest.to_owned());
    }
    let jobs: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(jobs, ["align", "dataset", "ingest", "models", "train", "transcribe"]);
    found
}

#[test]
fn threads_and_stores_do_not_show_in_the_output() {
    let one = manifests(&Cli::new().threads("1"));
    let two = manifests(&Cli::new().threads("2"));
    assert_eq!(one, two, "one thread and two");
    let s3 = manifests(&Cli::on(testkit::s3::store("reproduce")));
    assert_eq!(one, s3, "files and S3");
}
