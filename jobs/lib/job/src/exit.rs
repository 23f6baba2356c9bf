//! Exit codes and how an error is told.

use std::io::Write;
use std::process::ExitCode;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: the answer is no: an audit found rows, a gate refused, verification found damage.
    No,
    /// 2: trouble: bad input, I/O, anything unexpected.
    Trouble,
    /// 130: interrupted.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Trouble => 2,
            Exit::Interrupted => 130,
        })
    }
}

/// Prints `error` and its chain of causes on stderr, once.
pub fn report_error(error: &anyhow::Error) {
    let mut text = format!("error: {error}\n");
    for cause in error.chain().skip(1) {
        text.push_str(&format!("  because: {cause}\n"));
    }
    // Nothing can be done when stderr is gone.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
