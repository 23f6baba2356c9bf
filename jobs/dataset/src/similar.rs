//! Finding near-duplicates: MinHash over three-character pieces (Broder 1997), every candidate verified.

use std::collections::{BTreeMap, BTreeSet};

/// Characters of one piece. Chat is short; longer pieces would make any two lines differ.
const PIECE: usize = 3;

/// Bands and rows of the signature: two texts of similarity 0.8 share a band with probability 0.9998.
const BANDS: usize = 16;
const ROWS: usize = 4;

/// Texts by similarity.
#[derive(Debug, Default)]
pub struct Similar {
    texts: Vec<Vec<u64>>,
    bands: BTreeMap<(usize, u64), Vec<usize>>,
}

impl Similar {
    /// Adds `text` under the next number, from 0.
    pub fn add(&mut self, text: &str) {
        let pieces = pieces(text);
        for band in bands(&pieces) {
            self.bands.entry(band).or_default().push(self.texts.len());
        }
        self.texts.push(pieces);
    }

    /// The first added text whose Jaccard similarity to `text` is at least `percent` and that is `wanted`.
    pub fn find(&self, text: &str, percent: u32, wanted: impl Fn(usize) -> bool) -> Option<usize> {
        let pieces = pieces(text);
        let near: BTreeSet<usize> =
            bands(&pieces).filter_map(|band| self.bands.get(&band)).flatten().copied().collect();
        near.into_iter().find(|&number| {
            wanted(number) && self.texts.get(number).is_some_and(|other| at_least(&pieces, other, percent))
        })
    }
}

/// Hashes of the pieces of `text`, sorted, each once. A text shorter than a piece is one piece.
fn pieces(text: &str) -> Vec<u64> {
    let characters: Vec<char> = text.chars().collect();
    let hash = |piece: &[char]| piece.iter().fold(0, |hash, &character| mix(hash ^ u64::from(u32::from(character))));
    let mut pieces: Vec<u64> = match characters.len() {
        0..PIECE => vec![hash(&characters)],
        _ => characters.windows(PIECE).map(hash).collect(),
    };
    pieces.sort_unstable();
    pieces.dedup();
    pieces
}

/// The bands of the signature of `pieces`.
fn bands(pieces: &[u64]) -> impl Iterator<Item = (usize, u64)> {
    let smallest = |row: usize| {
        let seed = mix(row as u64 + 1);
        pieces.iter().map(|piece| mix(piece ^ seed)).min().unwrap_or_default()
    };
    (0..BANDS).map(move |band| (band, (0..ROWS).fold(0, |hash, row| mix(hash ^ smallest(band * ROWS + row)))))
}

/// Whether the Jaccard similarity of two sorted sets is at least `percent`.
fn at_least(a: &[u64], b: &[u64], percent: u32) -> bool {
    let both = a.iter().filter(|piece| b.binary_search(piece).is_ok()).count();
    let either = a.len() + b.len() - both;
    both as u128 * 100 >= either as u128 * u128::from(percent)
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(known: &[&str], text: &str) -> Option<usize> {
        let mut similar = Similar::default();
        known.iter().for_each(|text| similar.add(text));
        similar.find(text, 80, |_| true)
    }

    #[test]
    fn near_is_found_and_a_shared_template_is_not() {
        let known = ["petition to keep the dragon", "the chef never once offered me soup and toast"];
        assert_eq!(found(&known, "petition to keep the dragon"), Some(0));
        assert_eq!(found(&known, "the chef never once offered me soup and toasts"), Some(1));
        assert_eq!(found(&known, "petition to keep the banana"), None);
        assert_eq!(found(&known, ""), None);
        assert_eq!(found(&["", "ab"], "ab"), Some(1));
    }

    #[test]
    fn only_the_wanted_ones_count() {
        let mut similar = Similar::default();
        similar.add("all in on the ladder");
        similar.add("all in on the ladder");
        assert_eq!(similar.find("all in on the ladder", 80, |number| number > 0), Some(1));
    }

    proptest! {
        #[test]
        fn equal_texts_are_always_found_and_far_ones_never(a in "\\PC{0,30}", b in "\\PC{0,30}") {
            prop_assert_eq!(found(&[&a], &a), Some(0));
            let far = !at_least(&pieces(&a), &pieces(&b), 80);
            prop_assert!(!far || found(&[&a], &b).is_none());
        }
    }
}
