//! What an alignment has to reach on many broadcasts whose truth is known. `DOUGPT_STREAMS` makes it more of them and
//! `DOUGPT_SEED` others; `ci/bench align` does both.

use align::estimate::evidence::Evidence;
use align::estimate::verdict::Verdict;
use align::pieces::{Piece, pieces};
use rayon::prelude::*;
use testkit::broadcast::{Plan, Step};

use crate::rows::{made_up, shuffled};

const MINUTE: i64 = 60_000;

fn number(variable: &str, otherwise: u64) -> u64 {
    let asked = std::env::var(variable).ok();
    asked.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

/// The seeds of as many broadcasts as are asked for; `salt` gives each gate its own.
fn seeds(salt: u64, otherwise: u64) -> impl IndexedParallelIterator<Item = u64> {
    let first = number("DOUGPT_SEED", 1).wrapping_mul(1_000_003).wrapping_add(salt << 40);
    (0..number("DOUGPT_STREAMS", otherwise) as usize).into_par_iter().map(move |at| first.wrapping_add(at as u64))
}

fn found(plan: &Plan, unrelated: bool) -> Vec<Piece> {
    let (words, mut chat) = made_up(plan);
    if unrelated && plan.seed.is_multiple_of(2) {
        chat = shuffled(chat, plan.seed);
    } else if unrelated {
        // Another broadcast's, whole: bursts, pace and words are right, and nothing belongs.
        chat = made_up(&Plan { seed: plan.seed ^ 0xface, ..plan.clone() }).1;
    }
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&plan.seed.to_le_bytes());
    pieces(&Evidence::gather(plan.duration_ms, &words, &chat), seed)
}

/// A plan like [`Plan::new`] with a lag from -5 s to 40 s.
fn plan(seed: u64) -> Plan {
    Plan::new(seed, (seed.wrapping_mul(2_654_435_761) >> 7) as i64 % 45_000 - 5_000)
}

fn median(mut values: Vec<i64>) -> i64 {
    values.sort_unstable();
    values[values.len() / 2]
}

fn say(text: &str) {
    use std::io::Write;
    writeln!(std::io::stderr(), "{text}").expect("stderr");
}

#[test]
fn lags_are_found_and_intervals_hold_them() {
    for (rate, most_ms) in [(20.0, 1_000), (60.0, 300)] {
        let results: Vec<(i64, bool, bool)> = seeds(1, 24)
            .map(|seed| {
                let plan = Plan { rate, ..plan(seed) };
                let found = found(&plan, false);
                let estimate = &found[0].estimate;
                let holds = (estimate.low_ms..=estimate.high_ms).contains(&plan.lag_ms);
                ((estimate.lag_ms - plan.lag_ms).abs(), holds && found.len() == 1, estimate.verdict == Verdict::Ok)
            })
            .collect();
        let (count, share) = (results.len(), |n: usize| n as f64 / results.len() as f64);
        let error = median(results.iter().map(|(error, ..)| *error).collect());
        let holds = share(results.iter().filter(|(_, holds, _)| *holds).count());
        let ok = share(results.iter().filter(|(.., ok)| *ok).count());
        say(&format!(
            "{count} streams, {rate} a minute: median error {error} ms, interval holds {holds:.3}, ok {ok:.3}"
        ));
        assert!(error <= most_ms && holds >= 0.9 && ok >= 0.9);
    }
}

#[test]
fn steps_are_found_where_they_are() {
    let results: Vec<Option<(i64, i64)>> = seeds(2, 24)
        .map(|seed| {
            let at = 8 * MINUTE + seed as i64 % 15 * MINUTE;
            let away_ms = [-25_000, -12_000, 8_000, 20_000, 45_000][seed as usize % 5];
            let plan = Plan { duration_ms: 30 * MINUTE, steps: vec![Step { at_ms: at, away_ms }], ..plan(seed) };
            let found = found(&plan, false);
            let [before, after] = found.as_slice() else { return None };
            let errors = [before.estimate.lag_ms - plan.lag_ms, after.estimate.lag_ms - plan.lag_at(at)];
            // The chat changes a lag after the speech does.
            let place = (after.from_ms - at - plan.lag_ms - away_ms.max(0) / 2).abs();
            Some((errors[0].abs().max(errors[1].abs()), place))
        })
        .collect();
    let located = results.iter().flatten().filter(|(error, place)| *error <= 1_000 && *place <= 60_000).count();
    let share = located as f64 / results.len() as f64;
    say(&format!("{} streams with a step: found within 60 s, both lags within 1 s: {share:.3}", results.len()));
    assert!(share >= 0.9, "{results:?}");
}

#[test]
fn unrelated_chat_has_no_lag() {
    let accepted: Vec<u64> = seeds(3, 100)
        .filter(|seed| {
            let found = found(&Plan { duration_ms: 10 * MINUTE, ..plan(*seed) }, true);
            found.iter().any(|piece| piece.estimate.verdict != Verdict::NotIdentifiable)
        })
        .collect();
    let count = number("DOUGPT_STREAMS", 100);
    say(&format!("{count} unrelated chats: {} taken for related", accepted.len()));
    assert!(accepted.len() as u64 * 100 <= count, "{accepted:?}");
}
