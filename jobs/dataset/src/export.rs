//! `dataset export`: a dataset as files that need no store.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use job::Job;
use schemas::Example;
use serde_json::json;
use store::{Named, Run, Store, Versioned};

use crate::Format;

/// Writes `dataset` into the folder `output`.
pub(crate) async fn export(dataset: &Versioned, output: &Path, format: Format, job: &Job) -> anyhow::Result<()> {
    let store = job.store_to_read().await?;
    let (record, run) = store.named(Named::Dataset, dataset).await?;
    fs::create_dir_all(output).with_context(|| format!("the folder {} cannot be made", output.display()))?;
    let files = match format {
        Format::Parquet => parquet(store, &run, output).await?,
        Format::Jsonl => jsonl(store, &run, output).await?,
    };
    let manifest = write(output, "manifest.json", &run.manifest.to_bytes()?)?;
    let files: Vec<_> = files.into_iter().chain([manifest]).map(|path| path.display().to_string()).collect();
    let name = format!("{}@{}", record.name, record.version);
    let text = format!("dataset {name}: written to\n  {}", files.join("\n  "));
    job.print(&text, &json!({ "dataset": record.name, "version": record.version, "run_id": run.id(), "files": files }))
}

/// The run's parts, byte for byte, so that the digests in manifest.json hold for them.
async fn parquet(store: &Store, run: &Run, output: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for part in run.manifest.tables.values() {
        let bytes = store.table_bytes(part).await?;
        files.push(write(output, &format!("{}.parquet", part.table), &bytes)?);
    }
    Ok(files)
}

/// The examples, one file for each split that has any.
async fn jsonl(store: &Store, run: &Run, output: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut splits: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for example in store.rows::<Example>(run).await? {
        let lines = splits.entry(example.split.clone()).or_default();
        serde_json::to_writer(&mut *lines, &example)?;
        lines.push(b'\n');
    }
    let known = splits.keys().all(|split| ["train", "val", "test"].contains(&split.as_str()));
    ensure!(known, "the dataset has a split that is none of train, val, test; run `audit verify`");
    splits.iter().map(|(split, lines)| write(output, &format!("{split}.jsonl"), lines)).collect()
}

/// Writes a new file; one that is there is not overwritten.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
    let path = folder.join(name);
    let context = || format!("{} cannot be written; give a folder without such a file", path.display());
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&path).with_context(context)?;
    file.write_all(bytes).with_context(context)?;
    Ok(path)
}
