//! What can go wrong with a media file or with the programs that read it, and what to do about it.

use std::io;
use std::path::PathBuf;

/// An operation on media that did not work. `said` holds the last lines the program wrote to stderr.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// ffmpeg or ffprobe is not installed.
    #[error("no {tool} on PATH; install ffmpeg or set {variable} to the program's path")]
    Missing {
        /// The program.
        tool: &'static str,
        /// The environment variable that names it.
        variable: &'static str,
    },
    /// The program named by the environment or found on PATH does not answer like ffmpeg.
    #[error("{} does not answer -version like ffmpeg; set {variable} to a working program", path.display())]
    Broken {
        /// The program's path.
        path: PathBuf,
        /// The environment variable that names it.
        variable: &'static str,
    },
    /// The program could not be started, read or waited for.
    #[error("cannot run {}", path.display())]
    Run {
        /// The program's path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The input cannot be looked at.
    #[error("cannot open {}; check the path and its permissions", path.display())]
    Open {
        /// The input.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The input is a folder, pipe or device.
    #[error("{} is not a regular file; copy the recording to a file first", path.display())]
    NotAFile {
        /// The input.
        path: PathBuf,
    },
    /// The input is empty, cut short before its index, of an unknown kind, or a playlist.
    #[error("{} is not a media file that can be read; fetch it again or convert it to mp4, mkv, ts, flac or wav: {said}", path.display())]
    NotMedia {
        /// The input.
        path: PathBuf,
        /// ffprobe's last lines.
        said: String,
    },
    /// The input is media without sound.
    #[error("{} has no audio stream; choose a rendition with sound", path.display())]
    NoAudio {
        /// The input.
        path: PathBuf,
    },
    /// The input has an audio stream, but nothing in it (or in the asked range) could be decoded.
    #[error("{} has no audio that can be decoded in the asked range; check the range, or fetch the file again: {said}", path.display())]
    Silent {
        /// The input.
        path: PathBuf,
        /// ffmpeg's last lines.
        said: String,
    },
    /// ffprobe's answer is not the JSON it documents.
    #[error("ffprobe's answer about {} cannot be read; try another ffmpeg release", path.display())]
    Answer {
        /// The input.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// ffmpeg gave up.
    #[error("ffmpeg could not convert {}: {said}", path.display())]
    Convert {
        /// The input.
        path: PathBuf,
        /// ffmpeg's last lines.
        said: String,
    },
    /// The program made no progress, or ran past its limit, and was ended.
    #[error("{tool} made no progress on {} for {seconds} s and was ended; the file may be damaged", path.display())]
    Stalled {
        /// The program.
        tool: &'static str,
        /// The input.
        path: PathBuf,
        /// The limit that was hit.
        seconds: u64,
    },
    /// More output than the operation allows.
    #[error("{} holds more than {limit_ms} ms of audio; ask for a range", path.display())]
    TooLong {
        /// The input.
        path: PathBuf,
        /// The limit in milliseconds.
        limit_ms: u64,
    },
    /// A range that ends before it starts, or holds nothing.
    #[error(
        "the range {from_ms} ms to {to_ms} ms is empty; its end must be after its start, and its start within 96 hours"
    )]
    Range {
        /// Asked start.
        from_ms: u64,
        /// Asked end.
        to_ms: u64,
    },
    /// The produced file cannot be written or read back.
    #[error("cannot write {}; check free space and permissions", path.display())]
    Output {
        /// The output.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
