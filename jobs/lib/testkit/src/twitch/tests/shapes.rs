//! Every good answer of GQL has the shape the real one has, field by field.

use serde_json::{Value, json};

use super::client::{gql, persisted, send};
use crate::twitch::operations::{CHAPTERS, COMMENTS, METADATA, MUTES, TOKEN};
use crate::twitch::{Scenario, Twitch};

/// Compares with a shape: a string names a type, `?` at its end lets it be null; a list has one shape for all its items
/// and at least one; an object has the fields named and may have more.
#[track_caller]
fn check(at: &str, value: &Value, shape: &Value) {
    match shape {
        Value::String(kind) => {
            let kind = match kind.strip_suffix('?') {
                Some(_) if value.is_null() => return,
                Some(kind) => kind,
                None => kind,
            };
            let good = match kind {
                "str" => value.is_string(),
                "int" => value.is_i64() || value.is_u64(),
                "bool" => value.is_boolean(),
                "digits" => {
                    value.as_str().is_some_and(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
                }
                "time" => {
                    value.as_str().is_some_and(|text| text.len() >= 20 && text.ends_with('Z') && &text[10..11] == "T")
                }
                "uuid" => value.as_str().is_some_and(|text| text.len() == 36 && text.split('-').count() == 5),
                "hex40" => {
                    value.as_str().is_some_and(|text| text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit()))
                }
                "colour" => value.as_str().is_some_and(|text| text.len() == 7 && text.starts_with('#')),
                literal => value == literal,
            };
            assert!(good, "{at} is {value} instead of {kind}");
        }
        Value::Array(shapes) => {
            let items = value.as_array().unwrap_or_else(|| panic!("{at} is {value} instead of a list"));
            assert!(!items.is_empty(), "{at} is empty");
            items.iter().enumerate().for_each(|(index, item)| check(&format!("{at}[{index}]"), item, &shapes[0]));
        }
        Value::Object(fields) => {
            for (name, shape) in fields {
                let value = value.get(name).unwrap_or_else(|| panic!("{at} has no {name}: {value}"));
                check(&format!("{at}.{name}"), value, shape);
            }
        }
        _ => assert_eq!(value, shape, "{at}"),
    }
}

#[track_caller]
fn ask(twitch: &Twitch, body: &Value, shape: &Value) -> Value {
    let answer = gql(twitch, body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.headers["content-type"].starts_with("application/json"));
    check("answer", &answer.json(), shape);
    answer.json()
}

fn id() -> Value {
    json!({"videoID": "1087079172"})
}

#[test]
fn video_info() {
    let twitch = Twitch::start(Scenario::named("short"));
    let shape = json!({"data": {"video": {
        "title": "str?", "thumbnailURLs": ["str"], "createdAt": "time", "lengthSeconds": "int",
        "owner": {"id": "digits", "displayName": "str", "login": "str"}, "viewCount": "int",
        "game": {"id": "digits", "displayName": "str", "boxArtURL": "str"}, "description": "str?", "status": "RECORDED",
        "recordedAt": "time", "publishedAt": "time", "broadcastType": "ARCHIVE",
        "creator": {"id": "digits", "channel": {"id": "digits", "__typename": "Channel"}}, "resourceRestriction": null,
    }}, "extensions": {"durationMilliseconds": "int", "requestID": "str"}});
    let text = "query{video(id:\"1087079172\"){title,createdAt,lengthSeconds,owner{id,displayName,login},status}}";
    let one = ask(&twitch, &json!({"query": text, "variables": {}}), &shape);
    let two = ask(&twitch, &persisted(METADATA, json!({"channelLogin": "", "videoID": "1087079172"})), &shape);
    assert_eq!(one["data"], two["data"]);
    assert_ne!(one["extensions"]["requestID"], two["extensions"]["requestID"]);
    assert_ne!(one["extensions"]["durationMilliseconds"], two["extensions"]["durationMilliseconds"]);
    let other = json!({"query": "query{video(id:\"5\"){title}}"});
    assert_eq!(ask(&twitch, &other, &json!({}))["data"], json!({"video": null}));
}

#[test]
fn comments() {
    let twitch = Twitch::start(Scenario::named("short"));
    let shape = json!({"data": {"video": {
        "id": "digits", "creator": {"id": "digits", "channel": {"id": "digits", "__typename": "Channel"}},
        "__typename": "Video", "comments": {
            "edges": [{"cursor": "str", "__typename": "VideoCommentEdge", "node": {
                "id": "uuid", "contentOffsetSeconds": "int", "createdAt": "time",
                "message": {"fragments": [{"text": "str?"}], "userColor": "colour?"},
            }}],
            "pageInfo": {"hasNextPage": true, "hasPreviousPage": false},
        }}},
        "extensions": {"durationMilliseconds": "int", "operationName": COMMENTS, "requestID": "str"}});
    let variables = json!({"videoID": "1087079172", "contentOffsetSeconds": 0});
    ask(&twitch, &persisted(COMMENTS, variables.clone()), &shape);
    let text = "query C($videoID: ID!, $cursor: Cursor, $contentOffsetSeconds: Int){video(id:$videoID)\
                {comments(first:100, after:$cursor, contentOffsetSeconds:$contentOffsetSeconds)\
                {edges{cursor node{id}} pageInfo{hasNextPage}}}}";
    let mut shape = shape;
    shape["extensions"].as_object_mut().expect("an object").remove("operationName");
    ask(&twitch, &json!({"query": text, "variables": variables}), &shape);
    let kinds: [(&str, Value); 3] = [
        ("commenter", json!({"id": "digits", "login": "str", "displayName": "str", "__typename": "User"})),
        ("emote", json!({"id": "str", "emoteID": "str", "from": "int"})),
        ("userBadges", json!([{"id": "str", "setID": "str", "version": "str"}])),
    ];
    for (name, shape) in kinds {
        let nodes = twitch.chat();
        let found = nodes.iter().find_map(|message| find(&message.node(), name));
        check(name, &found.unwrap_or_else(|| panic!("no {name} in the chat")), &shape);
    }
}

/// The first value of that name that is neither null nor empty.
fn find(value: &Value, name: &str) -> Option<Value> {
    let inner: Vec<&Value> = match value {
        Value::Object(fields) => {
            if let Some(found) = fields.get(name).filter(|found| !found.is_null() && **found != json!([])) {
                return Some(found.clone());
            }
            fields.values().collect()
        }
        Value::Array(items) => items.iter().collect(),
        _ => return None,
    };
    inner.into_iter().find_map(|value| find(value, name))
}

#[test]
fn emotes_lie_where_they_say() {
    let twitch = Twitch::start(Scenario::named("short"));
    let mut count = 0;
    for message in twitch.chat().iter() {
        let text: Vec<char> = message.texts.iter().flatten().flat_map(|text| text.chars()).collect();
        for fragment in message.node()["message"]["fragments"].as_array().expect("fragments") {
            let Some(id) = fragment["emote"]["id"].as_str() else { continue };
            let parts: Vec<&str> = id.split(';').collect();
            let (from, to): (usize, usize) = (parts[1].parse().expect("a begin"), parts[2].parse().expect("an end"));
            assert_eq!(fragment["emote"]["emoteID"], parts[0]);
            assert_eq!(fragment["emote"]["from"], from);
            assert_eq!(text[from..=to].iter().collect::<String>(), fragment["text"]);
            count += 1;
        }
    }
    assert!(count > 20, "{count} emotes");
}

#[test]
fn token_chapters_and_mutes() {
    let twitch = Twitch::start(Scenario::named("short"));
    let token = json!({"data": {"videoPlaybackAccessToken": {"value": "str", "signature": "hex40"}}});
    let text =
        "{videoPlaybackAccessToken(id:\"1087079172\",params:{platform:\"web\",playerType:\"site\"}){signature value}}";
    ask(&twitch, &json!({"query": text}), &token);
    let variables = json!({"isLive": false, "isVod": true, "login": "", "vodID": "1087079172", "playerType": "embed",
        "platform": "site"});
    let answer = ask(&twitch, &persisted(TOKEN, variables), &token);
    let value = answer["data"]["videoPlaybackAccessToken"]["value"].as_str().expect("a text");
    let value: Value = serde_json::from_str(value).expect("JSON within");
    let shape = json!({"authorization": {"forbidden": false, "reason": "str"}, "device_id": "str", "expires": "int",
        "https_required": true, "privileged": false, "user_id": null, "vod_id": "int", "user_ip": "203.0.113.77"});
    check("value", &value, &shape);

    let chapter = json!({"data": {"video": {"moments": {"edges": [{"node": {
        "id": "str", "durationMilliseconds": "int", "positionMilliseconds": "int", "type": "GAME_CHANGE",
        "description": "str", "subDescription": "str", "thumbnailURL": "str",
        "details": {"game": {"id": "digits", "displayName": "str"}},
        "video": {"id": "digits", "lengthSeconds": "int"},
    }}]}}}});
    ask(&twitch, &persisted(CHAPTERS, json!({"videoID": "1087079172", "includePrivate": false})), &chapter);
    ask(
        &twitch,
        &json!({"query": "{video(id:\"1087079172\"){moments(momentRequestType:X){edges{node{id}}}}}"}),
        &chapter,
    );

    let nodes = json!([{"duration": "int", "offset": "int"}]);
    let mutes = json!({"data": {"video": {"muteInfo": {"mutedSegmentConnection": {"nodes": nodes}}}}});
    ask(&twitch, &persisted(MUTES, json!({"vodID": "1087079172", "includePrivate": false})), &mutes);
    twitch.change(|scenario| scenario.vod.muted.clear());
    let none = json!({"data": {"video": {"muteInfo": {"mutedSegmentConnection": null}}}});
    ask(&twitch, &persisted(MUTES, json!({"vodID": "1087079172"})), &none);
}

#[test]
fn users_and_badges() {
    let twitch = Twitch::start(Scenario::named("short"));
    let users =
        ask(&twitch, &json!({"query": "query{users(ids:[\"910000000\",\"1\"]){id,displayName,login}}"}), &json!({}));
    assert_eq!(
        (&users["data"]["users"][0]["login"], &users["data"]["users"][1]),
        (&json!("crouton_carl"), &Value::Null)
    );
    let badge = json!([{"imageURL": "str", "description": "str", "title": "str", "setID": "str", "version": "str"}]);
    let text =
        "query{badges{imageURL(size:DOUBLE),description,title,setID,version},user(id:1){broadcastBadges{title}}}";
    ask(&twitch, &json!({"query": text}), &json!({"data": {"badges": badge, "user": {"broadcastBadges": badge}}}));
}

#[test]
fn a_list_of_operations_is_answered_in_its_order() {
    let twitch = Twitch::start(Scenario::named("short"));
    let mut unknown = persisted(METADATA, json!({}));
    unknown["operationName"] = json!("X");
    let both = json!([unknown, persisted(METADATA, id())]);
    let answer = gql(&twitch, &both).json();
    check(
        "answer",
        &answer[0],
        &json!({"errors": [{"message": "PersistedQueryNotFound"}], "extensions": {"operationName": "X"}}),
    );
    assert!(answer[0].get("data").is_none());
    assert_eq!(answer[1]["data"]["video"]["id"], "1087079172");
    assert_eq!(twitch.asked().len(), 2);
}

#[test]
fn what_is_refused_before_it_is_looked_at() {
    let mut scenario = Scenario::named("sub-only");
    scenario.access.client_ids = vec!["kd1unb4b3q4t58fwlpcbzcbnm76a8fp".into()];
    let twitch = Twitch::start(scenario);
    let body = persisted(METADATA, id()).to_string();
    let status = |headers: &[(&str, &str)], body: &str| send(&twitch, "POST", "/gql", headers, body).status;
    let client = ("client-id", "kd1unb4b3q4t58fwlpcbzcbnm76a8fp");
    assert_eq!(status(&[], &body), 400);
    assert_eq!(status(&[("client-id", "x")], &body), 400);
    assert_eq!(status(&[client], "{"), 400);
    assert_eq!(status(&[client], &body), 200);
    assert_eq!(status(&[client, ("authorization", "OAuth wrong")], &body), 401);
    assert_eq!(status(&[client, ("authorization", "OAuth fakeoauthtoken0123456789abcdef")], &body), 200);
    let answer = send(&twitch, "POST", "/gql", &[client, ("authorization", "OAuth wrong")], &body);
    let invalid = json!({"error": "Unauthorized", "status": 401, "message": "The \"Authorization\" token is invalid."});
    assert_eq!(answer.json(), invalid);
}
