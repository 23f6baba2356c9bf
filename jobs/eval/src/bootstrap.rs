//! Intervals by resampling: the bootstrap over groups of examples that belong together (Efron 1979; for evaluations
//! with shared sources Miller 2024).

use ids::VodKey;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A statistic with its 95 % percentile interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The statistic of all examples.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Which examples are resampled together, by their indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    groups: Vec<Vec<usize>>,
    whole_vods: bool,
    vods: usize,
}

impl Groups {
    /// Groups of examples that stand in the order of `vods`: whole broadcasts when there are at least `minimum_vods`,
    /// else blocks of `block` neighbours that never span two broadcasts.
    pub fn new<'a>(vods: impl IntoIterator<Item = &'a VodKey>, minimum_vods: usize, block: usize) -> Self {
        let mut by_vod: Vec<(&VodKey, Vec<usize>)> = Vec::new();
        for (index, vod) in vods.into_iter().enumerate() {
            match by_vod.iter_mut().find(|(own, _)| *own == vod) {
                Some((_, examples)) => examples.push(index),
                None => by_vod.push((vod, vec![index])),
            }
        }
        let vods = by_vod.len();
        let whole_vods = vods >= minimum_vods;
        let groups = by_vod.into_iter().flat_map(|(_, examples)| {
            let size = if whole_vods { examples.len() } else { block.max(1) };
            examples.chunks(size.max(1)).map(<[usize]>::to_vec).collect::<Vec<_>>()
        });
        Self { groups: groups.collect(), whole_vods, vods }
    }

    /// What was resampled, in words.
    pub fn describe(&self) -> String {
        let (count, vods) = (self.groups.len(), self.vods);
        if self.whole_vods {
            format!("95 % interval over {count} resampled broadcasts")
        } else {
            let broadcasts = if vods == 1 { "broadcast" } else { "broadcasts" };
            format!("95 % interval over {count} resampled blocks of {vods} {broadcasts}, too few to stand for others")
        }
    }

    /// The interval of `statistic`, which sees the indices of a resample. `None` when it has no finite value on all
    /// examples or on any resample: what cannot be computed proves nothing.
    pub fn interval(&self, rounds: usize, seed: u64, statistic: impl Fn(&[usize]) -> Option<f64>) -> Option<Interval> {
        let finite = |indices: &[usize]| statistic(indices).filter(|value| value.is_finite());
        let value = finite(&self.groups.concat())?;
        let count = Some(self.groups.len() as u64).filter(|&count| count > 0)?;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut values = Vec::with_capacity(rounds);
        let mut indices = Vec::new();
        for _ in 0..rounds {
            indices.clear();
            for _ in 0..count {
                // The bias of a remainder of 64 bits is far below what any number of rounds can show.
                let group = self.groups.get((random.next_u64() % count) as usize)?;
                indices.extend_from_slice(group);
            }
            values.push(finite(&indices)?);
        }
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values.get((share * (rounds.saturating_sub(1)) as f64).round() as usize).copied();
        Some(Interval { value, low: at(0.025)?, high: at(0.975)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vods(counts: &[usize]) -> Vec<VodKey> {
        let each = counts.iter().enumerate();
        each.flat_map(|(vod, &count)| vec![format!("file/v{vod}").parse::<VodKey>().unwrap(); count]).collect()
    }

    #[test]
    fn few_broadcasts_are_cut_into_blocks_and_many_are_not() {
        let few = Groups::new(&vods(&[5, 2]), 8, 2);
        assert_eq!(few.groups, [vec![0, 1], vec![2, 3], vec![4], vec![5, 6]]);
        assert!(few.describe().contains("4 resampled blocks of 2 broadcasts, too few"), "{}", few.describe());
        let many = Groups::new(&vods(&[2, 1, 1]), 3, 2);
        assert_eq!(many.groups, [vec![0, 1], vec![2], vec![3]]);
        assert!(many.describe().contains("3 resampled broadcasts"), "{}", many.describe());
    }

    #[test]
    fn the_interval_of_a_mean_is_the_textbook_one() {
        let values: Vec<f64> = (0..100).map(|index| f64::from(index % 10)).collect();
        let groups = Groups::new(&vods(&[100]), 8, 1);
        let mean = |indices: &[usize]| Some(indices.iter().map(|&i| values[i]).sum::<f64>() / indices.len() as f64);
        let found = groups.interval(10_000, 1, mean).unwrap();
        // Standard deviation 2.872, so the mean of 100 has a standard error of 0.2872.
        assert_eq!(found.value, 4.5);
        assert!((found.low - (4.5 - 1.96 * 0.2872)).abs() < 0.02, "{found:?}");
        assert!((found.high - (4.5 + 1.96 * 0.2872)).abs() < 0.02, "{found:?}");
        assert_eq!(groups.interval(10_000, 1, mean), Some(found));
        assert_ne!(groups.interval(10_000, 2, mean), Some(found));
    }

    #[test]
    fn clusters_that_agree_inside_are_wider_than_blocks() {
        let values: Vec<f64> = (0..80).map(|index| f64::from(index / 10)).collect();
        let mean = |indices: &[usize]| Some(indices.iter().map(|&i| values[i]).sum::<f64>() / indices.len() as f64);
        let width = |minimum_vods| {
            let found = Groups::new(&vods(&[10; 8]), minimum_vods, 1).interval(2000, 1, mean).unwrap();
            found.high - found.low
        };
        assert!(width(8) > 2.0 * width(9));
    }

    #[test]
    fn what_cannot_be_computed_proves_nothing() {
        let groups = Groups::new(&vods(&[4]), 8, 1);
        assert_eq!(groups.interval(1000, 1, |_| Some(f64::NAN)), None);
        assert_eq!(groups.interval(1000, 1, |indices| indices.contains(&0).then_some(1.0)), None);
        assert_eq!(Groups::new(&[], 8, 1).interval(1000, 1, |_| Some(1.0)), None);
    }
}
