//! Every scenario of the fake Twitch with what comes of it; ARCHITECTURE.md shows the same table.

use std::path::Path;

use serde_json::Value;
use testkit::TempStore;
use testkit::twitch::{Fault, Scenario, Trouble, Twitch};

use super::{fetch, newest, segments};

/// How a run ends.
enum Ends {
    /// Well and with every message, with so many segments missing and muted.
    Well { gaps: u64, muted: u64 },
    /// With an error of this kind, which says this.
    With(&'static str, &'static str),
}

use Ends::{Well, With};

/// Scenario, further arguments, and the end.
const OUTCOMES: &[(&str, &[&str], Ends)] = &[
    ("short", &[], Well { gaps: 0, muted: 2 }),
    ("v1-master", &[], Well { gaps: 0, muted: 0 }),
    ("fmp4", &[], Well { gaps: 0, muted: 2 }),
    ("growing", &[], With("growing", "--allow-growing")),
    ("growing", &["--allow-growing"], Well { gaps: 0, muted: 0 }),
    ("drift", &[], Well { gaps: 0, muted: 12 }),
    ("sub-only", &[], With("sub_only", "vod_manifest_restricted")),
    ("token-null", &[], With("not_ready", "try again")),
    ("integrity-on-cursor", &[], Well { gaps: 0, muted: 0 }),
    ("pqnf", &[], Well { gaps: 0, muted: 0 }),
    ("comments-null", &[], Well { gaps: 0, muted: 0 }),
    ("truncated", &[], Well { gaps: 0, muted: 0 }),
    ("rate-limited", &[], Well { gaps: 0, muted: 0 }),
    ("slow-loris", &["--timeout", "1"], Well { gaps: 0, muted: 0 }),
    ("redirect-to-metadata", &[], With("refused", "169.254.169.254")),
    ("hostile-uris", &[], With("playlist", "../../x.ts")),
    ("huge-playlist", &[], With("too_large", "larger than")),
    ("gzip-bomb", &[], With("playlist", "#EXTM3U")),
    ("gaps", &[], Well { gaps: 2, muted: 0 }),
    ("gaps", &["--max-gaps", "0"], With("gaps", "20000 of 2400000 ms")),
    ("corrupt-segments", &["--max-gaps", "20"], Well { gaps: 3, muted: 0 }),
    ("corrupt-segments", &["--max-gaps", "10"], With("gaps", "30000 of 185000 ms")),
    ("highlight-shift", &[], Well { gaps: 0, muted: 0 }),
    ("local-time", &[], Well { gaps: 0, muted: 0 }),
    ("busy-second", &[], Well { gaps: 0, muted: 0 }),
    ("deleted", &[], With("not_found", "deleted")),
    ("expired-chat", &[], With("service_error", "--media-only")),
    ("expired-chat", &["--media-only"], Well { gaps: 0, muted: 0 }),
];

#[test]
fn every_scenario_ends_as_the_table_says() {
    // Side by side, because most of their time is waiting.
    let wrong: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = OUTCOMES.iter().map(|outcome| scope.spawn(|| wrong(outcome))).collect();
        threads.into_iter().filter_map(|thread| thread.join().expect("a scenario can be played")).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is other than it has to be.
fn wrong((name, arguments, expected): &(&str, &[&str], Ends)) -> Option<String> {
    let (twitch, store) = (Twitch::start(Scenario::named(name)), TempStore::new());
    let output = fetch(&twitch, &store, &[&["--retries", "4", "--json"], *arguments].concat());
    let told: Value = serde_json::from_str(output.stderr.lines().last().unwrap_or_default()).unwrap_or_default();
    let found = match expected {
        Well { gaps, muted } => {
            let value: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
            let number = |group: &str, name: &str| value[group][name].as_u64().unwrap_or(0);
            let messages = if arguments.contains(&"--media-only") { 0 } else { twitch.chat().len() as u64 };
            let found = (number("facts", "gaps"), number("facts", "muted_segments"), number("counts", "messages"));
            let right = found == (*gaps, *muted, messages) && number("counts", "problems") == 0;
            (output.code != Some(0) || !right).then(|| format!("{found:?}, the chat has {messages}"))
        }
        With(kind, says) => {
            let right = output.code == Some(2) && told["kind"] == *kind && output.stderr.contains(says);
            let asked = twitch.asked();
            let elsewhere = asked.iter().any(|asked| asked.path.contains("x.ts") || asked.path.contains("passwd"));
            (!right || elsewhere || has_manifest(store.path())).then(|| "it did not end so".to_owned())
        }
    };
    found.map(|found| format!("{name} {arguments:?}: {found}: code {:?}, {}", output.code, output.stderr))
}

fn has_manifest(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .any(|path| path.ends_with("manifest.json") || (path.is_dir() && has_manifest(&path)))
}

#[test]
fn the_table_in_the_architecture_is_this_one() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ARCHITECTURE.md")).unwrap();
    for name in Scenario::names().into_iter().filter(|name| !["happy", "speech"].contains(name)) {
        assert!(OUTCOMES.iter().any(|(known, ..)| *known == name), "{name} has no outcome");
        assert!(text.contains(&format!("| `{name}` |")), "ARCHITECTURE.md does not tell of {name}");
    }
}

/// Failures of single requests that have to change nothing in the result.
#[test]
fn passing_failures_leave_no_trace() {
    let reference = TempStore::new();
    fetch(&Twitch::start(Scenario::named("short")), &reference, &[]).expect_code(0);
    let expected = newest(&reference).1.digest;
    for trouble in [
        Fault { nth: vec![2, 5], ..Fault::new("segment", Trouble::ServerError) },
        Fault { nth: vec![2, 5], at: Some(1000), ..Fault::new("segment", Trouble::HangUp) },
        Fault { nth: vec![3], ..Fault::new("segment", Trouble::Reset) },
        Fault { nth: vec![3], ..Fault::new("segment", Trouble::Truncated) },
        Fault { nth: vec![3], ..Fault::new("segment", Trouble::Html) },
        Fault { every: Some(4), ..Fault::new("gql:*", Trouble::ServerError) },
        Fault { every: Some(4), ..Fault::new("gql:*", Trouble::DataNull) },
        Fault { every: Some(4), ..Fault::new("gql:*", Trouble::Reset) },
        Fault { nth: vec![2], ..Fault::new("gql:VideoCommentsByOffsetOrCursor", Trouble::DuplicatePage) },
        Fault { nth: vec![1], ..Fault::new("gql:*", Trouble::PersistedQueryNotFound) },
        Fault { client_id: Some("kd1unb4b3q4t58fwlpcbzcbnm76a8fp".into()), ..Fault::new("gql:*", Trouble::Integrity) },
        Fault { nth: vec![1], ..Fault::new("master", Trouble::ServerError) },
        Fault { nth: vec![1], ..Fault::new("media", Trouble::Reset) },
    ] {
        let mut scenario = Scenario::named("short");
        scenario.faults.push(trouble.clone());
        let (twitch, store) = (Twitch::start(scenario), TempStore::new());
        fetch(&twitch, &store, &[]).expect_code(0);
        assert_eq!(newest(&store).1.digest, expected, "{trouble:?}");
    }
}

/// An answer that breaks off is continued, not begun again.
#[test]
fn a_broken_answer_is_continued_where_it_ended() {
    let mut scenario = Scenario::named("short");
    scenario.faults.push(Fault {
        index: vec![4],
        times: Some(1),
        at: Some(40_000),
        ..Fault::new("segment", Trouble::HangUp)
    });
    let (twitch, store) = (Twitch::start(scenario), TempStore::new());
    fetch(&twitch, &store, &[]).expect_code(0);
    let asked = twitch.asked();
    assert_eq!(segments(&asked).iter().filter(|name| name.starts_with("4.")).count(), 2);
    let ranges: Vec<_> = asked.iter().filter_map(|asked| asked.range.as_deref()).collect();
    assert_eq!(ranges, ["bytes=40000-"]);
}
