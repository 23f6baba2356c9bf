//! What every command shares: flags, tracing, progress, exit codes, and the frame in which a run is made or found.
//!
//! A job's `main.rs` is one call of [`main`]; its work is a function from validated parameters to a committed run,
//! usually inside [`Job::run_once`].

mod choice;
mod completions;
mod executable;
mod exit;
mod failure;
mod flags;
mod frame;
pub mod keyring;
mod logging;
mod output;
mod progress;
mod run;
mod scratch;
mod skipped;
mod transcript;
mod upstream;

pub use choice::{Choice, only_run};
pub use completions::Completions;
pub use exit::{Exit, report_error};
pub use failure::Failure;
pub use flags::{Flags, HasFlags, ProgressMode};
pub use frame::{Job, main};
pub use output::Output;
pub use progress::Progress;
pub use run::{Done, Question};
pub use scratch::Scratch;
pub use skipped::Skipped;
pub use transcript::{USUAL_MODEL, WhichTranscript};
