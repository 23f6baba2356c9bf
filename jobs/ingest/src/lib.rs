//! VOD and chat to vod, media and chat_message.
//!
//! One run takes in one broadcast: the sound of a media file as FLAC, its chat as rows, and whatever is no message as rows
//! of `problem` with the reason. Media and chat come as local files or from a URL.

mod args;
pub mod chat;
mod fetch;
mod lookup;
mod params;
mod report;
mod scratch;
mod take;
mod verify;

use anyhow::bail;
use job::{Exit, Job};

pub use args::{Args, Command, Take};
pub use params::{Input, Params};
pub use take::run;

/// Raise when the same files and parameters would give other rows, audio or facts.
pub const LOGIC_VERSION: u32 = 1;

/// The command's name.
const NAME: &str = env!("CARGO_PKG_NAME");

/// The command: dispatches what was typed.
///
/// # Errors
/// What the chosen action fails with.
pub async fn command(args: Args, job: Job) -> anyhow::Result<Exit> {
    match args.command {
        Some(_) if args.take.vod.is_some() => {
            bail!("--vod takes something in and goes with no other command; leave out one of the two");
        }
        None => take_in(&Params::new(&args.take)?, &job).await?,
        Some(Command::List) => report::list(&job).await?,
        Some(Command::Show { vod }) => report::show(&vod, &job).await?,
        Some(Command::Audio { vod, output }) => report::audio(&vod, &output, &job).await?,
        Some(Command::Verify { vods, quick, full: _, subset, max_duration, anew }) => {
            let depth = if quick { verify::Depth::Quick } else { verify::Depth::Full };
            let options = verify::Options { vods, depth, subset, max_duration, anew };
            return verify::verify(&options, &job).await;
        }
        Some(Command::Completions(shell)) => shell.print::<Args>(),
    }
    Ok(Exit::Done)
}

async fn take_in(params: &Params, job: &Job) -> anyhow::Result<()> {
    let done = run(params, job).await?;
    let count = |name: &str| done.run.manifest.counts.get(name).copied().unwrap_or_default();
    let detail = format!("{} messages, {} problems", count("messages"), count("problems"));
    job.print(&done.line(NAME, &params.vod.to_string(), &detail), &done.json())
}
