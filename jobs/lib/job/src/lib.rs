//! What every command shares: flags, tracing, progress, exit codes, and the frame in which a run is made or found.
//!
//! A job's `main.rs` is one call of [`main`]; its work is a function from validated parameters to a committed run,
//! usually inside [`Job::run_once`].

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
mod upstream;

pub use completions::Completions;
pub use exit::{Exit, report_error};
pub use failure::Failure;
pub use flags::{Flags, HasFlags, ProgressMode};
pub use frame::{Job, main};
pub use output::Output;
pub use progress::Progress;
pub use run::{Done, Question};
pub use upstream::only_run;
