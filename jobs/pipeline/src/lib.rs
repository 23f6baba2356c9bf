//! Runs the jobs in order as processes: no scheduler, no state of its own. What is done is known by the store alone, so
//! that a pipeline can be interrupted anywhere and started again.

mod args;
mod demo;
mod process;
mod run;
mod status;

pub use args::{Args, Step};

use job::{Exit, Job};

use args::Command;

/// Runs the command line.
///
/// # Errors
/// When a job fails or cannot be started.
pub async fn command(args: Args, job: Job) -> anyhow::Result<Exit> {
    match args.command {
        Command::Run(arguments) => run::run(&(*arguments).into(), &job).await,
        Command::Status => status::status(&job).await,
        Command::Demo => demo::demo(&job).await,
        Command::Completions(completions) => {
            completions.print::<Args>();
            Ok(Exit::Done)
        }
    }
}
