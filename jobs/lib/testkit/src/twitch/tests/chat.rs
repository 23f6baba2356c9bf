//! Paging as the real service pages, and a chat with everything in it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::client::{gql, persisted};
use crate::twitch::operations::COMMENTS;
use crate::twitch::{Scenario, Twitch, clock};

const VOD: &str = "1087079172";

fn page(twitch: &Twitch, variables: Value) -> Value {
    gql(twitch, &persisted(COMMENTS, variables)).json()
}

fn by_offset(twitch: &Twitch, second: i64) -> Value {
    page(twitch, json!({"videoID": VOD, "contentOffsetSeconds": second}))["data"]["video"]["comments"].clone()
}

fn ids(comments: &Value) -> Vec<String> {
    let edges = comments["edges"].as_array().expect("edges");
    edges.iter().map(|edge| edge["node"]["id"].as_str().expect("an id").to_owned()).collect()
}

fn last_cursor(comments: &Value) -> String {
    let edges = comments["edges"].as_array().expect("edges");
    edges.last().expect("an edge")["cursor"].as_str().expect("a cursor").to_owned()
}

/// All ids, from a first page on by cursors.
fn follow(twitch: &Twitch, mut comments: Value) -> Vec<String> {
    let mut all = ids(&comments);
    while comments["pageInfo"]["hasNextPage"] == true {
        let cursor = last_cursor(&comments);
        comments = page(twitch, json!({"videoID": VOD, "cursor": cursor}))["data"]["video"]["comments"].clone();
        all.extend(ids(&comments));
    }
    all
}

#[test]
fn cursors_give_every_message_once() {
    let twitch = Twitch::start(Scenario::named("happy"));
    let expect: Vec<String> = twitch.chat().iter().map(|message| message.id.clone()).collect();
    assert_eq!(expect.len(), 7200);
    assert_eq!(expect.iter().collect::<BTreeSet<_>>().len(), expect.len());
    assert_eq!(follow(&twitch, by_offset(&twitch, 0)), expect);
    let first = page(&twitch, json!({"videoID": VOD, "cursor": ""}))["data"]["video"]["comments"].clone();
    assert_eq!(ids(&first), ids(&by_offset(&twitch, 0)));
}

#[test]
fn a_page_by_offset_begins_before_it_and_is_the_same_again() {
    let twitch = Twitch::start(Scenario::named("happy"));
    let comments = by_offset(&twitch, 600);
    let seconds: Vec<i64> = comments["edges"]
        .as_array()
        .expect("edges")
        .iter()
        .map(|edge| edge["node"]["contentOffsetSeconds"].as_i64().expect("a second"))
        .collect();
    assert_eq!(seconds.len(), 59);
    assert!(seconds[0] < 600 && seconds[58] > 600 && seconds.is_sorted(), "{seconds:?}");
    assert_eq!(comments["pageInfo"]["hasPreviousPage"], true);
    assert_eq!(ids(&by_offset(&twitch, 600)), ids(&comments));
    let next = page(&twitch, json!({"videoID": VOD, "cursor": last_cursor(&comments)}));
    let all: Vec<String> = twitch.chat().iter().map(|message| message.id.clone()).collect();
    let at = all.iter().position(|id| *id == ids(&comments)[0]).expect("in the chat");
    assert_eq!(ids(&next["data"]["video"]["comments"]), all[at + 59..at + 118]);
}

#[test]
fn places_that_are_not_there() {
    let twitch = Twitch::start(Scenario::named("short"));
    let answer = page(&twitch, json!({"videoID": VOD, "contentOffsetSeconds": 7000}));
    assert_eq!(answer["data"]["video"]["comments"]["edges"], json!([]));
    assert_eq!(answer["errors"][0]["message"], "service error");
    assert_eq!(page(&twitch, json!({"videoID": "5", "contentOffsetSeconds": 0}))["data"], json!({"video": null}));
    let gone = Twitch::start(Scenario::named("expired-chat"));
    let answer = page(&gone, json!({"videoID": VOD, "contentOffsetSeconds": 0}));
    assert_eq!(
        (&answer["errors"][0]["message"], &answer["data"]["video"]["comments"]),
        (&json!("service error"), &Value::Null)
    );
    assert_eq!(answer["data"]["video"]["id"], VOD);
    let deleted = Twitch::start(Scenario::named("deleted"));
    assert_eq!(page(&deleted, json!({"videoID": VOD, "contentOffsetSeconds": 0}))["data"], json!({"video": null}));
}

#[test]
fn a_chat_holds_everything_that_is_hard_to_read() {
    let twitch = Twitch::start(Scenario::named("short"));
    let chat = twitch.chat();
    let any = |found: &dyn Fn(&Value) -> bool| chat.iter().any(|message| found(&message.node()));
    assert!(any(&|node| node["commenter"].is_null()));
    assert!(any(&|node| !node["commenter"].is_null()));
    assert!(any(&|node| node["message"]["userColor"].is_null()));
    assert!(any(&|node| node["message"]["userBadges"] == json!([])));
    assert!(any(&|node| node["message"]["fragments"]
        .as_array()
        .is_some_and(|all| all.iter().any(|one| one["text"].is_null()))));
    assert!(any(&|node| node["message"]["fragments"][0]["text"]
        .as_str()
        .is_some_and(|text| text.starts_with("Cheer"))));
    assert!(any(&|node| node["message"]["fragments"][0]["text"]
        .as_str()
        .is_some_and(|text| text.starts_with("\u{1}ACTION"))));
    assert!(chat.windows(2).any(|two| two[0].second == two[1].second));
    let again = Twitch::start(Scenario::named("short"));
    assert_eq!(*again.chat(), *chat);
}

#[test]
fn times_agree_with_offsets_but_where_they_should_not() {
    let check = |name: &str, expect_ms: std::ops::Range<i64>| {
        let scenario = Scenario::named(name);
        let start = clock::parse(&scenario.vod.created_at);
        for message in Twitch::start(scenario).chat().iter() {
            let difference = clock::parse(&message.created_at) - start - message.second * 1000;
            assert!(expect_ms.contains(&difference), "{name}: {message:?}");
        }
    };
    check("short", 0..1000);
    check("local-time", -420 * 60_000..-420 * 60_000 + 1000);
    check("highlight-shift", -1_800_000..-1_799_000);
}

#[test]
fn deleted_messages_are_absent_and_cursors_outlive_them() {
    let twitch = Twitch::start(Scenario::named("short"));
    let before: Vec<String> = twitch.chat().iter().map(|message| message.id.clone()).collect();
    let first = by_offset(&twitch, 0);
    // The message the cursor stands on is gone when the next page is asked for.
    twitch.change(|scenario| scenario.chat.deleted = vec![58, 60, 200]);
    let all = follow(&twitch, first);
    let expect: Vec<String> =
        before.iter().enumerate().filter(|(at, _)| ![60, 200].contains(at)).map(|(_, id)| id.clone()).collect();
    assert_eq!(all, expect);
    assert_eq!(twitch.chat().len(), before.len() - 3);
}

#[test]
fn a_busy_second_cannot_be_read_by_offset() {
    let twitch = Twitch::start(Scenario::named("busy-second"));
    let chat = twitch.chat();
    let busy: BTreeSet<String> =
        chat.iter().filter(|message| message.second == 61).map(|message| message.id.clone()).collect();
    assert!(busy.len() >= 150);
    let by_offset: BTreeSet<String> = (0..185).flat_map(|second| ids(&by_offset(&twitch, second))).collect();
    let lost = busy.difference(&by_offset).count();
    assert!(lost > 50, "{lost} lost");
    let first = page(&twitch, json!({"videoID": VOD, "cursor": ""}))["data"]["video"]["comments"].clone();
    assert_eq!(follow(&twitch, first).len(), chat.len());
}

#[test]
fn asking_for_deletions_is_an_unknown_field() {
    let twitch = Twitch::start(Scenario::named("short"));
    let text = "query{video(id:\"1087079172\"){comments(contentOffsetSeconds:0){edges{node{id deletedAt}}}}}";
    let answer = gql(&twitch, &json!({"query": text})).json();
    let message = answer["errors"][0]["message"].as_str().expect("an error");
    assert!(message.starts_with("Cannot query field \"deletedAt\"") && answer.get("data").is_none(), "{answer}");
}

#[test]
fn a_growing_broadcast_has_the_chat_so_far() {
    let twitch = Twitch::start(Scenario::named("growing"));
    let before = twitch.chat();
    assert!(before.last().is_some_and(|last| (110..120).contains(&last.second)), "{:?}", before.last());
    twitch.change(|scenario| {
        scenario.media.listed_segments = None;
        scenario.vod.status = crate::twitch::scenario::Status::Recorded;
    });
    let after = twitch.chat();
    assert!(after.len() > before.len());
    assert_eq!(after[..before.len()], before[..]);
}
