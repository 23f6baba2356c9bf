//! Speech in, timed words out: voice activity by Silero, recognition and word times by whisper.cpp.
//!
//! The stages are separate on purpose. Voice activity runs on its own because only its bounds are good to a tenth of a
//! second; recognition sees chunks of at most 30 s, each in one pass and with a fresh state, so that a chunk's words
//! depend on its samples alone and a long recording can be resumed at any chunk. Word times come from dynamic time
//! warping over cross-attention, never from Whisper's own segment times, which are seconds early after a pause.
//!
//! Everything takes 16 kHz mono samples and whole milliseconds. A model file must be one whose digest is pinned: checking
//! that is the caller's duty, because whisper.cpp trusts what it loads.

mod chunks;
mod error;
mod recognizer;
mod spread;
mod suspect;
mod utterances;
mod vad;
mod words;

pub use chunks::{CHUNK_LIMIT_MS, Chunk, Span, chunks};
pub use error::AsrError;
pub use recognizer::{Heard, Recognizer, Timing, check_model, engine};
pub use spread::spread;
pub use suspect::{Suspect, mark_repeated};
pub use utterances::{Utterance, utterances};
pub use vad::Vad;
pub use words::Word;

/// Samples per second of all audio this crate takes.
pub const SAMPLE_RATE: u32 = 16_000;

/// Samples in one millisecond.
const SAMPLES_PER_MS: u64 = SAMPLE_RATE as u64 / 1000;

/// Length of samples in milliseconds, rounded down.
fn duration_ms(samples: &[f32]) -> u64 {
    samples.len() as u64 / SAMPLES_PER_MS
}
