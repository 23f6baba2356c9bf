//! Cuts a recording into blocks of time, the units that are resampled and dealt anew.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::grid::SLOT_MS;

/// Length of a block, ms: longer than a reaction and its echoes, so that blocks are nearly independent.
const BLOCK_MS: i64 = 30_000;
/// No block is shorter, however short the recording, ms.
const SHORTEST_MS: i64 = 5_000;
/// How many blocks a short recording should still have.
const WANTED: i64 = 16;

/// A recording in equal blocks; the rest at the end, shorter than a block, belongs to the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks {
    /// Slots in one block.
    length: usize,
    /// Slots in the recording.
    slots: usize,
    /// Blocks.
    count: usize,
}

impl Blocks {
    /// The blocks of a recording of that length.
    pub fn of(duration_ms: i64) -> Self {
        let length_ms = (duration_ms / WANTED).clamp(SHORTEST_MS, BLOCK_MS);
        let length = usize::try_from(length_ms / SLOT_MS).unwrap_or(1).max(1);
        let slots = usize::try_from(duration_ms / SLOT_MS).unwrap_or(0) + 1;
        Self { length, slots, count: (slots / length).max(1) }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The block of a time, ms.
    pub fn index(&self, at_ms: i64) -> usize {
        (usize::try_from(at_ms / SLOT_MS).unwrap_or(0) / self.length).min(self.count - 1)
    }

    /// Begin of a block, ms.
    pub fn start_ms(&self, block: usize) -> i64 {
        (block * self.length) as i64 * SLOT_MS
    }

    /// First slot of a block and of the one after it.
    pub fn range(&self, block: usize) -> (usize, usize) {
        let end = if block + 1 == self.count { self.slots } else { (block + 1) * self.length };
        (block * self.length, end)
    }
}

/// A generator for one draw out of many: each draw has its own stream, so that they can be made in any order.
pub fn generator(seed: [u8; 32], stream: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::from_seed(seed);
    generator.set_stream(stream);
    generator
}

/// A number below `bound`. By multiplication, so that one draw is one word of the stream in every release; the bias is
/// below bound / 2^64.
pub fn below(generator: &mut ChaCha8Rng, bound: usize) -> usize {
    let wide = u128::from(generator.next_u64()) * bound as u128;
    usize::try_from(wide >> 64).unwrap_or(0)
}

/// A chat that belongs to no speech: shifted in a circle by a random time, and its blocks dealt anew.
///
/// The shift alone is enough in a long recording. In a short one every shift brings the true lag back into reach at
/// another place; dealing the blocks breaks it up, and keeps what is inside a block: bursts, pastes, topics.
#[derive(Debug)]
pub struct Shifted {
    blocks: Blocks,
    rotation: usize,
    /// Where each block goes.
    places: Vec<usize>,
}

impl Shifted {
    /// Draws a shift.
    pub fn draw(blocks: Blocks, generator: &mut ChaCha8Rng) -> Self {
        let rotation = below(generator, blocks.slots);
        let mut places: Vec<usize> = (0..blocks.slots / blocks.length).collect();
        for last in (1..places.len()).rev() {
            places.swap(last, below(generator, last + 1));
        }
        Self { blocks, rotation, places }
    }

    /// Where slot `slot` goes.
    pub fn slot(&self, slot: usize) -> usize {
        let turned = (slot + self.rotation) % self.blocks.slots;
        match self.places.get(turned / self.blocks.length) {
            Some(place) => place * self.blocks.length + turned % self.blocks.length,
            None => turned,
        }
    }

    /// Where time `at_ms` goes.
    pub fn ms(&self, at_ms: i64) -> i64 {
        let slot = usize::try_from(at_ms / SLOT_MS).unwrap_or(0);
        self.slot(slot) as i64 * SLOT_MS + at_ms % SLOT_MS
    }

    /// `series` with every slot where it goes.
    pub fn series(&self, series: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; series.len()];
        for (slot, value) in series.iter().enumerate() {
            if let Some(place) = out.get_mut(self.slot(slot)) {
                *place = *value;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_moves_every_slot_to_its_own_place() {
        for duration_ms in [1, 4_000, 61_000, 105_600, 3_600_123] {
            let blocks = Blocks::of(duration_ms);
            let shifted = Shifted::draw(blocks, &mut generator([7; 32], 3));
            let mut places: Vec<_> = (0..blocks.slots).map(|slot| shifted.slot(slot)).collect();
            places.sort_unstable();
            assert_eq!(places, (0..blocks.slots).collect::<Vec<_>>(), "{duration_ms}");
            let ranges: Vec<_> = (0..blocks.count()).map(|block| blocks.range(block)).collect();
            assert_eq!(ranges.first().map(|range| range.0), Some(0));
            assert_eq!(ranges.last().map(|range| range.1), Some(blocks.slots));
            assert!(ranges.windows(2).all(|pair| pair[0].1 == pair[1].0));
        }
    }

    #[test]
    fn draws_below_a_bound_are_pinned() {
        // Changing these changes every interval: raise LOGIC_VERSION.
        let mut generator = generator([1; 32], 5);
        let draws: Vec<_> = (0..6).map(|_| below(&mut generator, 1000)).collect();
        assert_eq!(draws, [319, 179, 928, 202, 972, 235]);
    }
}
