//! The demo gives the same bytes in two empty stores: with two threads on files, and with one on S3.

use std::collections::BTreeMap;

use crate::cli::Cli;

/// Runs the demo; job to the digests of its manifests.
fn manifests(cli: &Cli) -> BTreeMap<String, Vec<String>> {
    cli.run("pipeline", &["demo"]).expect_code(0);
    let runs = "select job, manifest_digest from run order by job, manifest_digest";
    let output = cli.run("audit", &["sql", runs, "--format", "csv"]).expect_code(0);
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for line in output.stdout.lines().skip(1) {
        let (job, digest) = line.split_once(',').expect("two columns");
        found.entry(job.to_owned()).or_default().push(digest.to_owned());
    }
    let jobs: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(jobs, ["align", "dataset", "eval", "ingest", "models", "train", "transcribe"]);
    found
}

#[test]
fn threads_and_stores_do_not_show_in_the_output() {
    let files = manifests(&Cli::new().threads("2"));
    let s3 = manifests(&Cli::on(testkit::s3::store("reproduce")).threads("1"));
    assert_eq!(files, s3, "two threads on files, and one on S3");
}
