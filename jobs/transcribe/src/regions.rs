//! Where a broadcast has sound of its own: not where the platform silenced it, and not where media is missing.

use asr::{CHUNK_LIMIT_MS, Chunk, Span};
use schemas::Segment;

/// Kinds of span without sound: as they were served. `muted`, as the player shows it, may have kept its sound.
pub const SILENT: [&str; 2] = ["muted_segment", "gap"];

/// Shorter speech at the edge of a cut is a rest of a word at most.
const SHORTEST_MS: u64 = 100;

/// The stretches between silent spans and cuts, in order: what is said in one goes on in no other.
pub(crate) fn regions(duration_ms: u64, spans: &[schemas::Span], segments: &[Segment]) -> Vec<Span> {
    let inside = |ms: i64| u64::try_from(ms).unwrap_or(0).min(duration_ms);
    let silent = spans.iter().filter(|span| SILENT.contains(&span.kind.as_str()));
    let silent = silent.map(|span| (inside(span.start_ms), inside(span.end_ms)));
    let cuts = segments.iter().filter(|segment| segment.discontinuity).map(|segment| inside(segment.start_ms));
    let mut stops: Vec<(u64, u64)> =
        silent.chain(cuts.map(|at| (at, at))).chain([(duration_ms, duration_ms)]).collect();
    stops.sort_unstable();
    let (mut found, mut start_ms) = (Vec::new(), 0);
    for (from, to) in stops {
        if from > start_ms {
            found.push(Span { start_ms, end_ms: from });
        }
        start_ms = start_ms.max(to);
    }
    found
}

/// The pieces for recognition: speech inside each region, merged inside it and never across its bounds.
pub(crate) fn chunks(speech: &[Span], regions: &[Span]) -> Vec<Chunk> {
    let inside = |region: &Span| -> Vec<Span> {
        let cut = speech
            .iter()
            .map(|span| Span { start_ms: span.start_ms.max(region.start_ms), end_ms: span.end_ms.min(region.end_ms) });
        cut.filter(|span| span.length_ms() >= SHORTEST_MS).collect()
    };
    regions.iter().flat_map(|region| asr::chunks(&inside(region), CHUNK_LIMIT_MS)).collect()
}

#[cfg(test)]
mod tests {
    use ids::VodKey;

    use super::*;

    fn span(kind: &str, start_ms: i64, end_ms: i64) -> schemas::Span {
        let VodKey { platform, id } = "file/x".parse().unwrap();
        schemas::Span { platform, vod_id: id, kind: kind.to_owned(), start_ms, end_ms, label: None }
    }

    fn cut(start_ms: i64) -> Segment {
        let VodKey { platform, id } = "file/x".parse().unwrap();
        Segment {
            platform,
            vod_id: id,
            ordinal: 0,
            start_ms,
            duration_ms: 10_000,
            name: String::new(),
            variant: "original".to_owned(),
            discontinuity: true,
            program_date_time: None,
            digest: None,
            size: 0,
            gap: None,
        }
    }

    fn bounds(spans: &[schemas::Span], cuts: &[Segment]) -> Vec<(u64, u64)> {
        regions(60_000, spans, cuts).iter().map(|region| (region.start_ms, region.end_ms)).collect()
    }

    #[test]
    fn regions_leave_out_what_has_no_sound() {
        assert_eq!(bounds(&[], &[]), [(0, 60_000)]);
        assert_eq!(bounds(&[span("muted", 0, 60_000), span("chapter", 5, 9)], &[]), [(0, 60_000)]);
        let silent = [span("gap", 50_000, 90_000), span("muted_segment", -500, 10_000), span("gap", 8000, 12_000)];
        assert_eq!(bounds(&silent, &[cut(30_000), cut(9000)]), [(12_000, 30_000), (30_000, 50_000)]);
        assert_eq!(bounds(&[span("gap", 0, 60_000)], &[]), []);
    }

    #[test]
    fn no_chunk_crosses_a_bound() {
        let speech = [(1000, 9000), (9500, 14_000), (29_950, 31_000)];
        let speech = speech.map(|(start_ms, end_ms)| Span { start_ms, end_ms });
        let regions = [(0, 12_000), (12_000, 30_000), (30_000, 60_000)];
        let regions = regions.map(|(start_ms, end_ms)| Span { start_ms, end_ms });
        let found: Vec<_> =
            chunks(&speech, &regions).iter().map(|chunk| (chunk.start_ms, chunk.end_ms, chunk.spans.len())).collect();
        assert_eq!(found, [(1000, 12_000, 2), (12_000, 14_000, 1), (30_000, 31_000, 1)]);
    }
}
