//! Writes a large chat file in TwitchDownloader's shape: `big-chat FILE BYTES [whole] [shuffled]`.

use std::fs::File;
use std::io::{BufWriter, Error, ErrorKind};

use testkit::big_chat::BigChat;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(path), Some(Ok(bytes))) = (arguments.first(), arguments.get(1).map(|bytes| bytes.parse())) else {
        return Err(Error::new(ErrorKind::InvalidInput, "usage: big-chat FILE BYTES [whole] [shuffled]"));
    };
    let asked = |word: &str| arguments.iter().any(|argument| argument == word);
    let big = BigChat { bytes, whole_seconds: asked("whole"), shuffled: asked("shuffled") };
    big.twitchdownloader(&mut BufWriter::new(File::create(path)?)).map(drop)
}
