//! What can be wrong with a chat export as a whole; what is wrong with one message is a `problem` row instead.

use std::io;
use std::path::PathBuf;

/// Why a chat export cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// The file cannot be read, or breaks a limit of size.
    #[error("the chat {} cannot be read; check the path, or export it again", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system or the limit says.
        source: io::Error,
    },
    /// The path is a folder, pipe or device.
    #[error("the chat {} is not a regular file; copy the export to a file first", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file is no JSON at some place outside of single comments.
    #[error("the chat {}, line {line}, column {column}: {found} where {expected} was expected; export it again", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// Column in bytes, from 1.
        column: u64,
        /// What is there.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// The file is JSON but of no known shape.
    #[error("the chat {} has no format that is known: {reason}; `ingest --help` names the formats", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What tells.
        reason: String,
    },
    /// No element is a message.
    #[error(
        "the chat {}, read as {format}, has no message: none of its {messages} elements is one; element {position}: {detail}",
        path.display()
    )]
    NothingReadable {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        format: String,
        /// How many elements there are.
        messages: u64,
        /// The first one's position in its list.
        position: i64,
        /// What is wrong with it.
        detail: String,
    },
    /// More messages than anybody can have sent.
    #[error("the chat {} has more than {limit} messages; split it", path.display())]
    TooMany {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// A temporary file cannot be written or read.
    #[error("a temporary file in {} failed; set TMPDIR to a folder with room", folder.display())]
    Temporary {
        /// Where temporary files are.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl ChatError {
    pub(super) fn temporary(source: io::Error) -> Self {
        Self::Temporary { folder: std::env::temp_dir(), source }
    }
}
