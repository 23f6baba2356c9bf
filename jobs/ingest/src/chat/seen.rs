//! Remembers which ids were seen, in 16 bytes each: a UUID as it is, any other id as the half of its digest.

use std::collections::HashSet;

use foldhash::quality::RandomState;
use ids::Digest;

/// The ids seen so far. Nothing depends on their order. Strangers choose the ids, so the hash has a random seed. That of
/// the standard library has one too, and takes a twentieth of the time in which an export is read.
#[derive(Default)]
pub(super) struct Seen(HashSet<u128, RandomState>);

impl Seen {
    /// Notes an id, as [`short`] has it. False when it was there already.
    pub(super) fn note(&mut self, id: u128) -> bool {
        self.0.insert(id)
    }
}

/// An id in 16 bytes. Two ids share them by an accident that 2^64 messages would have to wait for.
pub(super) fn short(id: &str) -> u128 {
    uuid(id).unwrap_or_else(|| {
        let digest = Digest::of(id.as_bytes());
        digest.as_bytes().iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
    })
}

/// The number in `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, if `id` is written just so.
fn uuid(id: &str) -> Option<u128> {
    let bytes: &[u8; 36] = id.as_bytes().try_into().ok()?;
    let (mut number, mut wrong) = (0, 0);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 8 | 13 | 18 | 23) {
            wrong |= byte ^ b'-';
        } else {
            let digit = DIGITS[usize::from(*byte)];
            wrong |= digit & 0xf0;
            number = number << 4 | u128::from(digit & 0xf);
        }
    }
    (wrong == 0).then_some(number)
}

/// The value of each lower-case hexadecimal digit; 255 is none.
const DIGITS: [u8; 256] = {
    let mut digits = [255; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value] as usize] = value as u8;
        value += 1;
    }
    digits
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_seen_once() {
        let id = "0123abcd-0000-4000-8000-00000000000f";
        assert_eq!(uuid(id), Some(0x0123_abcd_0000_4000_8000_0000_0000_000f));
        let mut seen = Seen::default();
        for id in [id, "0123ABCD-0000-4000-8000-00000000000F", "0123abcd00-00-4000-8000-00000000000f", "a", "b", ""] {
            assert!(seen.note(short(id)), "{id} is new");
            assert!(!seen.note(short(id)), "{id} was seen");
        }
    }
}
