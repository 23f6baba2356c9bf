//! Faults fire when their rules say, and give the bodies the real service gives.

use serde_json::{Value, json};

use super::client::{Answer, get, gql, master_path, media_path, paths, persisted, send};
use crate::twitch::operations::{COMMENTS, METADATA, TOKEN};
use crate::twitch::{Fault, Scenario, Trouble, Twitch};

const ON_COMMENTS: &str = "gql:VideoCommentsByOffsetOrCursor";

fn with(faults: Vec<Fault>) -> Twitch {
    Twitch::start(Scenario { faults, ..Scenario::named("short") })
}

fn first_page() -> Value {
    persisted(COMMENTS, json!({"videoID": "1087079172", "contentOffsetSeconds": 0}))
}

fn is_good(answer: &Answer) -> bool {
    answer.status == 200 && answer.json()["data"]["video"]["comments"]["edges"][0]["node"]["id"].is_string()
}

#[track_caller]
fn check(fault: Fault, body: &Value, expect: Value) {
    let twitch = with(vec![Fault { times: Some(1), ..fault }]);
    let mut answer = gql(&twitch, body).json();
    let extensions = answer.as_object_mut().expect("an object").remove("extensions");
    assert!(extensions.is_some_and(|extensions| extensions["requestID"].is_string()));
    assert_eq!(answer, expect);
    let again = gql(&twitch, body).json();
    assert!(again.get("errors").is_none(), "{again}");
}

#[test]
fn errors_told_by_gql() {
    let video = json!({"id": "1087079172", "__typename": "Video", "comments": null,
        "creator": {"id": "900000001", "channel": {"id": "900000001", "__typename": "Channel"}, "__typename": "User"}});
    let told = |message: &str| json!([{"message": message, "path": ["video", "comments"]}]);
    let fault = |kind| Fault::new(ON_COMMENTS, kind);
    let body = first_page();
    check(fault(Trouble::PersistedQueryNotFound), &body, json!({"errors": [{"message": "PersistedQueryNotFound"}]}));
    check(
        fault(Trouble::Integrity),
        &body,
        json!({"errors": told("failed integrity check"), "data": {"video": video}}),
    );
    check(fault(Trouble::ServiceError), &body, json!({"errors": told("service error"), "data": {"video": video}}));
    check(fault(Trouble::CommentsNull), &body, json!({"data": {"video": video}}));
    check(fault(Trouble::VideoNull), &body, json!({"data": {"video": null}}));
    check(fault(Trouble::DataNull), &body, json!({"errors": [{"message": "service timeout"}], "data": null}));
    let drift = "Cannot query field \"comments\" on type \"Video\".";
    let drift = json!({"errors": [{"message": drift, "locations": [{"line": 1, "column": 31}]}]});
    check(fault(Trouble::SchemaDrift), &body, drift);
    let token = persisted(TOKEN, json!({"vodID": "1087079172", "isVod": true}));
    check(
        Fault::new("gql:PlaybackAccessToken", Trouble::TokenNull),
        &token,
        json!({"data": {"videoPlaybackAccessToken": null}}),
    );
}

#[test]
fn a_text_is_never_a_persisted_query_that_is_not_found() {
    let twitch = Twitch::start(Scenario::named("pqnf"));
    assert_eq!(gql(&twitch, &first_page()).json()["errors"][0]["message"], "PersistedQueryNotFound");
    let text = "query{video(id:\"1087079172\"){comments(contentOffsetSeconds:0){edges{node{id}}}}}";
    assert!(is_good(&gql(&twitch, &json!({"query": text}))));
}

#[test]
fn rules_count_what_they_are_about() {
    let pattern = |fault: Fault| {
        let twitch = with(vec![fault]);
        (0..6).map(|_| if is_good(&gql(&twitch, &first_page())) { '.' } else { 'x' }).collect::<String>()
    };
    let fault = || Fault::new(ON_COMMENTS, Trouble::CommentsNull);
    assert_eq!(pattern(fault()), "xxxxxx");
    assert_eq!(pattern(Fault { nth: vec![2, 5], ..fault() }), ".x..x.");
    assert_eq!(pattern(Fault { every: Some(3), ..fault() }), "..x..x");
    assert_eq!(pattern(Fault { from: Some(4), ..fault() }), "...xxx");
    assert_eq!(pattern(Fault { times: Some(2), ..fault() }), "xx....");
    assert_eq!(pattern(Fault { from: Some(2), times: Some(2), ..fault() }), ".xx...");
    assert_eq!(pattern(Fault { with_cursor: Some(true), ..fault() }), "......");
    assert_eq!(pattern(Fault { client_id: Some("kd1unb4b3q4t58fwlpcbzcbnm76a8fp".into()), ..fault() }), "......");
    assert_eq!(pattern(Fault::new("gql:VideoMetadata", Trouble::CommentsNull)), "......");
    assert_eq!(pattern(Fault::new("gql:*", Trouble::CommentsNull)), "xxxxxx");
}

#[test]
fn the_first_rule_decides_and_all_count() {
    let nth = |nth: u64, kind| Fault { nth: vec![nth], ..Fault::new("*", kind) };
    let twitch = with(vec![nth(1, Trouble::NotFound), nth(1, Trouble::RateLimited), nth(2, Trouble::RateLimited)]);
    let statuses: Vec<u16> = (0..3).map(|_| gql(&twitch, &first_page()).status).collect();
    assert_eq!(statuses, [404, 429, 200]);
    twitch.change(|scenario| scenario.faults.truncate(1));
    assert_eq!(gql(&twitch, &first_page()).status, 404);
}

#[test]
fn integrity_fails_on_cursors_only() {
    let twitch = Twitch::start(Scenario::named("integrity-on-cursor"));
    let page = gql(&twitch, &first_page());
    assert!(is_good(&page));
    let cursor = page.json()["data"]["video"]["comments"]["edges"][9]["cursor"].clone();
    let next = gql(&twitch, &persisted(COMMENTS, json!({"videoID": "1087079172", "cursor": cursor}))).json();
    assert_eq!(next["errors"][0]["message"], "failed integrity check");
    let status = Fault { status: Some(401), ..Fault::new(ON_COMMENTS, Trouble::Integrity) };
    twitch.change(|scenario| scenario.faults = vec![status]);
    assert_eq!(gql(&twitch, &first_page()).status, 401);
}

#[test]
fn a_page_that_comes_twice_and_a_node_that_is_null() {
    let twitch = with(vec![
        Fault { nth: vec![2], ..Fault::new(ON_COMMENTS, Trouble::DuplicatePage) },
        Fault { nth: vec![3], ..Fault::new(ON_COMMENTS, Trouble::NullNode) },
    ]);
    let one = gql(&twitch, &first_page()).json()["data"]["video"]["comments"].clone();
    let cursor = one["edges"][58]["cursor"].clone();
    let next = persisted(COMMENTS, json!({"videoID": "1087079172", "cursor": cursor}));
    assert_eq!(gql(&twitch, &next).json()["data"]["video"]["comments"], one);
    let third = gql(&twitch, &next).json()["data"]["video"]["comments"].clone();
    assert!(third["edges"][58]["node"].is_null() && third["edges"][0]["node"]["id"] != one["edges"][0]["node"]["id"]);
}

#[test]
fn answers_http_spoils() {
    let fault = |kind| Fault::new("gql:*", kind);
    let answer = |fault: Fault| gql(&with(vec![fault]), &first_page());
    let limited = answer(Fault { retry_after: Some("7".into()), ..fault(Trouble::RateLimited) });
    assert_eq!((limited.status, limited.headers["retry-after"].as_str()), (429, "7"));
    assert_eq!(answer(Fault { status: Some(502), ..fault(Trouble::ServerError) }).status, 502);
    assert_eq!(answer(fault(Trouble::ServerError)).status, 503);
    let cut = answer(Fault { at: Some(100), ..fault(Trouble::Truncated) });
    assert_eq!((cut.status, cut.body.len(), cut.cut), (200, 100, false));
    assert!(serde_json::from_slice::<Value>(&cut.body).is_err());
    assert_eq!(answer(fault(Trouble::Empty)).body, b"");
    assert!(answer(fault(Trouble::Html)).text().starts_with("<!doctype"));
    assert_eq!(answer(fault(Trouble::Unauthorized)).json()["status"], 401);
}

#[test]
fn one_trouble_of_http_is_all_of_a_list() {
    let twitch = with(vec![Fault::new("gql:VideoMetadata", Trouble::RateLimited)]);
    let answer = gql(&twitch, &json!([first_page(), persisted(METADATA, json!({"videoID": "1087079172"}))]));
    assert_eq!(answer.status, 429);
    assert_eq!(twitch.asked().iter().map(|asked| asked.status).collect::<Vec<_>>(), [429, 429]);
}

#[test]
fn usher_refuses_in_its_own_words() {
    let twitch = Twitch::start(Scenario::named("sub-only"));
    let answer = get(&twitch, &master_path(&twitch, "v2/"));
    assert_eq!((answer.status, &answer.json()[0]["error_code"]), (403, &json!("vod_manifest_restricted")));
    assert_eq!(answer.json()[0]["type"], "error");
    let twitch = with(vec![Fault::new("master", Trouble::SubOnly)]);
    let answer = get(&twitch, &master_path(&twitch, ""));
    assert_eq!((answer.status, &answer.json()[0]["error_code"]), (403, &json!("vod_manifest_restricted")));
}

#[test]
fn segments_are_missing_damaged_and_elsewhere() {
    let twitch = Twitch::start(Scenario::named("corrupt-segments"));
    let path = media_path(&twitch, "audio_only");
    let segments = paths(&get(&twitch, &path), &twitch, &path);
    let sound = |body: &[u8]| {
        body.len().is_multiple_of(188) && !body.is_empty() && body.chunks(188).all(|packet| packet[0] == 0x47)
    };
    let tries = |index: usize| {
        [0, 1].map(|_| {
            let answer = get(&twitch, &segments[index]);
            !answer.cut && sound(&answer.body)
        })
    };
    let expect = [(1, [true, true]), (2, [false, true]), (3, [false, true]), (5, [false, true]), (7, [false, false])];
    for (index, expect) in expect.into_iter().chain([(9, [false, false]), (11, [false, false])]) {
        assert_eq!(tries(index), expect, "segment {index}");
    }
    let redirect = |to: Option<&str>| {
        let fault = Fault { index: vec![3], to: to.map(str::to_owned), ..Fault::new("segment", Trouble::Redirect) };
        twitch.change(|scenario| scenario.faults = vec![fault]);
        let answer = get(&twitch, &segments[3]);
        (answer.status, answer.headers["location"].clone())
    };
    assert_eq!(redirect(Some("http://169.254.169.254/")), (302, "http://169.254.169.254/".into()));
    assert_eq!(redirect(None), (302, format!("{}{}", twitch.usher_url(), segments[3])));
    assert_eq!(get(&twitch, &segments[4]).status, 200);
}

#[test]
fn a_bomb_unfolds() {
    let twitch = with(vec![Fault { bytes: Some(8 << 20), ..Fault::new("media", Trouble::GzipBomb) }]);
    let answer = get(&twitch, &media_path(&twitch, "audio_only"));
    assert_eq!((answer.status, answer.headers["content-encoding"].as_str()), (200, "gzip"));
    assert!(answer.body.len() < 9000, "{} bytes", answer.body.len());
    let folder = crate::TempStore::new();
    let file = folder.path().join("bomb.gz");
    std::fs::write(&file, &answer.body).expect("the folder can be written");
    let script = "gzip -dc \"$0\" 2>/dev/null | wc -c; gzip -dc \"$0\" 2>/dev/null | head -n 1";
    let said = crate::process::run("sh", ["-c".as_ref(), script.as_ref(), file.as_os_str()]).expect_code(0).stdout;
    assert_eq!(said, format!("{}\n#EXTM3U\n", (8 << 20) + 8));
}

#[test]
fn a_range_of_requests_fits_a_range_of_rules() {
    // Client ids tell rules apart, as when only one client fails the integrity check.
    let fault = Fault { client_id: Some("one".into()), ..Fault::new(ON_COMMENTS, Trouble::Integrity) };
    let twitch = with(vec![fault]);
    let body = first_page().to_string();
    let ask = |id: &str| send(&twitch, "POST", "/gql", &[("client-id", id)], &body);
    assert!(!is_good(&ask("one")) && is_good(&ask("two")));
}
