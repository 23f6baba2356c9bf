//! Measures of how a set of replies looks beside the true ones. All of them are pure functions of texts and lengths.

use std::collections::BTreeSet;

/// Wasserstein-1 distance between two equally large samples of lengths, as a share of the mean of `truth`: how far the
/// lengths have to be moved on average. `None` when there is nothing to compare.
pub fn length_distance(lengths: &[f64], truth: &[f64]) -> Option<f64> {
    let total: f64 = truth.iter().sum();
    if lengths.len() != truth.len() || total <= 0.0 {
        return None;
    }
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values
    };
    let moved: f64 = sorted(lengths).iter().zip(sorted(truth)).map(|(a, b)| (a - b).abs()).sum();
    Some(moved / total)
}

/// The word pairs of a text, in lower case.
pub fn word_pairs(text: &str) -> Vec<(String, String)> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    words.windows(2).filter_map(|pair| Some((pair.first()?.clone(), pair.get(1)?.clone()))).collect()
}

/// Distinct word pairs as a share of all (distinct-2, Li et al. 2016). `None` when there is no pair.
pub fn distinct<'a, T: Ord + 'a>(pairs: impl IntoIterator<Item = &'a T>) -> Option<f64> {
    let mut all = 0_usize;
    let mut different = BTreeSet::new();
    for pair in pairs {
        all += 1;
        different.insert(pair);
    }
    (all > 0).then(|| different.len() as f64 / all as f64)
}

/// A text as it is compared with others: lower case, one space between words.
pub fn plain(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// Whether one word of `text` is an emote of the channel.
pub fn has_emote(text: &str, emotes: &BTreeSet<String>) -> bool {
    text.split_whitespace().any(|word| emotes.contains(word))
}

/// The share of true values; `None` of nothing.
pub fn share(values: impl IntoIterator<Item = bool>) -> Option<f64> {
    let (mut yes, mut all) = (0_usize, 0_usize);
    for value in values {
        yes += usize::from(value);
        all += 1;
    }
    (all > 0).then(|| yes as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_moved_as_little_as_possible() {
        let check = |lengths: &[f64], truth: &[f64], expect| assert_eq!(length_distance(lengths, truth), expect);
        check(&[3.0, 1.0], &[1.0, 3.0], Some(0.0));
        check(&[2.0, 4.0], &[1.0, 3.0], Some(0.5));
        check(&[10.0, 1.0], &[1.0, 1.0], Some(4.5));
        check(&[1.0], &[1.0, 2.0], None);
        check(&[], &[], None);
        check(&[1.0], &[0.0], None);
    }

    #[test]
    fn texts_are_counted_as_people_would() {
        let pairs = |text: &str| word_pairs(text);
        assert_eq!(distinct(pairs("a b a B").iter()), Some(2.0 / 3.0));
        assert_eq!(distinct(pairs("alone").iter()), None);
        assert_eq!(plain("  Rip  THE dragon "), "rip the dragon");
        let emotes = BTreeSet::from(["dougLUL".to_owned()]);
        assert!(has_emote("so funny dougLUL", &emotes));
        assert!(!has_emote("douglul xdougLUL", &emotes));
        assert_eq!((share([true, false]), share([])), (Some(0.5), None));
    }
}
