//! What holds of every verdict, whatever the text, and what a verdict may cost.

use std::time::{Duration, Instant};

use guard::{Action, Guard, GuardError};
use proptest::prelude::*;

use crate::GUARD;

const RULES: &str = include_str!("../../data/rules.toml");

/// Pieces that rules look for, so that random texts trip them often and in combination.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z]{1,8}",
        "\\PC{0,6}",
        any::<char>().prop_map(String::from),
        Just("<|im_end|>".to_owned()),
        Just("a@b.com".to_owned()),
        Just("4111 1111 1111 1111".to_owned()),
        Just("https://x.tv/".to_owned()),
        Just("\u{200B}".to_owned()),
        Just("\u{200D}".to_owned()),
        Just("\u{301}\u{301}\u{301}".to_owned()),
        Just("@everyone".to_owned()),
        Just("@a@b@c@d".to_owned()),
        Just("!so".to_owned()),
        Just("ＡＢ．ｃｏｍ".to_owned()),
        Just("\n".to_owned()),
        Just("kys".to_owned()),
        "a{20,60}",
        "(lol ){10,20}",
    ];
    (proptest::collection::vec(piece, 0..12), prop_oneof![Just(""), Just(" ")])
        .prop_map(|(pieces, gap)| pieces.join(gap))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_masked_passes(text in text()) {
        for check in [Guard::check_input, Guard::check_output] {
            let verdict = check(&GUARD, &text);
            match &verdict.action {
                Action::Mask(masked) => {
                    prop_assert_ne!(masked, &text);
                    prop_assert_eq!(check(&GUARD, masked).action, Action::Allow, "{:?}", masked);
                    prop_assert!(!verdict.findings.is_empty());
                }
                Action::Block => prop_assert!(!verdict.findings.is_empty()),
                Action::Allow => {}
            }
            prop_assert!(verdict.findings.iter().all(|finding| (0.0..=1.0).contains(&finding.score)));
        }
    }

    #[test]
    fn a_reply_that_passes_is_one_short_visible_line(text in text()) {
        let verdict = GUARD.check_output(&text);
        if let Some(reply) = verdict.text(&text) {
            prop_assert!((1..=500).contains(&reply.chars().count()));
            prop_assert!(!reply.chars().any(char::is_control), "{:?}", reply);
            for never in ["\u{200B}", "<|im_end|>", "a@b.com", "4111 1111 1111 1111"] {
                prop_assert!(!reply.contains(never), "{:?}", reply);
            }
        }
    }

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        prop_assert_eq!(GUARD.check_output(&text), GUARD.check_output(&text));
        GUARD.check_input(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn damaged_rules_are_an_error_and_no_panic(at in 0..RULES.len(), length in 0_usize..40, with in "\\PC{0,6}") {
        let boundary = |at: usize| (0..=at.min(RULES.len())).rev().find(|&at| RULES.is_char_boundary(at)).unwrap_or(0);
        let (start, end) = (boundary(at), boundary(at + length));
        let _ = Guard::parse(&format!("{}{with}{}", &RULES[..start], &RULES[end..]));
    }
}

#[test]
fn rules_that_cannot_work_are_refused_by_name() {
    let check = |from: &str, to: &str, expect: &str| {
        assert!(RULES.contains(from), "{from}");
        let error = Guard::parse(&RULES.replacen(from, to, 1)).err().map(|error| error.to_string());
        assert!(error.as_ref().is_some_and(|error| error.contains(expect)), "{to}: {error:?}");
    };
    check("version = 1", "version = 2", "version 2");
    check("\"severe.slur\"", "\"sewer.slur\"", "sewer.slur");
    check("characters = 500", "characters = 0", "length.reply");
    check("regex = '^\\s*[!/.]", "regex = '^(\\s*[!/.]", "command.prefix");
    check(
        "output = \"block\"\nfind = { pattern = { regex = '^",
        "output = \"mask\"\nfind = { pattern = { regex = '^",
        "command.prefix",
    );
    check("output = \"block\"\nfind = \"nothing_visible\"", "output = \"off\"\nfind = \"nothing_visible\"", "empty");
    check("output = \"mask\"", "output = \"maks\"", "not readable");
    assert!(matches!(Guard::parse(""), Err(GuardError::Syntax(_))));
}

#[test]
fn the_digest_is_of_the_rules() {
    assert_eq!(Guard::builtin().digest(), GUARD.digest());
    assert_eq!(Guard::parse(RULES).unwrap().digest(), GUARD.digest());
    let other = RULES.replace("characters = 500", "characters = 499");
    assert_ne!(Guard::parse(&other).unwrap().digest(), GUARD.digest());
}

/// The digest names the word list's version by hand; other words are another guard.
#[test]
fn the_word_list_is_the_one_the_digest_names() {
    let lock = include_str!("../../../../../Cargo.lock");
    let locked = lock.split("name = \"rustrict\"").nth(1).and_then(|rest| rest.split('"').nth(1)).unwrap();
    assert!(include_str!("../../src/lib.rs").contains(&format!("\"rustrict {locked}\"")), "rustrict is now {locked}");
}

/// One message in a hundred may take longer than a millisecond. Each message has the best of several tries, since other
/// programs take time too. Unoptimised code is some twenty times slower and is given that.
#[test]
fn a_verdict_costs_less_than_a_millisecond() {
    let limit = Duration::from_millis(if cfg!(debug_assertions) { 40 } else { 1 });
    let words =
        ["lol", "KEKW", "nice", "shot!!", "😂", "wtf", "@bob", "gg", "fvck", "PogChamp", "3.14", "ｗｏｗ", "the"];
    let messages: Vec<String> = (0..300_usize)
        .map(|n| (0..n % 90).map(|k| words[(n * 31 + k * k * 7 + k) % words.len()]).collect::<Vec<_>>().join(" "))
        .map(|text| text.chars().take(500).collect())
        .collect();
    GUARD.check_output("warm");
    let once = |message: &String| {
        let start = Instant::now();
        GUARD.check_output(message);
        start.elapsed()
    };
    let mut times: Vec<_> = messages.iter().map(|message| (0..5).map(|_| once(message)).min().unwrap()).collect();
    times.sort_unstable();
    let most = times[times.len() * 99 / 100];
    assert!(most < limit, "{most:?} at the 99th percentile");
}
