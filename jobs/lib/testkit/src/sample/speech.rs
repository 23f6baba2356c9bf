//! Speaks the script with espeak-ng and encodes it with ffmpeg.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Error;
use super::script::{Broadcast, Script, Utterance, Voice};
use super::truth;

/// espeak-ng's own rate.
const SAMPLES_PER_SECOND: i64 = 22_050;
/// Silence after the last utterance, so that its replies fall within the media.
const TAIL_MS: i64 = 8_000;
/// The shortest pause between utterances; below it a voice activity detector can take two for one.
const PAUSE_MS: i64 = 800;
/// Quieter samples at either end of an utterance are not part of it.
const SILENCE: u16 = 200;

/// A broadcast's sound and when what is said in it.
pub(super) struct Speech {
    samples: Vec<i16>,
    pub(super) utterances: Vec<truth::Utterance>,
    pub(super) duration_ms: i64,
}

/// Speaks every utterance of a broadcast at its time.
pub(super) fn speak(script: &Script, broadcast: &Broadcast) -> Result<Speech, Error> {
    let mut speech = Speech { samples: Vec::new(), utterances: Vec::new(), duration_ms: 0 };
    for utterance in &broadcast.utterance {
        let sound = say(&script.voice, &utterance.text)?;
        let spoken = place(&script.voice, utterance, &sound)?;
        if speech.utterances.last().is_some_and(|last| last.end_ms + PAUSE_MS > spoken.start_ms) {
            return Err(Error::TooClose { broadcast: broadcast.id.clone(), at_ms: spoken.start_ms });
        }
        speech.samples.resize(sample(spoken.start_ms), 0);
        speech.samples.extend(sound);
        speech.utterances.push(spoken);
    }
    // Whole tenths of a second, so that the last opus packet is a full one.
    speech.duration_ms = (milliseconds(speech.samples.len()) + TAIL_MS) / 100 * 100;
    speech.samples.resize(sample(speech.duration_ms), 0);
    Ok(speech)
}

/// Encodes a broadcast as opus in Matroska; the same bytes every time with the same ffmpeg.
pub(super) fn encode(speech: &Speech, path: &Path) -> Result<(), Error> {
    let folder = tempfile::tempdir().map_err(|source| Error::Io { path: std::env::temp_dir(), source })?;
    let raw = folder.path().join("speech.s16");
    let bytes: Vec<u8> = speech.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    fs::write(&raw, bytes).map_err(|source| Error::Io { path: raw.clone(), source })?;
    let rate = SAMPLES_PER_SECOND.to_string();
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y", "-threads", "1", "-f", "s16le", "-ar", &rate, "-ac", "1", "-i"]);
    command.arg(&raw).args(["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]);
    command.args(["-c:a", "libopus", "-b:a", "24k", "-vbr", "on", "-application", "voip", "-f", "matroska"]);
    tool(command.arg(path)).map(drop)
}

/// The samples of one sentence, without the silence around them.
fn say(voice: &Voice, text: &str) -> Result<Vec<i16>, Error> {
    let mut command = Command::new("espeak-ng");
    command.args(["-v", &voice.name, "-s", &voice.words_per_minute.to_string(), "-g", &voice.word_gap.to_string()]);
    let wav = tool(command.args(["--stdout", "--", text]))?;
    // espeak-ng writes a plain 44-byte header with an unknown length to a pipe.
    let samples: Vec<i16> =
        wav.get(44..).unwrap_or_default().as_chunks().0.iter().map(|b| i16::from_le_bytes(*b)).collect();
    let loud = |sample: &i16| sample.unsigned_abs() > SILENCE;
    let first = samples.iter().position(loud);
    let last = samples.iter().rposition(loud);
    match (first, last) {
        (Some(first), Some(last)) => Ok(samples[first..=last].to_vec()),
        _ => Err(Error::Silent(text.to_owned())),
    }
}

/// When an utterance and its noun are heard. The noun ends the utterance and lasts about as long as when said alone.
fn place(voice: &Voice, utterance: &Utterance, sound: &[i16]) -> Result<truth::Utterance, Error> {
    let end = utterance.end().ok_or_else(|| Error::NoNoun(utterance.text.clone()))?;
    let end_ms = utterance.at_ms + milliseconds(sound.len());
    Ok(truth::Utterance {
        text: utterance.text.clone(),
        start_ms: utterance.at_ms,
        end_ms,
        noun: utterance.noun.clone(),
        noun_ms: end_ms - milliseconds(say(voice, end)?.len()),
    })
}

fn sample(at_ms: i64) -> usize {
    usize::try_from(at_ms * SAMPLES_PER_SECOND / 1000).unwrap_or(0)
}

fn milliseconds(samples: usize) -> i64 {
    i64::try_from(samples).unwrap_or(i64::MAX / 1000) * 1000 / SAMPLES_PER_SECOND
}

/// Runs a tool and gives its stdout.
fn tool(command: &mut Command) -> Result<Vec<u8>, Error> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|source| Error::Start { tool: name.clone(), source })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(Error::Tool { tool: name, stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
}
