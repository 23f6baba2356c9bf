//! Small texts that a person names, such as lists and tokens: read up to a limit, whatever the path leads to.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};

/// The text of the `what` at `path`, which may have `most` bytes. A pipe will do.
pub(crate) fn read(path: &Path, what: &str, most: u64) -> anyhow::Result<String> {
    let unreadable = || format!("the {what} {} cannot be read; check the path", path.display());
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)).with_context(unreadable)?;
    if bytes.len() as u64 > most {
        bail!("the {what} {} has more than {most} bytes; split it, or check the path", path.display());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(_) => bail!("the {what} {} is no text in UTF-8; check the path", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        std::fs::write(&path, "1234").unwrap();
        assert_eq!(read(&path, "list", 4).unwrap(), "1234");
        let long = read(&path, "list", 3).unwrap_err().to_string();
        assert!(long.contains("more than 3 bytes"), "{long}");
        std::fs::write(&path, [0xff]).unwrap();
        let bytes = read(&path, "list", 3).unwrap_err().to_string();
        assert!(bytes.contains("no text in UTF-8"), "{bytes}");
        let endless = read(Path::new("/dev/zero"), "token file", 3).unwrap_err().to_string();
        assert!(endless.starts_with("the token file /dev/zero has more than"), "{endless}");
    }
}
