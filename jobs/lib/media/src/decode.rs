//! Samples for the recogniser, and short pieces of sound for a page.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::SAMPLES_PER_MS;
use crate::demux::{checked, to_plain_audio};
use crate::error::MediaError;
use crate::tools::{Ffmpeg, file_url};

/// Media type of what [`Ffmpeg::excerpt`] returns.
pub const EXCERPT_TYPE: &str = "audio/flac";

/// Most audio that is decoded into memory at once: four hours, 922 MB of samples.
const LONGEST_DECODE_MS: u64 = 4 * 3600 * 1000;
/// Longest piece for a page.
const LONGEST_EXCERPT_MS: u64 = 120_000;

impl Ffmpeg {
    /// Samples between -1 and 1 at 16 kHz, mixed to mono; with a range, exactly those milliseconds, less only where the
    /// recording ends. The range is sought, so that a late piece of a long file costs no more than an early one; in the
    /// FLAC this crate makes, seeking is exact to the sample.
    pub fn decode(&self, audio: &Path, range: Option<(u64, u64)>) -> Result<Vec<f32>, MediaError> {
        self.audio(audio)?;
        let (before, range) = match range {
            Some(range) => seek(checked(range)?),
            // One millisecond past the limit, to tell a recording at the limit from a longer one.
            None => (Vec::new(), (0, LONGEST_DECODE_MS + 1)),
        };
        let mut after = to_plain_audio(Some(range))?;
        after.extend(["-f", "s16le", "-c:a", "pcm_s16le", "pipe:1"].map(OsString::from));

        let (mut samples, mut half) = (Vec::new(), None);
        let ended = self.ffmpeg(audio, before, after, |piece| {
            for &byte in piece {
                match half.take() {
                    None => half = Some(byte),
                    Some(low) => samples.push(f32::from(i16::from_le_bytes([low, byte])) / 32_768.0),
                }
            }
            match samples.len() as u64 > LONGEST_DECODE_MS * SAMPLES_PER_MS {
                true => Err(MediaError::TooLong { path: audio.to_owned(), limit_ms: LONGEST_DECODE_MS }),
                false => Ok(()),
            }
        })?;
        if !ended.good {
            return Err(MediaError::Convert { path: audio.to_owned(), said: ended.said });
        }
        if samples.is_empty() {
            return Err(MediaError::Silent { path: audio.to_owned(), said: ended.said });
        }
        Ok(samples)
    }

    /// A piece of at most two minutes as a small file that browsers play, the same bytes on every machine: FLAC again,
    /// because lossy encoders pick code by processor.
    pub fn excerpt(&self, audio: &Path, from_ms: u64, to_ms: u64) -> Result<Vec<u8>, MediaError> {
        self.audio(audio)?;
        let (from_ms, to_ms) = checked((from_ms, to_ms))?;
        if to_ms - from_ms > LONGEST_EXCERPT_MS {
            return Err(MediaError::TooLong { path: audio.to_owned(), limit_ms: LONGEST_EXCERPT_MS });
        }
        // A file and not a pipe: the encoder goes back to write the length into the header, which players show.
        let folder = std::env::temp_dir();
        let file = tempfile::NamedTempFile::new().map_err(|source| MediaError::Output { path: folder, source })?;
        let (before, range) = seek((from_ms, to_ms));
        let mut after = to_plain_audio(Some(range))?;
        after.extend(["-c:a", "flac", "-compression_level", "12", "-f", "flac", "-y"].map(OsString::from));
        after.push(file_url(file.path())?);
        let ended = self.ffmpeg(audio, before, after, |_| Ok(()))?;
        if !ended.good {
            return Err(MediaError::Convert { path: audio.to_owned(), said: ended.said });
        }
        let bytes =
            fs::read(file.path()).map_err(|source| MediaError::Output { path: file.path().to_owned(), source })?;
        match crate::flac::total_samples(&bytes) {
            Some(_) => Ok(bytes),
            None => Err(MediaError::Silent { path: audio.to_owned(), said: ended.said }),
        }
    }
}

/// Input options that seek to `from_ms`, and the range that remains on the clock which then starts at 0.
fn seek((from_ms, to_ms): (u64, u64)) -> (Vec<OsString>, (u64, u64)) {
    let position = format!("{}.{:03}", from_ms / 1000, from_ms % 1000);
    (vec!["-ss".into(), position.into()], (0, to_ms - from_ms))
}
