//! The alphabet of byte-level BPE: each of the 256 bytes has one printable character (Radford et al. 2019, GPT-2).

/// The character that stands for `byte`: printable Latin-1 stands for itself, the rest begins at U+0100.
pub(crate) fn character(byte: u8) -> char {
    if is_itself(byte) {
        return char::from(byte);
    }
    let rank = (0..byte).filter(|&lower| !is_itself(lower)).count() as u32;
    char::from_u32(0x100 + rank).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The byte that `character` stands for, if it is of the alphabet.
pub(crate) fn byte(character: char) -> Option<u8> {
    BYTES.get(character as usize).copied().flatten()
}

fn is_itself(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF)
}

/// Byte by code point; 68 bytes are not printable, so the alphabet ends at U+0143.
static BYTES: std::sync::LazyLock<[Option<u8>; 0x144]> = std::sync::LazyLock::new(|| {
    let mut bytes = [None; 0x144];
    for byte in 0..=u8::MAX {
        if let Some(slot) = bytes.get_mut(character(byte) as usize) {
            *slot = Some(byte);
        }
    }
    bytes
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_own_character() {
        for value in 0..=u8::MAX {
            assert_eq!(byte(character(value)), Some(value));
        }
        assert_eq!((character(b' '), character(b'\n'), character(0xAD)), ('Ġ', 'Ċ', 'Ń'));
        assert_eq!((byte(' '), byte('\u{144}'), byte('語')), (None, None, None));
    }
}
