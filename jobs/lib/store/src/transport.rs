//! OpenDAL's requests over our own HTTP client: it keeps to the network policy, and no secret gets into an error.
//!
//! OpenDAL puts URLs and answers into its errors. What it gets to see here is without query (where signatures are) and,
//! for sources, without the page a server answers an error with.

use futures::TryStreamExt;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use opendal::{Buffer, Error, ErrorKind, HttpBody, HttpTransport};
use url::Url;

use crate::network::{Policy, Refused};

/// The client of one operator.
pub(crate) struct Transport {
    client: reqwest::Client,
    source: Option<Guard>,
}

/// What is different for a source.
struct Guard {
    policy: Policy,
    /// The URL of the file where it has one of its own: OpenDAL's services would lose its query and decode its path.
    exact: Option<Url>,
}

impl Transport {
    /// For a store: its end point is named by whoever runs the program.
    pub(crate) fn for_store() -> reqwest::Result<Self> {
        Ok(Self { client: reqwest::Client::builder().build()?, source: None })
    }

    /// For a source: its URL may come from anybody.
    pub(crate) fn for_source(policy: Policy, exact: Option<Url>) -> reqwest::Result<Self> {
        Ok(Self { client: policy.client()?, source: Some(Guard { policy, exact }) })
    }
}

impl HttpTransport for Transport {
    async fn fetch(&self, request: Request<Buffer>) -> opendal::Result<Response<HttpBody>> {
        let (parts, body) = request.into_parts();
        let (uri, method, headers) = (parts.uri.to_string(), parts.method.clone(), parts.headers.clone());
        let mut url = Url::parse(&uri).map_err(|error| Error::new(ErrorKind::ConfigInvalid, error.to_string()))?;
        if let Some(guard) = &self.source {
            if let Some(exact) = &guard.exact {
                url = exact.clone();
            }
            guard.policy.check_url(&url).map_err(refused)?;
        }
        let request = Request::from_parts(parts, body.to_bytes());
        let mut request = reqwest::Request::try_from(request).map_err(failed)?;
        *request.url_mut() = url;
        let answer = self.client.execute(request).await.map_err(failed)?;
        if self.source.is_some() {
            check(&headers, answer.status(), answer.headers())?;
        }
        let length = if method == Method::HEAD { None } else { length(answer.headers()) };
        let shown = uri.split(['?', '#']).next().unwrap_or_default().parse::<Uri>().unwrap_or_default();
        let mut response = Response::builder().status(answer.status()).version(answer.version()).extension(shown);
        if let Some(headers) = response.headers_mut() {
            *headers = answer.headers().clone();
        }
        let stream = answer.bytes_stream().map_ok(Buffer::from).map_err(failed);
        let body = HttpBody::new(Box::pin(stream), length);
        response.body(body).map_err(|error| Error::new(ErrorKind::Unexpected, error.to_string()))
    }
}

/// How many bytes the body has to have, where they come as they are counted.
fn length(headers: &HeaderMap) -> Option<u64> {
    let plain = !headers.contains_key(CONTENT_ENCODING);
    headers.get(CONTENT_LENGTH).filter(|_| plain)?.to_str().ok()?.parse().ok()
}

/// Refuses an answer that is not the one a source was asked for.
fn check(asked: &HeaderMap, status: StatusCode, answered: &HeaderMap) -> opendal::Result<()> {
    let said = || format!("the server answered {status}");
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            Err(Error::new(ErrorKind::PermissionDenied, said()))
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::LOCKED | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Err(Error::new(ErrorKind::RateLimited, said()).set_temporary())
        }
        _ if status.is_server_error() => Err(Error::new(ErrorKind::Unexpected, said()).set_temporary()),
        // What these mean is each service's matter.
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(Error::new(ErrorKind::NotFound, said())),
        StatusCode::PRECONDITION_FAILED | StatusCode::NOT_MODIFIED => Ok(()),
        StatusCode::RANGE_NOT_SATISFIABLE => Err(Error::new(ErrorKind::RangeNotSatisfied, said())),
        _ if !status.is_success() => Err(Error::new(ErrorKind::Unexpected, said())),
        // Bytes from the start where others were asked for would be taken for these.
        _ => match first_byte(asked, RANGE.as_str()) {
            Some(from) if first_byte(answered, CONTENT_RANGE.as_str()) != Some(from) => {
                Err(Error::new(ErrorKind::RangeNotSatisfied, "the server does not give parts of the file"))
            }
            _ => Ok(()),
        },
    }
}

/// The first byte in `bytes=N-` or `bytes N-M/SIZE`.
fn first_byte(headers: &HeaderMap, name: &str) -> Option<u64> {
    let value = headers.get(name)?.to_str().ok()?;
    value.strip_prefix("bytes")?.trim_start_matches(['=', ' ']).split('-').next()?.parse().ok()
}

fn refused(refused: Refused) -> Error {
    Error::new(ErrorKind::PermissionDenied, refused.to_string()).set_source(refused)
}

fn failed(error: reqwest::Error) -> Error {
    if let Some(found) = Refused::among(&error) {
        return refused(found.clone());
    }
    // A builder's mistake and a redirect that is followed no further stay what they are.
    let temporary = !(error.is_builder() || error.is_redirect());
    let error = error.without_url();
    Error::new(ErrorKind::Unexpected, told(&error)).with_temporary(temporary).set_source(error)
}

/// The error with its causes in one line: "connection refused" is never on top.
fn told(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
