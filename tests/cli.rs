//! A user at the command line: one store, one home folder, nothing of the machine's own configuration.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use testkit::process::Output;

/// One user with one store.
pub(crate) struct Cli {
    home: TempDir,
    store: String,
    threads: &'static str,
}

impl Cli {
    /// A user with an empty local store.
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let store = home.path().join("store").to_str().expect("UTF-8").to_owned();
        Self { home, store, threads: "2" }
    }

    /// The same with another store.
    pub(crate) fn on(store: String) -> Self {
        Self { store, ..Self::new() }
    }

    /// The same with another number of threads.
    pub(crate) fn threads(self, threads: &'static str) -> Self {
        Self { threads, ..self }
    }

    /// The folder of the local store.
    pub(crate) fn store(&self) -> PathBuf {
        PathBuf::from(&self.store)
    }

    /// Writes a file of the user's and gives its path.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, bytes).expect("a file can be written");
        path.to_str().expect("UTF-8").to_owned()
    }

    /// The command, ready to start.
    pub(crate) fn command(&self, job: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(testkit::bin::job(job));
        command
            .args(arguments)
            .env("DOUGPT_STORE", &self.store)
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.home.path().join("config"))
            // The real cache of models stays; everything else of the user's is fresh.
            .env("DOUGPT_MODEL_CACHE", testkit::models::cache())
            .args(["--threads", self.threads, "--progress", "never"])
            .current_dir(self.home.path());
        command
    }

    /// Runs the command to its end.
    pub(crate) fn run(&self, job: &str, arguments: &[&str]) -> Output {
        testkit::process::output(&mut self.command(job, arguments))
    }

    /// Runs the command with `--json`, which has to succeed, and reads the lines it prints.
    pub(crate) fn json(&self, job: &str, arguments: &[&str]) -> Vec<Value> {
        let arguments: Vec<_> = arguments.iter().copied().chain(["--json"]).collect();
        let output = self.run(job, &arguments).expect_code(0);
        output.stdout.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
    }

    /// Runs the command, which has to end with 2, say each of `says` on stderr and never panic.
    pub(crate) fn refused(&self, job: &str, arguments: &[&str], says: &[&str]) {
        let output = self.run(job, arguments).expect_code(2);
        for text in says {
            assert!(output.stderr.contains(text), "{job} {arguments:?} does not say {text:?}:\n{}", output.stderr);
        }
        assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
        assert_eq!(output.stdout, "", "data on stdout of a failed command");
    }
}

/// Every file below `folder`, relative and sorted.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => found.push(entry.path()),
            }
        }
    }
    found.sort();
    found
}

/// Path of a file of the sample stream.
pub(crate) fn sample(name: &str) -> String {
    testkit::sample::dir().join(name).to_str().expect("UTF-8").to_owned()
}
