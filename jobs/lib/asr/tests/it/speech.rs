//! A stream with known words at known times, spoken by espeak-ng.

use std::process::Command;

/// Sentences and when each starts, in milliseconds.
const SCRIPT: [(u64, &str); 6] = [
    (1000, "okay chat welcome back to the stream"),
    (6000, "today we are going to finish this game"),
    (11_500, "I will try again with the other sword"),
    (18_000, "the next game starts in about ten minutes"),
    (26_000, "somebody in chat asked me about the music"),
    (35_000, "this is a very old keyboard from Japan"),
];

/// One sentence of the stream.
pub struct Sentence {
    /// Its words in lower case.
    pub words: Vec<String>,
    /// First audible millisecond.
    pub start_ms: u64,
    /// Last audible millisecond.
    pub end_ms: u64,
    /// About where each word ends.
    pub word_ends_ms: Vec<u64>,
}

/// 42 s of samples and what they say.
pub fn stream() -> (Vec<f32>, Vec<Sentence>) {
    let ffmpeg = media::Ffmpeg::find().expect("ffmpeg is installed; run ci/packages");
    let folder = tempfile::tempdir().expect("a folder");
    let speak = |text: &str| {
        let path = folder.path().join("speech.wav");
        let done = Command::new("espeak-ng").args(["-v", "en-us", "-s", "135", "-w"]).arg(&path).arg(text).status();
        assert!(done.expect("espeak-ng is installed; run ci/packages").success());
        ffmpeg.decode(&path, None).expect("speech")
    };
    // A quiet hiss, as every room has; it repeats, which no detector minds.
    let mut samples: Vec<f32> = (0..42 * 16_000_u32).map(|at| hiss(at) * 0.002).collect();
    let sentences = SCRIPT.map(|(at_ms, text)| {
        let speech = speak(text);
        for (sample, said) in samples[at_ms as usize * 16..].iter_mut().zip(&speech) {
            *sample += said * 0.6;
        }
        let words: Vec<&str> = text.split(' ').collect();
        // The first words said alone end about where they end in the sentence.
        let ends = (1..=words.len()).map(|count| at_ms + audible(&speak(&words[..count].join(" "))).1);
        let (start, end) = audible(&speech);
        Sentence {
            words: words.iter().map(|word| word.to_lowercase()).collect(),
            start_ms: at_ms + start,
            end_ms: at_ms + end,
            word_ends_ms: ends.collect(),
        }
    });
    (samples, sentences.into())
}

fn hiss(at: u32) -> f32 {
    (at.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0
}

/// First and last millisecond that can be heard.
fn audible(samples: &[f32]) -> (u64, u64) {
    let loud = |sample: &f32| sample.abs() > 0.02;
    let first = samples.iter().position(loud).expect("some sound");
    let last = samples.iter().rposition(loud).expect("some sound");
    (first as u64 / 16, last as u64 / 16)
}
