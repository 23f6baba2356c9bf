//! The sample stream: three short broadcasts of a fictional streamer with a fictional chat, and the truth about both.
//!
//! The files are made from `sample/script.toml` by the binary `sample-stream` and checked in, so that a demo and the
//! tests need neither a network nor anybody's chat:
//!
//! ```text
//! sample/script.toml          what is said, and the pools the chat is drawn from
//! sample/demo-1.mkv           opus, mono
//! sample/demo-1.chat.json     demo-1 and demo-2 in TwitchDownloader's shape, demo-3 as a rechat archive
//! sample/truth.json           what each message is, which utterance it answers, how late
//! ```

mod chat;
mod dirt;
mod export;
mod script;
mod speech;
#[cfg(test)]
mod tests;
mod truth;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use script::Script;
pub use truth::{Broadcast, Kind, Message, Truth, Utterance};

/// The sample stream's files by name, for whoever has no checkout at hand when it runs.
pub const FILES: &[(&str, &[u8])] = &[
    ("demo-1.chat.json", include_bytes!("../sample/demo-1.chat.json")),
    ("demo-1.mkv", include_bytes!("../sample/demo-1.mkv")),
    ("demo-2.chat.json", include_bytes!("../sample/demo-2.chat.json")),
    ("demo-2.mkv", include_bytes!("../sample/demo-2.mkv")),
    ("demo-3.chat.json", include_bytes!("../sample/demo-3.chat.json")),
    ("demo-3.mkv", include_bytes!("../sample/demo-3.mkv")),
    ("truth.json", include_bytes!("../sample/truth.json")),
];

const SCRIPT: &str = include_str!("../sample/script.toml");
const TRUTH: &str = include_str!("../sample/truth.json");

/// Why the sample stream could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The script is not what this version reads.
    #[error("cannot read sample/script.toml")]
    Script(#[source] Box<toml::de::Error>),
    /// A template list, an emote or a pool the script names nowhere.
    #[error("the script has nothing for {0}; add it to sample/script.toml")]
    Empty(String),
    /// An utterance does not end in its noun.
    #[error("{0:?} has to end in its noun; change one of them in sample/script.toml")]
    NoNoun(String),
    /// Speech came out without sound.
    #[error("espeak-ng said nothing for {0:?}; check the voice in sample/script.toml")]
    Silent(String),
    /// Two utterances that a listener could take for one.
    #[error(
        "{broadcast}: the utterance at {at_ms} ms begins too soon after the one before; move it in sample/script.toml"
    )]
    TooClose {
        /// Id of the broadcast.
        broadcast: String,
        /// Start of the later utterance.
        at_ms: i64,
    },
    /// A tool is not there.
    #[error("cannot start {tool}; install it")]
    Start {
        /// Its name.
        tool: String,
        /// What the system said.
        source: io::Error,
    },
    /// A tool refused.
    #[error("{tool} failed: {stderr}")]
    Tool {
        /// Its name.
        tool: String,
        /// What it said.
        stderr: String,
    },
    /// A file could not be written.
    #[error("cannot write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be put into JSON.
    #[error("cannot write JSON")]
    Json(#[from] serde_json::Error),
}

/// The folder of the checked-in files, in the checkout testkit was built from.
pub fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample")
}

/// The truth about the checked-in files.
///
/// # Panics
/// When `truth.json` is damaged; make it again.
pub fn truth() -> Truth {
    serde_json::from_str(TRUTH).expect("sample/truth.json is what sample-stream wrote")
}

/// Makes every file of the sample stream in `folder`, with the installed espeak-ng and ffmpeg.
///
/// Chat and truth depend on the script and the measured times of speech only; the media's bytes depend on the tools'
/// versions too.
///
/// # Errors
/// When the script is unfit, a tool is missing or fails, or a file cannot be written.
pub fn write(folder: &Path) -> Result<(), Error> {
    let script = Script::parse(SCRIPT)?;
    fs::create_dir_all(folder).map_err(|source| Error::Io { path: folder.to_path_buf(), source })?;
    let mut timings = Vec::new();
    for broadcast in &script.broadcast {
        let speech = speech::speak(&script, broadcast)?;
        speech::encode(&speech, &folder.join(format!("{}.mkv", broadcast.id)))?;
        timings.push(Timing { duration_ms: speech.duration_ms, utterances: speech.utterances });
    }
    for (name, bytes) in chat_and_truth(&script, &timings)? {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|source| Error::Io { path, source })?;
    }
    Ok(())
}

/// When what is said in one broadcast: all that chat depends on besides the script.
struct Timing {
    duration_ms: i64,
    utterances: Vec<Utterance>,
}

/// The chat files and `truth.json`, by name.
fn chat_and_truth(script: &Script, timings: &[Timing]) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut files = Vec::new();
    let mut truth = Truth { broadcasts: Vec::new() };
    // No reply is ever given twice, in whichever broadcast.
    let mut given = BTreeSet::new();
    for (broadcast, timing) in script.broadcast.iter().zip(timings) {
        let chat = chat::draw(script, broadcast, timing, &mut given)?;
        files.push((format!("{}.chat.json", broadcast.id), export::chat(script, broadcast, timing, &chat)?));
        truth.broadcasts.push(Broadcast {
            id: broadcast.id.clone(),
            started_at: broadcast.clock(0),
            duration_ms: timing.duration_ms,
            lag_ms: broadcast.lag_ms,
            utterances: timing.utterances.clone(),
            duplicated: chat::duplicated(&chat),
            messages: chat.into_iter().map(|message| (message.id, message.truth)).collect(),
        });
    }
    files.push(("truth.json".to_owned(), export::truth(&truth)?));
    Ok(files)
}
