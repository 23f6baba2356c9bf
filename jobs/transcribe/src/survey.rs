//! What is known of a recording before any of it is recognised: where somebody speaks, and in which language.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use asr::{Chunk, Recognizer, Span, Vad};
use job::Progress;
use media::Ffmpeg;
use serde::{Deserialize, Serialize};

use crate::regions;

/// Pieces that are asked for their language; the majority decides for the whole broadcast.
const VOICES: usize = 7;

/// The survey of one recording; kept, so that an interrupted run does not look twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Survey {
    /// The pieces to recognise.
    pub(crate) chunks: Vec<Chunk>,
    /// Language spoken, as a two-letter code.
    pub(crate) language: String,
    /// How many pieces were taken for which language; empty when it was not asked.
    pub(crate) votes: BTreeMap<String, u64>,
}

impl Survey {
    /// Looks at the whole recording. Without a language the recording is asked for it.
    pub(crate) fn take(
        (ffmpeg, audio, duration_ms): (&Ffmpeg, &Path, u64),
        vad: &Path,
        regions: &[Span],
        recognizer: &Recognizer,
        language: Option<&str>,
        progress: &Progress,
    ) -> anyhow::Result<Self> {
        // A language the model does not speak is refused before anything is looked at.
        language.map_or(Ok(()), |language| recognizer.speaks(language))?;
        let speech = Vad::load(vad)?.speech_in_windows(duration_ms, |from, to| {
            progress.set(from);
            anyhow::Ok(ffmpeg.decode(audio, Some((from, to)))?)
        })?;
        progress.set(duration_ms);
        let chunks = regions::chunks(&speech, regions);
        let mut votes = BTreeMap::new();
        if language.is_none() && recognizer.is_multilingual() {
            for chunk in spread(&chunks) {
                let samples = ffmpeg.decode(audio, Some((chunk.start_ms, chunk.end_ms)))?;
                let (heard, _) = recognizer.detect_language(&samples).context("the language was not recognised")?;
                *votes.entry(heard).or_insert(0) += 1;
            }
        }
        // Of equals the alphabet's first, so that it is the same every time.
        let most = votes.iter().max_by_key(|(code, count)| (**count, std::cmp::Reverse(*code)));
        let language = language.unwrap_or_else(|| most.map_or("en", |(code, _)| code)).to_owned();
        Ok(Self { chunks, language, votes })
    }
}

/// The longest pieces of equal parts of the recording: what is asked for its language says most where it is long.
fn spread(chunks: &[Chunk]) -> impl Iterator<Item = &Chunk> {
    let part = chunks.len().div_ceil(VOICES).max(1);
    chunks.chunks(part).filter_map(|part| {
        part.iter().max_by_key(|chunk| (chunk.end_ms - chunk.start_ms, std::cmp::Reverse(chunk.start_ms)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_from_everywhere_are_asked() {
        let chunk = |start_ms: u64, length: u64| Chunk { start_ms, end_ms: start_ms + length, spans: Vec::new() };
        let chunks: Vec<_> = (0..70).map(|at| chunk(at * 40_000, if at % 10 == 3 { 29_000 } else { 5000 })).collect();
        let asked: Vec<_> = spread(&chunks).map(|chunk| chunk.start_ms / 40_000).collect();
        assert_eq!(asked, [3, 13, 23, 33, 43, 53, 63]);
        assert_eq!(spread(&chunks[..2]).count(), 2);
        assert_eq!(spread(&[]).count(), 0);
    }
}
