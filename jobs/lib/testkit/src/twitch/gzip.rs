//! A gzip body that is small on the wire and large in memory, written by hand: testkit compresses nothing else.

/// Deflate of one mebibyte of zeros, as zlib writes it at level 9 with a full flush at the end: it fills whole bytes
/// and needs nothing of what came before. Between its start and its end are `RUN` zeros.
const PREFIX: &[u8] = &[0xec, 0xc1, 0x31, 0x01, 0x00, 0x00, 0x00, 0xc2, 0xa0, 0xf5, 0x4f, 0x6d, 0x08, 0x5f, 0xa0];
const RUN: usize = 1016;
const SUFFIX: &[u8] = &[0x3e, 0x03, 0x00, 0x00, 0xff, 0xff];

/// A gzip file of a line `#EXTM3U` and zeros after it, to at least `bytes` in all.
pub(super) fn bomb(bytes: u64) -> Vec<u8> {
    const START: &[u8] = b"#EXTM3U\n";
    let mut file = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    // A stored block: not the last, length, its complement, the bytes.
    let length = START.len() as u16;
    file.push(0);
    file.extend(length.to_le_bytes());
    file.extend((!length).to_le_bytes());
    file.extend(START);
    let count = bytes.div_ceil(1 << 20);
    for _ in 0..count {
        file.extend(PREFIX);
        file.resize(file.len() + RUN, 0);
        file.extend(SUFFIX);
    }
    // The last block, stored and empty. The checksum after it is wrong: whoever gets there has unfolded everything.
    file.extend(b"\x01\0\0\xff\xff");
    file.extend([0; 4]);
    file.extend(((count << 20) as u32 + u32::from(length)).to_le_bytes());
    file
}
