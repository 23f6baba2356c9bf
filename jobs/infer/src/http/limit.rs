//! How often one caller may ask (GCRA, through `governor`). Callers are told apart by key, else by peer address;
//! `X-Forwarded-For` is not believed, since anybody can write it.

use std::net::{IpAddr, Ipv6Addr};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::ApiError;
use crate::rate::Rate;

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    /// Whoever has the key of that number.
    Key(usize),
    /// Whoever asks from that address.
    Peer(IpAddr),
}

impl Caller {
    /// The caller at an address. One household has 2^64 addresses of version 6, which count as one.
    pub(crate) fn of(peer: IpAddr) -> Self {
        Self::Peer(match peer {
            IpAddr::V6(address) if !address.is_loopback() => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64))
            }
            address => address,
        })
    }
}

/// The limits of all callers.
pub(crate) struct Limits {
    limiter: DefaultKeyedRateLimiter<Caller>,
    clock: DefaultClock,
}

impl Limits {
    /// Everybody may ask at `rate`, all of one unit at once.
    pub(crate) fn new(rate: Rate) -> Self {
        // A period is never zero: the largest rate is a million in a second.
        let quota = Quota::with_period(rate.period()).unwrap_or(Quota::per_second(rate.count));
        Self { limiter: RateLimiter::keyed(quota.allow_burst(rate.count)), clock: DefaultClock::default() }
    }

    /// Counts a request of `caller`, or says when it may come.
    pub(crate) fn check(&self, caller: Caller) -> Result<(), ApiError> {
        self.limiter.check_key(&caller).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            ApiError::rate(wait.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX))
        })
    }

    /// Forgets callers whose whole allowance is back.
    pub(crate) fn tidy(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn callers_have_their_own_allowance() {
        let limits = Limits::new("2/h".parse().unwrap());
        let (one, other) = (Caller::Key(0), Caller::Key(1));
        assert!(limits.check(one).is_ok() && limits.check(one).is_ok());
        let refused = limits.check(one).unwrap_err();
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(limits.check(other).is_ok());
        limits.tidy();
        assert!(limits.check(one).is_err());
    }

    #[test]
    fn addresses_of_one_network_are_one_caller() {
        let caller = |text: &str| Caller::of(text.parse().unwrap());
        assert_eq!(caller("2001:db8::1"), caller("2001:db8::ffff:1"));
        assert_ne!(caller("2001:db8::1"), caller("2001:db8:0:1::1"));
        assert_ne!(caller("10.0.0.1"), caller("10.0.0.2"));
        assert_eq!(caller("::1"), Caller::Peer("::1".parse().unwrap()));
    }
}
