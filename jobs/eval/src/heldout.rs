//! Which held-out examples are scored, which of them are answered, and whose context each is tried under.

use std::collections::BTreeMap;

use ids::VodKey;
use prompt::{ChatLine, Context, Renderer};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use schemas::Example;

use crate::{EvalError, Pack};

/// The held-out examples of an evaluation, ordered by broadcast and time.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// The split they are from: `test` or `val`.
    pub split: &'static str,
    /// The examples.
    pub examples: Vec<Example>,
    /// For each example that is answered, by index: the example whose context its reply is tried under, if its
    /// broadcast has another.
    pub answered: BTreeMap<usize, Option<usize>>,
    /// Held-out rows that cannot be rendered.
    pub left_out: usize,
}

/// The broadcast an example is from.
pub fn vod(example: &Example) -> VodKey {
    VodKey { platform: example.platform, id: example.vod_id.clone() }
}

/// What the reply of `row` answers, as the prompt sees it: the same lines in the same order as in training.
pub fn context(row: &Example) -> Context {
    let lines = row.chat_authors.iter().zip(&row.chat_texts);
    Context {
        channel: row.channel.clone(),
        transcript: row.transcript.clone(),
        chat: lines.map(|(author, text)| ChatLine { author: author.clone(), text: text.clone() }).collect(),
    }
}

impl HeldOut {
    /// Chooses from the rows of a dataset: as many as the pack says, spread evenly over all that are held out.
    ///
    /// # Errors
    /// [`EvalError::NothingHeldOut`].
    pub fn choose(rows: &[Example], renderer: &Renderer, pack: &Pack) -> Result<Self, EvalError> {
        let held = |split| rows.iter().filter(|row| row.split == split).collect::<Vec<_>>();
        let (split, mut rows) = match held("test") {
            rows if rows.is_empty() => ("val", held("val")),
            rows => ("test", rows),
        };
        rows.sort_by_key(|row| (vod(row), row.offset_ms, row.example_id));
        let all = rows.len();
        rows.retain(|row| renderer.example(&context(row), &row.reply).is_ok());
        let left_out = all - rows.len();
        if rows.is_empty() {
            return Err(EvalError::NothingHeldOut);
        }
        let examples: Vec<Example> =
            spread(rows.len(), pack.examples).filter_map(|index| rows.get(index)).map(|&row| row.clone()).collect();
        let answered = swaps(&examples, &spread(examples.len(), pack.replies).collect::<Vec<_>>(), pack.seed);
        Ok(Self { split, examples, answered, left_out })
    }
}

/// At most `wanted` of `0..count`, evenly spread.
fn spread(count: usize, wanted: usize) -> impl Iterator<Item = usize> {
    let chosen = wanted.min(count);
    (0..chosen).map(move |index| index * count / chosen)
}

/// Gives each chosen example the context of another one of its broadcast: all move on by the same number of places, at
/// least a third of the broadcast and at most two, so that nobody keeps a context of the same moment.
fn swaps(examples: &[Example], chosen: &[usize], seed: u64) -> BTreeMap<usize, Option<usize>> {
    let mut by_vod: BTreeMap<VodKey, Vec<usize>> = BTreeMap::new();
    for &index in chosen {
        if let Some(example) = examples.get(index) {
            by_vod.entry(vod(example)).or_default().push(index);
        }
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut swapped = BTreeMap::new();
    for own in by_vod.values() {
        let count = own.len() as u64;
        let least = (count / 3).max(1);
        let shift = least + random.next_u64() % (count.saturating_sub(2 * least) + 1);
        for (position, &index) in own.iter().enumerate() {
            let other = own.get(((position as u64 + shift) % count) as usize).copied();
            swapped.insert(index, other.filter(|&other| other != index));
        }
    }
    swapped
}

#[cfg(test)]
pub(crate) mod tests {
    use ids::{Digest, RunId};

    use super::*;

    /// An example whose content does not matter.
    pub(crate) fn example(vod: &str, offset_ms: i64) -> Example {
        let digest = Digest::of(format!("{vod} {offset_ms}").as_bytes());
        let run = RunId::new(digest);
        Example {
            example_id: digest,
            split: "test".into(),
            platform: ids::Platform::File,
            vod_id: vod.parse().unwrap(),
            message_id: offset_ms.to_string(),
            offset_ms,
            author: "a".into(),
            channel: "c".into(),
            transcript: "t".into(),
            chat_authors: vec![],
            chat_texts: vec![],
            chat_message_ids: vec![],
            reply: "r".into(),
            window_start_ms: 0,
            window_end_ms: 1,
            first_word: 0,
            last_word: 1,
            media_digest: digest,
            audio_digest: digest,
            ingest_run: run,
            transcribe_run: run,
            align_run: run,
        }
    }

    #[test]
    fn choices_are_spread_evenly() {
        assert_eq!(spread(10, 4).collect::<Vec<_>>(), [0, 2, 5, 7]);
        assert_eq!(spread(3, 10).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(spread(0, 10).count(), 0);
    }

    #[test]
    fn every_swap_is_far_off_and_stays_in_its_broadcast() {
        let examples: Vec<Example> = (0..12)
            .map(|at| example("a", at))
            .chain((0..6).map(|at| example("b", at)))
            .chain([example("c", 0)])
            .collect();
        let chosen: Vec<usize> = (0..examples.len()).collect();
        for seed in 0..50 {
            let swapped = swaps(&examples, &chosen, seed);
            assert_eq!(swapped.len(), examples.len());
            let mut taken: Vec<usize> = swapped.values().flatten().copied().collect();
            taken.sort_unstable();
            taken.dedup();
            assert_eq!(taken.len(), 18, "no context is used twice");
            for (&own, &other) in &swapped {
                let Some(other) = other else {
                    assert_eq!(own, 18, "only the broadcast with one example has no other context");
                    continue;
                };
                assert_eq!(vod(&examples[own]), vod(&examples[other]));
                let (count, distance) = (if own < 12 { 12 } else { 6 }, own.abs_diff(other));
                assert!(distance.min(count - distance) >= count / 3, "{own} {other}");
            }
        }
    }
}
