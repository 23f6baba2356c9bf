//! Who may depend on whom, asserted from `cargo metadata`. Only direct edges count: DataFusion brings its own
//! object_store, and that is its own affair.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Third-party crates that only these members may name.
const ONLY: &[(&str, &[&str])] = &[
    // Beside the two that may reach out and the store, the end-to-end tests ask the server on loopback.
    ("reqwest", &["ingest", "models", "store", "e2e"]),
    ("object_store", &["store"]),
    ("object_store_opendal", &["store"]),
    ("opendal", &["store"]),
    ("parquet", &["store"]),
    ("datafusion", &["engine"]),
    ("whisper-rs", &["asr"]),
    ("burn", &["llm"]),
    ("cubecl", &["llm"]),
    // Beside the one server of the product, the fake Twitch of the tests.
    ("axum", &["infer", "testkit"]),
    ("hyper", &["infer"]),
    ("hyper-util", &["infer"]),
    ("tokenizers", &["prompt"]),
];

/// Libraries without I/O, and all that they may use of the workspace.
const PURE: &[(&str, &[&str])] = &[
    ("ids", &[]),
    ("manifest", &["ids"]),
    ("schemas", &["ids"]),
    ("sql", &[]),
    ("prompt", &["ids"]),
    ("guard", &["ids"]),
];

fn metadata() -> Metadata {
    MetadataCommand::new().no_deps().exec().expect("cargo metadata runs")
}

fn folder(package: &Package, root: &str) -> String {
    let path = package.manifest_path.as_str().strip_prefix(root).expect("members lie in the workspace");
    path.trim_start_matches('/').trim_end_matches("/Cargo.toml").to_owned()
}

/// Every member as (name, folder, package).
fn members() -> Vec<(String, String, Package)> {
    let metadata = metadata();
    let root = metadata.workspace_root.as_str().to_owned();
    let members = metadata.packages.into_iter();
    members.map(|package| (package.name.to_string(), folder(&package, &root), package)).collect()
}

fn is_job(folder: &str) -> bool {
    folder.starts_with("jobs/") && !folder.starts_with("jobs/lib/")
}

/// Names of direct dependencies, without those of tests.
fn dependencies(package: &Package) -> BTreeSet<String> {
    let used = package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
    used.map(|dependency| dependency.name.clone()).collect()
}

#[test]
fn heavy_crates_are_named_where_the_design_allows() {
    for (name, _, package) in members() {
        for (heavy, allowed) in ONLY {
            let used = dependencies(&package).contains(*heavy);
            assert!(
                !used || allowed.contains(&name.as_str()),
                "{name} may not depend on {heavy}; only {allowed:?} may"
            );
        }
    }
}

#[test]
fn the_only_edges_still_exist() {
    // A rule about a crate nobody uses any more has to go.
    let used: BTreeSet<_> = members().iter().flat_map(|(_, _, package)| dependencies(package)).collect();
    for (heavy, _) in ONLY {
        assert!(used.contains(*heavy), "nobody depends on {heavy}; drop its rule");
    }
}

#[test]
fn no_job_depends_on_a_job_and_no_library_on_one() {
    let members = members();
    let jobs: BTreeSet<_> =
        members.iter().filter(|(_, folder, _)| is_job(folder)).map(|(name, ..)| name.clone()).collect();
    assert_eq!(jobs.len(), 10, "{jobs:?}");
    for (name, _, package) in &members {
        let found: Vec<_> = dependencies(package).intersection(&jobs).cloned().collect();
        assert!(found.is_empty(), "{name} depends on the job {found:?}; jobs meet through the store only");
    }
}

#[test]
fn pure_libraries_use_pure_libraries() {
    let members = members();
    let names: BTreeSet<_> = members.iter().map(|(name, ..)| name.clone()).collect();
    for (pure, allowed) in PURE {
        let (_, _, package) = members.iter().find(|(name, ..)| name == pure).expect("the library exists");
        for used in dependencies(package) {
            let inside = names.contains(&used);
            assert!(!inside || allowed.contains(&used.as_str()), "{pure} may not depend on {used}");
            assert!(!["tokio", "futures", "object_store"].contains(&used.as_str()), "{pure} does no I/O, so no {used}");
        }
    }
}

#[test]
fn testkit_is_for_tests() {
    for (name, _, package) in members() {
        let used = dependencies(&package).contains("testkit");
        assert!(!used || name == "e2e", "{name} may use testkit in tests only");
    }
}

#[test]
fn every_member_has_a_telling_name_and_the_workspace_lints() {
    for (name, folder, package) in members() {
        assert!(!["common", "utils", "util", "helpers", "misc"].contains(&name.as_str()), "{name} says nothing");
        let last = folder.rsplit('/').next().unwrap_or_default();
        assert!(last == name || (folder == "tests" && name == "e2e"), "package {name} lies in {folder}");
        let text = std::fs::read_to_string(&package.manifest_path).expect("a manifest can be read");
        assert!(text.contains("[lints]\nworkspace = true"), "{name} does not take the workspace lints");
        assert!(package.description.is_some_and(|text| text.ends_with('.')), "{name} has no description");
    }
}
