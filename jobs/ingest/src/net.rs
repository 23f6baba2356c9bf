//! Going out to the network: https to known hosts at public addresses, and nowhere else, whatever a server says.
//!
//! A playlist or a redirect is foreign text that names hosts. So every URL is held against a list of hosts before it is
//! asked, names resolve to public addresses only (`store::network`), and redirects are followed by hand, each checked again.

mod hosts;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use store::network::Refused;
use url::Url;

pub(crate) use hosts::Hosts;

/// A redirect leads to another, at most this often.
const REDIRECTS: usize = 3;

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
    /// How long the server asks to wait before the next request, if it does so in seconds.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
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
        let client = Client::builder()
            .redirect(Policy::none())
            .dns_resolver(Arc::new(hosts.policy().clone()))
            .connect_timeout(patience)
            .read_timeout(patience)
            .user_agent(concat!("dougpt-ingest/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(NetError::Client)?;
        Ok(Self { client, hosts, patience })
    }

    /// Asks for `url` and reads the answer, at most `limit` bytes; `prepare` adds headers or a body.
    pub(crate) async fn ask(
        &self,
        method: Method,
        url: &Url,
        limit: usize,
        prepare: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer, NetError> {
        let mut body = Vec::new();
        let (status, headers) = self.receive(method, url, limit, prepare, &mut body).await?;
        Ok(Answer { status, headers, body: body.into() })
    }

    /// As [`Net::ask`], with the body appended to `body`: what came before an answer broke off is kept.
    pub(crate) async fn receive(
        &self,
        method: Method,
        url: &Url,
        limit: usize,
        prepare: impl Fn(RequestBuilder) -> RequestBuilder,
        body: &mut Vec<u8>,
    ) -> Result<(StatusCode, HeaderMap), NetError> {
        let whole = self.patience.saturating_mul(WHOLE);
        // A server that trickles would otherwise hold a connection for ever.
        match tokio::time::timeout(whole, self.follow(method, url, limit, prepare, body)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(broken(url, format!("it is not complete after {} s", whole.as_secs()))),
        }
    }

    async fn follow(
        &self,
        method: Method,
        url: &Url,
        limit: usize,
        prepare: impl Fn(RequestBuilder) -> RequestBuilder,
        body: &mut Vec<u8>,
    ) -> Result<(StatusCode, HeaderMap), NetError> {
        let mut next = url.clone();
        for _ in 0..=REDIRECTS {
            self.hosts.check(&next)?;
            let request = prepare(self.client.request(method.clone(), next.clone()));
            let mut response = request.send().await.map_err(|error| failed(&next, error))?;
            if response.status().is_redirection() {
                next = target(&next, &response)?;
                continue;
            }
            let announced = response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
            if announced.is_some_and(|length: usize| length > limit) {
                return Err(NetError::TooLarge { url: shown(&next), limit });
            }
            while let Some(chunk) = response.chunk().await.map_err(|error| failed(&next, error))? {
                if body.len() + chunk.len() > limit {
                    return Err(NetError::TooLarge { url: shown(&next), limit });
                }
                body.extend_from_slice(&chunk);
            }
            return Ok((response.status(), response.headers().clone()));
        }
        Err(NetError::Refused { url: shown(url), reason: format!("it redirects more than {REDIRECTS} times") })
    }
}

/// Where a redirect leads.
fn target(from: &Url, response: &Response) -> Result<Url, NetError> {
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let target = location.and_then(|location| from.join(location).ok());
    target.ok_or_else(|| broken(from, "it redirects without saying where".to_owned()))
}

fn broken(url: &Url, reason: String) -> NetError {
    NetError::Broken { url: shown(url), reason }
}

/// The client's error with its causes. A name that resolves to what may not be asked is a refusal.
fn failed(url: &Url, error: reqwest::Error) -> NetError {
    let error = error.without_url();
    if let Some(refused) = Refused::among(&error) {
        return NetError::Refused { url: shown(url), reason: refused.to_string() };
    }
    let causes = std::iter::successors(std::error::Error::source(&error), |error| error.source());
    let causes: String = causes.map(|cause| format!(": {cause}")).collect();
    broken(url, format!("{error}{causes}"))
}

/// A URL for people and logs. The query stays out: it carries tokens.
pub(crate) fn shown(url: &Url) -> String {
    let text = match url.host_str() {
        Some(host) => format!("{}://{host}{}", url.scheme(), url.path()),
        None => format!("{}:", url.scheme()),
    };
    text.chars().take(200).collect()
}
