//! A keyed hash of text, for splits and pseudonyms: HMAC-SHA256 (RFC 2104).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The first 8 bytes of the keyed hash of `text`, as a number (big endian).
pub(crate) fn number(key: &str, text: &str) -> u64 {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else {
        unreachable!("HMAC takes a key of any length")
    };
    mac.update(text.as_bytes());
    let bytes: [u8; 32] = mac.finalize().into_bytes().into();
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_published_function() {
        // RFC 4231, test case 2.
        assert_eq!(number("Jefe", "what do ya want for nothing?"), 0x5bdc_c146_bf60_754e);
    }
}
