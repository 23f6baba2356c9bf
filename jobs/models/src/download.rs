//! Downloads a pinned file: over HTTPS, never more bytes than pinned, and into place only when its digest fits.

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ids::Hasher;
use job::Progress;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use crate::Pin;

/// Longest wait for a connection, and for the next bytes of a running download.
const PATIENCE: Duration = Duration::from_secs(30);

/// Model hosts answer with one or two redirects to their storage.
const REDIRECTS: usize = 5;

/// Why a file could not be downloaded.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The HTTPS client could not be made.
    #[error("the HTTPS client cannot start")]
    Client(#[source] reqwest::Error),
    /// No address gave the file.
    #[error(
        "{name} is not in the model cache and no address gave it: {tried}; fetch {file} elsewhere and run `models import FILE --name {name}`"
    )]
    Everywhere {
        /// The model.
        name: String,
        /// The publisher's file name.
        file: String,
        /// Each address with its failure.
        tried: String,
    },
    /// The file could not be kept.
    #[error("{} cannot be written; check free space and permissions, or set DOUGPT_MODEL_CACHE", path.display())]
    Write {
        /// File or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    /// https only, redirects too.
    Https,
    /// Also http, for a test's own server.
    #[cfg(test)]
    HttpToo,
}

/// Downloads the file of `pin` to `to`, trying its addresses in order. `to` changes only if the whole file is right.
///
/// # Errors
/// [`DownloadError::Everywhere`] tells what each address did wrong.
pub async fn download(pin: &Pin, to: &Path, progress: &Progress) -> Result<(), DownloadError> {
    attempt_all(pin, to, progress, Scheme::Https).await
}

async fn attempt_all(pin: &Pin, to: &Path, progress: &Progress, scheme: Scheme) -> Result<(), DownloadError> {
    let client = Client::builder()
        .https_only(scheme == Scheme::Https)
        .redirect(Policy::limited(REDIRECTS))
        .connect_timeout(PATIENCE)
        .read_timeout(PATIENCE)
        .user_agent(concat!("dougpt-models/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(DownloadError::Client)?;
    let mut tried = Vec::new();
    for url in &pin.urls {
        match attempt(&client, pin, url, to, progress).await {
            Ok(()) => return Ok(()),
            Err(Failure::Local(source)) => return Err(DownloadError::Write { path: to.to_owned(), source }),
            Err(Failure::Address(reason)) => {
                tracing::warn!(url, reason, "a model address failed");
                tried.push(format!("{url} ({reason})"));
            }
        }
    }
    Err(DownloadError::Everywhere { name: pin.name.to_string(), file: pin.file.clone(), tried: tried.join(", ") })
}

/// Whose fault it is that an address did not work.
enum Failure {
    /// The address's: try the next one.
    Address(String),
    /// This machine's: no other address can help.
    Local(io::Error),
}

async fn attempt(client: &Client, pin: &Pin, url: &str, to: &Path, progress: &Progress) -> Result<(), Failure> {
    let mut response = client.get(url).send().await.map_err(refused)?;
    if !response.status().is_success() {
        return Err(Failure::Address(format!("it answers {}", response.status())));
    }
    if let Some(length) = response.content_length().filter(|length| *length != pin.size) {
        return Err(Failure::Address(format!("it offers {length} bytes, pinned are {}", pin.size)));
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(Failure::Local)?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(Failure::Local)?;
    receive(&mut response, pin, temporary.as_file_mut(), progress).await?;
    temporary.as_file().sync_all().map_err(Failure::Local)?;
    temporary.persist(to).map_err(|error| Failure::Local(error.error))?;
    Ok(())
}

/// Writes the body to `file`, at most the pinned size, and compares its digest.
async fn receive(
    response: &mut Response,
    pin: &Pin,
    file: &mut impl Write,
    progress: &Progress,
) -> Result<(), Failure> {
    let mut hasher = Hasher::default();
    while let Some(chunk) = response.chunk().await.map_err(refused)? {
        hasher.update(&chunk);
        if hasher.length() > pin.size {
            return Err(Failure::Address(format!("it sends more than the pinned {} bytes", pin.size)));
        }
        file.write_all(&chunk).map_err(Failure::Local)?;
        progress.set(hasher.length());
    }
    if hasher.length() != pin.size {
        return Err(Failure::Address(format!("it stopped after {} of {} bytes", hasher.length(), pin.size)));
    }
    let found = hasher.digest();
    if found != pin.sha256 {
        return Err(Failure::Address(format!("it sends a file with SHA-256 {found}, pinned is {}", pin.sha256)));
    }
    Ok(())
}

/// The client's error with its causes; its own text names the address, which the caller does already.
fn refused(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    Failure::Address(text)
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use ids::Digest;
    use job::{Flags, Job};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::Kind;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: Flags,
    }

    const FILE: &[u8] = b"the bytes of a model";

    /// Serves one fixed answer to each request in turn and returns the address.
    async fn server(answers: Vec<Vec<u8>>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                assert!(stream.read(&mut request).await.unwrap() > 0);
                stream.write_all(&answer).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        format!("http://{address}")
    }

    fn answer(head: &str, body: &[u8]) -> Vec<u8> {
        [format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes(), body].concat()
    }

    /// A pin of [`FILE`] with these addresses.
    fn pin(urls: Vec<String>) -> Pin {
        Pin {
            name: "toy".parse().unwrap(),
            kind: Kind::Vad,
            file: "toy.bin".into(),
            size: FILE.len() as u64,
            sha256: Digest::of(FILE),
            bundled: false,
            licence: "MIT".into(),
            urls,
        }
    }

    async fn attempt_to(to: &Path, pin: &Pin, scheme: Scheme) -> Result<(), DownloadError> {
        let flags = Line::parse_from(["models", "--progress", "never"]).flags;
        let job = Job::new("models", "0", flags);
        attempt_all(pin, to, &job.progress("toy", pin.size), scheme).await
    }

    /// What downloading from a server with these answers, one address for each, leads to.
    async fn check(answers: Vec<Vec<u8>>, expect: Result<(), &str>) {
        let folder = tempfile::tempdir().unwrap();
        let count = answers.len();
        let url = server(answers).await;
        let pin = pin((0..count).map(|number| format!("{url}/{number}")).collect());
        let to = folder.path().join("cache/toy");
        match (attempt_to(&to, &pin, Scheme::HttpToo).await, expect) {
            (Ok(()), Ok(())) => assert_eq!(std::fs::read(&to).unwrap(), FILE),
            (Err(error), Err(expect)) => {
                let error = error.to_string();
                assert!(error.contains(expect) && error.contains("models import FILE --name toy"), "{error}");
                let left = std::fs::read_dir(folder.path().join("cache")).map_or(0, Iterator::count);
                assert_eq!(left, 0, "a failed download leaves nothing");
            }
            (outcome, expect) => panic!("{outcome:?} instead of {expect:?}"),
        }
    }

    #[tokio::test]
    async fn only_the_pinned_bytes_are_kept() {
        let good = || answer("200 OK\r\nContent-Length: 20", FILE);
        check(vec![good()], Ok(())).await;
        check(vec![answer("200 OK", FILE)], Ok(())).await;
        check(vec![answer("404 Not Found", b""), answer("200 OK", b"x"), good()], Ok(())).await;
        check(vec![answer("404 Not Found", b"")], Err("it answers 404")).await;
        check(vec![answer("200 OK\r\nContent-Length: 21", FILE)], Err("it offers 21 bytes, pinned are 20")).await;
        check(vec![answer("200 OK", &[FILE, FILE].concat())], Err("more than the pinned 20 bytes")).await;
        check(vec![answer("200 OK", &FILE[..7])], Err("it stopped after 7 of 20 bytes")).await;
        check(vec![answer("200 OK", b"the bytes of a modem")], Err("it sends a file with SHA-256")).await;
        check(vec![answer("302 Found\r\nLocation: ftp://127.0.0.1/x", b"")], Err("127.0.0.1")).await;
    }

    #[tokio::test]
    async fn without_tls_nothing_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("toy");
        // The same server and address as above, which would give the right bytes.
        let url = server(vec![answer("200 OK", FILE)]).await;
        let error = attempt_to(&to, &pin(vec![url]), Scheme::Https).await.unwrap_err();
        assert!(matches!(error, DownloadError::Everywhere { .. }), "{error}");
        assert!(!to.exists());
    }
}
