//! A part of all objects, chosen by their digests: the same part today and tomorrow, here and elsewhere.

use std::fmt;
use std::str::FromStr;

use ids::Digest;

/// Most parts that everything can be split into.
const MOST_PARTS: u64 = 1_000_000;

/// Which objects are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subset {
    /// About so many in a million.
    Millionths(u64),
    /// Part `number` of `of`; the parts 1 to `of` together are everything, each object once.
    Part {
        /// From 1.
        number: u64,
        /// How many parts there are.
        of: u64,
    },
}

impl Subset {
    /// Whether the object with that digest is in it.
    pub(crate) fn has(self, digest: &Digest) -> bool {
        // The first bytes of a digest are as good as random.
        let value = digest.as_bytes().iter().take(8).fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
        match self {
            Self::Millionths(share) => u128::from(value) * 1_000_000 < u128::from(share) << 64,
            Self::Part { number, of } => value % of == number - 1,
        }
    }
}

impl fmt::Display for Subset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Millionths(share) => write!(f, "{}%", *share as f64 / 10_000.0),
            Self::Part { number, of } => write!(f, "{number}/{of}"),
        }
    }
}

impl FromStr for Subset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a share like 5% (above 0, up to 100) or a part like 2/7".to_owned();
        if let Some(share) = text.strip_suffix('%') {
            let share: f64 = share.parse().map_err(|_| wrong())?;
            let millionths = (share * 10_000.0).round();
            return match (1.0..=1_000_000.0).contains(&millionths) {
                true => Ok(Self::Millionths(millionths as u64)),
                false => Err(wrong()),
            };
        }
        let (number, of) = text.split_once('/').ok_or_else(wrong)?;
        match (number.parse(), of.parse()) {
            (Ok(number), Ok(of)) if (1..=of).contains(&number) && of <= MOST_PARTS => Ok(Self::Part { number, of }),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shares_and_parts_are_read_and_nothing_else() {
        let read = |text: &str| text.parse::<Subset>().map(|subset| subset.to_string()).ok();
        for (text, expect) in [
            ("5%", Some("5%")),
            ("0.5%", Some("0.5%")),
            ("100%", Some("100%")),
            ("1/1", Some("1/1")),
            ("3/7", Some("3/7")),
            ("0%", None),
            ("100.1%", None),
            ("-1%", None),
            ("nan%", None),
            ("%", None),
            ("0/3", None),
            ("4/3", None),
            ("1/0", None),
            ("1/1000001", None),
            ("1", None),
            ("", None),
        ] {
            assert_eq!(read(text).as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn a_share_is_about_that_share() {
        let digests: Vec<_> = (0..10_000_u32).map(|n| Digest::of(&n.to_le_bytes())).collect();
        for (share, expect) in [(5.0, 500), (50.0, 5000), (100.0, 10_000)] {
            let subset: Subset = format!("{share}%").parse().unwrap();
            let count = digests.iter().filter(|digest| subset.has(digest)).count();
            assert!(count.abs_diff(expect) < 200, "{share}%: {count}");
        }
    }

    proptest! {
        #[test]
        fn every_object_is_in_exactly_one_part(bytes: [u8; 8], of in 1..200_u64) {
            let digest = Digest::of(&bytes);
            let parts = (1..=of).filter(|number| Subset::Part { number: *number, of }.has(&digest)).count();
            prop_assert_eq!(parts, 1);
        }
    }
}
