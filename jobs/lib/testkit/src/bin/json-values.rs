//! Reads JSON lines into values, as a program without types would: `json-values FILE`. The peer of `ci/bench ingest`.

use std::fs::File;
use std::io::{BufRead, BufReader, Error, ErrorKind, Write};

use serde_json::Value;

fn main() -> std::io::Result<()> {
    let Some(path) = std::env::args_os().nth(1) else {
        return Err(Error::new(ErrorKind::InvalidInput, "usage: json-values FILE"));
    };
    let mut lines = BufReader::with_capacity(1 << 20, File::open(path)?);
    let (mut line, mut count) = (Vec::new(), 0_u64);
    while lines.read_until(b'\n', &mut line)? > 0 {
        // The value is dropped only after it was looked at, so that no compiler leaves it out.
        count += u64::from(serde_json::from_slice::<Value>(&line)?.is_object());
        line.clear();
    }
    writeln!(std::io::stdout(), "{count}")
}
