//! Going out to the network: https to known hosts at public addresses, and nowhere else, whatever a server says.
//!
//! A playlist or a redirect is foreign text that names hosts. So every URL is held against a list of hosts before it is
//! asked, again when it is a redirect's, and names resolve to public addresses only (`store::network`).

mod hosts;

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use store::network::Refused;
use url::Url;

pub(crate) use hosts::Hosts;

/// Longest time for one whole answer, as a multiple of the longest wait for its next bytes.
const WHOLE: u32 = 6;

/// Why a request has no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetError {
    /// The URL is not one that may be asked.
    #[error("{url} is not asked: {reason}")]
    Refused {
        /// The URL without its query.
        url: String,
        /// Why.
        reason: String,
    },
    /// There was no answer, or it broke off.
    #[error("{url} gives no whole answer: {reason}")]
    Broken {
        /// The URL without its query.
        url: String,
        /// What the client says.
        reason: String,
    },
    /// The answer is larger than it can be.
    #[error("the answer of {url} is larger than {limit} bytes")]
    TooLarge {
        /// The URL without its query.
        url: String,
        /// The limit.
        limit: usize,
    },
    /// The client could not be made.
    #[error("the HTTPS client cannot start")]
    Client(#[source] reqwest::Error),
}

/// An answer read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its body.
    pub(crate) body: Bytes,
}

impl Answer {
    /// As [`retry_after`].
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.headers)
    }
}

/// How long the server asks to wait before the next request, if it does so in seconds.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// A client that goes only where it may.
#[derive(Debug, Clone)]
pub(crate) struct Net {
    client: Client,
    hosts: Hosts,
    patience: Duration,
}

impl Net {
    /// A client for `hosts` that waits at most `patience` for a connection and for the next bytes of an answer.
    pub(crate) fn new(hosts: Hosts, patience: Duration) -> Result<Self, NetError> {
        let own = hosts.clone();
        let builder = hosts.policy().builder(move |url| own.check(url));
        let builder = builder.user_agent(concat!("dougpt-ingest/", env!("CARGO_PKG_VERSION")));
        let client = builder.connect_timeout(patience).read_timeout(patience).build().map_err(NetError::Client)?;
        Ok(Self { client, hosts, patience })
    }

    /// A request for `url`, if it may be asked.
    pub(crate) fn request(&self, method: Method, url: &Url) -> Result<RequestBuilder, NetError> {
        self.hosts.check(url)?;
        Ok(self.client.request(method, url.clone()))
    }

    /// Sends `request` and reads the answer, at most `limit` bytes.
    pub(crate) async fn ask(&self, request: RequestBuilder, limit: usize) -> Result<Answer, NetError> {
        let mut body = Vec::new();
        let (status, headers) = self.receive(request, limit, &mut body).await?;
        Ok(Answer { status, headers, body: body.into() })
    }

    /// As [`Net::ask`], with the body appended to `body`: what came before an answer broke off is kept.
    pub(crate) async fn receive(
        &self,
        request: RequestBuilder,
        limit: usize,
        body: &mut Vec<u8>,
    ) -> Result<(StatusCode, HeaderMap), NetError> {
        let (client, request) = request.build_split();
        let request = request.map_err(NetError::Client)?;
        let url = request.url().clone();
        let answer = async {
            let mut response = client.execute(request).await.map_err(|error| failed(&url, error))?;
            // What the client does not follow leads to something other than http(s).
            if response.status().is_redirection() {
                let reason = format!("it answers {} to where no request goes", response.status());
                return Err(NetError::Refused { url: shown(&url), reason });
            }
            let too_large = || NetError::TooLarge { url: shown(&url), limit };
            let length = usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(usize::MAX);
            if length > limit {
                return Err(too_large());
            }
            body.reserve_exact(length.min(limit - body.len()));
            while let Some(chunk) = response.chunk().await.map_err(|error| failed(&url, error))? {
                if body.len() + chunk.len() > limit {
                    return Err(too_large());
                }
                body.extend_from_slice(&chunk);
            }
            Ok((response.status(), response.headers().clone()))
        };
        // A server that trickles would otherwise hold a connection for ever.
        let whole = self.patience.saturating_mul(WHOLE);
        match tokio::time::timeout(whole, answer).await {
            Ok(outcome) => outcome,
            Err(_) => Err(broken(&url, format!("it is not complete after {} s", whole.as_secs()))),
        }
    }
}

fn broken(url: &Url, reason: String) -> NetError {
    NetError::Broken { url: shown(url), reason }
}

/// The client's error with its causes. A redirect or a name that leads to what may not be asked is a refusal.
fn failed(url: &Url, error: reqwest::Error) -> NetError {
    let error = error.without_url();
    let causes = || std::iter::successors(std::error::Error::source(&error), |error| error.source());
    for cause in causes() {
        if let Some(NetError::Refused { url, reason }) = cause.downcast_ref() {
            return NetError::Refused { url: url.clone(), reason: reason.clone() };
        }
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return NetError::Refused { url: shown(url), reason: refused.to_string() };
        }
    }
    let causes: String = causes().map(|cause| format!(": {cause}")).collect();
    broken(url, format!("{error}{causes}"))
}

/// The host of `url`, for messages.
pub(crate) fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

/// A URL for people and logs. The query stays out: it carries tokens.
pub(crate) fn shown(url: &Url) -> String {
    let text = match url.host_str() {
        Some(host) => format!("{}://{host}{}", url.scheme(), url.path()),
        None => format!("{}:", url.scheme()),
    };
    text.chars().take(200).collect()
}
