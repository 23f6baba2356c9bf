//! Which split a broadcast is in: a pure function of its name and the rule, and never changed afterwards.

use anyhow::Context;
use ids::{Digest, Name, VodKey};
use manifest::SplitAssignment;
use store::Store;

use crate::config::Splits;
use crate::keyed;

/// The split of `vod` by the rule alone.
pub fn by_rule<'a>(vod: &VodKey, rule: &'a Splits) -> &'a str {
    if let Some(pinned) = rule.pin.get(&vod.to_string()) {
        return pinned;
    }
    let permille = (u128::from(keyed::number(&rule.salt, &vod.to_string())) * 1000) >> 64;
    let (test, val) = (u128::from(rule.test_permille), u128::from(rule.val_permille));
    match permille {
        p if p < test => "test",
        p if p < test + val => "val",
        _ => "train",
    }
}

/// The split of `vod` in `dataset`: the one it was given first, or the rule's if it has none yet, which is then kept.
///
/// # Errors
/// When the ledger cannot be read or written.
pub async fn assigned(store: &Store, dataset: &Name, vod: &VodKey, rule: &Splits) -> anyhow::Result<SplitAssignment> {
    let own_rule = serde_json::json!({
        "method": "pin, else hmac-sha256 in thousandths",
        "salt": rule.salt,
        "val_permille": rule.val_permille,
        "test_permille": rule.test_permille,
        "pin": rule.pin.get(&vod.to_string()),
    });
    let assignment = SplitAssignment {
        dataset: dataset.clone(),
        vod: vod.clone(),
        split: by_rule(vod, rule).to_owned(),
        rule: Digest::of(&manifest::to_canonical_json(&own_rule)?),
    };
    let assigned = store.assign_split(&assignment).await;
    assigned.with_context(|| format!("the split of {vod} in {dataset} cannot be looked up"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[test]
    fn the_hash_is_pinned_and_shares_are_as_asked() {
        let rule = Config::parse("[splits]\nval_permille = 100\ntest_permille = 200").unwrap().splits;
        let split = |number: u32| by_rule(&format!("twitch/{number}").parse().unwrap(), &rule).to_owned();
        // These stand in ledgers.
        assert_eq!((1..=8).map(split).collect::<Vec<_>>().join(" "), "train train test train val train val test");
        let count = |wanted: &str| (0..4000).filter(|number| split(*number) == wanted).count();
        assert!((300..500).contains(&count("val")) && (680..920).contains(&count("test")), "{}", count("test"));
    }

    #[test]
    fn a_pin_decides() {
        let rule = Config::parse("[splits]\ntest_permille = 0\nval_permille = 0\npin = { \"file/a\" = \"val\" }");
        let rule = rule.unwrap().splits;
        assert_eq!(by_rule(&"file/a".parse().unwrap(), &rule), "val");
        assert_eq!(by_rule(&"file/b".parse().unwrap(), &rule), "train");
    }
}
