//! Bytes of strangers: no input panics, and whatever is accepted reconciles.

use std::collections::BTreeSet;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::Value;

use crate::exports::{Parsed, comment, parse, rechat, twitchdownloader};

/// The laws of every export that was accepted.
fn reconcile(export: &Parsed) -> Result<(), TestCaseError> {
    prop_assert_eq!(export.messages as usize, export.rows.len() + export.problems.len());
    prop_assert_eq!(export.finished.reasons.values().sum::<u64>() as usize, export.problems.len());
    let ids: BTreeSet<_> = export.rows.iter().map(|row| &row.message_id).collect();
    prop_assert_eq!(ids.len(), export.rows.len());
    let order: Vec<_> = export.rows.iter().map(|row| (row.offset_ms, row.created_at_us, &row.message_id)).collect();
    prop_assert!(order.is_sorted());
    prop_assert!(
        export
            .rows
            .iter()
            .zip(0..)
            .all(|(row, ordinal)| row.ordinal == ordinal && row.fragments.len() == row.fragment_emotes.len())
    );
    let short = |text: &str| text.chars().count() <= 500;
    prop_assert!(export.problems.iter().all(|problem| short(&problem.raw) && short(&problem.detail)));
    Ok(())
}

/// A change to the bytes of a file.
#[derive(Debug, Clone)]
enum Mutation {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Delete(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
    Cut(prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<prop::sample::Index>;
    // What JSON is made of is more telling than any byte.
    let byte = prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\0-.eunl\n\xff".to_vec())];
    let token = prop::sample::select(vec!["null", "[", "{", "\"", "\\ud83d", "1e999", "-", ",", "\u{feff}", "\\u0000"]);
    prop_oneof![
        4 => (at(), byte).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        4 => (at(), token).prop_map(|(at, token)| Mutation::Insert(at, token.as_bytes().to_vec())),
        2 => (at(), 1..40_usize).prop_map(|(at, length)| Mutation::Delete(at, length)),
        2 => (at(), 1..400_usize).prop_map(|(at, length)| Mutation::Repeat(at, length)),
        1 => at().prop_map(Mutation::Cut),
    ]
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let position = |at: &prop::sample::Index, bytes: &[u8]| at.index(bytes.len() + 1);
        match self {
            Self::Set(at, byte) => {
                let at = position(at, bytes);
                if let Some(place) = bytes.get_mut(at) {
                    *place = *byte;
                }
            }
            Self::Insert(at, token) => {
                let at = position(at, bytes);
                bytes.splice(at..at, token.iter().copied());
            }
            Self::Delete(at, length) => {
                let at = position(at, bytes);
                let end = (at + length).min(bytes.len());
                bytes.drain(at..end);
            }
            Self::Repeat(at, length) => {
                let at = position(at, bytes);
                let piece = bytes[at..(at + length).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            Self::Cut(at) => bytes.truncate(position(at, bytes)),
        }
    }
}

fn comments() -> impl Strategy<Value = Vec<Value>> {
    let one = ("[a-e]{1,2}", -10.0..1e5_f64, "\\PC{1,20}").prop_map(|(id, seconds, body)| comment(&id, seconds, &body));
    prop::collection::vec(one, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_refused_or_reconcile(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(export) = parse(&bytes) {
            reconcile(&export)?;
        }
    }

    #[test]
    fn arbitrary_json_is_refused_or_reconciles(text in r#"[\[{]?("(comments|video|_id|message)"|[\[\]{}",:0-9a\\ \n]|null){0,80}"#) {
        if let Ok(export) = parse(text.as_bytes()) {
            reconcile(&export)?;
        }
    }

    #[test]
    fn damaged_exports_are_refused_or_reconcile(
        comments in comments(),
        shape in 0..3_u8,
        mutations in prop::collection::vec(mutation(), 1..6),
        packed in any::<bool>(),
    ) {
        let mut bytes = match shape {
            0 => rechat(&comments),
            1 => twitchdownloader(0, &comments),
            _ => twitchdownloader(4, &comments),
        }.into_bytes();
        // Half of the packed ones are damaged before packing, so that the JSON below gzip is reached too.
        let inside = mutations.len().is_multiple_of(2);
        if !packed || inside {
            mutations.iter().for_each(|mutation| mutation.apply(&mut bytes));
        }
        if packed {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&bytes).unwrap();
            bytes = encoder.finish().unwrap();
            if !inside {
                mutations.iter().for_each(|mutation| mutation.apply(&mut bytes));
            }
        }
        if let Ok(export) = parse(&bytes) {
            reconcile(&export)?;
        }
    }

    #[test]
    fn whole_exports_lose_nothing(comments in comments()) {
        for text in [rechat(&comments), twitchdownloader(3, &comments)] {
            let count = comments.len();
            match parse(text.as_bytes()) {
                Ok(export) => {
                    reconcile(&export)?;
                    prop_assert_eq!(export.messages as usize, count);
                    let known = ["duplicate_id", "empty_text"];
                    prop_assert!(export.finished.reasons.keys().all(|reason| known.contains(&reason.as_str())), "{:?}", export.problems);
                }
                // Only when each of the few bodies is nothing but spaces.
                Err(error) => prop_assert!(error.to_string().contains("no text"), "{}", error),
            }
        }
    }
}

/// The only element of a file, whose beginning and end are given, with as many `items` between as make up `bytes`.
fn repeated(beginning: &str, item: &str, bytes: usize, end: &str) -> Parsed {
    let items = vec![item; bytes / (item.len() + 1)].join(",");
    let good = r#"{"message_id":"good","message":"hi","message_type":"text","author":{},"timestamp":1740852001000000}"#;
    let export = parse(format!("{good}\n{beginning}{items}{end}\n").as_bytes()).expect("the first line is good");
    reconcile(&export).expect("it reconciles");
    export
}

#[test]
fn an_emote_in_every_place_is_no_more_than_a_message_can_have() {
    // Each of a thousand emotes is at each of 8192 places: twenty kilobytes that were most of a gigabyte in memory.
    let beginning = format!(
        r#"{{"message_id":"x","message":"{}","message_type":"text","timestamp":1740852002000000,"emotes":["#,
        "a".repeat(8192)
    );
    for item in [r#"{"name":"a"}"#, r#"{"id":"1","locations":"0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9"}"#] {
        let export = repeated(&beginning, item, 1000 * item.len(), "]}");
        let row = export.rows.iter().find(|row| row.message_id == "x").expect("it is a message");
        assert!((1..=1000).contains(&row.emotes.len()), "{}", row.emotes.len());
    }
}

#[test]
fn a_list_of_a_million_is_a_problem() {
    let author =
        r#"{"message_id":"x","message":"x","message_type":"text","timestamp":1740852002000000,"author":{"badges":["#;
    let emotes = r#"{"message_id":"x","message":"x","message_type":"text","timestamp":1740852002000000,"emotes":["#;
    for (beginning, end) in [(author, "]}}"), (emotes, "]}")] {
        let export = repeated(beginning, "{}", 4_000_000, end);
        assert_eq!((export.rows.len(), export.problems.len()), (1, 1));
        assert!(export.problems[0].detail.ends_with("is not a list of at most 10000"), "{}", export.problems[0].detail);
    }
    // Each action of a live chat's line would be an element of its own.
    let line = r#"{"replayChatItemAction":{"actions":[{"addChatItemAction":{"item":{"liveChatTextMessageRenderer":{"id":"i1","message":{"runs":[{"text":"hi"}]}}}}}],"videoOffsetTimeMsec":"1"}}"#;
    let actions = vec!["{}"; 1_000_000].join(",");
    let export =
        parse(format!("{line}\n{{\"replayChatItemAction\":{{\"actions\":[{actions}]}}}}\n").as_bytes()).unwrap();
    assert_eq!((export.messages, export.rows.len()), (2, 1));
}

#[test]
fn a_capture_lists_badges_in_three_ways_and_never_a_million() {
    let line = |id: &str, badges: &str| {
        format!(r#"{{"t":1740852001000,"type":"PRIVMSG","login":"ann","msg":"hi","id":"{id}","badges":{badges}}}"#)
    };
    let many = |count: usize, item: &str| vec![item; count].join(",");
    let pairs = (0..20_000).map(|number| format!(r#""b{number}":1"#)).collect::<Vec<_>>().join(",");
    let good = [r#""vip/1,sub/3""#, r#"["vip/1","sub/3"]"#, r#"{"vip":1,"sub":"3"}"#];
    let bad = [
        format!("\"{}\"", many(20_000, "a")),
        format!("[{}]", many(1_000_000, "[]")),
        format!("{{{pairs}}}"),
        "true".to_owned(),
    ];
    let lines: Vec<String> = (0..)
        .zip(good.into_iter().chain(bad.iter().map(String::as_str)))
        .map(|(id, badges)| line(&format!("m{id}"), badges))
        .collect();
    let export = parse(lines.join("\n").as_bytes()).unwrap();
    let mut badges: Vec<Vec<String>> = export.rows.iter().map(|row| row.badges.clone()).collect();
    badges.iter_mut().for_each(|badges| badges.sort());
    assert_eq!(badges, [["sub/3", "vip/1"]; 3]);
    let told: Vec<&str> = export.problems.iter().map(|problem| problem.detail.as_str()).collect();
    assert_eq!(told, ["badges is not a list of badges"; 4]);
}

#[test]
fn what_is_wrong_is_told_in_few_words() {
    let line = r#"{"t":1740852001000,"type":"PRIVMSG","login":"ann","msg":"hi","id":"1"}"#;
    let long = "\\u0001".repeat(100_000);
    let file = format!(r#"{line}{}{{"t":1740852002000,"type":"CLEARCHAT","login":"{long}"}}"#, "\n");
    let export = parse(file.as_bytes()).unwrap();
    assert_eq!((export.rows.len(), export.problems.len()), (1, 1));
    assert_eq!(export.problems[0].detail.chars().count(), 500);
}

#[test]
fn a_line_that_goes_on_is_malformed_whatever_its_value_is() {
    let good = r#"{"t":1740852001000,"type":"PRIVMSG","login":"ann","msg":"hi","id":"1"}"#;
    // Many brackets have the scanner walk the line; few leave it to the parser, which would stop at the second key.
    for brackets in [1, 100] {
        let line = format!(r#"{{"t":1,"t":2,"type":"PRIVMSG","x":[{}]}} more"#, vec!["[]"; brackets].join(","));
        let export = parse(format!("{good}\n{line}\n").as_bytes()).unwrap();
        assert_eq!((export.rows.len(), export.problems.len()), (1, 1));
        let problem = &export.problems[0];
        assert_eq!((problem.reason.as_str(), &problem.raw), ("malformed", &line));
    }
}

#[test]
fn a_key_that_tells_counts_after_others_that_came_often() {
    let again = r#""t":1,"#.repeat(20);
    let line = format!(
        r#"{{{again}"type":"x","message_type":"text","message_id":"1","author":{{"name":"ann"}},"message":"hi","timestamp":1}}"#
    );
    let export = parse(line.as_bytes()).unwrap();
    assert_eq!((export.format.as_str(), export.rows.len()), ("chat-downloader/jsonl", 1));
}

#[test]
fn the_sample_s_exports_reconcile_and_survive_truncation_everywhere() {
    for name in ["demo-1.chat.json", "demo-3.chat.json"] {
        let (_, bytes) = testkit::sample::FILES.iter().find(|(file, _)| *file == name).expect("the sample");
        let whole = parse(bytes).unwrap();
        reconcile(&whole).unwrap();
        // Primes, so that cuts fall everywhere within comments.
        for length in (0..bytes.len() - 2).step_by(997) {
            let error = parse(&bytes[..length]).expect_err("half a file is none").to_string();
            assert!(error.contains("chat.json"), "{error}");
        }
    }
}
