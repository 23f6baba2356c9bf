//! Whether bytes are a piece of media: the frame of the container, not what is in it.
//!
//! MPEG-TS is packets of 188 bytes that begin with 0x47 (ISO/IEC 13818-1, 2.4.3.2); MP4 is boxes whose sizes add up to
//! the whole (ISO/IEC 14496-12, 4.2). A truncated or mixed-up answer breaks either.

/// Length of a transport stream packet, and the byte each begins with.
const PACKET: usize = 188;
const SYNC: u8 = 0x47;

/// What a piece has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Media.
    Segment,
    /// What comes before all segments of fragmented MP4.
    Init,
}

/// Says what is wrong with `bytes`.
pub(super) fn media(bytes: &[u8], kind: Kind) -> Result<(), &'static str> {
    match (bytes, kind) {
        ([], _) => Err("it is empty"),
        ([SYNC, ..], Kind::Segment) => packets(bytes),
        (_, Kind::Segment) => boxes(bytes, &[b"moof", b"mdat"]),
        (_, Kind::Init) => boxes(bytes, &[b"ftyp", b"moov"]),
    }
}

fn packets(bytes: &[u8]) -> Result<(), &'static str> {
    if !bytes.len().is_multiple_of(PACKET) {
        return Err("it is no whole number of transport stream packets");
    }
    match bytes.iter().step_by(PACKET).all(|byte| *byte == SYNC) {
        true => Ok(()),
        false => Err("a transport stream packet does not begin with its sync byte"),
    }
}

fn boxes(mut bytes: &[u8], wanted: &[&[u8; 4]]) -> Result<(), &'static str> {
    let mut missing = wanted.to_vec();
    while !bytes.is_empty() {
        let (Some(size), Some(kind)) = (number::<4>(bytes, 0), bytes.get(4..8)) else {
            return Err("it ends inside of a box");
        };
        let size = match size {
            0 => bytes.len() as u64,
            1 => number::<8>(bytes, 8).ok_or("it ends inside of a box")?,
            size => size,
        };
        if size < 8 {
            return Err("a box is smaller than its own head");
        }
        missing.retain(|wanted| wanted.as_slice() != kind);
        let rest = usize::try_from(size).ok().and_then(|size| bytes.get(size..));
        bytes = rest.ok_or("a box is longer than the rest")?;
    }
    if missing.is_empty() { Ok(()) } else { Err("it has not the boxes of a piece of media") }
}

/// The big-endian number of `N` bytes at `at`.
fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + N)?.iter().try_fold(0_u64, |number, byte| Some(number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 8).unwrap();
        [&size.to_be_bytes(), kind.as_slice(), body].concat()
    }

    fn packet() -> Vec<u8> {
        let mut packet = vec![0; PACKET];
        packet[0] = SYNC;
        packet
    }

    #[test]
    fn whole_pieces_pass_and_broken_ones_do_not() {
        let ts = [packet(), packet()].concat();
        let mut torn = ts.clone();
        torn[PACKET] = 0;
        let fragment = [one(b"styp", b"x"), one(b"moof", b"abc"), one(b"mdat", b"defgh")].concat();
        let long = [&1_u32.to_be_bytes(), b"mdat".as_slice(), &17_u64.to_be_bytes(), b"x", &one(b"moof", b"")].concat();
        let init = [one(b"ftyp", b"iso6"), one(b"moov", b"")].concat();
        for (bytes, kind, good) in [
            (ts.as_slice(), Kind::Segment, true),
            (&ts[..ts.len() - 1], Kind::Segment, false),
            (&torn, Kind::Segment, false),
            (&ts, Kind::Init, false),
            (&fragment, Kind::Segment, true),
            (&fragment[..fragment.len() - 1], Kind::Segment, false),
            (&long, Kind::Segment, true),
            (&fragment, Kind::Init, false),
            (&init, Kind::Init, true),
            (&init, Kind::Segment, false),
            (b"<html>not found</html>", Kind::Segment, false),
            (&[0, 0, 0, 4, b'm', b'o', b'o', b'f'], Kind::Segment, false),
            (&[0xff; 16], Kind::Segment, false),
            (b"", Kind::Segment, false),
        ] {
            assert_eq!(media(bytes, kind).is_ok(), good, "{:?} {kind:?}", bytes.get(..16));
        }
    }
}
