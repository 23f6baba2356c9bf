//! What holds for every dataset: turns are examples or dropped, and a new broadcast changes no older example.

use std::collections::BTreeMap;

use dataset::prepare::{Prepared, prepare};
use dataset::select::{Selected, select};
use dataset::{Config, splits};
use proptest::prelude::*;
use schemas::Example;

use crate::rows::{key, source};

/// What people write: some of it dirt, some of it the same everywhere.
const LINES: [&str; 16] = [
    "no shot the dragon",
    "No shot, the DRAGON",
    "no shot the dragons",
    "petition to keep the banana forever",
    "petition to keep the bananas forever",
    "lol",
    "gg",
    "hi @person_3 how are you",
    "person_4 said it first",
    "!uptime",
    "look https://x.example/a",
    "mine <|im_end|>",
    "k",
    "one two three four five six",
    "who let him near the castle",
    "\u{200B}\u{200D}\u{2060}",
];

fn config() -> Config {
    Config::parse(
        "[caps]\nper_user_per_vod = 4\nper_text_per_vod = 2\nper_text = 3\n
         [splits]\nval_permille = 300\ntest_permille = 300",
    )
    .unwrap()
}

/// Lines of one broadcast's chat.
const COUNT: usize = 60;

/// Eight filtered broadcasts with their splits. Filtering sees one broadcast at a time by construction.
fn broadcasts() -> Vec<(Prepared, String)> {
    let (config, runtime) = (config(), tokio::runtime::Runtime::new().unwrap());
    let broadcast = |number: usize| {
        let lines: Vec<_> = (0..COUNT).map(|line| line_of(number, line)).collect();
        let lines: Vec<_> = lines.iter().map(|(sender, text)| (*sender, text.as_str())).collect();
        let id = format!("v{number}");
        let prepared = runtime.block_on(prepare(&source(&id, &lines), &config)).unwrap();
        (prepared, splits::by_rule(&key(&id), &config.splits).to_owned())
    };
    (0..8).map(broadcast).collect()
}

/// A line: one sender talks most, the last lines repeat, every fourth is of [`LINES`], the others are this broadcast's own.
fn line_of(number: usize, line: usize) -> (usize, String) {
    let sender = if line.is_multiple_of(3) { 0 } else { 1 + line % 6 };
    match line {
        57.. => (5, "again and again my friend".to_owned()),
        line if line % 4 == 3 => (sender, LINES[(line / 4 + number) % LINES.len()].to_owned()),
        line => (sender, format!("rip {}", word(number * COUNT + line))),
    }
}

/// A word of twelve letters like no other.
fn word(number: usize) -> String {
    let digest = ids::Digest::of(&number.to_le_bytes());
    digest.as_bytes().iter().take(12).map(|byte| char::from(b'a' + byte % 26)).collect()
}

fn build(order: &[usize], broadcasts: &[(Prepared, String)]) -> Selected {
    select(order.iter().map(|&number| (&broadcasts[number].0, broadcasts[number].1.as_str())), &config())
}

fn by_id(selected: &Selected) -> BTreeMap<String, &Example> {
    selected.examples.iter().map(|example| (example.example_id.to_string(), example)).collect()
}

#[test]
fn the_broadcasts_have_something_of_everything() {
    let all = build(&[0, 1, 2, 3, 4, 5, 6, 7], &broadcasts());
    for filter in
        ["command", "link", "control_tokens", "guarded", "spam_repeat", "too_short", "cap_user", "cap_text", "leak"]
    {
        let found = all.dropped.iter().any(|dropped| dropped.filter == filter)
            || all.tags.iter().any(|tag| tag.filter == filter);
        assert!(found, "nothing is tagged {filter}");
    }
    for split in ["train", "val", "test"] {
        assert!(all.examples.iter().any(|example| example.split == split), "no example in {split}");
    }
}

#[test]
fn adding_broadcasts_changes_no_example_and_every_turn_is_accounted_for() {
    let broadcasts = broadcasts();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(1_000));
    let orders = Just((0..8).collect::<Vec<usize>>()).prop_shuffle();
    runner
        .run(&(orders, 1..8_usize, 1..=8_usize), |(order, a, b)| {
            let (few, many) = (a.min(b), a.max(b));
            let (earlier, later) = (build(&order[..few], &broadcasts), build(&order[..many], &broadcasts));
            // Byte for byte: the earlier rows are the beginning of the later ones.
            prop_assert!(later.examples.starts_with(&earlier.examples));
            prop_assert!(later.dropped.starts_with(&earlier.dropped));
            prop_assert!(later.tags.starts_with(&earlier.tags));
            for selected in [&earlier, &later] {
                prop_assert_eq!(selected.turns, selected.examples.len() + selected.dropped.len());
                let mut fates: Vec<_> = selected.examples.iter().map(|example| &example.message_id).collect();
                fates.extend(selected.dropped.iter().map(|dropped| &dropped.message_id));
                fates.sort();
                fates.dedup();
                prop_assert_eq!(fates.len(), selected.turns);
            }
            prop_assert_eq!(later.turns, many * COUNT);
            Ok(())
        })
        .unwrap();
}

#[test]
fn whatever_the_order_ids_and_content_stay() {
    let broadcasts = broadcasts();
    let (forth, back) = (build(&[0, 1, 2, 3], &broadcasts), build(&[3, 2, 1, 0], &broadcasts));
    let (forth, back) = (by_id(&forth), by_id(&back));
    let shared: Vec<_> = forth.iter().filter_map(|(id, example)| Some((*example, *back.get(id)?))).collect();
    assert!(shared.len() > 20);
    assert!(shared.iter().all(|(forth, back)| forth == back));
}

#[tokio::test]
async fn names_leave_and_contexts_are_recent_clean_lines_of_others() {
    let lines = [
        (1, "look https://x.example/a"),
        (2, "first  words\u{200B} here"),
        (3, "person_2 and @nobody_here hi"),
        (1, "mine alone"),
        (2, "what a dragon"),
    ];
    let prepared = prepare(&source("v", &lines), &config()).await.unwrap();
    let example = |index: usize| &prepared.turns[index].example.as_ref().unwrap().example;
    assert!(prepared.turns[0].example.is_none());
    assert_eq!(prepared.turns[0].tags[0].filter, "link");
    let (second, third) = (example(1), example(2));
    assert_eq!(second.reply, "first words here");
    assert_eq!(second.chat_texts, Vec::<String>::new());
    assert!(third.reply.starts_with(&format!("{} and @viewer_", second.author)), "{}", third.reply);
    assert_eq!(third.chat_authors, std::slice::from_ref(&second.author));
    // The fifth message is the second sender's: no line of their own.
    let fifth = example(4);
    assert_eq!(fifth.author, second.author);
    assert_eq!(fifth.chat_texts, [third.reply.clone(), "mine alone".to_owned()]);
    assert_eq!(fifth.chat_message_ids, ["v-m2", "v-m3"]);
    assert_eq!(fifth.channel, "doug_host");
    assert!(
        prepared
            .turns
            .iter()
            .flat_map(|turn| &turn.example)
            .all(|candidate| !format!("{:?}", candidate.example).contains("person_"))
    );
}

#[tokio::test]
async fn a_filter_can_be_left_out() {
    let lines = [(1, "look https://x.example/a"), (2, "first words here")];
    let config = Config::parse("[filters]\noff = [\"link\", \"guarded\"]").unwrap();
    let prepared = prepare(&source("v", &lines), &config).await.unwrap();
    assert!(prepared.turns[0].example.is_some());
}
