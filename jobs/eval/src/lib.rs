//! Evaluation: an adapter on held-out broadcasts against a baseline, the gate that holds it to rules, and the signed
//! promotion that servers load from.
//!
//! An evaluation is a run like any other: asked for by adapter, dataset, baseline, pack, prompt and guard. The gate reads
//! it, and promotion accepts only the one that today's prompt and guard would ask for.

mod args;
mod bootstrap;
mod error;
mod gate;
mod heldout;
mod measure;
mod pack;
mod promote;
mod releases;
mod report;
mod run;
mod style;
mod subject;
mod table;

use job::{Exit, Job};

pub use args::{Args, Baseline, Command, PromoteArgs, ReportArgs, RunArgs};
pub use error::EvalError;
pub use pack::{DEFAULTS, Pack};
pub use promote::{Refusal, promote};
pub use run::{Params, run};

/// Raised whenever the same question would give other numbers or another verdict: a change of a metric, of how examples
/// are chosen, or of the arithmetic in `llm`.
pub const LOGIC_VERSION: u32 = 1;

/// Runs the command line.
///
/// # Errors
/// Bad input, or a store that fails.
pub async fn command(args: Args, job: Job) -> anyhow::Result<Exit> {
    match args.command {
        Command::Run(options) => run::command(&options, &job, false).await,
        Command::Gate(options) => run::command(&options, &job, true).await,
        Command::Promote(options) => promote::command(&options, &job).await,
        Command::Report(options) => report::command(&options, &job).await,
        Command::Releases => releases::command(&job).await,
        Command::Pack => {
            job.print(DEFAULTS, &Pack::parse("", "the built-in pack")?)?;
            Ok(Exit::Done)
        }
        Command::Completions(completions) => {
            completions.print::<Args>();
            Ok(Exit::Done)
        }
    }
}
