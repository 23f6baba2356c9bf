//! Makes the one stored form of a recording's sound: 16 kHz mono 16-bit FLAC on the recording's own clock.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crate::error::MediaError;
use crate::tools::{Ffmpeg, file_url};
use crate::{SAMPLE_RATE, SAMPLES_PER_MS, flac};

/// Longest recording that is demuxed; broken time stamps could otherwise ask for years of silence.
const LONGEST_MS: u64 = 96 * 3600 * 1000;

/// A finished demux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demuxed {
    /// Length in milliseconds, rounded down.
    pub duration_ms: u64,
    /// Samples in the file, at 16 kHz.
    pub samples: u64,
    /// Lines of trouble ffmpeg reported while it went on: 0 for a sound file. For logs, not for storage.
    pub complaints: u64,
}

impl Ffmpeg {
    /// Writes the sound of `input` to `output` (replaced if there) as FLAC, the same bytes on every machine.
    ///
    /// Sample 0 is the recording's start, or `range.0` milliseconds into it: gaps between time stamps and a late start of
    /// the audio become silence, so that a position in the file is a position in the recording. `progress` gets the
    /// milliseconds written so far.
    pub fn demux_flac(
        &self,
        input: &Path,
        output: &Path,
        range: Option<(u64, u64)>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Demuxed, MediaError> {
        self.audio(input)?;
        let mut after = to_plain_audio(range)?;
        let rest = ["-c:a", "flac", "-compression_level", "5", "-f", "flac", "-progress", "pipe:1", "-y"];
        after.extend(rest.map(OsString::from));
        after.push(file_url(output)?);

        let mut report = Report::default();
        let result = self.ffmpeg(input, Vec::new(), after, |piece| {
            report.read(piece, progress);
            Ok(())
        });
        let finished = result.and_then(|ended| {
            if !ended.good {
                return Err(MediaError::Convert { path: input.to_owned(), said: ended.said });
            }
            let samples = count_samples(output)?
                .ok_or_else(|| MediaError::Silent { path: input.to_owned(), said: ended.said })?;
            if samples >= LONGEST_MS * SAMPLES_PER_MS {
                return Err(MediaError::TooLong { path: input.to_owned(), limit_ms: LONGEST_MS });
            }
            Ok(Demuxed { duration_ms: samples / SAMPLES_PER_MS, samples, complaints: ended.complaints })
        });
        match &finished {
            Ok(done) => progress(done.duration_ms),
            // Half a file must not be taken for a whole one; that there is none yet is fine too.
            Err(_) => drop(fs::remove_file(output)),
        }
        finished
    }
}

/// The filter and output options shared by everything that leaves this crate.
///
/// `aresample` with `async=1` fills and trims but never stretches, and `first_pts=0` starts at the recording's start. A
/// range is cut by sample number after that, so that it equals the same samples of the whole.
pub(crate) fn to_plain_audio(range: Option<(u64, u64)>) -> Result<Vec<OsString>, MediaError> {
    let mut filter =
        format!("aresample={SAMPLE_RATE}:async=1:first_pts=0,aformat=sample_fmts=s16:channel_layouts=mono");
    let (from, to) = range.map_or(Ok((0, LONGEST_MS)), checked)?;
    let (first, end) = (from * SAMPLES_PER_MS, to * SAMPLES_PER_MS);
    filter.push_str(&format!(",atrim=start_sample={first}:end_sample={end},asetpts=PTS-STARTPTS"));
    let options = [
        "-map",
        "0:a:0",
        "-vn",
        "-sn",
        "-dn",
        "-map_metadata",
        "-1",
        "-map_chapters",
        "-1",
        "-filter_threads",
        "1",
        "-af",
        &filter,
        "-ac",
        "1",
        "-ar",
        "16000",
        "-fflags",
        "+bitexact",
        "-flags:a",
        "+bitexact",
        "-threads",
        "1",
    ];
    Ok(options.map(OsString::from).to_vec())
}

/// A range that holds something, cut to the longest recording.
pub(crate) fn checked((from_ms, to_ms): (u64, u64)) -> Result<(u64, u64), MediaError> {
    if to_ms <= from_ms || from_ms >= LONGEST_MS {
        return Err(MediaError::Range { from_ms, to_ms });
    }
    Ok((from_ms, to_ms.min(LONGEST_MS)))
}

fn count_samples(output: &Path) -> Result<Option<u64>, MediaError> {
    let failed = |source| MediaError::Output { path: output.to_owned(), source };
    let mut header = Vec::new();
    let file = File::open(output).map_err(failed)?;
    file.take(flac::HEADER_BYTES as u64).read_to_end(&mut header).map_err(failed)?;
    Ok(flac::total_samples(&header))
}

/// Reads ffmpeg's `-progress` lines as they come in pieces.
#[derive(Default)]
struct Report {
    line: String,
}

impl Report {
    fn read(&mut self, piece: &[u8], progress: &mut dyn FnMut(u64)) {
        for character in String::from_utf8_lossy(piece).chars() {
            if character != '\n' {
                // ffmpeg's lines are short; whatever is longer is not one of them.
                if self.line.len() < 200 {
                    self.line.push(character);
                }
                continue;
            }
            let microseconds = self.line.trim().strip_prefix("out_time_us=").and_then(|time| time.parse::<u64>().ok());
            if let Some(microseconds) = microseconds {
                progress(microseconds / 1000);
            }
            self.line.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_across_pieces() {
        let (mut report, mut seen) = (Report::default(), Vec::new());
        for piece in ["bitrate=N/A\nout_ti", "me_us=2000", "000\nout_time_us=N/A\nout_time_us=-5\nprogress=end\n"] {
            report.read(piece.as_bytes(), &mut |ms| seen.push(ms));
        }
        assert_eq!(seen, [2000]);
    }
}
