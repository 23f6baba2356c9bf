//! Tokens and addresses of the user are in no object of the store and in no log.

use std::path::Path;

use testkit::TempStore;
use testkit::process;
use testkit::twitch::{Scenario, Twitch, USER_IP};

use super::{ID, command, fetch};

const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz0123";

/// Every file below `folder` that holds `secret`.
fn holding(folder: &Path, secret: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, secret));
        } else if std::fs::read(&path).unwrap().windows(secret.len()).any(|window| window == secret.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn secrets_are_neither_stored_nor_said() {
    let mut scenario = Scenario::named("sub-only");
    scenario.access.oauth_token = Some(TOKEN.to_owned());
    let (twitch, store) = (Twitch::start(scenario), TempStore::new());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{TOKEN}\n")).unwrap();
    let token = file.path().to_str().unwrap();
    let mut verbose = command(&twitch, &store, &["--vod", ID, "-vvv", "--token-file", token]);
    let output = process::output(verbose.env("RUST_LOG", "trace")).expect_code(0);
    assert!(twitch.asked().iter().any(|asked| asked.authorized));
    for secret in [TOKEN, USER_IP, "signature"] {
        assert_eq!(holding(store.path(), secret), [] as [String; 0], "{secret}");
    }
    for secret in [TOKEN, USER_IP] {
        assert!(!output.stdout.contains(secret) && !output.stderr.contains(secret), "{secret} is said");
    }
}

#[test]
fn a_token_that_is_none_is_refused_without_repeating_it() {
    let (twitch, store) = (Twitch::start(Scenario::named("sub-only")), TempStore::new());
    let mut with = command(&twitch, &store, &["--vod", ID]);
    let output = process::output(with.env("DOUGPT_TWITCH_TOKEN", "not a token!")).expect_code(2);
    assert!(output.stderr.contains("DOUGPT_TWITCH_TOKEN holds no OAuth token"), "{}", output.stderr);
    assert!(!output.stderr.contains("not a token!"), "{}", output.stderr);
    assert_eq!(twitch.asked(), []);
    let plain = fetch(&twitch, &store, &[]).expect_code(2);
    assert!(plain.stderr.contains("vod_manifest_restricted"), "{}", plain.stderr);
}
