//! Finds where somebody speaks, with the Silero detector that whisper.cpp runs.

use std::path::Path;

use whisper_rs::{WhisperVadContext, WhisperVadContextParams, WhisperVadParams};

use crate::chunks::Span;
use crate::error::AsrError;
use crate::{SAMPLES_PER_MS, duration_ms};

/// A pause shorter than this does not end an utterance; fluent speech pauses about that long between phrases.
const PAUSE_MS: i32 = 250;
/// Longest span; whisper.cpp splits a longer one at its best short pause, so that chunks need not cut words.
const LONGEST_SPAN_S: f32 = 28.0;
/// Audio held in memory at once when a long recording is scanned: 77 MB of samples.
const WINDOW_MS: u64 = 20 * 60 * 1000;
/// Audio before a window's first speech, so that the detector has settled when it comes.
const LEAD_MS: u64 = 1000;

/// A loaded voice activity detector.
#[derive(Debug)]
pub struct Vad {
    context: WhisperVadContext,
}

impl Vad {
    /// Loads a Silero model in ggml form.
    pub fn load(path: &Path) -> Result<Vad, AsrError> {
        whisper_rs::install_logging_hooks();
        let name = path.to_str().filter(|name| !name.contains('\0'));
        let name = name.ok_or_else(|| AsrError::Path { path: path.to_owned() })?;
        let mut params = WhisperVadContextParams::new();
        // The network is so small that a second thread only waits for the first.
        params.set_n_threads(1);
        let context = WhisperVadContext::new(name, params).map_err(|source| AsrError::Load {
            kind: "voice activity",
            path: path.to_owned(),
            source,
        })?;
        Ok(Vad { context })
    }

    /// The speech in some samples: in order, apart, and inside them.
    pub fn speech(&mut self, samples: &[f32]) -> Result<Vec<Span>, AsrError> {
        let length_ms = duration_ms(samples);
        if length_ms == 0 {
            return Ok(Vec::new());
        }
        if samples.len() > i32::MAX as usize {
            return Err(AsrError::TooLong { given_ms: length_ms, limit_ms: i32::MAX as u64 / SAMPLES_PER_MS });
        }
        let mut params = WhisperVadParams::new();
        params.set_min_silence_duration(PAUSE_MS);
        params.set_max_speech_duration(LONGEST_SPAN_S);
        let found = self
            .context
            .segments_from_samples(params, samples)
            .map_err(|source| AsrError::Detect { given_ms: length_ms, source })?;
        // Centiseconds; padding may make neighbours touch or reach past the end.
        let bounds = found.map(|segment| (milliseconds(segment.start), milliseconds(segment.end)));
        Ok(disjoint(bounds.map(|(start_ms, end_ms)| Span { start_ms, end_ms: end_ms.min(length_ms) })))
    }

    /// The speech in a recording of any length, decoded window by window by `decode(from_ms, to_ms)`.
    ///
    /// A window that ends in speech is followed by one that starts before that speech, so that no window's edge shows in
    /// the result.
    pub fn speech_in_windows<E: From<AsrError>>(
        &mut self,
        duration_ms: u64,
        mut decode: impl FnMut(u64, u64) -> Result<Vec<f32>, E>,
    ) -> Result<Vec<Span>, E> {
        windows(duration_ms, WINDOW_MS, |from, to| Ok(self.speech(&decode(from, to)?)?))
    }
}

/// Runs `speech` over overlapping windows and joins what it finds.
fn windows<E>(
    duration_ms: u64,
    window_ms: u64,
    mut speech: impl FnMut(u64, u64) -> Result<Vec<Span>, E>,
) -> Result<Vec<Span>, E> {
    let (mut found, mut from) = (Vec::new(), 0);
    while from < duration_ms {
        let to = duration_ms.min(from.saturating_add(window_ms));
        let shifted = |span: Span| Span { start_ms: span.start_ms + from, end_ms: span.end_ms + from };
        let mut spans: Vec<Span> = speech(from, to)?.into_iter().map(shifted).collect();
        let mut next = to;
        if to < duration_ms {
            let unfinished = spans.pop_if(|span| span.end_ms + LEAD_MS > to);
            next = unfinished.map_or(to, |span| span.start_ms).saturating_sub(LEAD_MS);
            // Speech that fills the whole window is kept as it is.
            if next <= from {
                spans.extend(unfinished);
                next = to;
            }
        }
        found.extend(spans);
        from = next;
    }
    found.sort();
    Ok(disjoint(found.into_iter()))
}

/// Drops overlaps (the earlier span keeps its end) and what is then empty.
fn disjoint(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut apart: Vec<Span> = Vec::new();
    for mut span in spans {
        span.start_ms = span.start_ms.max(apart.last().map_or(0, |last| last.end_ms));
        if span.length_ms() > 0 {
            apart.push(span);
        }
    }
    apart
}

/// Centiseconds as whole milliseconds; the cast saturates.
fn milliseconds(centiseconds: f32) -> u64 {
    (f64::from(centiseconds) * 10.0).round() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn windows_find_what_one_look_would(
            steps in prop::collection::vec((1500..9000_u64, 300..20_000_u64), 0..30),
            window in 30_000..90_000_u64,
        ) {
            let mut truth = Vec::new();
            let mut at = 0;
            for (gap, length) in steps {
                truth.push(Span { start_ms: at + gap, end_ms: at + gap + length });
                at += gap + length;
            }
            // A perfect detector: sees exactly the part of the truth inside its window.
            let found = windows(at + 700, window, |from, to| {
                let inside = truth.iter().filter(|span| span.end_ms > from && span.start_ms < to);
                let cut = |span: &Span| Span {
                    start_ms: span.start_ms.max(from) - from,
                    end_ms: span.end_ms.min(to) - from,
                };
                Ok::<_, ()>(inside.map(cut).collect())
            });
            prop_assert_eq!(found, Ok(truth));
        }
    }

    #[test]
    fn speech_without_end_still_ends() {
        let found = windows(100_000, 30_000, |from, to| Ok::<_, ()>(vec![Span { start_ms: 0, end_ms: to - from }]));
        let found = found.expect("no error is possible");
        assert_eq!(found.iter().map(Span::length_ms).sum::<u64>(), 100_000);
    }
}
