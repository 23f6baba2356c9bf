//! A rate as people write it: `60/min`.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

/// So many requests in a unit of time. All of them may come at once; after that they come back evenly (GCRA).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: NonZeroU32,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
}

impl Unit {
    const ALL: [Self; 3] = [Self::Second, Self::Minute, Self::Hour];

    fn name(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "min",
            Self::Hour => "h",
        }
    }

    fn length(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3600,
        })
    }
}

impl Rate {
    /// From one request to the next, on average.
    pub fn period(&self) -> Duration {
        self.unit.length() / self.count.get()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, self.unit.name())
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error = || format!("{text:?} is no rate; write COUNT/s, COUNT/min or COUNT/h with COUNT from 1 to 1000000");
        let (count, unit) = text.split_once('/').ok_or_else(error)?;
        let unit = Unit::ALL.into_iter().find(|known| known.name() == unit).ok_or_else(error)?;
        let count: NonZeroU32 = count.parse().map_err(|_| error())?;
        if count.get() > 1_000_000 { Err(error()) } else { Ok(Self { count, unit }) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rates_are_counts_in_a_unit() {
        for good in ["60/min", "5/s", "1000/h", "1000000/s"] {
            assert_eq!(good.parse::<Rate>().unwrap().to_string(), good);
        }
        assert_eq!("60/min".parse::<Rate>().unwrap().period(), Duration::from_secs(1));
        for bad in ["", "60", "0/s", "-1/s", "1/d", "1/ s", "1000001/s"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_rate_that_reads_back_or_an_error(text in "\\PC{0,12}|[0-9]{0,8}/(s|min|h|d)?") {
            if let Ok(rate) = text.parse::<Rate>() {
                prop_assert_eq!(rate.to_string().parse(), Ok(rate));
                prop_assert!(rate.period() > Duration::ZERO);
            }
        }
    }
}
