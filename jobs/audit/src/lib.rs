//! SQL over a store, the lineage of replies, and verification of every byte.

mod args;
mod lineage;
mod query;
mod rows;
mod rules;
mod tree;
mod verify;

use job::{Exit, Job};

pub use args::{Args, Command, Format};
pub use lineage::lineage;
pub use rules::{Verdict, judge};
pub use verify::{Report, verify};

/// Runs the command line.
///
/// # Errors
/// Bad input, or a store that cannot be read.
pub async fn command(args: Args, job: Job) -> anyhow::Result<Exit> {
    match args.command {
        Command::Run { dataset, audits } => rules::run(dataset.as_ref(), &audits, &job).await,
        Command::Sql { query, file, report, format } => {
            query::run(query.as_deref(), file.as_deref(), report.as_deref(), format, &job).await
        }
        Command::Lineage { id } => lineage::run(&id, &job).await,
        Command::Verify => verify::run(&job).await,
        Command::Completions(completions) => {
            completions.print::<Args>();
            Ok(Exit::Done)
        }
    }
}
