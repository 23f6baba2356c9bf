//! From rows of a dataset to token sequences with loss masks, in an order that depends on the seed only.

use std::collections::BTreeMap;

use ids::Digest;
use llm::Example;
use prompt::{ChatLine, Context, PromptError, Renderer};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::Config;

/// Streams of the seed: each use draws from its own, so that none depends on how much another drew.
const DEALING: u64 = u64::MAX;
const WITHIN_REPLIES: u64 = u64::MAX - 1;

/// What a run trains and measures on.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// To train on, ordered by example id.
    pub train: Vec<Example>,
    /// To measure on, ordered by example id.
    pub validation: Vec<Example>,
    /// Where the validation examples are from: `val`, `train` (held out of it) or `none`.
    pub validation_from: &'static str,
    /// Rows that were left out, by reason.
    pub left_out: BTreeMap<&'static str, usize>,
}

/// What the reply of `row` answers, as the prompt sees it.
pub fn context(row: &schemas::Example) -> Context {
    let lines = row.chat_authors.iter().zip(&row.chat_texts);
    Context {
        channel: row.channel.clone(),
        transcript: row.transcript.clone(),
        chat: lines.map(|(author, text)| ChatLine { author: author.clone(), text: text.clone() }).collect(),
    }
}

impl Data {
    /// Renders `rows` (any order) and deals them out.
    ///
    /// # Errors
    /// When a text cannot be encoded at all. A reply that does not fit the prompt is left out and counted.
    pub fn prepare(rows: &[schemas::Example], renderer: &Renderer, config: &Config) -> Result<Self, PromptError> {
        let mut rows: Vec<_> = rows.iter().filter(|row| row.split == "train" || row.split == "val").collect();
        rows.sort_by_key(|row| row.example_id);
        let mut left_out = BTreeMap::new();
        let mut train = Vec::new();
        let mut validation = Vec::new();
        for row in rows {
            let own = if row.split == "val" { &mut validation } else { &mut train };
            match renderer.example(&context(row), &row.reply) {
                Ok(rendered) if rendered.ids.len() <= config.max_tokens => {
                    own.push((row.example_id, Example { ids: rendered.ids, mask: rendered.mask }));
                }
                Ok(_) => *left_out.entry("longer_than_max_tokens").or_default() += 1,
                Err(PromptError::EmptyReply) => *left_out.entry("empty_reply").or_default() += 1,
                Err(PromptError::ReplyTooLong { .. }) => *left_out.entry("reply_too_long").or_default() += 1,
                Err(error) => return Err(error),
            }
        }
        let validation_from = match (validation.is_empty(), lend(&mut train, &mut validation, config)) {
            (false, _) => "val",
            (true, 0) => "none",
            (true, _) => "train",
        };
        validation.truncate(config.validation_examples);
        let only = |found: Vec<(Digest, Example)>| found.into_iter().map(|(_, example)| example).collect::<Vec<_>>();
        let mut data = Self { train: only(train), validation: only(validation), validation_from, left_out };
        if config.shuffle_labels {
            shuffle_labels(&mut data.train, config.seed);
            shuffle_labels(&mut data.validation, config.seed);
        }
        Ok(data)
    }
}

/// Moves a share of the training examples over when there are none to measure on, and says how many. Which ones is
/// decided by their ids, which are digests: a choice at random that no order and no seed changes.
fn lend(train: &mut Vec<(Digest, Example)>, validation: &mut Vec<(Digest, Example)>, config: &Config) -> usize {
    if !validation.is_empty() {
        return 0;
    }
    let share = (config.validation_share * train.len() as f64).floor() as usize;
    let count = share.min(config.validation_examples).min(train.len().saturating_sub(1));
    validation.extend(train.split_off(train.len() - count));
    count
}

/// Deals the replies to other examples and shuffles the tokens within each; the end token stays last.
fn shuffle_labels(examples: &mut [Example], seed: u64) {
    let order = permutation(examples.len(), seed, DEALING);
    let replies: Vec<Vec<u32>> = examples.iter().map(|example| split(example).1.to_vec()).collect();
    let mut random = stream(seed, WITHIN_REPLIES);
    let dealt = order.into_iter().filter_map(|index| replies.get(index));
    for (example, reply) in examples.iter_mut().zip(dealt) {
        let mut reply = reply.clone();
        if let Some((_, text)) = reply.split_last_mut() {
            shuffle(text, &mut random);
        }
        let (prompt, _) = split(example);
        let prompt = prompt.len();
        example.ids.truncate(prompt);
        example.ids.extend(reply);
        example.mask.truncate(prompt);
        example.mask.resize(example.ids.len(), true);
    }
}

/// Prompt and reply of an example.
fn split(example: &Example) -> (&[u32], &[u32]) {
    let start = example.mask.iter().position(|&trained| trained).unwrap_or(example.ids.len());
    example.ids.split_at(start.min(example.ids.len()))
}

/// Which examples make up step `step` (from 0): every epoch is a shuffle of its own, and steps run across the seams.
pub fn batch(examples: usize, batch_size: usize, seed: u64, step: u64) -> Vec<usize> {
    let (count, size) = (examples as u64, batch_size as u64);
    let mut shuffled: Option<(u64, Vec<usize>)> = None;
    let mut chosen = Vec::with_capacity(batch_size);
    for position in step * size..(step + 1) * size {
        let Some(epoch) = position.checked_div(count) else { break };
        let order = match &mut shuffled {
            Some((of, order)) if *of == epoch => order,
            other => &mut other.insert((epoch, permutation(examples, seed, epoch))).1,
        };
        chosen.extend(order.get((position % count) as usize));
    }
    chosen
}

/// A permutation of `0..count` that depends on nothing but the arguments.
fn permutation(count: usize, seed: u64, number: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    shuffle(&mut order, &mut stream(seed, number));
    order
}

fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(number);
    random
}

/// Fisher and Yates, written out so that no library's next version changes an order that results depend on.
fn shuffle<T>(items: &mut [T], random: &mut impl RngCore) {
    for last in (1..items.len()).rev() {
        // The bias of a remainder of 64 bits is below 1 in 2^40 for any count that fits memory.
        let other = (random.next_u64() % (last as u64 + 1)) as usize;
        items.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn orders_are_pinned() {
        // Changing these changes every adapter: raise LOGIC_VERSION with it.
        assert_eq!(permutation(8, 7, 0), [4, 1, 6, 0, 5, 7, 2, 3]);
        assert_eq!(batch(8, 3, 7, 2).len(), 3);
    }

    proptest! {
        #[test]
        fn every_epoch_sees_every_example_once(count in 1_usize..40, size in 1_usize..9, seed in any::<u64>()) {
            let steps = (count * 3).div_ceil(size) as u64;
            let drawn: Vec<usize> = (0..steps).flat_map(|step| batch(count, size, seed, step)).collect();
            for epoch in drawn.chunks_exact(count) {
                prop_assert_eq!(epoch.iter().collect::<BTreeSet<_>>().len(), count);
            }
        }

        #[test]
        fn shuffled_labels_keep_prompts_lengths_and_ends(lengths in prop::collection::vec(1_usize..6, 2..20)) {
            let end = 9999;
            let examples: Vec<_> = (0_u32..).zip(&lengths).map(|(index, &length)| {
                let reply = (0..length as u32).map(|token| index * 100 + token);
                let ids: Vec<u32> = [index, index].into_iter().chain(reply).chain([end]).collect();
                let mask = (0..ids.len()).map(|at| at >= 2).collect();
                Example { ids, mask }
            }).collect();
            let mut shuffled = examples.clone();
            shuffle_labels(&mut shuffled, 3);
            let all = |examples: &[Example]| {
                let mut ids: Vec<u32> = examples.iter().flat_map(|example| split(example).1.to_vec()).collect();
                ids.sort_unstable();
                ids
            };
            prop_assert_eq!(all(&examples), all(&shuffled));
            for (before, after) in examples.iter().zip(&shuffled) {
                prop_assert_eq!(split(before).0, split(after).0);
                prop_assert_eq!(after.ids.last(), Some(&end));
                prop_assert_eq!(after.ids.len(), after.mask.len());
            }
        }
    }
}
