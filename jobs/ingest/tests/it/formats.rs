//! Each format of `--chat` by a small file written by hand: the rows and problems that come out of it.

use std::fmt::Write;

use crate::exports::{Parsed, parse, parse_from};

/// Every format with its file and, for captures, when the broadcast began.
pub const FORMATS: &[(&str, &str, Option<&str>)] = &[
    ("twitchdownloader-1.0", include_str!("formats/twitchdownloader-1.0.json"), None),
    ("twitchdownloader-1.2", include_str!("formats/twitchdownloader-1.2.json"), None),
    ("twitchdownloader-1.3", include_str!("formats/twitchdownloader-1.3.json"), None),
    ("twitchdownloader-1.4", include_str!("formats/twitchdownloader-1.4.json"), None),
    ("rechat-array", include_str!("formats/rechat-array.json"), None),
    ("rechat-pages", include_str!("formats/rechat-pages.json"), None),
    ("twitch-dl", include_str!("formats/twitch-dl.json"), None),
    ("twitch-gql", include_str!("formats/twitch-gql.json"), None),
    ("chat-downloader", include_str!("formats/chat-downloader.json"), None),
    ("chat-downloader-lines", include_str!("formats/chat-downloader.jsonl"), Some("2025-03-01T18:00:00Z")),
    ("ganymede", include_str!("formats/ganymede.json"), Some("2025-03-01T18:00:00Z")),
    ("live-chat-replay", include_str!("formats/live-chat-replay.jsonl"), None),
    ("live-chat-live", include_str!("formats/live-chat-live.jsonl"), None),
    ("irc", include_str!("formats/irc.jsonl"), Some("2025-03-01T18:00:00Z")),
];

/// What came of a file, with only those fields of rows that say something.
fn show(parsed: &Parsed) -> String {
    let mut text = format!("format {}\n{:?}\n", parsed.format, parsed.video);
    for row in &parsed.rows {
        let value = serde_json::to_value(row).expect("a row is JSON");
        let mut fields = value.as_object().expect("an object").clone();
        fields.retain(|name, value| {
            let empty =
                value.is_null() || *value == "" || *value == 0 || *value == false || *value == serde_json::json!([]);
            // What every row has, or what follows from the text.
            let same = name == "text_without_emotes" && *value == row.text.as_str();
            !(empty || same || matches!(name.as_str(), "platform" | "vod_id" | "ordinal"))
        });
        writeln!(text, "row {}", serde_json::Value::Object(fields)).expect("text takes anything");
    }
    for problem in &parsed.problems {
        writeln!(text, "problem {}: {}: {}", problem.position, problem.reason, problem.detail).expect("text");
    }
    let finished = &parsed.finished;
    let (zone, late, steps) = (finished.zone_ms, finished.late_ms, &finished.clock_shifts);
    writeln!(text, "{:?}, {} deleted, zone {zone}, late {late}\n{steps:?}", finished.restorations, finished.deleted)
        .expect("text");
    text
}

#[test]
fn every_format_becomes_the_same_table() {
    let mut all = String::new();
    for (name, file, started_at) in FORMATS {
        let parsed = parse_from(file.as_bytes(), *started_at).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(parsed.messages as usize, parsed.rows.len() + parsed.problems.len(), "{name}");
        writeln!(all, "== {name}\n{}", show(&parsed)).expect("text");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_capture_of_unknown_beginning_counts_from_its_first_message() {
    let file = FORMATS.iter().find(|(name, ..)| *name == "irc").expect("the capture").1;
    let (known, unknown) =
        (parse_from(file.as_bytes(), Some("2025-03-01T18:00:00Z")).unwrap(), parse(file.as_bytes()).unwrap());
    let first = known.rows[0].offset_ms;
    for (known, unknown) in known.rows.iter().zip(&unknown.rows) {
        assert_eq!((unknown.offset_ms, unknown.restoration.as_str()), (known.offset_ms - first, "none"));
        assert_eq!(known.restoration, "created_at");
    }
    // A year off is a mistake of whoever gave the time, not a message.
    let wrong = parse_from(file.as_bytes(), Some("2020-01-01T00:00:00Z")).unwrap();
    assert!(wrong.rows.is_empty() && wrong.finished.reasons["bad_offset"] as usize == known.rows.len());
}

#[test]
fn a_damaged_line_is_one_problem() {
    let line = |id: u32| {
        format!(
            r#"{{"t":{},"type":"PRIVMSG","login":"ann","msg":"hi {id}","id":"{id}"}}"#,
            1_740_852_000_000_u64 + u64::from(id)
        )
    };
    for broken in
        ["{\"t\":1,", "{\"t\":\"x", "{\"t\":1]}", "no JSON", "{} {}", "/* x", "[", "\"", "{\"t\":1}\u{0}", "]"]
    {
        let file = format!("{}\n{broken}\n\n{}\r\n{}", line(1), line(2), line(3));
        let parsed = parse(file.as_bytes()).unwrap_or_else(|error| panic!("{broken}: {error}"));
        assert_eq!((parsed.rows.len(), parsed.problems.len()), (3, 1), "{broken}: {:?}", parsed.problems);
        assert_eq!((parsed.problems[0].position, parsed.problems[0].reason.as_str()), (1, "malformed"), "{broken}");
    }
    // Cut off at any byte, as a capture is that was killed: what was whole stays.
    let file = format!("{}\n{}", line(1), line(2));
    for length in line(1).len()..file.len() {
        let parsed = parse(&file.as_bytes()[..length]).unwrap();
        assert_eq!(parsed.rows[0].text, "hi 1");
        assert!(parsed.rows.len() + parsed.problems.len() <= 2);
    }
}

#[test]
fn comments_and_trailing_commas_are_no_mistakes() {
    let plain = FORMATS.iter().find(|(name, ..)| *name == "twitchdownloader-1.4").expect("a file").1;
    let odd = plain.replace("},", "}, // a comment, with \" and }\n").replace("]", ", /* [ */ ]").replace("[, ", "[");
    assert_ne!(odd, plain);
    let (plain, odd) = (parse(plain.as_bytes()).unwrap(), parse(odd.as_bytes()).unwrap());
    assert_eq!(odd.rows, plain.rows);
    assert_eq!((odd.video, odd.problems.len()), (plain.video, plain.problems.len()));
}

#[test]
fn half_surrogate_pairs_are_repaired_and_counted() {
    let file = r#"{"t":1740852000000,"type":"PRIVMSG","login":"ann","msg":"a\ud83d b","id":"1"}"#;
    let parsed = parse(file.as_bytes()).unwrap();
    assert_eq!((parsed.rows[0].text.as_str(), parsed.repaired), ("a\u{fffd} b", 1));
}
