//! From `main` to exit code: parse, log, run, report.

use std::future::Future;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use clap::Parser;
use serde::Serialize;
use store::Store;
use tokio::sync::OnceCell;

use crate::{Exit, Flags, HasFlags, Progress, report_error};

/// One execution of a command: its flags and its store, opened when first used.
pub struct Job {
    name: &'static str,
    version: &'static str,
    flags: Flags,
    store: OnceCell<Store>,
    handles_interrupts: Arc<AtomicBool>,
}

/// Runs a command: `run` gets the parsed arguments and the job; its error is printed with its causes and ends the
/// process with code 2, an interrupt with 130, SIGTERM with 143.
///
/// `name` and `version` are the package's: `env!("CARGO_PKG_NAME")`, `env!("CARGO_PKG_VERSION")`.
pub fn main<A, F, W>(name: &'static str, version: &'static str, run: F) -> ExitCode
where
    A: Parser + HasFlags,
    F: FnOnce(A, Job) -> W,
    W: Future<Output = anyhow::Result<Exit>>,
{
    let arguments = A::parse();
    let flags = arguments.flags().clone();
    let json = flags.json;
    crate::logging::start(&flags);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            report_error(&anyhow::Error::new(error).context("the runtime cannot start"), json);
            return Exit::Trouble.into();
        }
    };
    let job = Job::new(name, version, flags);
    let handled = Arc::clone(&job.handles_interrupts);
    let outcome = runtime.block_on(async {
        // The watcher has its own task: long computations do not yield, and an interrupt has to end them too.
        tokio::spawn(async move {
            while let Some(code) = asked_to_end().await {
                // Who ends in good order on the first request still ends at once on the second.
                if handled.swap(false, Ordering::Relaxed) {
                    continue;
                }
                let _ = std::io::stderr().lock().write_all(b"interrupted; the same command goes on\n");
                crate::scratch::remove_all();
                std::process::exit(code);
            }
        });
        run(arguments, job).await
    });
    // Blocking work that was given up (a request that timed out) must not hold the process.
    runtime.shutdown_background();
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) if is_broken_pipe(&error) => Exit::Done.into(),
        Err(error) => {
            report_error(&error, json);
            Exit::Trouble.into()
        }
    }
}

/// The exit code for the next request to end: Ctrl-C, or SIGTERM from a service manager. Nothing when none can be heard.
async fn asked_to_end() -> Option<i32> {
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signals) => signals.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<Option<()>>();
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.ok().map(|()| 130),
        _ = terminated => Some(143),
    }
}

/// Whether the reader of our stdout has left, as `head` does; that is no error.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == ErrorKind::BrokenPipe))
}

impl Job {
    /// A job of that name with those flags. [`main`] makes one; tests may.
    pub fn new(name: &'static str, version: &'static str, flags: Flags) -> Self {
        Self { name, version, flags, store: OnceCell::new(), handles_interrupts: Arc::default() }
    }

    /// Says that the command ends in good order by itself when it is interrupted, as a server does. A second interrupt
    /// ends the process at once.
    pub fn handles_interrupts(&self) {
        self.handles_interrupts.store(true, Ordering::Relaxed);
    }

    /// The job's name: directory, package, executable, and `job` in every manifest.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The version of the job's package.
    pub fn version(&self) -> &'static str {
        self.version
    }

    /// The common flags.
    pub fn flags(&self) -> &Flags {
        &self.flags
    }

    /// The store, opened and probed for create-only writes when first asked for.
    ///
    /// # Errors
    /// When it cannot be opened or is refused.
    pub async fn store(&self) -> anyhow::Result<&Store> {
        Ok(self.store.get_or_try_init(|| Store::open(&self.flags.store)).await?)
    }

    /// The store for commands that only read: it has to exist, and nothing is written to it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn store_to_read(&self) -> anyhow::Result<&Store> {
        Ok(self.store.get_or_try_init(|| async { Store::open_to_read(&self.flags.store) }).await?)
    }

    /// Progress of a step with `total` units.
    pub fn progress(&self, what: &str, total: u64) -> Progress {
        Progress::new(self.flags.progress, self.flags.quiet, what, total)
    }

    /// Prints a result on stdout: `value` as one JSON line with `--json`, else `text`.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn print(&self, text: &str, value: &impl Serialize) -> anyhow::Result<()> {
        let line = match self.flags.json {
            true => serde_json::to_string(value)?,
            false => text.trim_end_matches('\n').to_owned(),
        };
        let mut out = std::io::stdout().lock();
        let empty = line.is_empty();
        let written = if empty { Ok(()) } else { writeln!(out, "{line}") };
        written.and_then(|()| out.flush()).context("stdout cannot be written")
    }

    /// Says one line about the course of things on stderr, unless `--quiet`.
    pub fn say(&self, line: &str) {
        if !self.flags.quiet {
            // Nothing can be done when stderr is gone.
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        }
    }
}
