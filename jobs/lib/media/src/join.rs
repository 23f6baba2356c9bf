//! One sound out of several files that belong at given places of one recording, with silence between them.
//!
//! Time stamps of separate files say nothing about each other, and where a platform's clock jumped they mislead. So each
//! file is decoded by itself to samples that are put at its place, and what nobody fills is silence.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::demux::{checked, to_plain_audio};
use crate::error::MediaError;
use crate::tools::Ffmpeg;
use crate::{Demuxed, SAMPLE_RATE, SAMPLES_PER_MS};

/// Longest recording that is put together: what a WAV header can say, about 37 hours.
const LONGEST_MS: u64 = (u32::MAX as u64 - 1024) / (2 * SAMPLES_PER_MS);

/// Bytes before the samples in a WAV file.
const HEADER: u64 = 44;

/// A file and the millisecond of the recording at which it begins.
pub type Place = (PathBuf, u64);

impl Ffmpeg {
    /// Writes the sound of `pieces`, which are in the order of their places, to `output` as [`Ffmpeg::demux_flac`] does:
    /// exactly the milliseconds of `range`. A piece ends where the next one begins. `progress` gets the milliseconds done.
    pub fn join_flac(
        &self,
        pieces: &[Place],
        output: &Path,
        range: (u64, u64),
        progress: &mut dyn FnMut(u64),
    ) -> Result<Demuxed, MediaError> {
        let (from, to) = checked(range)?;
        if to - from > LONGEST_MS {
            return Err(MediaError::TooLong { path: output.to_owned(), limit_ms: LONGEST_MS });
        }
        let folder = std::env::temp_dir();
        let failed = |source| MediaError::Output { path: folder.clone(), source };
        let samples = tempfile::Builder::new().suffix(".wav").tempfile().map_err(failed)?;
        let whole = (to - from) * SAMPLES_PER_MS * 2;
        samples.as_file().set_len(HEADER + whole).map_err(failed)?;
        write_header(samples.as_file(), whole).map_err(failed)?;
        let mut complaints = 0;
        for (index, (path, start)) in pieces.iter().enumerate() {
            let end = pieces.get(index + 1).map_or(to, |(_, next)| *next).min(to);
            let (first, last) = (from.max(*start), end);
            if first >= last {
                continue;
            }
            let target = HEADER + (first - from) * SAMPLES_PER_MS * 2;
            complaints += self.place(path, (first - start, last - start), samples.as_file(), target)?;
            progress(last - from);
        }
        let done = self.demux_flac(samples.path(), output, None, &mut |_| {})?;
        Ok(Demuxed { complaints: complaints + done.complaints, ..done })
    }

    /// Decodes a part of the file at `path` into `samples` at `target`; how often ffmpeg complained.
    fn place(&self, path: &Path, range: (u64, u64), samples: &File, target: u64) -> Result<u64, MediaError> {
        let failed = |source| MediaError::Output { path: std::env::temp_dir(), source };
        let mut after = to_plain_audio(Some(range))?;
        after.extend(["-f", "s16le", "-c:a", "pcm_s16le", "pipe:1"].map(OsString::from));
        let mut file = BufWriter::new(samples);
        file.seek(SeekFrom::Start(target)).map_err(failed)?;
        let ended = self.ffmpeg(path, Vec::new(), after, |piece| file.write_all(piece).map_err(failed))?;
        file.flush().map_err(failed)?;
        match ended.good {
            true => Ok(ended.complaints),
            false => Err(MediaError::Convert { path: path.to_owned(), said: ended.said }),
        }
    }
}

/// The head of a WAV file with `bytes` of 16-bit mono samples.
fn write_header(mut file: &File, bytes: u64) -> std::io::Result<()> {
    let size = |bytes: u64| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    file.seek(SeekFrom::Start(0))?;
    for part in [
        b"RIFF".as_slice(),
        &size(bytes + HEADER - 8),
        b"WAVEfmt ",
        &16_u32.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &SAMPLE_RATE.to_le_bytes(),
        &(SAMPLE_RATE * 2).to_le_bytes(),
        &2_u16.to_le_bytes(),
        &16_u16.to_le_bytes(),
        b"data",
        &size(bytes),
    ] {
        file.write_all(part)?;
    }
    Ok(())
}
