//! The `audit` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    job::main(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), audit::command)
}
