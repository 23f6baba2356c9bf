//! Shell completions, generated from the command line's own definition.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print a completion script for a shell, e.g. `source <(ingest completions bash)`
#[derive(Debug, Clone, Args)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

impl Completions {
    /// Prints the script for the command line `A` to stdout.
    pub fn print<A: CommandFactory>(&self) {
        let mut command = A::command();
        let name = command.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        // Who takes a part of the script only, as `head` does, misses nothing.
        let _ = std::io::stdout().lock().write_all(&script);
    }
}
