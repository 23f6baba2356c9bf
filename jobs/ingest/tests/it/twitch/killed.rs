//! Killed at any instant, a fetch goes on where it was, and nothing of that shows in the end.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use testkit::TempStore;
use testkit::twitch::{Scenario, Twitch};

use super::{ID, command, fetch, newest, pages, segments};

/// Requests at once in this test.
const CONNECTIONS: usize = 4;

fn slow() -> Scenario {
    Scenario { latency_ms: 20, ..Scenario::named("short") }
}

#[test]
fn a_killed_fetch_goes_on_and_ends_in_the_same_manifest() {
    let twitch = Twitch::start(slow());
    let reference = TempStore::new();
    fetch(&twitch, &reference, &["--connections", "4"]).expect_code(0);
    let expected = newest(&reference).1.digest;

    let store = TempStore::new();
    twitch.forget();
    let mut killed = 0;
    for instant in 1..=20_u64 {
        let mut child = command(&twitch, &store, &["--vod", ID, "--connections", "4"]);
        let mut child = child.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_millis(100 + 23 * instant));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
    }
    assert!(killed > 10, "only {killed} of 20 were killed before they were done");
    fetch(&twitch, &store, &["--connections", "4"]).expect_code(0);
    assert_eq!(newest(&store).1.digest, expected);

    let asked = twitch.asked();
    let (segments, pages) = (segments(&asked), pages(&asked));
    let twice = |names: Vec<String>| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        names.into_iter().for_each(|name| *counts.entry(name).or_default() += 1);
        counts.values().map(|count| count - 1).sum::<usize>()
    };
    let most = CONNECTIONS * killed;
    let (segments, pages) = (twice(segments), twice(pages.iter().map(ToString::to_string).collect()));
    assert!(segments <= most, "{segments} segments were fetched again after {killed} kills");
    // The look at the end of the chat is no page of the fetch.
    assert!(pages <= most + 1, "{pages} pages were fetched again after {killed} kills");
}
