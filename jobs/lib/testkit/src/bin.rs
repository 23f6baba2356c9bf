//! Finds the jobs' executables, because end-to-end tests run what a user runs.

use std::env::{self, consts::EXE_SUFFIX};
use std::path::{Path, PathBuf};

/// The executable of job `name`: from the folder `DOUGPT_BIN_DIR` when that is set, else from the profile folder the
/// test itself was built into (`target/release/deps/test-...` looks in `target/release`).
///
/// # Panics
/// When there is no such file; the message says how to build it.
pub fn job(name: &str) -> PathBuf {
    let folder = match env::var_os("DOUGPT_BIN_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => profile_folder(&env::current_exe().expect("the running test knows its own path")),
    };
    let path = folder.join(format!("{name}{EXE_SUFFIX}"));
    assert!(
        path.is_file(),
        "no executable {}: run `cargo build --release -p {name}`, or set DOUGPT_BIN_DIR to the folder it is in",
        path.display()
    );
    path
}

/// The folder executables of the same profile are in, given the path of a test or of an executable beside them.
pub(crate) fn profile_folder(executable: &Path) -> PathBuf {
    let folder = executable.parent().unwrap_or(Path::new("."));
    match folder.file_name() {
        Some(name) if name == "deps" || name == "examples" => folder.parent().unwrap_or(folder).to_path_buf(),
        _ => folder.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_look_beside_their_profile() {
        for (executable, expect) in [
            ("/t/release/deps/it-0a1b", "/t/release"),
            ("/t/debug/examples/x", "/t/debug"),
            ("/t/release/ingest", "/t/release"),
        ] {
            assert_eq!(profile_folder(Path::new(executable)), Path::new(expect));
        }
    }

    #[test]
    fn a_missing_executable_says_how_to_build_it() {
        let panic = std::panic::catch_unwind(|| job("no-such-job")).unwrap_err();
        let message = panic.downcast_ref::<String>().expect("a formatted message");
        assert!(message.contains("cargo build --release -p no-such-job"), "{message}");
    }
}
