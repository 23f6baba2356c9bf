//! Promoted adapter to replies: command line and local HTTP server.
//!
//! In reading order: what may be loaded at all (`release`), from a context to a reply (`engine`, `parity`), the log of
//! it (`record`, `journal`), and the two ways in: the command line (`reply`, `audio`) and HTTP (`serve`, `http`).

pub mod args;
pub mod engine;
pub mod http;
pub mod journal;
pub mod parity;
pub mod record;
pub mod release;
pub mod serve;
pub mod worker;

mod audio;
mod identity;
mod load;
mod logs;
mod rate;
mod reply;
mod response;
mod since;

pub use identity::Identity;
pub use rate::Rate;
pub use response::Response;

use args::{Args, Command};
use job::{Exit, Job};

/// The name in messages.
pub(crate) const NAME: &str = "infer";

/// Most characters of what the streamer said; the prompt keeps the newest few thousand anyway.
pub const TRANSCRIPT_LIMIT: usize = 20_000;

/// Most chat lines of a request; the prompt keeps the newest few.
pub const CHAT_LIMIT: usize = 200;

/// The command: dispatches what was typed.
///
/// # Errors
/// What the chosen action fails with.
pub async fn command(args: Args, job: Job) -> anyhow::Result<Exit> {
    match args.command {
        Command::Reply(options) => reply::command(&options, &job).await,
        Command::Serve(options) => serve::command(&options, &job).await,
        Command::Logs(options) => logs::command(&options, &job).await,
        Command::Completions(shell) => {
            shell.print::<Args>();
            Ok(Exit::Done)
        }
    }
}
