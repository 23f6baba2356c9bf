//! Identifiers and URLs that try to lead elsewhere: nothing is asked outside of what is allowed, nothing is written outside
//! of the store, whatever they are made of.

use std::path::Path;

use testkit::TempStore;
use testkit::process;
use testkit::twitch::scenario::Uri;
use testkit::twitch::{Fault, Kind, Scenario, Trouble, Twitch};

use super::{ID, command, fetch};

/// What ids and names are made worse with.
const FRAGMENTS: &[&str] = &[
    "..",
    "../..",
    "/../x",
    "%2e%2e",
    "..%2f",
    "%00",
    "\\..\\",
    "\\\\host\\x",
    "//evil.example",
    "@evil.example",
    "#x",
    "?x=/../y",
    "\u{202e}",
    "\u{200b}1",
    "１２３",
    "٣",
    "-1",
    "--store=/x",
    " 1",
    "1\n",
    "\t",
    "1e9",
    "0x1",
    "$(id)",
    "`id`",
];

/// Ways to put a fragment into an id: 25 fragments in 8 ways are 200 ids.
const WAYS: &[fn(&str) -> String] = &[
    |part| format!("{ID}{part}x"),
    |part| format!("x{part}{ID}"),
    |part| format!("{ID}/{part}"),
    |part| format!("twitch/{part}{ID}x"),
    |part| format!("twitch/{ID}/{part}"),
    |part| format!("https://www.twitch.tv/videos/{part}x"),
    |part| format!("https://www.twitch.tv/{part}/videos/{ID}"),
    |part| format!("https://www.twitch.tv{part}.evil.example/videos/{ID}"),
];

/// Names in a playlist that are none.
const URLS: &[&str] = &[
    "../x.ts",
    "../../x.ts",
    "a/../x.ts",
    "./x.ts",
    "/x.ts",
    "//evil.example/x.ts",
    "///x.ts",
    "\\x.ts",
    "..\\x.ts",
    "a\\b.ts",
    "%2e%2e/x.ts",
    "..%2fx.ts",
    "%2fetc%2fpasswd.ts",
    "x%00.ts",
    ".ts",
    "..ts",
    ".x.ts",
    "x.ts/",
    "x.ts/..",
    "x.ts#y",
    "x.ts?../y",
    "x.ts?a=%2f",
    "x.ts?u=http://evil.example",
    "x.ts;y",
    "x.ts|y.ts",
    "x y.ts",
    "x\u{e9}.ts",
    "\u{202e}st.x",
    "x.TS",
    "x.sh",
    "x.m3u8",
    "x",
    "x.ts.exe",
    "file:x.ts",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "data:video/mp2t,x.ts",
    "concat:x.ts",
    "crypto:x.ts",
    "subfile:x.ts",
    "pipe:0",
    "ftp://evil.example/x.ts",
    "gopher://evil.example/x.ts",
    "http://evil.example/x.ts",
    "https://evil.example/x.ts",
    "https://gql.twitch.tv/x.ts",
    "https://169.254.169.254/x.ts",
    "http://169.254.169.254/latest/x.ts",
    "http://[::1]/x.ts",
    "http://[::ffff:127.0.0.1]/x.ts",
    "http://0x7f000001/x.ts",
    "http://2130706433/x.ts",
    "http://127.1/x.ts",
    "http://localhost/x.ts",
    "http://user@127.0.0.1/x.ts",
    "https://127.0.0.1:1/x.ts",
    "javascript:x.ts",
    "jar:file:x.ts",
    "\\\\evil\\x.ts",
    "http:x.ts",
];

/// Files below `folder` that belong to a run or a VOD.
fn written(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).filter(|name| name != "probe").collect()
}

#[test]
fn no_id_is_a_path() {
    let (twitch, store) = (Twitch::start(Scenario::named("short")), TempStore::new());
    let mut count = 0;
    for way in WAYS {
        for fragment in FRAGMENTS {
            let id = way(fragment);
            let output = process::output(&mut command(&twitch, &store, &["--vod", &id]));
            assert_eq!(output.code, Some(2), "{id:?}: {}", output.stdout);
            assert!(output.stderr.contains("error: --vod"), "{id:?}: {}", output.stderr);
            count += 1;
        }
    }
    assert_eq!((count, written(store.path()), twitch.asked()), (200, vec![], vec![]));
}

#[test]
fn no_name_in_a_playlist_leads_elsewhere() {
    assert_eq!(URLS.len(), 60);
    let (twitch, store) = (Twitch::start(Scenario::named("short")), TempStore::new());
    for url in URLS {
        twitch.change(|scenario| scenario.media.uris = vec![Uri { index: 1, uri: (*url).to_owned() }]);
        let output = fetch(&twitch, &store, &["--media-only", "--json"]);
        assert_eq!(output.code, Some(2), "{url}: {}", output.stdout);
        assert!(output.stderr.contains("\"kind\":\"playlist\""), "{url}: {}", output.stderr);
    }
    let asked = twitch.asked();
    assert!(asked.iter().all(|asked| matches!(asked.kind, Kind::Gql { .. } | Kind::Master { .. } | Kind::Media)));
    assert_eq!(written(store.path()), [] as [String; 0]);
}

#[test]
fn no_redirect_leads_elsewhere() {
    for to in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "https://evil.example/x.ts",
        "http://gql.twitch.tv/x.ts",
        "file:///etc/passwd",
        "//evil.example/x.ts",
        "http://localhost/x.ts",
        "http://0/x.ts",
    ] {
        for on in ["segment", "media", "master", "gql:*"] {
            let mut scenario = Scenario::named("short");
            scenario.faults.push(Fault { to: Some(to.to_owned()), ..Fault::new(on, Trouble::Redirect) });
            let (twitch, store) = (Twitch::start(scenario), TempStore::new());
            let output = fetch(&twitch, &store, &["--media-only", "--json"]);
            assert_eq!(output.code, Some(2), "{on} to {to}: {}", output.stdout);
            assert!(output.stderr.contains("\"kind\":\"refused\""), "{on} to {to}: {}", output.stderr);
        }
    }
}
