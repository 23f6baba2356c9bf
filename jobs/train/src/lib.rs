//! Training: examples of a dataset to a LoRA adapter over a frozen 4-bit base, its metrics and its loss plot.
//!
//! A run is asked for by dataset, base model and settings; the name an adapter is given is no part of it. A run that was
//! stopped goes on from its last checkpoint when it is asked for again, and commits the same manifest as one that was not.

mod args;
mod checkpoint;
mod config;
mod course;
mod data;
mod error;
mod export;
mod inventory;
mod plot;
mod run;

use anyhow::Context as _;
use job::{Exit, Job};

pub use args::{Args, Command, ExportArgs, Format, RunArgs};
pub use config::{Config, DEFAULTS};
pub use data::{Data, context};
pub use error::TrainError;
pub use run::{Params, run};

/// Raised whenever the same question would give another adapter: a change of the order of examples, of a default that
/// is no setting, or of the arithmetic in `llm`.
pub const LOGIC_VERSION: u32 = 1;

/// The blob role of the adapter's weights.
pub const ADAPTER_ROLE: &str = "adapter";

/// The blob role of the adapter's PEFT description.
pub const ADAPTER_CONFIG_ROLE: &str = "adapter_config";

/// Runs the command line.
///
/// # Errors
/// Bad input, a loss that diverges, or a store that fails.
pub async fn command(args: Args, job: Job) -> anyhow::Result<Exit> {
    match (args.run, args.command) {
        (Some(_), Some(_)) => {
            anyhow::bail!("options of a training run do not go with another command; give one of both")
        }
        (Some(options), None) => {
            let params = Params::new(&options)?;
            let done = run(&params, &job).await?;
            let facts = &done.run.manifest.facts;
            let loss = |name: &str| facts.get("losses").and_then(|losses| losses[name].as_f64());
            let detail = match (loss("validation_before"), loss("validation_kept")) {
                (Some(before), Some(kept)) => format!("validation loss {before:.3} -> {kept:.3}"),
                _ => format!("training loss {:.3}", loss("train_last").unwrap_or(f64::NAN)),
            };
            let version = job
                .store()
                .await?
                .add_version(store::Named::Adapter, &params.name, &done.run)
                .await
                .context("the adapter could not be given a version")?;
            let subject = format!("{}@{}", params.name, version.version);
            job.print(&done.line(job.name(), &subject, &detail), &done.json())?;
            Ok(Exit::Done)
        }
        (None, Some(Command::List)) => inventory::list(&job).await,
        (None, Some(Command::Config)) => {
            job.print(DEFAULTS, &Config::parse("", "the built-in settings")?)?;
            Ok(Exit::Done)
        }
        (None, Some(Command::Export(options))) => export::export(&options, &job).await,
        (None, Some(Command::Completions(completions))) => {
            completions.print::<Args>();
            Ok(Exit::Done)
        }
        (None, None) => anyhow::bail!("nothing to do; `train --help` shows the commands"),
    }
}
