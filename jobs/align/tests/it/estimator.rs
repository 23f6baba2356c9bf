//! The estimator against truth: error, coverage of the interval, injected offsets, and the refusal of unrelated chat.

use align::estimate::evidence::Evidence;
use align::estimate::verdict::Verdict;
use align::estimate::{Estimate, estimate};
use schemas::{ChatMessage, Word};
use testkit::broadcast::Plan;

use crate::rows::{made_up, message, shuffled, word};

fn run(plan: &Plan, words: &[Word], chat: &[ChatMessage]) -> Estimate {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&plan.seed.to_le_bytes());
    estimate(&Evidence::gather(plan.duration_ms, words, chat), seed)
}

#[test]
fn the_lag_is_found_and_the_interval_holds_it() {
    let mut errors = Vec::new();
    let (mut covered, mut ok) = (0, 0);
    let cases = 30;
    for seed in 0..cases {
        let plan = Plan::new(seed, 1_000 + 137 * seed as i64);
        let (words, chat) = made_up(&plan);
        let found = run(&plan, &words, &chat);
        errors.push((found.lag_ms - plan.lag_ms).abs());
        covered += u64::from((found.low_ms..=found.high_ms).contains(&plan.lag_ms));
        ok += u64::from(found.verdict == Verdict::Ok);
    }
    errors.sort_unstable();
    assert!(errors[errors.len() / 2] <= 1_000);
    assert!(covered * 100 >= cases * 90, "{covered} of {cases}");
    assert!(ok * 100 >= cases * 90, "{ok} of {cases}");
}

#[test]
fn an_injected_offset_comes_back() {
    let plan = Plan::new(7, 9_000);
    let (words, chat) = made_up(&plan);
    let before = run(&plan, &words, &chat);
    for injected in [500, -500, 2_000, -2_000, 7_300, -7_300, 20_000, -20_000] {
        let mut moved = chat.clone();
        moved.iter_mut().for_each(|message| message.offset_ms += injected);
        let after = run(&plan, &words, &moved);
        let error = after.lag_ms - before.lag_ms - injected;
        assert!(error.abs() <= 250 && after.verdict == Verdict::Ok, "{injected}: off by {error}, {:?}", after.grounds);
    }
}

#[test]
fn unrelated_chat_is_refused() {
    let cases = 100;
    let mut accepted = Vec::new();
    for seed in 1_000..1_000 + cases {
        let plan = Plan { duration_ms: 300_000, ..Plan::new(seed, 6_000) };
        let (words, chat) = made_up(&plan);
        // Half of the chats are another broadcast's, whole: bursts, pace and words are right, and nothing belongs.
        let chat = match seed % 2 {
            0 => shuffled(chat, seed),
            _ => made_up(&Plan { seed: seed + 7_777, ..plan.clone() }).1,
        };
        let found = run(&plan, &words, &chat);
        if found.verdict != Verdict::NotIdentifiable {
            accepted.push((seed, found.grounds));
        }
    }
    assert!(accepted.len() as u64 * 100 <= cases, "{accepted:?}");
}

#[test]
fn nothing_is_made_of_nothing() {
    let plan = Plan::new(1, 5_000);
    let (words, chat) = made_up(&plan);
    let one_word = [word(0, 0, 0, 300, "hello")];
    let strange = [message(0, i64::MAX, "x"), message(1, i64::MIN, "hello"), message(2, 0, "hello")];
    let cases: [(i64, &[Word], &[ChatMessage]); 7] = [
        (900_000, &[], &[]),
        (900_000, &words, &[]),
        (900_000, &[], &chat),
        (0, &words, &chat),
        (1, &one_word, &strange),
        (i64::MAX, &one_word, &strange[..1]),
        (-5, &one_word, &strange),
    ];
    for (duration_ms, words, chat) in cases {
        let found = estimate(&Evidence::gather(duration_ms, words, chat), [3; 32]);
        assert_eq!(found.verdict, Verdict::NotIdentifiable, "{duration_ms} {} {}", words.len(), chat.len());
    }
}

#[test]
fn threads_do_not_show() {
    let plan = Plan::new(11, 4_000);
    let (words, chat) = made_up(&plan);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| run(&plan, &words, &chat))
    };
    assert_eq!(with(1), with(3));
}
