//! Writing an adapter as files that other programs read.

use std::path::Path;

use anyhow::Context as _;
use job::{Exit, Job};
use serde_json::json;
use store::{Named, Run, Store};

use crate::{ADAPTER_CONFIG_ROLE, ADAPTER_ROLE, ExportArgs, Format, TrainError};

/// Runs `train export`.
pub(crate) async fn export(options: &ExportArgs, job: &Job) -> anyhow::Result<Exit> {
    let store = job.store_to_read().await?;
    let (record, run) = store
        .named(Named::Adapter, &options.adapter)
        .await
        .with_context(|| format!("adapter {} is not there; `train list` shows what is", options.adapter))?;
    let files = match options.format {
        Format::Peft => [(ADAPTER_ROLE, "adapter_model.safetensors"), (ADAPTER_CONFIG_ROLE, "adapter_config.json")],
    };
    std::fs::create_dir_all(&options.output)
        .with_context(|| format!("the folder {} cannot be made", options.output.display()))?;
    for (role, name) in files {
        write(store, &run, role, &options.output.join(name)).await?;
    }
    let text = format!(
        "train export {}@{}: wrote {} and {} to {}",
        record.name,
        record.version,
        files[0].1,
        files[1].1,
        options.output.display()
    );
    let value = json!({
        "adapter": record.name,
        "version": record.version,
        "run_id": run.id(),
        "files": files.map(|(_, name)| options.output.join(name)),
    });
    job.print(&text, &value)?;
    Ok(Exit::Done)
}

/// Copies a blob of `run` to `path`; a file with other content is left alone.
async fn write(store: &Store, run: &Run, role: &'static str, path: &Path) -> anyhow::Result<()> {
    let blob = run.manifest.blobs.get(role).ok_or(TrainError::NoBlob { run: run.id(), role })?;
    if let Ok(file) = std::fs::File::open(path) {
        let (found, _) = ids::Digest::of_reader(file).with_context(|| format!("{} cannot be read", path.display()))?;
        if found != blob.digest {
            return Err(TrainError::InTheWay { path: path.to_owned() }.into());
        }
        return Ok(());
    }
    Ok(store.blob_to_file(&blob.digest, path).await?)
}
