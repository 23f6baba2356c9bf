//! Aligned turns and SQL filters to examples, drops and a report.

/// Raised whenever the same turns and settings would give other rows: a change of contexts, pseudonyms, caps or leaks. The
/// filters' SQL and the guard stand in the parameters by digest and need no raise.
pub const LOGIC_VERSION: u32 = 1;

mod args;
mod build;
mod config;
mod export;
mod keyed;
mod list;
pub mod names;
pub mod prepare;
mod report;
pub mod select;
pub mod similar;
pub mod source;
pub mod splits;

use job::{Exit, Job};

pub use args::{Args, Command, Format};
pub use build::{Params, run};
pub use config::{Config, DEFAULTS};

/// Runs the command line.
///
/// # Errors
/// Bad input, a missing upstream run, or a store that fails.
pub async fn command(args: Args, job: Job) -> anyhow::Result<Exit> {
    match args.command {
        Command::Build { name, vods, aligned, config } => {
            let params = Params { name, vods, aligned, config: Config::load(config.as_deref())? };
            let (done, version) = run(&params, &job).await?;
            let count = |name: &str| done.run.manifest.counts.get(name).copied().unwrap_or_default();
            let detail = format!(
                "{} turns: {} examples ({} train, {} val, {} test), {} dropped",
                count("turns"),
                count("examples"),
                count("split.train"),
                count("split.val"),
                count("split.test"),
                count("dropped"),
            );
            let held_out = count("split.val") + count("split.test");
            for (empty, side) in [(count("split.train"), "to train on"), (held_out, "held out")] {
                if empty == 0 {
                    job.say(&format!(
                        "warning: nothing is {side}; add broadcasts, or build under another name with [splits] pin in --config \
                         (a broadcast keeps its first split in {})",
                        params.name
                    ));
                }
            }
            let mut value = done.json();
            value["dataset"] = params.name.to_string().into();
            value["version"] = version.into();
            job.print(&done.line(job.name(), &format!("{}@{version}", params.name), &detail), &value)?;
        }
        Command::Export { dataset, output, format } => export::export(&dataset, &output, format, &job).await?,
        Command::Report { dataset, output } => report::write(&dataset, &output, &job).await?,
        Command::List => list::list(&job).await?,
        Command::Defaults => job.print(DEFAULTS, &serde_json::json!({ "defaults": DEFAULTS }))?,
        Command::Completions(completions) => completions.print::<Args>(),
    }
    Ok(Exit::Done)
}
