//! What every file looks like, and that prose names what exists.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace exists")
}

/// Every file under version control, or new and not ignored, relative to the root.
fn files() -> Vec<String> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(root()).output().expect("git runs");
    let text = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let files: Vec<_> = text.lines().map(str::to_owned).filter(|file| root().join(file).is_file()).collect();
    assert!(files.len() > 50, "only {} files: is this a checkout?", files.len());
    files
}

fn text(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_default()
}

#[test]
fn every_file_says_first_why_it_exists() {
    for file in files() {
        let text = text(&file);
        let mut lines = text.lines().filter(|line| !line.starts_with("#!"));
        let first = lines.next().unwrap_or_default();
        let good = match Path::new(&file).extension().and_then(|extension| extension.to_str()) {
            Some("rs") => first.starts_with("//! "),
            Some("sql") => first.starts_with("-- "),
            Some("nix") => first.starts_with("# "),
            Some("py") => first.starts_with("\"\"\"") || first.starts_with("# "),
            None if file.starts_with("ci/") => first.starts_with("# ") || first.starts_with("\"\"\""),
            _ => true,
        };
        assert!(good, "{file} does not open with a sentence that says why it exists");
    }
}

#[test]
fn the_top_level_is_closed() {
    const TOP: &[&str] = &[
        ".cargo",
        ".ci",
        ".config",
        ".gitattributes",
        ".gitignore",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "ci",
        "clippy.toml",
        "deny.toml",
        "flake.lock",
        "flake.nix",
        "jobs",
        "rust-toolchain.toml",
        "rustfmt.toml",
        "schemas",
        "sql",
        "tests",
    ];
    for file in files() {
        let top = file.split('/').next().unwrap_or_default();
        assert!(TOP.contains(&top), "{top} does not belong to the top level");
    }
}

#[test]
fn nothing_is_left_unfinished_and_no_test_skips() {
    // Put together here, so that this file does not find itself.
    let words =
        [["to", "do!("].concat(), ["unimpl", "emented!("].concat(), ["#[ig", "nore"].concat(), ["FIX", "ME"].concat()];
    for file in files().iter().filter(|file| file.ends_with(".rs")) {
        for (number, line) in text(file).lines().enumerate() {
            for word in &words {
                assert!(!line.contains(word), "{file}:{}: {word}", number + 1);
            }
        }
    }
}

#[test]
fn only_media_knows_ffmpeg() {
    for file in
        files().iter().filter(|file| file.ends_with(".rs") && file.starts_with("jobs/") && file.contains("/src/"))
    {
        let spawns = text(file).contains("Command::new(\"ff");
        // testkit makes the sample stream, before there is anything of the product to make it with.
        let allowed = ["jobs/lib/media/", "jobs/lib/testkit/"].iter().any(|folder| file.starts_with(folder));
        assert!(!spawns || allowed, "{file} starts ffmpeg; that is the media library's work");
    }
}

#[test]
fn no_file_names_a_registry_or_a_machine() {
    let words = [
        ["python", "hosted"].concat(),
        ["registry.npm", "js"].concat(),
        ["static", ".crates.io"].concat(),
        ["/wo", "rk/"].concat(),
    ];
    for file in files().iter().filter(|file| *file != "Cargo.lock") {
        let text = text(file);
        for word in &words {
            assert!(!text.contains(word.as_str()), "{file} names {word}");
        }
    }
}

#[test]
fn prose_names_every_job_and_library() {
    let architecture = text("ARCHITECTURE.md");
    let readme = text("README.md");
    for file in files().iter().filter(|file| file.ends_with("/Cargo.toml") && file.starts_with("jobs/")) {
        let folder = file.trim_end_matches("/Cargo.toml");
        let (parent, name) = folder.rsplit_once('/').unwrap_or_default();
        // Deeper folders belong to the job or library above them.
        if !matches!(parent, "jobs" | "jobs/lib") {
            continue;
        }
        assert!(architecture.contains(&format!("`{name}`")), "ARCHITECTURE.md does not name `{name}`");
        if !folder.starts_with("jobs/lib/") {
            assert!(readme.contains(&format!("`{name}`")), "README.md does not name `{name}`");
        }
    }
}
