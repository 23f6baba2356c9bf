//! Exit codes and how an error is told.

use std::io::Write;
use std::process::ExitCode;

use crate::Failure;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: the answer is no: an audit found rows, a gate refused, verification found damage.
    No,
    /// 2: trouble: bad input, I/O, anything unexpected.
    Trouble,
    /// 130: interrupted; 143 when the process was asked to end by SIGTERM.
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

/// Prints `error` and its chain of causes on stderr, once: in words, or as one JSON line with its kind, if it has one.
pub fn report_error(error: &anyhow::Error, json: bool) {
    let causes: Vec<_> = error.chain().skip(1).map(ToString::to_string).collect();
    let text = if json {
        let kind = Failure::kind_of(error);
        format!("{}\n", serde_json::json!({ "error": error.to_string(), "because": causes, "kind": kind }))
    } else {
        let causes: String = causes.iter().map(|cause| format!("  because: {cause}\n")).collect();
        format!("error: {error}\n{causes}")
    };
    // Nothing can be done when stderr is gone.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
