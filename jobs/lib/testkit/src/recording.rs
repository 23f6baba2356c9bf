//! Recordings of any length with known speech: the sample's first broadcast again and again, with music, silence and muted
//! stretches between.

use std::f32::consts::TAU;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

use crate::sample::{self, Utterance};

/// Samples a second, of one channel.
pub const RATE: usize = 16_000;
const MINUTE_MS: i64 = 60_000;
/// Speech begins after a second of its minute, and a second before the end nobody speaks any more.
const EDGE_MS: i64 = 1_000;

/// What a minute sounds like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// The first sentences of the sample's first broadcast.
    Speech,
    /// Chords that change twice a second over a beat, as loud as speech.
    Music,
    /// Nothing at all.
    Silence,
}

/// Writes a recording of one minute for each sound, as a WAV file.
///
/// # Panics
/// When ffmpeg is missing, the file cannot be written, or its size does not fit a WAV header (37 hours).
pub fn write(to: &Path, minutes: &[Sound]) {
    let samples = minutes.len() * 60 * RATE;
    let size = u32::try_from(samples * 2).ok().filter(|size| size.checked_add(36).is_some()).expect("up to 37 hours");
    let mut file = BufWriter::new(File::create(to).expect("the recording can be made"));
    let mut put = |bytes: &[u8]| file.write_all(bytes).expect("the recording can be written");
    put(b"RIFF");
    put(&(36 + size).to_le_bytes());
    put(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data");
    put(&size.to_le_bytes());
    let speech = speech();
    for sound in minutes {
        for at in 0..60 * RATE {
            let sample = match sound {
                Sound::Speech => speech.get(at).copied().unwrap_or(0),
                Sound::Music => music(at),
                Sound::Silence => 0,
            };
            put(&sample.to_le_bytes());
        }
    }
    file.flush().expect("the recording can be written");
}

/// What is said in such a recording, in order of time; sentences that a minute cuts off are not in it.
pub fn utterances(minutes: &[Sound]) -> Vec<Utterance> {
    let truth = sample::truth();
    let said = &truth.broadcast("demo-1").utterances;
    let whole = said.iter().filter(|it| it.end_ms + 2 * EDGE_MS <= MINUTE_MS);
    let spoken = minutes.iter().zip(0_i64..).filter(|(sound, _)| **sound == Sound::Speech);
    let at = |it: &Utterance, by: i64| Utterance {
        start_ms: it.start_ms + by,
        end_ms: it.end_ms + by,
        noun_ms: it.noun_ms + by,
        ..it.clone()
    };
    spoken.flat_map(|(_, minute)| whole.clone().map(move |it| at(it, minute * MINUTE_MS + EDGE_MS))).collect()
}

/// One minute of speech.
fn speech() -> Vec<i16> {
    let last = utterances(&[Sound::Speech]).last().map_or(0, |it| it.end_ms);
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-i"]).arg(sample::dir().join("demo-1.mkv"));
    let rate = RATE.to_string();
    let output = command.args(["-ac", "1", "-ar", &rate, "-f", "s16le", "-"]).output().expect("ffmpeg is installed");
    assert!(output.status.success(), "ffmpeg: {}", String::from_utf8_lossy(&output.stderr));
    let decoded = output.stdout.as_chunks().0.iter().map(|bytes| i16::from_le_bytes(*bytes));
    // Half a second after the last whole sentence.
    let end = (last + EDGE_MS / 2) as usize * RATE / 1_000;
    std::iter::repeat_n(0, EDGE_MS as usize * RATE / 1_000).chain(decoded).take(end).collect()
}

fn music(at: usize) -> i16 {
    let (seconds, beat) = (at as f32 / RATE as f32, at / (RATE / 2));
    let root = 110.0 * [1.0, 1.189_2, 1.334_8, 1.498_3][beat % 4];
    let chord: f32 = [1.0, 1.259_9, 1.498_3, 2.0].iter().map(|step| (TAU * root * step * seconds).sin()).sum();
    let decay = 1.0 - (at % (RATE / 2)) as f32 / (RATE / 2) as f32;
    (0.08 * chord * (0.4 + 0.6 * decay) * 32_767.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_is_where_it_is_said_to_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("recording.wav");
        let minutes = [Sound::Silence, Sound::Speech, Sound::Music];
        write(&file, &minutes);
        let bytes = std::fs::read(&file).expect("a recording");
        assert_eq!(bytes.len(), 44 + 3 * 60 * RATE * 2);
        let samples: Vec<i16> = bytes[44..].as_chunks().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
        let loud = |from_ms: i64, to_ms: i64| {
            let range = from_ms as usize * RATE / 1_000..to_ms as usize * RATE / 1_000;
            samples[range].iter().filter(|sample| sample.unsigned_abs() > 500).count()
        };
        let said = utterances(&minutes);
        assert!(said.len() > 5);
        let mut quiet_from = 0;
        for it in &said {
            assert_eq!(loud(quiet_from, it.start_ms - 100), 0, "{it:?}");
            assert!(loud(it.start_ms, it.end_ms) > 1_000, "{it:?}");
            quiet_from = it.end_ms + 200;
        }
        assert_eq!(loud(quiet_from, 120_000), 0);
        assert!(loud(120_000, 180_000) > 60 * RATE / 2);
    }
}
