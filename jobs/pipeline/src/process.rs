//! Starting one job as a process and reading its result.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use job::{Job, ProgressMode};
use serde_json::Value;
use tokio::process::Command;

/// What a job's process said.
pub(crate) struct Outcome {
    /// Its exit code.
    pub(crate) code: i32,
    /// The JSON lines it printed.
    pub(crate) lines: Vec<Value>,
    /// How long it took.
    pub(crate) elapsed: Duration,
}

/// Runs `job` with `arguments` on the same store and reads its JSON lines; its progress and errors go to our stderr.
///
/// # Errors
/// When it cannot be started, or ends with anything but 0 and 1.
pub(crate) async fn call(frame: &Job, job: &str, arguments: &[String]) -> anyhow::Result<Outcome> {
    let executable = find(job)?;
    let clock = Instant::now();
    let mut command = command(frame, &executable, arguments);
    command.arg("--json").stdout(Stdio::piped());
    tracing::info!(job, ?arguments, "starting");
    let child = command.spawn().with_context(|| format!("{} cannot be started", executable.display()))?;
    let output = child.wait_with_output().await.with_context(|| format!("{job} cannot be waited for"))?;
    let Some(code) = output.status.code() else {
        bail!("{job} was ended by a signal; run the same command again to go on")
    };
    if !(0..=1).contains(&code) {
        bail!("{job} failed with exit code {code}; its error is above. To see it alone: {job} {}", arguments.join(" "));
    }
    let text = String::from_utf8(output.stdout).with_context(|| format!("{job} printed something that is not text"))?;
    let lines = text.lines().map(serde_json::from_str).collect::<Result<_, _>>();
    let lines = lines.with_context(|| format!("{job} printed something that is not JSON"))?;
    Ok(Outcome { code, lines, elapsed: clock.elapsed() })
}

/// Runs `job` with `arguments` on the same store and lets it print to our stdout.
///
/// # Errors
/// When it cannot be started.
pub(crate) async fn show(frame: &Job, job: &str, arguments: &[String]) -> anyhow::Result<i32> {
    let executable = find(job)?;
    let mut command = command(frame, &executable, arguments);
    if frame.flags().json {
        command.arg("--json");
    }
    let status = command.status().await;
    let status = status.with_context(|| format!("{} cannot be started", executable.display()))?;
    status.code().with_context(|| format!("{job} was ended by a signal"))
}

fn command(frame: &Job, executable: &PathBuf, arguments: &[String]) -> Command {
    let flags = frame.flags();
    let mut command = Command::new(executable);
    command.args(arguments).args(["--store", &flags.store]).stdin(Stdio::null()).kill_on_drop(true);
    if let Some(threads) = flags.threads {
        command.args(["--threads", &threads.to_string()]);
    }
    if flags.progress == ProgressMode::Never {
        command.args(["--progress", "never"]);
    }
    if flags.quiet {
        command.arg("--quiet");
    }
    if flags.log_json {
        command.arg("--log-json");
    }
    if flags.explain {
        command.arg("--explain");
    }
    command.args((0..flags.verbose).map(|_| "-v"));
    command
}

/// The executable of a job: in the folder `DOUGPT_BIN_DIR` names, else beside this executable.
fn find(job: &str) -> anyhow::Result<PathBuf> {
    let folder = match std::env::var_os("DOUGPT_BIN_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => {
            let own = std::env::current_exe().context("the path of this executable is not known")?;
            own.parent().map(PathBuf::from).unwrap_or_default()
        }
    };
    let path = folder.join(job);
    if !path.is_file() {
        bail!(
            "the job {job} is not at {}; build all jobs (ci/build) or set DOUGPT_BIN_DIR to their folder",
            path.display()
        );
    }
    Ok(path)
}
