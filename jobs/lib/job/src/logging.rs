//! Where log lines go: stderr, as text or JSON.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::Flags;

/// Starts logging for the life of the process. `RUST_LOG` overrides the flags.
pub(crate) fn start(flags: &Flags) {
    let level = match (flags.quiet, flags.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info",
        (false, 2) => "debug",
        (false, _) => "trace",
    };
    // Libraries that log each request are kept a step quieter than ours.
    let default = if flags.verbose < 3 {
        format!("{level},object_store=warn,hyper=warn,h2=warn,whisper_rs=warn")
    } else {
        level.to_owned()
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if flags.log_json {
        builder.json().try_init()
    } else {
        builder.with_ansi(std::io::stderr().is_terminal()).with_target(flags.verbose > 1).try_init()
    };
    // A second start can only happen in tests, where the first one is as good.
    drop(started);
}
