//! Reads the sample count from a FLAC header, so that a finished file is measured by what it says and not by a log.

/// Bytes needed from the start of a FLAC file: marker, block header and STREAMINFO (RFC 9639, section 8.2).
pub(crate) const HEADER_BYTES: usize = 42;

/// The number of samples per channel, if the bytes start like a FLAC file that states it.
pub(crate) fn total_samples(header: &[u8]) -> Option<u64> {
    let info = header.strip_prefix(b"fLaC")?;
    // The first block must be STREAMINFO; the top bit only says whether it is the last one.
    if info.first()? & 0x7f != 0 {
        return None;
    }
    // 36 bits, of which the upper four share a byte with the sample width.
    let count: [u8; 5] = info.get(4 + 13..4 + 18)?.try_into().ok()?;
    let [high, rest @ ..] = count;
    let total = u64::from(high & 0x0f) << 32 | u64::from(u32::from_be_bytes(rest));
    (total > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_from_a_header_and_refuses_the_rest() {
        let mut header = b"fLaC".to_vec();
        header.extend([0x80, 0, 0, 34]);
        header.extend([0; 13]);
        header.extend([0xf1, 0, 0, 0, 2]);
        header.extend([0; 16]);
        assert_eq!(header.len(), HEADER_BYTES);
        assert_eq!(total_samples(&header), Some((1 << 32) + 2));
        for length in 0..26 {
            assert_eq!(total_samples(&header[..length]), None, "cut to {length} bytes");
        }
        header[4] = 0x04;
        assert_eq!(total_samples(&header), None, "a comment block in place of STREAMINFO");
    }
}
