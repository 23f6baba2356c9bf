//! Cuts one MPEG transport stream into segments and repeats it for as long as a broadcast lasts: times and continuity
//! counters are rewritten, so that hours of stream cost one short encoding.

use std::collections::BTreeMap;

const PACKET: usize = 188;
/// Ticks of a presentation time in a second.
const TICKS: u64 = 90_000;
/// Presentation times have 33 bits.
const WRAP: u64 = 1 << 33;

/// One cycle of segments, cut out of a longer stream.
pub(super) struct Stream {
    segments: Vec<Vec<u8>>,
    /// Packets of each PID that count, in each segment of the cycle.
    counts: Vec<BTreeMap<u16, usize>>,
    /// Time of the cycle's first segment.
    first: u64,
    cycle_seconds: u64,
    segment_seconds: u64,
}

/// A packet's fields that matter here.
struct Packet<'a> {
    bytes: &'a [u8],
    pid: u16,
    starts: bool,
    /// Offset of the payload, when there is one.
    payload: Option<usize>,
}

impl Stream {
    /// Cuts the second cycle of a stream that is longer than two. The second, because the first begins with the
    /// encoder's own delay. `None` when it is no such stream.
    pub(super) fn cut(bytes: &[u8], cycle_seconds: u64, segment_seconds: u64) -> Option<Stream> {
        let packets: Vec<Packet> = bytes.chunks_exact(PACKET).map(packet).collect::<Option<_>>()?;
        let is_media = |packet: &&Packet| packet.pes().is_some();
        // A picture leads where there is one: segments begin with one that stands alone.
        let picture = packets.iter().filter(is_media).find(|packet| packet.pes().is_some_and(|pes| pes.is_picture));
        let leader = picture.or_else(|| packets.iter().find(is_media))?.pid;
        let head: Vec<u8> =
            packets.iter().take_while(|packet| !is_media(packet)).flat_map(|packet| packet.bytes).copied().collect();
        let zero = packets.iter().find(|packet| packet.pid == leader && packet.pes().is_some())?.pes()?.pts;
        let count = (cycle_seconds / segment_seconds) as usize;
        let mut segments = vec![head; count];
        let mut first = None;
        // Each stream is cut by its own times: sound and picture of a moment do not lie side by side.
        let mut places: BTreeMap<u16, Option<usize>> = BTreeMap::new();
        for packet in &packets {
            if let Some(pes) = packet.pes() {
                let segment = pes.pts.saturating_sub(zero) / (segment_seconds * TICKS);
                let place = (segment as usize).checked_sub(count).filter(|place| *place < count);
                if packet.pid == leader && place.is_some() {
                    first.get_or_insert(pes.pts);
                }
                places.insert(packet.pid, place);
            }
            // Tables go with the leader.
            let place = places.get(&packet.pid).or_else(|| places.get(&leader)).copied().flatten();
            if let Some(place) = place {
                segments[place].extend_from_slice(packet.bytes);
            }
        }
        let counts = segments.iter().map(|segment| counts(segment)).collect();
        Some(Stream { segments, counts, first: first?, cycle_seconds, segment_seconds })
    }

    /// The segment of that number, cut to `length_ms` when it is shorter than the others.
    pub(super) fn segment(&self, index: usize, length_ms: u64) -> Vec<u8> {
        let (cycle, place) = (index / self.segments.len(), index % self.segments.len());
        // The cut cycle is the second, so that of the first lies before it.
        let cycle_ticks = self.cycle_seconds * TICKS;
        let shift = (WRAP + cycle as u64 * cycle_ticks - cycle_ticks) % WRAP;
        let mut counters = self.counters(cycle, place);
        let end = self.first + place as u64 * self.segment_seconds * TICKS + length_ms * (TICKS / 1000);
        let whole = length_ms >= self.segment_seconds * 1000;
        let mut over: BTreeMap<u16, bool> = BTreeMap::new();
        let mut segment = Vec::with_capacity(self.segments[place].len());
        for bytes in self.segments[place].chunks_exact(PACKET) {
            let Some(packet) = packet(bytes) else { continue };
            if let Some(pes) = packet.pes() {
                over.insert(packet.pid, !whole && pes.pts >= end);
            }
            if over.get(&packet.pid) == Some(&true) {
                continue;
            }
            let from = segment.len();
            segment.extend_from_slice(bytes);
            rewrite(&mut segment[from..], &packet, shift, &mut counters);
        }
        segment
    }

    /// The continuity counters a segment begins with, as if all before it had been sent.
    fn counters(&self, cycle: usize, place: usize) -> BTreeMap<u16, usize> {
        let mut counters = BTreeMap::new();
        for (at, counts) in self.counts.iter().enumerate() {
            for (pid, count) in counts {
                *counters.entry(*pid).or_default() += count * (cycle + usize::from(at < place));
            }
        }
        counters
    }
}

/// Appends null packets until the stream has `size` bytes or a little less, as a stream of constant rate is filled
/// (ISO/IEC 13818-1, 2.4.3.3: PID 0x1fff).
pub(super) fn stuff(bytes: &mut Vec<u8>, size: u64) {
    let size = usize::try_from(size).unwrap_or(usize::MAX) / PACKET * PACKET;
    let mut packet = [0xff; PACKET];
    packet[..4].copy_from_slice(&[0x47, 0x1f, 0xff, 0x10]);
    bytes.reserve(size.saturating_sub(bytes.len()));
    while bytes.len() < size {
        bytes.extend_from_slice(&packet);
    }
}

/// The times of a PES packet's header, at offset 0 of the payload.
struct Pes {
    pts: u64,
    has_dts: bool,
    is_picture: bool,
}

impl Packet<'_> {
    /// The PES header, when one begins here.
    fn pes(&self) -> Option<Pes> {
        let payload = self.bytes.get(self.payload?..)?;
        let [0, 0, 1, id, _, _, _, flags, _, time @ ..] = payload else { return None };
        (self.starts && flags & 0x80 != 0).then_some(Pes {
            pts: time_at(time)?,
            has_dts: flags & 0x40 != 0,
            is_picture: (0xe0..=0xef).contains(id),
        })
    }
}

fn packet(bytes: &[u8]) -> Option<Packet<'_>> {
    let [0x47, high, low, flags, rest @ ..] = bytes else { return None };
    let adaptation = if flags & 0x20 != 0 { usize::from(*rest.first()?) + 1 } else { 0 };
    Some(Packet {
        bytes,
        pid: u16::from(high & 0x1f) << 8 | u16::from(*low),
        starts: high & 0x40 != 0,
        payload: (flags & 0x10 != 0).then_some(4 + adaptation),
    })
}

fn counts(segment: &[u8]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for packet in segment.chunks_exact(PACKET).filter_map(packet).filter(|packet| packet.payload.is_some()) {
        *counts.entry(packet.pid).or_default() += 1;
    }
    counts
}

fn rewrite(bytes: &mut [u8], packet: &Packet, shift: u64, counters: &mut BTreeMap<u16, usize>) {
    let counter = counters.entry(packet.pid).or_default();
    // A packet without payload repeats the counter of the one before.
    let value = if packet.payload.is_some() { *counter } else { *counter + 15 };
    bytes[3] = bytes[3] & 0xf0 | (value % 16) as u8;
    *counter += usize::from(packet.payload.is_some());
    let has_clock = bytes[3] & 0x20 != 0 && bytes[4] >= 7 && bytes[5] & 0x10 != 0;
    if has_clock {
        // 33 bits of base, then 6 unused, then 9 of extension.
        let base =
            u64::from(u32::from_be_bytes([bytes[6], bytes[7], bytes[8], bytes[9]])) << 1 | u64::from(bytes[10] >> 7);
        let base = (base + shift) % WRAP;
        bytes[6..10].copy_from_slice(&((base >> 1) as u32).to_be_bytes());
        bytes[10] = bytes[10] & 0x7f | ((base & 1) as u8) << 7;
    }
    if let (Some(pes), Some(at)) = (packet.pes(), packet.payload) {
        for time in [Some(at + 9), pes.has_dts.then_some(at + 14)].into_iter().flatten() {
            if let Some(old) = time_at(&bytes[time..]) {
                put_time(&mut bytes[time..], (old + shift) % WRAP);
            }
        }
    }
}

/// A time of 33 bits in five bytes with marker bits between.
fn time_at(bytes: &[u8]) -> Option<u64> {
    let [a, b, c, d, e, ..] = *bytes else { return None };
    let wide = u64::from;
    Some((wide(a) >> 1 & 7) << 30 | wide(b) << 22 | (wide(c) >> 1) << 15 | wide(d) << 7 | wide(e) >> 1)
}

fn put_time(bytes: &mut [u8], time: u64) {
    bytes[0] = bytes[0] & 0xf1 | ((time >> 30 & 7) as u8) << 1;
    bytes[1] = (time >> 22) as u8;
    bytes[2] = bytes[2] & 1 | ((time >> 15 & 0x7f) as u8) << 1;
    bytes[3] = (time >> 7) as u8;
    bytes[4] = bytes[4] & 1 | ((time & 0x7f) as u8) << 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuffing_is_whole_null_packets() {
        let mut bytes = vec![0x47; PACKET];
        stuff(&mut bytes, 1000);
        assert_eq!(bytes.len(), 5 * PACKET);
        assert!(bytes.chunks(PACKET).skip(1).all(|bytes| packet(bytes).is_some_and(|packet| packet.pid == 0x1fff)));
        stuff(&mut bytes, 10);
        assert_eq!(bytes.len(), 5 * PACKET);
    }

    #[test]
    fn times_come_back() {
        for time in [0, 126_000, 1 << 30, WRAP - 1] {
            let mut bytes = [0x21, 0, 1, 0, 1];
            put_time(&mut bytes, time);
            assert_eq!((time_at(&bytes), bytes[0] & 0xf1, bytes[2] & 1, bytes[4] & 1), (Some(time), 0x21, 1, 1));
        }
    }
}
