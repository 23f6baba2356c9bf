//! The command on a store: versions, ledger, export, report.

use std::collections::BTreeMap;

use clap::Parser;
use dataset::source::Source;
use dataset::{Args, Params, run};
use ids::Digest;
use job::{Exit, HasFlags, Job};
use manifest::RunKey;
use schemas::{Dropped, Example};
use serde_json::json;
use store::Store;
use testkit::TempStore;

use crate::rows::source;

/// A folder with a store, and the commands run on it.
struct Desk {
    folder: TempStore,
    store: Store,
}

impl Desk {
    async fn new() -> Self {
        let folder = TempStore::new();
        let store = Store::open(&folder.url()).await.unwrap();
        Self { folder, store }
    }

    /// Commits what ingest, transcribe and align would have made of `source`.
    async fn take_in(&self, source: &Source) {
        let key = |job: &str, inputs: &[(&str, Digest)]| RunKey {
            job: job.into(),
            logic_version: 1,
            params: json!({ "vod": source.key }),
            inputs: inputs.iter().map(|(role, digest)| ((*role).to_owned(), *digest)).collect(),
            models: BTreeMap::new(),
        };
        let mut ingest = self.store.begin(key("ingest", &[])).unwrap();
        ingest.table(std::slice::from_ref(&source.vod)).await.unwrap();
        ingest.table(&source.messages).await.unwrap();
        let ingest = ingest.commit().await.unwrap();
        self.store.add_generation(&source.key, &ingest, "2026-01-01T00:00:00Z").await.unwrap();
        let mut transcribe = self.store.begin(key("transcribe", &[("ingest", ingest.digest)])).unwrap();
        transcribe.table(&source.utterances).await.unwrap();
        transcribe.table(&source.words).await.unwrap();
        let transcribe = transcribe.commit().await.unwrap();
        let inputs = [("ingest", ingest.digest), ("transcribe", transcribe.digest)];
        let mut align = self.store.begin(key("align", &inputs)).unwrap();
        align.table(&source.segments).await.unwrap();
        align.table(&source.turns).await.unwrap();
        align.commit().await.unwrap();
    }

    fn job(&self, line: &[&str]) -> (Args, Job) {
        let url = self.folder.url();
        let all = ["dataset"].iter().chain(line).copied().chain(["--store", &url, "--progress", "never", "--quiet"]);
        let args = Args::parse_from(all);
        let flags = args.flags().clone();
        (args, Job::new("dataset", "0.1.0", flags))
    }

    async fn command(&self, line: &[&str]) -> anyhow::Result<Exit> {
        let (args, job) = self.job(line);
        dataset::command(args, job).await
    }

    async fn build(&self, settings: &str) -> (job::Done, u64) {
        let (_, job) = self.job(&["list"]);
        let config = dataset::Config::parse(settings).unwrap();
        run(&Params { name: "demo".parse().unwrap(), vods: vec![], aligned: vec![], config }, &job).await.unwrap()
    }
}

const FIRST: [(usize, &str); 3] = [(1, "no shot the dragon"), (2, "!uptime"), (3, "who let him near the castle")];
const SECOND: [(usize, &str); 3] = [(1, "no shot the dragon"), (2, "huge banana energy"), (4, "it is so over banana")];

#[tokio::test]
async fn a_dataset_grows_by_versions_and_keeps_what_it_gave() {
    let desk = Desk::new().await;
    desk.take_in(&source("b", &FIRST)).await;
    let pin = "[splits]\npin = { \"file/b\" = \"train\", \"file/a\" = \"test\" }";
    let (first, version) = desk.build(pin).await;
    assert!(first.worked && version == 1);
    let (again, version) = desk.build(pin).await;
    assert!(!again.worked && version == 1 && again.run == first.run);

    // `a` comes later though its name is first, so `a` gives way; and the pin of `b` comes too late.
    desk.take_in(&source("a", &SECOND)).await;
    let (second, version) = desk.build("[splits]\npin = { \"file/b\" = \"val\", \"file/a\" = \"test\" }").await;
    assert!(second.worked && version == 2);
    let earlier: Vec<Example> = desk.store.rows(&first.run).await.unwrap();
    let later: Vec<Example> = desk.store.rows(&second.run).await.unwrap();
    assert_eq!(earlier.iter().map(|example| example.split.as_str()).collect::<Vec<_>>(), ["train", "train"]);
    assert!(later.starts_with(&earlier) && later.len() == 4);
    let dropped: Vec<Dropped> = desk.store.rows(&second.run).await.unwrap();
    let dropped: Vec<_> = dropped.iter().map(|row| (row.message_id.as_str(), row.filter.as_str())).collect();
    assert_eq!(dropped, [("b-m1", "command"), ("a-m0", "leak")]);
    let counts = &second.run.manifest.counts;
    assert_eq!((counts["turns"], counts["examples"], counts["dropped"], counts["split.test"]), (6, 4, 2, 2));
    assert_eq!(counts["dropped.leak"] + counts["dropped.command"], 2);
    let params = second.run.manifest.key.params.to_string();
    assert!(params.contains(r#""file/a":"test""#) && params.contains(r#""file/b":"train""#), "{params}");
    assert!(!params.contains("pseudonyms"), "{params}");
}

#[tokio::test]
async fn of_several_alignments_one_has_to_be_chosen() {
    let desk = Desk::new().await;
    let source = source("v", &FIRST);
    desk.take_in(&source).await;
    let [first] = &desk.store.runs("align").await.unwrap()[..] else { panic!("one alignment") };
    let key = RunKey { params: json!({ "vod": source.key, "model": "base" }), ..first.manifest.key.clone() };
    let mut other = desk.store.begin(key).unwrap();
    other.table(&source.segments).await.unwrap();
    other.table(&source.turns).await.unwrap();
    let other = other.commit().await.unwrap();
    for chosen in [&["build", "demo"][..], &["build", "demo", "--align", "none"]] {
        let error = format!("{:#}", desk.command(chosen).await.unwrap_err());
        let id = other.id().to_string();
        assert!(error.contains(&id[..12]) && error.contains("choose with --align RUN"), "{error}");
    }
    let id = other.id().to_string();
    assert_eq!(desk.command(&["build", "demo", "--align", &id[..12]]).await.unwrap(), Exit::Done);
    let [built] = &desk.store.runs("dataset").await.unwrap()[..] else { panic!("one dataset") };
    assert_eq!(built.manifest.key.inputs.get("align:file/v"), Some(&other.digest));
    let one = ["build", "demo", "--align", &id, "--align", "none"];
    let error = format!("{:#}", desk.command(&one).await.unwrap_err());
    assert!(error.contains("--align none: no align run"), "{error}");
}

#[tokio::test]
async fn files_leave_the_store_as_they_are() {
    let desk = Desk::new().await;
    desk.take_in(&source("v", &FIRST)).await;
    let (done, _) = desk.build("").await;
    let out = tempfile::tempdir().unwrap();
    let path = |name: &str| out.path().join(name);
    let (tables, lines) = (path("tables"), path("lines"));
    let export = |folder: &std::path::Path, format: &str| {
        ["export", "demo@1", "-o", folder.to_str().unwrap(), "--format", format].map(str::to_owned)
    };
    for (folder, format) in [(&tables, "parquet"), (&lines, "jsonl")] {
        let line = export(folder, format);
        let line: Vec<_> = line.iter().map(String::as_str).collect();
        assert_eq!(desk.command(&line).await.unwrap(), Exit::Done);
        assert!(desk.command(&line).await.is_err(), "files were overwritten");
    }
    for part in done.run.manifest.tables.values() {
        let bytes = std::fs::read(tables.join(format!("{}.parquet", part.table))).unwrap();
        assert_eq!(Digest::of(&bytes), part.digest);
    }
    let text = std::fs::read_to_string(lines.join("train.jsonl")).unwrap();
    let rows: Vec<Example> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows, desk.store.rows::<Example>(&done.run).await.unwrap());

    let page = path("demo.html");
    assert_eq!(desk.command(&["report", "demo", "-o", page.to_str().unwrap()]).await.unwrap(), Exit::Done);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("default-src 'none'") && page.contains("!uptime") && page.contains("Commands to bots"));
    assert!(!page.contains("http:") && !page.contains("https:"), "the page needs something from elsewhere");
    assert_eq!(desk.command(&["list"]).await.unwrap(), Exit::Done);
}

#[tokio::test]
async fn bad_input_is_named_and_leaves_nothing() {
    let desk = Desk::new().await;
    let error = |result: anyhow::Result<Exit>| format!("{:#}", result.unwrap_err());
    assert!(error(desk.command(&["build", "demo"]).await).contains("ingest --vod"));
    desk.take_in(&source("v", &FIRST)).await;
    assert!(error(desk.command(&["build", "demo", "--vod", "file/none"]).await).contains("file/none"));
    let missing = error(desk.command(&["build", "demo", "--config", "/nowhere/x.toml"]).await);
    assert!(missing.contains("/nowhere/x.toml"), "{missing}");
    assert!(error(desk.command(&["export", "none", "-o", "x", "--format", "jsonl"]).await).contains("none"));
    assert!(desk.store.versions(store::Named::Dataset).await.unwrap().is_empty());
    let only_dirt = Desk::new().await;
    only_dirt.take_in(&source("v", &[(1, "!uptime")])).await;
    assert!(error(only_dirt.command(&["build", "demo"]).await).contains("demo"));
}

#[test]
fn the_command_line_is_sound() {
    use clap::CommandFactory;
    Args::command().debug_assert();
    for bad in [&["dataset"][..], &["dataset", "build"], &["dataset", "build", "Demo"], &["dataset", "export", "demo"]]
    {
        assert!(Args::try_parse_from(bad).is_err(), "{bad:?}");
    }
}
