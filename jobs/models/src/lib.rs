//! Pinned model files: list, pull, import.
//!
//! Every model a job loads is one of the pins in `models.toml`, taken into the store by a run of this job; the run's
//! manifest says name, licence and address, and the others find the file through `store.model(&name)`.

mod args;
mod cache;
mod download;
mod registry;
mod report;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, bail};
use job::{Done, Exit, Job, Question};
use store::Store;

pub use args::{Args, Command};
pub use cache::{Cache, FileError, check};
pub use download::{DownloadError, download};
pub use registry::{Kind, Pin, Registry, RegistryError};

/// Raise when the same pin would give another manifest. The file's bytes are in the run's identity by their digest.
pub const LOGIC_VERSION: u32 = 1;

/// The command's name.
const NAME: &str = env!("CARGO_PKG_NAME");

/// Which model to take in, and where it comes from.
#[derive(Debug)]
pub struct Params<'registry> {
    /// The model.
    pub pin: &'registry Pin,
    /// A local file; else the cache, else the network.
    pub file: Option<PathBuf>,
}

/// Takes a model into the store, unless it is there.
///
/// # Errors
/// When no file with the pinned bytes can be had, or the store fails. Then nothing is written.
pub async fn run(params: &Params<'_>, job: &Job) -> anyhow::Result<Done> {
    let pin = params.pin;
    if let Some(file) = &params.file {
        cache::check(file, pin, "`models show` tells where the right file is published")?;
    }
    let question = Question {
        logic_version: LOGIC_VERSION,
        params: serde_json::json!({
            "name": pin.name,
            "kind": pin.kind,
            "file": pin.file,
            "license": pin.licence,
            "url": pin.urls.first(),
        }),
        inputs: BTreeMap::new(),
        models: BTreeMap::from([(pin.name.to_string(), pin.sha256)]),
    };
    job.run_once(question, async |run| {
        let file = match &params.file {
            Some(file) => file.clone(),
            None => obtain(pin, job).await?,
        };
        let digest = run.blob_file(Store::MODEL_ROLE, &file, "application/octet-stream").await?;
        if digest != pin.sha256 {
            bail!("{} changed while it was read; run the command again", file.display());
        }
        Ok(())
    })
    .await
}

/// The path of a file with the bytes of `pin`: in the cache, where it is downloaded to when missing.
async fn obtain(pin: &Pin, job: &Job) -> anyhow::Result<PathBuf> {
    let cache = Cache::find().context("there is no place for model files; set DOUGPT_MODEL_CACHE to a folder")?;
    let path = cache.path(pin);
    if path.exists() {
        cache::check(&path, pin, "delete it and pull again")?;
        return Ok(path);
    }
    job.say(&format!("{NAME} {}: not in {}, downloading", pin.name, cache.folder().display()));
    let progress = job.progress(&format!("{NAME} {}", pin.name), pin.size);
    download::download(pin, &path, &progress).await?;
    Ok(path)
}

/// The command: dispatches what was typed.
///
/// # Errors
/// What the chosen action fails with; names are looked up before anything is written.
pub async fn command(args: Args, job: Job) -> anyhow::Result<Exit> {
    let registry = Registry::built_in()?;
    match args.command {
        Command::List => report::list(&registry, &job).await?,
        Command::Show { name } => report::show(registry.find(&name)?, &job).await?,
        Command::Pull { names } => {
            let pins: Vec<_> = names.iter().map(|name| registry.find(name)).collect::<Result<_, _>>()?;
            for pin in pins {
                take(&Params { pin, file: None }, &job).await?;
            }
        }
        Command::Import { file, name } => {
            take(&Params { pin: registry.find(&name)?, file: Some(file) }, &job).await?;
        }
        Command::Completions(shell) => shell.print::<Args>(),
    }
    Ok(Exit::Done)
}

async fn take(params: &Params<'_>, job: &Job) -> anyhow::Result<()> {
    let done = run(params, job).await?;
    let detail = format!("{} bytes", params.pin.size);
    job.print(&done.line(NAME, params.pin.name.as_str(), &detail), &done.json())
}
