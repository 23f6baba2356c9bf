//! Hears real speech with the real models: what was said, when, and the same every time.

mod hearing;
mod refusing;
mod speech;

use std::path::PathBuf;

/// The pinned file with this digest in the model cache.
pub fn model(digest: &str) -> PathBuf {
    let cache = std::env::var_os("DOUGPT_MODEL_CACHE").map(PathBuf::from).unwrap_or_else(|| {
        let home = std::env::var_os("HOME").expect("a home folder");
        PathBuf::from(home).join(".cache/dougpt/models")
    });
    let path = cache.join(digest);
    assert!(path.is_file(), "{} is missing; run ci/models", path.display());
    path
}

/// The digest of a model in `jobs/models/models.toml`.
pub fn digest(name: &str) -> String {
    let pins = include_str!("../../../../models/models.toml");
    let (_, entry) = pins.split_once(&format!("name = \"{name}\"")).expect("a pinned model");
    let (_, digest) = entry.split_once("sha256 = \"").expect("a digest");
    digest.chars().take(64).collect()
}

/// The speech model, on one thread: shared cores make whisper.cpp's threads wait for each other.
pub fn recognizer() -> asr::Recognizer {
    asr::Recognizer::load(&model(&digest("tiny.en")), "tiny.en", asr::Timing::Precise, 1)
        .expect("the speech model loads")
}

/// The voice activity model.
pub fn vad() -> asr::Vad {
    asr::Vad::load(&model(&digest("silero-v6.2.0"))).expect("the voice activity model loads")
}
