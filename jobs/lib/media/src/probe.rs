//! Says what a media file holds, before anything is made of it.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::MediaError;
use crate::tools::Ffmpeg;

/// What a media file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// Length in milliseconds as the container states it, rounded down; 0 when it does not.
    pub duration_ms: u64,
    /// ffmpeg's name of the container, such as `mpegts` or `mov,mp4,m4a,3gp,3g2,mj2`.
    pub container: String,
    /// The first audio stream, the one that is demuxed and decoded.
    pub audio: Option<AudioStream>,
}

/// One audio stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AudioStream {
    /// ffmpeg's name of the codec, such as `aac`.
    pub codec: String,
    /// Samples per second.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u32,
}

#[derive(Deserialize)]
struct Answer {
    format: Format,
    #[serde(default)]
    streams: Vec<Stream>,
}

#[derive(Deserialize)]
struct Format {
    format_name: String,
    duration: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    codec_type: Option<String>,
    codec_name: Option<String>,
    sample_rate: Option<String>,
    channels: Option<u32>,
}

impl Ffmpeg {
    /// Reads the container's own description of the file.
    pub fn probe(&self, input: &Path) -> Result<Probe, MediaError> {
        let state = fs::metadata(input).map_err(|source| MediaError::Open { path: input.to_owned(), source })?;
        if !state.is_file() {
            return Err(MediaError::NotAFile { path: input.to_owned() });
        }
        let fields = "format=format_name,duration:stream=codec_type,codec_name,sample_rate,channels";
        let (ended, answer) = self.ffprobe(input, &["-of", "json", "-show_entries", fields])?;
        if !ended.good {
            return Err(MediaError::NotMedia { path: input.to_owned(), said: ended.said });
        }
        let answer: Answer =
            serde_json::from_slice(&answer).map_err(|source| MediaError::Answer { path: input.to_owned(), source })?;
        Ok(Probe {
            duration_ms: answer.format.duration.as_deref().and_then(milliseconds).unwrap_or(0),
            container: answer.format.format_name,
            audio: answer.streams.into_iter().find_map(audio_stream),
        })
    }

    /// The audio stream an operation will work on.
    pub(crate) fn audio(&self, input: &Path) -> Result<AudioStream, MediaError> {
        self.probe(input)?.audio.ok_or_else(|| MediaError::NoAudio { path: input.to_owned() })
    }
}

fn audio_stream(stream: Stream) -> Option<AudioStream> {
    (stream.codec_type.as_deref() == Some("audio")).then_some(())?;
    Some(AudioStream {
        // A stream that no decoder knows has no name; decoding it fails with ffmpeg's own words.
        codec: stream.codec_name.unwrap_or_else(|| "unknown".to_owned()),
        sample_rate: stream.sample_rate.and_then(|rate| rate.parse().ok()).unwrap_or(0),
        channels: stream.channels.unwrap_or(0),
    })
}

/// `12.345678` seconds as whole milliseconds, without going through a float.
fn milliseconds(seconds: &str) -> Option<u64> {
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let whole: u64 = whole.parse().ok()?;
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    whole.checked_mul(1000)?.checked_add(digits.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_milliseconds() {
        let cases = [
            ("3.000000", Some(3000)),
            ("0.1", Some(100)),
            ("59.9999", Some(59_999)),
            ("7", Some(7000)),
            ("N/A", None),
            ("-1.0", None),
            ("1.x", None),
            ("99999999999999999999", None),
        ];
        for (text, expected) in cases {
            assert_eq!(milliseconds(text), expected, "{text}");
        }
    }
}
