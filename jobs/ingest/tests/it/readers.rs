//! What each kind of export and each kind of comment becomes.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use schemas::ChatMessage;
use serde_json::{Value, json};

use crate::exports::{comment, parse, parse_on, rechat, twitchdownloader};

/// The row that `element` becomes beside a good comment, or the reason and detail of its problem.
fn take(element: &str) -> Result<ChatMessage, (String, String)> {
    let good = comment("good", 1, "hello");
    let export = parse(format!("{{\"comments\":[{good},{element}]}}").as_bytes()).expect("an export");
    assert_eq!(export.messages, 2);
    assert_eq!(export.rows.len() + export.problems.len(), 2);
    match export.problems.into_iter().next() {
        Some(problem) => {
            let beginning: String = element.chars().take(500).collect();
            assert_eq!((problem.position, problem.raw), (1, beginning));
            assert_eq!(problem.input, "chat");
            Err((problem.reason, problem.detail))
        }
        None => Ok(export.rows.into_iter().find(|row| row.message_id != "good").expect("the other row")),
    }
}

/// A comment in which the value at `pointer` is `value`, or is missing.
fn with(pointer: &str, value: Option<Value>) -> String {
    let mut element = comment("x", 2.5, "some words");
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = element.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    match value {
        Some(value) => parent.insert(key.to_owned(), value),
        None => parent.remove(key),
    };
    element.to_string()
}

#[test]
fn what_cannot_be_a_message_says_why() {
    let set = |pointer: &str, value: Value| with(pointer, Some(value));
    for (element, reason, detail) in [
        (with("/_id", None), "missing_id", "there is no _id"),
        (set("/_id", json!("")), "missing_id", "there is no _id"),
        (set("/_id", json!([1])), "bad_type", "_id is not text"),
        (set("/_id", json!("x".repeat(201))), "bad_id", "more than 200 bytes"),
        (set("/_id", json!("good")), "duplicate_id", "the id \"good\" already"),
        (with("/content_offset_seconds", None), "missing_offset", "no content_offset_seconds"),
        (set("/content_offset_seconds", json!(null)), "missing_offset", "no content_offset_seconds"),
        (set("/content_offset_seconds", json!({})), "bad_type", "content_offset_seconds is not a number"),
        (set("/content_offset_seconds", json!("soon")), "bad_offset", "within a year"),
        (set("/content_offset_seconds", json!(1e18)), "bad_offset", "within a year"),
        (set("/created_at", json!(5.5)), "bad_type", "created_at is not text"),
        (set("/commenter", json!("ann")), "bad_type", "commenter is not an object"),
        (set("/commenter/name", json!(true)), "bad_type", "commenter.name is not text"),
        (with("/message", None), "missing_message", "there is no message"),
        (set("/message", json!("hi")), "bad_type", "message is not an object"),
        (set("/message/body", json!({"text": "hi"})), "bad_type", "message.body is not text"),
        (set("/message/body", json!(" \n")), "empty_text", "no text"),
        (set("/message", json!({"body": null, "fragments": [{"text": null}]})), "empty_text", "no text"),
        (set("/message/fragments", json!("hi")), "bad_type", "message.fragments is not a list"),
        (set("/message/fragments", json!(["hi"])), "bad_type", "a fragment is not an object"),
        (set("/message/fragments", json!([{"text": "a", "emoticon": 1}])), "bad_type", "emoticon is not an object"),
        (set("/message/user_badges", json!({})), "bad_type", "message.user_badges is not a list"),
        (set("/message/user_notice_params", json!("sub")), "bad_type", "user_notice_params is not an object"),
        (set("/message/is_action", json!("no")), "bad_type", "is_action is not true or false"),
        (set("/message/bits_spent", json!(-1)), "bad_type", "bits_spent is not a count"),
        ("null".to_owned(), "bad_type", "the element is not an object"),
        ("[]".to_owned(), "bad_type", "the element is not an object"),
        ("\"text\"".to_owned(), "bad_type", "the element is not an object"),
        ("{\"_id\":\"a\",,}".to_owned(), "malformed", "line 1, column 12"),
        ("{\"_id\":\"a\",\"_id\":\"b\"}".to_owned(), "duplicate_key", "twice"),
        (set("/_id", json!("a")).replace("\"a\"", "\"\\x\""), "malformed", "not valid JSON"),
        (set("/extra", serde_json::from_str(&("[".repeat(64) + &"]".repeat(64))).unwrap()), "too_deep", "64"),
        (set("/extra", json!("x".repeat(1 << 20) + "x")), "string_too_long", "1048576"),
        (set("/extra", json!(vec!["x".repeat(1 << 19); 9])), "too_large", "4194304"),
    ] {
        let shown: String = element.chars().take(200).collect();
        let (found, words) = take(&element).expect_err(&shown);
        assert_eq!(found, reason, "{shown}: {words}");
        assert!(words.contains(detail), "{shown}: {words}");
    }
}

#[test]
fn bytes_that_are_no_text_are_one_message_s_problem() {
    let good = comment("good", 1, "hello").to_string();
    let bad = comment("bad", 2, "QQQ").to_string().into_bytes();
    let mut bytes = [b"{\"comments\":[", good.as_bytes(), b",", &bad, b"]}"].concat();
    let at = bytes.windows(3).position(|window| window == b"QQQ").unwrap();
    bytes[at] = 0xff;
    let export = parse(&bytes).unwrap();
    assert_eq!((export.rows.len(), export.problems.len()), (1, 1));
    assert_eq!(export.problems[0].reason, "bad_encoding");
    assert!(export.problems[0].raw.contains("\u{fffd}QQ"));
}

#[test]
fn what_a_comment_holds_is_kept() {
    let row = take(&with("/_id", Some(json!("x")))).unwrap();
    assert_eq!((row.message_id.as_str(), row.offset_ms, row.ordinal), ("x", 2500, 1));
    assert_eq!(row.created_at_us, Some(1_740_852_000_884_123));
    assert_eq!((row.user_id.as_deref(), row.user_login.as_deref()), (Some("7"), Some("ann")));
    assert_eq!((row.text.as_str(), row.text_without_emotes.as_str()), ("some words", "some words"));
    assert_eq!(row.badges, ["subscriber/3"]);
    assert_eq!((row.notice, row.is_action, row.bits), (None, false, 0));

    let text = |element: String| take(&element).unwrap().text;
    assert_eq!(text(with("/message/body", None)), "some words", "fragments stand in for a body");
    assert_eq!(text(with("/message/fragments", None)), "some words");
    assert_eq!(text(with("/_id", Some(json!("x"))).replace("some words", "a\\ud83d b")), "a\u{fffd} b");

    let gone = take(&with("/commenter", Some(json!(null)))).unwrap();
    assert_eq!((gone.user_id, gone.user_login), (None, None));
    let shown = take(&with("/commenter", Some(json!({"display_name": "Ann"})))).unwrap();
    assert_eq!((shown.user_id, shown.user_login.as_deref()), (None, Some("Ann")));

    for (value, expect) in [(json!(3), 3000), (json!("4.25"), 4250), (json!(-1.5), -1500), (json!(0.0005), 1)] {
        assert_eq!(take(&with("/content_offset_seconds", Some(value))).unwrap().offset_ms, expect);
    }
    for (value, expect) in
        [(json!({}), None), (json!({"msg_id": "raid"}), Some("raid")), (json!({"msg-id": "sub"}), Some("sub"))]
    {
        assert_eq!(take(&with("/message/user_notice_params", Some(value))).unwrap().notice.as_deref(), expect);
    }
    assert!(take(&with("/message/is_action", Some(json!(true)))).unwrap().is_action);
    assert_eq!(take(&with("/message/bits_spent", Some(json!(100)))).unwrap().bits, 100);
    assert_eq!(take(&with("/created_at", Some(json!("yesterday")))).unwrap().created_at_us, None);
    assert_eq!(take(&with("/message/user_badges", Some(json!(null)))).unwrap().badges.len(), 0);
}

#[test]
fn emotes_are_the_marked_fragments() {
    let marked = |fragments: Value| {
        let mut element = comment("x", 1, "a");
        element["message"]["fragments"] = fragments.clone();
        let whole: String = fragments.as_array().unwrap().iter().filter_map(|it| it["text"].as_str()).collect();
        element["message"]["body"] = if whole.is_empty() { json!("gone") } else { json!(whole) };
        let row = take(&element.to_string()).unwrap();
        (row.emotes, row.text_without_emotes)
    };
    let emote = json!({"emoticon_id": "25"});
    let cases = [
        (json!([{"text": "so  good"}]), vec![], "so  good"),
        (json!([{"text": "so "}, {"text": "Kappa", "emoticon": emote}, {"text": " good"}]), vec!["Kappa"], "so good"),
        (
            json!([{"text": "Kappa", "emoticon": emote}, {"text": " Kappa", "emoticon": emote}]),
            vec!["Kappa", "Kappa"],
            "",
        ),
        (json!([{"text": null, "emoticon": emote}, {"text": "x"}]), vec!["25"], "x"),
        (json!([{"text": "x", "emoticon": null}, null, {"text": null}]), vec![], "x"),
    ];
    for (fragments, emotes, rest) in cases {
        assert_eq!(
            marked(fragments.clone()),
            (emotes.into_iter().map(str::to_owned).collect(), rest.to_owned()),
            "{fragments}"
        );
    }
}

#[test]
fn every_shape_and_encoding_gives_the_same_rows() {
    let comments = [comment("b", 3.0, "two \u{1f600}"), comment("a", 3, "one"), comment("c", "1.5", "zero")];
    let reference = parse(twitchdownloader(4, &comments).as_bytes()).unwrap();
    let ids: Vec<_> = reference.rows.iter().map(|row| (row.message_id.as_str(), row.ordinal)).collect();
    assert_eq!(ids, [("c", 0), ("a", 1), ("b", 2)], "ordered by time, then clock time, then id");

    let gzip = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let utf16 = |text: &str| ["\u{feff}", text].concat().encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let first = twitchdownloader(0, &comments);
    let list = Value::from(comments.to_vec()).to_string();
    let unordered =
        format!("{{ \"_next\" : \"x\" ,\n \"comments\" :{} , }}", list.replace("},{\"_id\"", "} ,\n{\"_id\""));
    for (bytes, format, title) in [
        (twitchdownloader(2, &comments).into_bytes(), "twitchdownloader/1.2", Some("A title")),
        (first.clone().into_bytes(), "twitchdownloader/1.0", Some("A title")),
        (utf16(&first), "twitchdownloader/1.0", Some("A title")),
        (gzip(&first), "twitchdownloader/1.0", Some("A title")),
        (rechat(&comments).into_bytes(), "rechat/5", Some("A title")),
        (["\u{feff}", &rechat(&comments)].concat().into_bytes(), "rechat/5", Some("A title")),
        (list.into_bytes(), "rechat/5", None),
        (unordered.into_bytes(), "rechat/5", None),
    ] {
        let export = parse(&bytes).unwrap();
        assert_eq!((export.format.as_str(), export.video.title.as_deref()), (format, title));
        assert_eq!(export.rows, reference.rows, "{format}");
        assert_eq!((export.messages, export.problems.len()), (3, 0));
        assert_eq!(export.digest, ids::Digest::of(&bytes));
        if title.is_some() {
            assert_eq!(export.video.channel.as_deref(), Some("streamer"));
            assert_eq!(export.video.started_at.as_deref(), Some("2025-03-01T18:00:00.000Z"));
        }
    }
    assert_eq!(reference.video.length_ms, Some(105_600));
}

#[test]
fn an_element_is_found_again_by_its_position_in_the_file() {
    let comments = [comment("a", 1, "one"), json!(17), comment("a", 2, "again")];
    let positions = |text: String| {
        let export = parse(text.as_bytes()).unwrap();
        export.problems.iter().map(|problem| (problem.position, problem.reason.clone())).collect::<Vec<_>>()
    };
    let expect = |first: i64| vec![(first, "bad_type".to_owned()), (first + 1, "duplicate_id".to_owned())];
    assert_eq!(positions(twitchdownloader(4, &comments)), expect(1));
    // `jq '.[2]'` of an archive counts the video's object too.
    assert_eq!(positions(rechat(&comments)), expect(2));
}

#[test]
fn threads_do_not_show() {
    // Many batches, with duplicates and broken elements in each.
    let elements = (0..20_000_u64).map(|number| match number % 97 {
        5 => "{\"_id\": [}".replace("[", ""),
        7 => comment(&format!("id-{}", number - 1), number, "twice").to_string(),
        _ => comment(&format!("id-{number}"), number / 3, "what a gate").to_string(),
    });
    let text = format!("{{\"comments\":[{}]}}", elements.collect::<Vec<_>>().join(","));
    let one = parse_on(text.as_bytes(), None, 1).expect("an export");
    assert!(one.problems.len() > 200 && one.finished.reasons.len() == 2, "{:?}", one.finished.reasons);
    for threads in [2, 7] {
        let several = parse_on(text.as_bytes(), None, threads).expect("an export");
        assert_eq!((&several.rows, &several.problems), (&one.rows, &one.problems), "{threads} threads");
        assert_eq!(several.finished, one.finished);
    }
}
