//! Runs a program to its end and keeps everything it said.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// What a finished program left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The exit code; `None` when a signal ended the program.
    pub code: Option<i32>,
    /// Everything on stdout, with invalid UTF-8 replaced.
    pub stdout: String,
    /// Everything on stderr, with invalid UTF-8 replaced.
    pub stderr: String,
}

impl Output {
    /// The output itself when the program exited with `code`.
    ///
    /// # Panics
    /// With everything the program said, when it exited otherwise.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// Runs `program` with `arguments`, without stdin.
///
/// # Panics
/// When the program cannot be started.
pub fn run<A: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: impl IntoIterator<Item = A>) -> Output {
    output(Command::new(program).args(arguments))
}

/// Runs a prepared command (environment, folder), without stdin.
///
/// # Panics
/// When the program cannot be started.
pub fn output(command: &mut Command) -> Output {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("cannot start {}: {error}", command.get_program().to_string_lossy()));
    Output {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_both_streams_are_kept() {
        let output = run("sh", ["-c", "echo data; echo log >&2; exit 3"]).expect_code(3);
        assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("data\n", "log\n"));
    }
}
