//! Makes the sample stream's files again: `cargo run -p testkit --bin sample-stream -- OUT_DIR`.

use std::error::Error;
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut stderr = std::io::stderr();
    let is_folder = |given: &OsString| !given.to_string_lossy().starts_with('-');
    let Some(folder) = std::env::args_os().nth(1).filter(is_folder) else {
        let _ = writeln!(stderr, "usage: sample-stream OUT_DIR");
        return ExitCode::from(2);
    };
    let Err(error) = testkit::sample::write(Path::new(&folder)) else {
        return ExitCode::SUCCESS;
    };
    let _ = write!(stderr, "sample-stream: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(stderr, ": {cause}");
        source = cause.source();
    }
    let _ = writeln!(stderr);
    ExitCode::from(2)
}
