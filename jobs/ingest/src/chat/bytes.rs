//! From the bytes of a file to UTF-8: digest, gzip and byte order marks, each with its limit.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;
use ids::{Digest, Hasher};

/// No export may be larger, compressed or not: 8 GiB.
const LARGEST: u64 = 8 << 30;

/// Chat compresses to a tenth or so; whatever unpacks to more than this many times its size was made to do harm.
const LARGEST_RATIO: u64 = 200;

/// Unpacked bytes that are free of the ratio, because small files of one repeated message compress well.
const FREE: u64 = 1 << 20;

/// A limit that a file breaks.
#[derive(Debug, thiserror::Error)]
enum Limit {
    #[error("it has more than {LARGEST} bytes")]
    Size,
    #[error("it unpacks to more than {LARGEST_RATIO} times its size")]
    Ratio,
    #[error("it is UTF-32; save it as UTF-8")]
    Utf32,
    #[error("it is empty")]
    Empty,
}

impl From<Limit> for io::Error {
    fn from(limit: Limit) -> Self {
        Self::new(io::ErrorKind::InvalidData, limit)
    }
}

/// Takes the digest of everything that is read through it.
pub(super) struct Hashing<R> {
    inner: R,
    hasher: Hasher,
}

impl<R: Read> Hashing<R> {
    /// Reads from `inner`.
    pub(super) fn new(inner: R) -> Self {
        Self { inner, hasher: Hasher::default() }
    }

    /// The digest of what was read.
    pub(super) fn digest(self) -> Digest {
        self.hasher.digest()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        if self.hasher.length() > LARGEST {
            return Err(Limit::Size.into());
        }
        Ok(count)
    }
}

/// The text in `file` as UTF-8 without byte order mark. Bytes that are not UTF-8 pass: they are one message's problem.
pub(super) fn text<'file>(file: impl BufRead + 'file) -> io::Result<Box<dyn BufRead + 'file>> {
    let (first, rest) = beginning(file)?;
    match first.as_slice() {
        [] => Err(Limit::Empty.into()),
        [0x1f, 0x8b, ..] => unmarked(buffered(Inflate::new(Cursor::new(first).chain(rest)))),
        _ => unmarked(Cursor::new(first).chain(rest)),
    }
}

/// Takes the byte order mark off, and UTF-16 to UTF-8.
fn unmarked<'file>(source: impl BufRead + 'file) -> io::Result<Box<dyn BufRead + 'file>> {
    let (first, rest) = beginning(source)?;
    let after = |mark: usize| Cursor::new(first.get(mark..).unwrap_or_default().to_vec());
    match first.as_slice() {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Err(Limit::Utf32.into()),
        [0xff, 0xfe, ..] => Ok(Box::new(buffered(Utf16::new(after(2).chain(rest), u16::from_le_bytes)))),
        [0xfe, 0xff, ..] => Ok(Box::new(buffered(Utf16::new(after(2).chain(rest), u16::from_be_bytes)))),
        [0xef, 0xbb, 0xbf, ..] => Ok(Box::new(after(3).chain(rest))),
        _ => Ok(Box::new(after(0).chain(rest))),
    }
}

fn buffered<R: Read>(source: R) -> BufReader<R> {
    BufReader::with_capacity(1 << 16, source)
}

/// The first four bytes, or fewer at the end, and what comes after them.
fn beginning<R: Read>(mut source: R) -> io::Result<(Vec<u8>, R)> {
    let mut first = Vec::new();
    source.by_ref().take(4).read_to_end(&mut first)?;
    Ok((first, source))
}

/// Unpacks gzip within the limits.
struct Inflate<R> {
    decoder: MultiGzDecoder<Counting<R>>,
    unpacked: u64,
}

impl<R: Read> Inflate<R> {
    fn new(source: R) -> Self {
        Self { decoder: MultiGzDecoder::new(Counting { inner: source, count: 0 }), unpacked: 0 }
    }
}

impl<R: Read> Read for Inflate<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(buffer)?;
        self.unpacked += count as u64;
        let packed = self.decoder.get_ref().count;
        if self.unpacked > LARGEST {
            return Err(Limit::Size.into());
        }
        if self.unpacked > FREE + packed.saturating_mul(LARGEST_RATIO) {
            return Err(Limit::Ratio.into());
        }
        Ok(count)
    }
}

struct Counting<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

/// UTF-16 as UTF-8; what is no character becomes U+FFFD.
struct Utf16<R> {
    inner: R,
    unit: fn([u8; 2]) -> u16,
    /// A byte or the first half of a pair that the last block ended with.
    rest: Vec<u8>,
    ready: Cursor<Vec<u8>>,
    ended: bool,
}

impl<R: Read> Utf16<R> {
    fn new(inner: R, unit: fn([u8; 2]) -> u16) -> Self {
        Self { inner, unit, rest: Vec::new(), ready: Cursor::new(Vec::new()), ended: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut block = std::mem::take(&mut self.rest);
        self.ended = self.inner.by_ref().take(1 << 15).read_to_end(&mut block)? == 0;
        let mut whole = block.len() & !1;
        if !self.ended {
            let last = block.get(whole.wrapping_sub(2)..whole).and_then(|last| last.try_into().ok()).map(self.unit);
            if last.is_some_and(|unit| (0xd800..0xdc00).contains(&unit)) {
                whole -= 2;
            }
            self.rest = block.split_off(whole);
        }
        let unit = self.unit;
        let units = block.chunks(2).map(|pair| pair.try_into().map_or(0xfffd, unit));
        let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        self.ready = Cursor::new(text.into_bytes());
        Ok(())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.ready.read(buffer)?;
            if count > 0 || buffer.is_empty() || self.ended {
                return Ok(count);
            }
            self.fill()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::super::ahead::Ahead;
    use super::*;

    /// Gives its bytes one at a time, as a slow pipe may.
    struct Slow<'bytes>(&'bytes [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(1);
            self.0.read(&mut buffer[..count])
        }
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        ["\u{feff}", text].concat().encode_utf16().flat_map(unit).collect()
    }

    fn read(bytes: &[u8]) -> Result<String, String> {
        let mut all = Vec::new();
        for slow in [false, true] {
            let source: Box<dyn Read + Send> = if slow { Box::new(Slow(bytes)) } else { Box::new(bytes) };
            let mut found = Vec::new();
            let outcome = std::thread::scope(|scope| {
                let mut ahead = Ahead::start(scope, source);
                let outcome = text(&mut ahead).and_then(|mut text| text.read_to_end(&mut found));
                if outcome.is_ok() {
                    assert_eq!(ahead.finish().unwrap(), Digest::of(bytes));
                }
                outcome
            });
            all.push(outcome.map_err(|error| error.to_string()).map(|_| String::from_utf8(found).unwrap()));
        }
        assert_eq!(all[0], all[1], "pieces do not matter");
        all.remove(0)
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "[\"caf\u{e9} \u{1f600}\"]".repeat(9000);
        let marked = ["\u{feff}", &text].concat();
        for bytes in [
            text.clone().into_bytes(),
            marked.clone().into_bytes(),
            utf16(&text, u16::to_le_bytes),
            utf16(&text, u16::to_be_bytes),
            gzip(text.as_bytes()),
            gzip(&utf16(&text, u16::to_le_bytes)),
            [gzip(&text.as_bytes()[..100]), gzip(&text.as_bytes()[100..])].concat(),
        ] {
            assert_eq!(read(&bytes).as_ref(), Ok(&text));
        }
    }

    #[test]
    fn limits_and_damage_are_told() {
        for (bytes, expect) in [
            (Vec::new(), "it is empty"),
            (vec![0xff, 0xfe, 0, 0, 0x5b, 0, 0, 0], "UTF-32"),
            (gzip(&vec![b' '; 8 << 20]), "more than 200 times its size"),
            (gzip(b"[]")[..8].to_vec(), ""),
            ([gzip(b"[]"), b"tail".to_vec()].concat(), ""),
        ] {
            let error = read(&bytes).unwrap_err();
            assert!(error.contains(expect), "{error}");
        }
        assert_eq!(read(&[0xff, 0xfe, 0x00, 0xd8, 0x5b, 0x00, 0x5d]).unwrap(), "\u{fffd}[\u{fffd}");
    }
}
