//! Cuts one fragmented MP4 file into segments and repeats it for as long as a broadcast lasts, as `ts` does with
//! transport streams. Every frame is a fragment of its own, so that a cut falls where it should.

use std::collections::BTreeMap;

/// The box that opens a segment.
const SEGMENT_TYPE: &[u8] = b"\0\0\0\x18stypmsdh\0\0\0\0msdhmsix";

/// One cycle of segments, cut out of a longer file.
pub(super) struct File {
    /// The initialisation segment.
    pub(super) init: Vec<u8>,
    segments: Vec<Vec<Fragment>>,
    cycle_seconds: u64,
    segment_seconds: u64,
    /// Units of a second, for each track.
    scales: BTreeMap<u32, u64>,
}

/// A `moof` with its `mdat`.
struct Fragment {
    bytes: Vec<u8>,
    track: u32,
    /// In units of its track.
    time: u64,
    /// Where in the bytes the sequence number and the time are.
    sequence_at: usize,
    time_at: usize,
}

impl File {
    /// Cuts the second cycle of a file that is longer than two; `None` when it is no such file.
    pub(super) fn cut(bytes: &[u8], cycle_seconds: u64, segment_seconds: u64) -> Option<File> {
        let boxes = boxes(bytes, 0, bytes.len())?;
        let init_end = boxes.iter().find(|one| &one.kind == b"moof")?.from;
        let moov = boxes.iter().find(|one| &one.kind == b"moov")?;
        let tracks = tracks(bytes, moov)?;
        let scales: BTreeMap<u32, u64> = tracks.iter().map(|track| (track.id, track.scale)).collect();
        let count = (cycle_seconds / segment_seconds) as usize;
        let mut segments: Vec<Vec<Fragment>> = (0..count).map(|_| Vec::new()).collect();
        for pair in boxes.windows(2).filter(|pair| &pair[0].kind == b"moof" && &pair[1].kind == b"mdat") {
            let fragment = fragment(bytes, &pair[0], pair[1].to)?;
            let segment = fragment.time / (segment_seconds * scales.get(&fragment.track)?);
            if let Some(place) = (segment as usize).checked_sub(count).filter(|place| *place < count) {
                segments[place].push(fragment);
            }
        }
        let init = bytes[..init_end].to_vec();
        let full = segments.iter().all(|segment| !segment.is_empty());
        full.then_some(File { init, segments, cycle_seconds, segment_seconds, scales })
    }

    /// The segment of that number, cut to `length_ms` when it is shorter than the others.
    pub(super) fn segment(&self, index: usize, length_ms: u64) -> Vec<u8> {
        let (cycle, place) = (index / self.segments.len(), index % self.segments.len());
        let in_cycle: usize = self.segments.iter().map(Vec::len).sum();
        let before: usize = self.segments[..place].iter().map(Vec::len).sum();
        let mut sequence = (cycle * in_cycle + before + 1) as u32;
        let whole = length_ms >= self.segment_seconds * 1000;
        let end_ms = (self.cycle_seconds + place as u64 * self.segment_seconds) * 1000 + length_ms;
        let mut segment = SEGMENT_TYPE.to_vec();
        for fragment in &self.segments[place] {
            let scale = self.scales.get(&fragment.track).copied().unwrap_or(1);
            if !whole && fragment.time * 1000 >= end_ms * scale {
                continue;
            }
            let time = fragment.time + cycle as u64 * self.cycle_seconds * scale - self.cycle_seconds * scale;
            let mut bytes = fragment.bytes.clone();
            bytes[fragment.sequence_at..][..4].copy_from_slice(&sequence.to_be_bytes());
            bytes[fragment.time_at..][..8].copy_from_slice(&time.to_be_bytes());
            segment.extend(bytes);
            sequence += 1;
        }
        segment
    }
}

struct Atom {
    kind: [u8; 4],
    from: usize,
    to: usize,
}

/// The boxes between two offsets; all of ours have 32-bit sizes.
fn boxes(bytes: &[u8], mut from: usize, end: usize) -> Option<Vec<Atom>> {
    let mut boxes = Vec::new();
    while from < end {
        let to = from + number(bytes, from)? as usize;
        let kind = bytes.get(from + 4..from + 8)?.try_into().ok()?;
        if to < from + 8 || to > end {
            return None;
        }
        boxes.push(Atom { kind, from, to });
        from = to;
    }
    Some(boxes)
}

/// The first box of that kind within another.
fn inner(bytes: &[u8], outer: &Atom, kind: &[u8; 4]) -> Option<Atom> {
    boxes(bytes, outer.from + 8, outer.to)?.into_iter().find(|one| &one.kind == kind)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

struct Track {
    id: u32,
    scale: u64,
}

fn tracks(bytes: &[u8], moov: &Atom) -> Option<Vec<Track>> {
    let traks = boxes(bytes, moov.from + 8, moov.to)?.into_iter().filter(|one| &one.kind == b"trak");
    let track = |trak: Atom| {
        let media = inner(bytes, &trak, b"mdia")?;
        let head = inner(bytes, &trak, b"tkhd")?;
        let clock = inner(bytes, &media, b"mdhd")?;
        // Version 1 has two times of eight bytes before these fields, version 0 of four.
        let wide = |one: &Atom| if bytes[one.from + 8] == 1 { 16 } else { 8 };
        Some(Track {
            id: number(bytes, head.from + 12 + wide(&head))?,
            scale: u64::from(number(bytes, clock.from + 12 + wide(&clock))?),
        })
    };
    traks.map(track).collect()
}

fn fragment(bytes: &[u8], moof: &Atom, end: usize) -> Option<Fragment> {
    let header = inner(bytes, moof, b"mfhd")?;
    let traf = inner(bytes, moof, b"traf")?;
    let track = inner(bytes, &traf, b"tfhd")?;
    let time = inner(bytes, &traf, b"tfdt")?;
    // Version 1, as ffmpeg writes it: eight bytes of time.
    let at = time.from + 12;
    Some(Fragment {
        bytes: bytes.get(moof.from..end)?.to_vec(),
        track: number(bytes, track.from + 12)?,
        time: u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?),
        sequence_at: header.from + 12 - moof.from,
        time_at: at - moof.from,
    })
}
