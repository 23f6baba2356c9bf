//! VOD and chat to vod, media and chat_message.
//!
//! One run takes in one broadcast, fetched from Twitch, from another URL, or given as local files: its sound as FLAC, its
//! chat as rows, and whatever is no message as rows of `problem` with the reason.

mod args;
mod batch;
pub mod chat;
mod diff;
pub mod export;
mod fetch;
mod inspect;
mod lookup;
mod media;
mod net;
mod newest;
mod origin;
mod params;
mod report;
mod retries;
mod sound;
mod source_file;
mod tables;
mod take;
mod text_file;
mod twitch;
mod verify;

use anyhow::bail;
use job::{Exit, Job};

pub use args::{Args, Command, Take};
pub use origin::Origin;
pub use params::{Broadcast, Input, Params};
pub use take::run;
#[cfg(feature = "fuzzing")]
pub use twitch::fuzzing;

/// Raise when the same files and parameters would give other rows, audio or facts.
pub const LOGIC_VERSION: u32 = 3;

/// The command's name.
const NAME: &str = env!("CARGO_PKG_NAME");

/// The command: dispatches what was typed.
///
/// # Errors
/// What the chosen action fails with.
pub async fn command(args: Args, job: Job) -> anyhow::Result<Exit> {
    match args.command {
        Some(_) if !args.take.vod.is_empty() || !args.take.vods.is_empty() || args.take.from_file.is_some() => {
            bail!("--vod and --from-file take something in and go with no other command; leave out one of the two");
        }
        None => return batch::take_in(&args.take, &job).await,
        Some(Command::Inspect { chat, started_at }) => {
            let started_at = started_at.as_deref().map(params::started_at).transpose()?;
            inspect::inspect(&chat, started_at.as_deref(), &job)?;
        }
        Some(Command::List) => report::list(&job).await?,
        Some(Command::Show { vod, generation }) => report::show(&vod, generation, &job).await?,
        Some(Command::Diff { vod, before, after }) => diff::diff(&vod, before, after, &job).await?,
        Some(Command::Audio { vod, output, generation }) => media::audio(&vod, generation, &output, &job).await?,
        Some(Command::Media { vod, output, generation }) => media::media(&vod, generation, &output, &job).await?,
        Some(Command::Export { vod, format, output, generation }) => {
            export::export(&vod, generation, format, output.as_deref(), &job).await?;
        }
        Some(Command::Verify { vods, quick, full: _, subset, max_duration, set_aside, anew }) => {
            let depth = if quick { verify::Depth::Quick } else { verify::Depth::Full };
            let options = verify::Options { vods, depth, subset, max_duration, set_aside, anew };
            return verify::verify(&options, &job).await;
        }
        Some(Command::Completions(shell)) => shell.print::<Args>(),
    }
    Ok(Exit::Done)
}
