//! Whole seconds become milliseconds again: by the clock of all messages, over steps, odd clocks and time zones.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::exports::{Parsed, parse};

/// 2025-03-01T18:00:00Z, ms.
const CREATED: i64 = 1_740_852_000_000;

fn clock(ms: i64) -> Value {
    let time = chrono::DateTime::from_timestamp_millis(ms).expect("a time");
    json!(time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

/// A file of messages at `(true offset, clock)`, in ms.
fn file(messages: impl IntoIterator<Item = (i64, Option<i64>)>) -> Vec<u8> {
    let node = |(number, (offset, at)): (usize, (i64, Option<i64>))| {
        json!({
            "id": format!("{number:05}"), "contentOffsetSeconds": offset.div_euclid(1000), "createdAt": at.map(clock),
            "commenter": {"id": "1", "login": "ann", "displayName": "Ann"},
            "message": {"fragments": [{"text": "hi", "emote": null}], "userBadges": [], "userColor": null},
        })
    };
    let nodes: Vec<_> = messages.into_iter().enumerate().map(node).collect();
    json!({"comments": nodes, "video": {"createdAt": clock(CREATED), "title": "x"}}).to_string().into_bytes()
}

/// Offsets, in the order of the ids.
fn offsets(parsed: &Parsed) -> Vec<i64> {
    let mut rows: Vec<_> = parsed.rows.iter().map(|row| (&row.message_id, row.offset_ms)).collect();
    rows.sort();
    rows.into_iter().map(|(_, offset)| offset).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn what_whole_seconds_lost_comes_back(
        mut truth in prop::collection::vec(0..7_200_000_i64, 200..600),
        start in -20_000..20_000_i64,
        steps in prop::collection::vec((600_000..6_600_000_i64, prop_oneof![5_000..900_000_i64, -900_000..-5_000_i64]), 0..3),
        odd in prop::collection::vec((any::<prop::sample::Index>(), -100_000_000..100_000_000_i64), 0..20),
        zone in prop::sample::select(vec![0, 0, -8, -5, 9]),
    ) {
        truth.sort_unstable();
        // Steps closer than a few messages cannot be told apart from odd clocks.
        prop_assume!(steps.iter().all(|(at, _)| truth.iter().filter(|ms| (*ms - at).abs() < 600_000).count() > 20));
        prop_assume!(steps.iter().all(|a| steps.iter().all(|b| a == b || (a.0 - b.0).abs() > 900_000)));
        let away = |ms: i64| steps.iter().filter(|(at, _)| ms >= *at).map(|(_, by)| by).sum::<i64>();
        let mut messages: Vec<_> = truth.iter().map(|ms| {
            (*ms, Some(CREATED + start + ms + away(*ms) + zone * 3_600_000))
        }).collect();
        for (at, by) in odd {
            let at = at.index(messages.len());
            messages[at].1 = messages[at].1.map(|ms| ms + by);
        }
        let parsed = parse(&file(messages)).unwrap();
        let found = offsets(&parsed);
        let near = found.iter().zip(&truth).filter(|(found, truth)| (*found - *truth).abs() <= 60).count();
        prop_assert!(near * 100 >= truth.len() * 85, "{near} of {}: {:?}", truth.len(), parsed.finished);
        prop_assert!(found.iter().zip(&truth).all(|(found, truth)| found.div_euclid(1000) == truth.div_euclid(1000)));
        prop_assert_eq!(parsed.finished.late_ms, 0);
        if steps.is_empty() {
            prop_assert_eq!(parsed.finished.zone_ms, -zone * 3_600_000);
        }
    }

    #[test]
    fn rows_are_ordered_and_do_not_depend_on_the_order_of_the_file(
        messages in prop::collection::vec((0..20_000_i64, prop::option::weighted(0.9, -2_000_000..2_000_000_i64)), 1..80),
        turn in any::<prop::sample::Index>(),
    ) {
        let messages: Vec<_> = messages.into_iter().map(|(ms, off)| (ms, off.map(|off| CREATED + ms + off / 100))).collect();
        let nodes: Value = serde_json::from_slice(&file(messages)).unwrap();
        let mut turned = nodes.clone();
        let list = turned["comments"].as_array_mut().unwrap();
        let at = turn.index(list.len());
        list.rotate_left(at);
        let (first, second) = (parse(nodes.to_string().as_bytes()).unwrap(), parse(turned.to_string().as_bytes()).unwrap());
        prop_assert_eq!(&first.rows, &second.rows);
        let order: Vec<_> = first.rows.iter().map(|row| (row.offset_ms, row.created_at_us, &row.message_id)).collect();
        prop_assert!(order.is_sorted());
        for row in &first.rows {
            let raw = row.offset_raw_ms.unwrap();
            prop_assert!((0..1000).contains(&(row.offset_ms - raw)), "{:?}", row);
        }
    }
}

#[test]
fn without_clocks_messages_are_spread_over_their_second() {
    let parsed = parse(&file([(5000, None), (5000, None), (5000, None), (9000, None), (5000, None)])).unwrap();
    assert_eq!(offsets(&parsed), [5000, 5250, 5500, 9000, 5750]);
    assert!(parsed.rows.iter().all(|row| row.restoration == "spread" && row.created_at_us.is_none()));
    // Clocks that agree on nothing are as good as none.
    let parsed = parse(&file((0..40).map(|n| (n * 1000, Some(CREATED + n * n * 77_777))))).unwrap();
    assert!(parsed.rows.iter().all(|row| row.restoration == "spread" && row.offset_ms == row.offset_raw_ms.unwrap()));
}

#[test]
fn one_wrong_clock_at_the_front_decides_nothing() {
    let mut messages: Vec<_> = (0..50).map(|n| (10_000 + n * 1370, Some(CREATED + 10_000 + n * 1370))).collect();
    messages[0].1 = Some(CREATED - 3 * 3_600_000);
    let parsed = parse(&file(messages)).unwrap();
    assert_eq!((parsed.finished.zone_ms, parsed.finished.late_ms), (0, 0));
    assert_eq!(parsed.finished.restorations["created_at"], 49);
}

#[test]
fn a_chat_that_is_late_as_a_whole_is_moved_and_said_so() {
    // Offsets are 47 minutes too large, and clocks show it.
    let late = 47 * 60_000 + 123;
    let messages = (0..200).map(|n| (late + n * 1370, Some(CREATED + n * 1370)));
    let parsed = parse(&file(messages)).unwrap();
    assert!((parsed.finished.late_ms - late).abs() <= 20, "{:?}", parsed.finished);
    assert_eq!(parsed.finished.zone_ms, 0);
    for (number, found) in offsets(&parsed).into_iter().enumerate() {
        assert!((found - number as i64 * 1370).abs() <= 40, "message {number} at {found}");
    }
    // A recording that was noted two minutes late has no late chat, nor has one in which nobody said anything at first.
    let parsed = parse(&file((0..200).map(|n| (150_000 + n * 1370, Some(CREATED + 30_000 + n * 1370))))).unwrap();
    assert_eq!(parsed.finished.late_ms, 0);
    let parsed = parse(&file((0..200).map(|n| (late + n * 1370, Some(CREATED + late + n * 1370))))).unwrap();
    assert_eq!(parsed.finished.late_ms, 0);
}

#[test]
fn local_time_is_made_utc_again() {
    for hours in [-8, -5, 2, 9] {
        let messages = (0..100).map(|n| (n * 1370, Some(CREATED + 9_000 + n * 1370 + hours * 3_600_000)));
        let parsed = parse(&file(messages)).unwrap();
        assert_eq!(parsed.finished.zone_ms, -hours * 3_600_000);
        assert_eq!(parsed.rows[0].created_at_us, Some((CREATED + 9_000) * 1000));
        assert!(parsed.finished.clock_shifts[0].started_at.starts_with("2025-03-01T18:00:0"));
    }
}
