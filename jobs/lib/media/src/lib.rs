//! Media files in, plain 16 kHz mono audio out: the only crate that runs ffmpeg and ffprobe.
//!
//! Files come from strangers, so a path is always data (`file:` and absolute, never an option or a protocol), only local
//! container formats are opened, and every run is bounded in time, memory blocks and output. What is stored is the same
//! on every machine: one thread, bit-exact flags, and no processor-specific code paths in ffmpeg.

mod child;
mod decode;
mod demux;
mod error;
mod flac;
mod join;
mod probe;
mod tools;

pub use decode::EXCERPT_TYPE;
pub use demux::Demuxed;
pub use error::MediaError;
pub use join::Place;
pub use probe::{AudioStream, Probe};
pub use tools::Ffmpeg;

/// Samples per second of everything this crate produces; exactly 16 per millisecond.
pub const SAMPLE_RATE: u32 = 16_000;

/// Samples in one millisecond.
const SAMPLES_PER_MS: u64 = SAMPLE_RATE as u64 / 1000;
