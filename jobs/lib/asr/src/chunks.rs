//! Cuts and merges speech into pieces that recognition takes in one pass (WhisperX, arXiv 2303.00747, section 2.2).

use serde::{Deserialize, Serialize};

/// Whisper hears 30 s at a time.
pub const CHUNK_LIMIT_MS: u64 = 30_000;

/// A stretch of speech, in milliseconds from the recording's start; the end is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// First millisecond.
    pub start_ms: u64,
    /// The millisecond after the last.
    pub end_ms: u64,
}

impl Span {
    /// Length in milliseconds; 0 for a span that ends before it starts.
    pub fn length_ms(&self) -> u64 {
        self.end_ms.saturating_sub(self.start_ms)
    }
}

/// One piece for recognition: from the start of its first span to the end of its last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// First millisecond.
    pub start_ms: u64,
    /// The millisecond after the last; at most the limit after the start.
    pub end_ms: u64,
    /// The speech inside, in order.
    pub spans: Vec<Span>,
}

/// Groups spans (in order, apart) into as few chunks as fit the limit, never cutting a span that fits.
///
/// A span longer than the limit is cut into equal parts; voice activity detection is asked to split at short pauses
/// before that, so such a cut is rare. Call it once for each stretch without a gap, so that no chunk spans one. A limit
/// of 0 counts as 1.
pub fn chunks(spans: &[Span], limit_ms: u64) -> Vec<Chunk> {
    let limit_ms = limit_ms.max(1);
    let mut chunks: Vec<Chunk> = Vec::new();
    for part in spans.iter().flat_map(|span| cut(*span, limit_ms)) {
        match chunks.last_mut() {
            Some(chunk) if part.end_ms.saturating_sub(chunk.start_ms) <= limit_ms => {
                chunk.end_ms = part.end_ms;
                chunk.spans.push(part);
            }
            _ => chunks.push(Chunk { start_ms: part.start_ms, end_ms: part.end_ms, spans: vec![part] }),
        }
    }
    chunks
}

/// Equal parts of at most `limit_ms`; nothing for an empty span.
fn cut(span: Span, limit_ms: u64) -> impl Iterator<Item = Span> {
    let (length, parts) = (span.length_ms(), span.length_ms().div_ceil(limit_ms));
    // In 128 bits the product cannot overflow, and the quotient is at most `length`.
    let at = move |part: u64| span.start_ms + (u128::from(length) * u128::from(part) / u128::from(parts)) as u64;
    (0..parts).map(move |part| Span { start_ms: at(part), end_ms: at(part + 1) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spans(steps: &[(u64, u64)]) -> Vec<Span> {
        let mut at = 0;
        let mut spans = Vec::new();
        for (gap, length) in steps {
            spans.push(Span { start_ms: at + gap, end_ms: at + gap + length });
            at += gap + length;
        }
        spans
    }

    #[test]
    fn merges_to_the_limit_and_not_past_it() {
        let bounds = |steps: &[(u64, u64)]| {
            chunks(&spans(steps), 30_000).iter().map(|chunk| (chunk.start_ms, chunk.end_ms)).collect::<Vec<_>>()
        };
        assert_eq!(bounds(&[]), []);
        assert_eq!(bounds(&[(1000, 9000), (1000, 20_000)]), [(1000, 31_000)]);
        assert_eq!(bounds(&[(1000, 9000), (1000, 20_001)]), [(1000, 10_000), (11_000, 31_001)]);
        assert_eq!(bounds(&[(0, 70_000)]), [(0, 23_333), (23_333, 46_666), (46_666, 70_000)]);
        assert_eq!(bounds(&[(5, 0), (5, 10)]), [(10, 20)]);
        assert_eq!(chunks(&spans(&[(0, 3)]), 0).len(), 3);
    }

    proptest! {
        #[test]
        fn chunks_hold_all_speech_in_order_and_fit(
            steps in prop::collection::vec((0..60_000_u64, 0..100_000_u64), 0..50),
            limit in 1..40_000_u64,
        ) {
            let speech = spans(&steps);
            let chunks = chunks(&speech, limit);
            let mut previous = 0;
            for chunk in &chunks {
                prop_assert!(chunk.start_ms >= previous && chunk.end_ms - chunk.start_ms <= limit);
                prop_assert_eq!(Some(chunk.start_ms), chunk.spans.first().map(|span| span.start_ms));
                prop_assert_eq!(Some(chunk.end_ms), chunk.spans.last().map(|span| span.end_ms));
                prop_assert!(chunk.spans.is_sorted() && chunk.spans.iter().all(|span| span.length_ms() > 0));
                previous = chunk.end_ms;
            }
            let all = |spans: &mut dyn Iterator<Item = Span>| spans.map(|span| span.length_ms()).sum::<u64>();
            let inside = all(&mut chunks.iter().flat_map(|chunk| chunk.spans.iter().copied()));
            prop_assert_eq!(inside, all(&mut speech.iter().copied()));
            // A span that fits is never cut.
            for span in speech.iter().filter(|span| (1..=limit).contains(&span.length_ms())) {
                prop_assert!(chunks.iter().any(|chunk| chunk.spans.contains(span)));
            }
            // As few as can be: two neighbours never fit together.
            for pair in chunks.windows(2) {
                let first_part = pair[1].spans[0];
                prop_assert!(first_part.end_ms - pair[0].start_ms > limit);
            }
        }

        #[test]
        fn no_input_panics(bounds in prop::collection::vec((any::<u64>(), any::<u64>()), 0..8), limit in 1_u64 << 60..) {
            let spans: Vec<Span> = bounds.iter().map(|&(start_ms, end_ms)| Span { start_ms, end_ms }).collect();
            for chunk in chunks(&spans, limit) {
                prop_assert!(!chunk.spans.is_empty());
            }
        }
    }
}
