//! Trying again after a failure that may pass: how often, and how long to wait before.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// First wait; each further one is twice as long, up to the longest.
const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);

/// From which failure in a row on people are told: one or two are usual, more are why nothing moves.
const TOLD: u32 = 3;

/// Longest wait that a server may ask for; a longer one is told instead.
const LONGEST_OBEYED: Duration = Duration::from_secs(60);

/// How often something is tried again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retries {
    /// Failures in a row after which it is given up; 0 gives up at the first.
    pub(crate) most: u32,
}

/// Why something is not tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GivenUp {
    /// It failed so often.
    Failed(u32),
    /// The server asks to wait longer than anybody would.
    Wait(Duration),
}

/// The attempts at one thing.
#[derive(Debug)]
pub(crate) struct Tries {
    retries: Retries,
    failures: u32,
}

impl Retries {
    /// Before the first attempt at something.
    pub(crate) fn start(self) -> Tries {
        Tries { retries: self, failures: 0 }
    }
}

impl Tries {
    /// Notes a failure of `what`, which is told when it is not the first, and waits for the next attempt: as long as the server asks, else twice as long each time and a
    /// random part shorter, so that parallel requests that failed together do not come back together.
    pub(crate) async fn again(&mut self, what: &str, reason: &str, asked: Option<Duration>) -> Result<(), GivenUp> {
        self.failures += 1;
        let (failures, most) = (self.failures, self.retries.most);
        if failures > most {
            return Err(GivenUp::Failed(failures));
        }
        match failures {
            ..TOLD => tracing::debug!("{what}: {reason}; trying again, {failures} of {most}"),
            TOLD.. => tracing::warn!("{what}: {reason}; trying again, {failures} of {most}"),
        }
        let wait = match asked {
            Some(wait) if wait > LONGEST_OBEYED => return Err(GivenUp::Wait(wait)),
            Some(wait) => wait,
            None => {
                let doubled = FIRST.saturating_mul(1 << (self.failures - 1).min(16)).min(LONGEST);
                doubled.mul_f64(0.5 + (random() % 1000) as f64 / 2000.0)
            }
        };
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Something came: failures are counted anew.
    pub(crate) fn progress(&mut self) {
        self.failures = 0;
    }
}

/// A number that nobody guesses, from the standard library's own source of such; nothing that is kept depends on it.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_given_up_after_so_many_failures_in_a_row() {
        let now = Some(Duration::ZERO);
        let mut tries = Retries { most: 2 }.start();
        assert_eq!(
            (tries.again("it", "no answer", now).await, tries.again("it", "no answer", now).await),
            (Ok(()), Ok(()))
        );
        tries.progress();
        assert_eq!(
            (tries.again("it", "no answer", now).await, tries.again("it", "no answer", now).await),
            (Ok(()), Ok(()))
        );
        assert_eq!(tries.again("it", "no answer", now).await, Err(GivenUp::Failed(3)));
        assert_eq!(Retries { most: 0 }.start().again("it", "no answer", None).await, Err(GivenUp::Failed(1)));
    }

    #[tokio::test]
    async fn a_server_cannot_make_us_wait_for_ever() {
        let wait = Duration::from_secs(u64::MAX);
        assert_eq!(Retries { most: 9 }.start().again("it", "no answer", Some(wait)).await, Err(GivenUp::Wait(wait)));
    }
}
