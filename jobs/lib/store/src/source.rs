//! A file behind a URL, read as a stream from any byte on: what `ingest` takes media and chat from.
//!
//! ```text
//! webdavs://HOST/PATH  webdav:   DOUGPT_WEBDAV_USER, DOUGPT_WEBDAV_PASSWORD or DOUGPT_WEBDAV_TOKEN
//! https://HOST/PATH    http:     DOUGPT_HTTP_USER, DOUGPT_HTTP_PASSWORD or DOUGPT_HTTP_TOKEN
//! s3://BUCKET/KEY                AWS_*
//! azblob://CONTAINER/KEY         AZURE_STORAGE_ACCOUNT_NAME, _KEY, _SAS_TOKEN, _ENDPOINT
//! gs://BUCKET/KEY                GOOGLE_APPLICATION_CREDENTIALS, STORAGE_EMULATOR_HOST
//! ```
//!
//! All of them keep to the network [`Policy`](crate::network::Policy).

use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::{GetOptions, GetRange, ObjectStore};
use opendal::options::ReaderOptions;
use opendal::{ErrorKind, Operator};
use url::Url;

use crate::location::without_secrets;
use crate::network::{Policy, Refused};
use crate::services::Service;
use crate::transport::Transport;

/// Why a source gives no bytes.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The URL names no file that can be read.
    #[error("{url} names no file to read: {reason}")]
    Url {
        /// The URL.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The network policy forbids it.
    #[error("{url} is not fetched")]
    Refused {
        /// The URL.
        url: String,
        /// What the policy says.
        source: Refused,
    },
    /// There is no such file.
    #[error("{url} does not exist there; check the URL")]
    Missing {
        /// The URL.
        url: String,
    },
    /// The server wants other credentials.
    #[error("{url} may not be read ({said}); set {variables}")]
    Denied {
        /// The URL.
        url: String,
        /// What the server said.
        said: String,
        /// Where credentials are read from.
        variables: &'static str,
    },
    /// The file is another one than before.
    #[error("{url} changed while it was fetched; wait until it is complete and run the command again")]
    Changed {
        /// The URL.
        url: String,
    },
    /// The server gives the file from its start only.
    #[error("{url} cannot be read from the middle")]
    NoRanges {
        /// The URL.
        url: String,
    },
    /// Anything else.
    #[error("{url} cannot be read: {reason}")]
    Failed {
        /// The URL.
        url: String,
        /// What happened.
        reason: String,
        /// Whether trying again may help.
        temporary: bool,
    },
}

/// A file behind a URL.
#[derive(Clone)]
pub struct Source {
    url: String,
    name: String,
    place: Place,
}

#[derive(Clone)]
enum Place {
    OpenDal { service: Service, operator: Operator, path: String },
    S3 { objects: Arc<dyn ObjectStore>, key: object_store::path::Path },
}

/// By what two openings of a source are known to read the same file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Size of the whole file in bytes, where the server says it.
    pub size: Option<u64>,
    etag: Option<String>,
    modified: Option<String>,
}

impl Version {
    /// The entity tag, where the server compares it by bytes.
    fn strong(&self) -> Option<String> {
        self.etag.clone().filter(|etag| !etag.starts_with("W/"))
    }
}

/// A source that is being read.
pub struct Reading {
    /// Which file is read.
    pub version: Version,
    /// Its bytes from the one that was asked for on.
    pub bytes: BoxStream<'static, Result<Bytes, SourceError>>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.url).finish()
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for Source {}

impl Source {
    /// Whether `text` looks like the URL of a source rather than a path.
    pub fn is_url(text: &str) -> bool {
        text.split_once("://").is_some_and(|(scheme, _)| scheme == "s3" || Service::of(scheme).is_some())
    }

    /// The source at `url`; nothing is asked yet.
    ///
    /// # Errors
    /// [`SourceError::Url`], or [`SourceError::Refused`] where the URL alone breaks the network policy.
    pub fn parse(url: &str) -> Result<Self, SourceError> {
        let shown = without_secrets(url);
        let wrong = |reason: &str| SourceError::Url { url: shown.clone(), reason: reason.to_owned() };
        let policy = Policy::from_env().map_err(|source| SourceError::Refused { url: shown.clone(), source })?;
        // Hosts are only checked and written in one way in http URLs.
        let http = url.strip_prefix("webdav").filter(|rest| rest.starts_with("://") || rest.starts_with("s://"));
        let parsed = http.map_or_else(|| Url::parse(url), |rest| Url::parse(&format!("http{rest}")));
        let mut parsed = parsed.map_err(|error| wrong(&error.to_string()))?;
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong("credentials do not belong into a URL, where logs and lists of processes show them"));
        }
        if parsed.host_str().is_none_or(str::is_empty) {
            return Err(wrong("it has no host, bucket or container"));
        }
        parsed.set_fragment(None);
        let path = opendal::raw::percent_decode_path(parsed.path().trim_start_matches('/'));
        let name = path.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned);
        let name = name.ok_or_else(|| wrong("it does not end in the name of a file"))?;
        let service = if http.is_some() { Some(Service::Webdav) } else { Service::of(parsed.scheme()) };
        let place = match service {
            Some(service) => {
                let exact = matches!(service, Service::Webdav | Service::Http).then(|| parsed.clone());
                if let Some(exact) = &exact {
                    let refused = |source| SourceError::Refused { url: shown.clone(), source };
                    policy.check_url(exact).map_err(refused)?;
                }
                let transport = Transport::for_source(policy, exact).map_err(|error| wrong(&error.to_string()))?;
                let operator = service.operator(&parsed, "/", transport).map_err(|error| wrong(&error.to_string()))?;
                Place::OpenDal { service, operator, path }
            }
            None if parsed.scheme() == "s3" => {
                let bucket = parsed.host_str().unwrap_or_default();
                let objects = crate::s3::source(bucket, policy).map_err(|error| wrong(&error.to_string()))?;
                let key = object_store::path::Path::parse(&path).map_err(|error| wrong(&error.to_string()))?;
                Place::S3 { objects, key }
            }
            None => return Err(wrong("its scheme is none of webdavs, https, s3, azblob, gs")),
        };
        Ok(Self { url: shown, name, place })
    }

    /// The URL without credentials and query.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Name of the file, the last part of the URL's path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Opens the file from byte `from` on; with `expected`, only if it is that version.
    ///
    /// # Errors
    /// Why there are no such bytes.
    pub async fn read(&self, from: u64, expected: Option<&Version>) -> Result<Reading, SourceError> {
        let reading = match &self.place {
            Place::OpenDal { operator, path, .. } => self.read_opendal(operator, path, from, expected).await,
            Place::S3 { objects, key } => self.read_s3(objects, key, from, expected).await,
        }?;
        match expected {
            Some(expected) if *expected != reading.version => Err(SourceError::Changed { url: self.url.clone() }),
            _ => Ok(reading),
        }
    }

    async fn read_opendal(
        &self,
        operator: &Operator,
        path: &str,
        from: u64,
        expected: Option<&Version>,
    ) -> Result<Reading, SourceError> {
        let options = ReaderOptions { if_match: expected.and_then(Version::strong), ..ReaderOptions::default() };
        let failed = |error| self.opendal(&error);
        let reader = operator.reader_options(path, options).await.map_err(failed)?;
        let mut bytes = reader.into_bytes_stream(from..).await.map_err(failed)?;
        let found = bytes.metadata().await.map_err(failed)?;
        let version = Version {
            // OpenDAL says 0 where the server says nothing.
            size: Some(found.content_length()).filter(|size| *size > 0),
            etag: found.etag().map(str::to_owned),
            modified: found.last_modified().map(|time| time.to_string()),
        };
        let source = self.clone();
        Ok(Reading { version, bytes: bytes.map_err(move |error| source.interrupted(&error)).boxed() })
    }

    async fn read_s3(
        &self,
        objects: &Arc<dyn ObjectStore>,
        key: &object_store::path::Path,
        from: u64,
        expected: Option<&Version>,
    ) -> Result<Reading, SourceError> {
        let range = (from > 0).then_some(GetRange::Offset(from));
        let options = GetOptions { range, if_match: expected.and_then(Version::strong), ..GetOptions::default() };
        let found = objects.get_opts(key, options).await.map_err(|error| self.s3(&error))?;
        let version = Version {
            size: Some(found.meta.size),
            etag: found.meta.e_tag.clone(),
            modified: Some(found.meta.last_modified.to_rfc3339()),
        };
        let source = self.clone();
        Ok(Reading { version, bytes: found.into_stream().map_err(move |error| source.s3(&error)).boxed() })
    }

    fn opendal(&self, error: &opendal::Error) -> SourceError {
        let url = self.url.clone();
        if let Some(refused) = Refused::among(error) {
            return SourceError::Refused { url, source: refused.clone() };
        }
        match error.kind() {
            ErrorKind::NotFound => SourceError::Missing { url },
            ErrorKind::PermissionDenied => self.denied(error.message()),
            ErrorKind::ConditionNotMatch => SourceError::Changed { url },
            ErrorKind::RangeNotSatisfied => SourceError::NoRanges { url },
            _ => SourceError::Failed { url, reason: plain(error.message()), temporary: error.is_temporary() },
        }
    }

    /// A stream of OpenDAL wraps its errors once more.
    fn interrupted(&self, error: &io::Error) -> SourceError {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<opendal::Error>()) {
            Some(error) => self.opendal(error),
            None => SourceError::Failed { url: self.url.clone(), reason: plain(&error.to_string()), temporary: true },
        }
    }

    fn s3(&self, error: &object_store::Error) -> SourceError {
        use object_store::Error;
        let url = self.url.clone();
        if let Some(refused) = Refused::among(error) {
            return SourceError::Refused { url, source: refused.clone() };
        }
        match error {
            Error::NotFound { .. } => SourceError::Missing { url },
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => self.denied("the server refused it"),
            Error::Precondition { .. } => SourceError::Changed { url },
            _ => SourceError::Failed { url, reason: plain(&error.to_string()), temporary: true },
        }
    }

    fn denied(&self, said: &str) -> SourceError {
        let variables = match &self.place {
            Place::OpenDal { service, .. } => service.variables(),
            Place::S3 { .. } => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        };
        SourceError::Denied { url: self.url.clone(), said: plain(said), variables }
    }
}

/// What a server said, short and on one line.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_a_name_and_keeps_its_secrets() {
        let source = Source::parse("https://example.org/a%20b/My%20Talk.mkv?sig=secret#t=1").unwrap();
        assert_eq!((source.url(), source.name()), ("https://example.org/a%20b/My%20Talk.mkv", "My Talk.mkv"));
        let source = Source::parse("webdavs://Example.org:8443/x/talk.mkv").unwrap();
        assert_eq!((source.url(), source.name()), ("webdavs://Example.org:8443/x/talk.mkv", "talk.mkv"));
        assert!(!format!("{source:?}").contains("secret"));
    }

    #[test]
    fn urls_that_name_no_file_are_refused_without_telling_secrets() {
        for (url, reason) in [
            ("https://me:secret@example.org/x.mkv", "credentials"),
            ("webdavs://me:secret@example.org/x.mkv", "credentials"),
            ("https://example.org/", "name of a file"),
            ("https://example.org/folder/", "name of a file"),
            ("gs:///x.mkv", "no host"),
            ("ftp://example.org/x.mkv", "scheme"),
            ("http://example.org/x.mkv?key=secret", "not fetched"),
            ("webdav://example.org/x.mkv", "not fetched"),
            ("https://127.0.0.1/x.mkv", "not fetched"),
            ("webdavs://[::1]/x.mkv", "not fetched"),
        ] {
            let error = Source::parse(url).unwrap_err().to_string();
            assert!(error.contains(reason) && !error.contains("secret"), "{url}: {error}");
        }
    }

    #[test]
    fn paths_are_no_urls() {
        for (text, expect) in [
            ("webdav://h/x", true),
            ("s3://b/x", true),
            ("https://h/x", true),
            ("file://x", false),
            ("talk.mkv", false),
            ("C:/talk.mkv", false),
        ] {
            assert_eq!(Source::is_url(text), expect, "{text}");
        }
    }
}
