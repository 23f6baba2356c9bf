//! One question to Twitch's API, asked until it is answered or the answer is no.
//!
//! An operation is sent as the digest of a query that the server knows (what Twitch's own page does), and as the query's
//! text when the server does not know the digest any more. Answers come with status 200 also when they are failures, so
//! the body decides. Which client ids an operation works with changes without notice: they are a list, tried in order.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::TwitchError;
use crate::net::{Answer, Net, NetError, host};
use crate::retries::Retries;

/// Where the API is, unless `DOUGPT_TWITCH_GQL_URL` says otherwise.
const GQL: &str = "https://gql.twitch.tv/gql";

/// Largest answer. A page of comments is some 50 KiB, and 2 MiB if all its messages are as long and as full of emotes as
/// can be. What an answer of many small values takes when it is parsed is a hundred times its length.
const LARGEST: usize = 3 << 20;

/// Client ids that Twitch's own players use, in the order in which they are tried.
const CLIENTS: &[&str] =
    &["kd1unb4b3q4t58fwlpcbzcbnm76a8fp", "kimne78kx3ncx6brgo4mv6wki5h1ko", "ue6666qo983tsx6so1t0vnawi233wa"];

/// A question of the API.
pub(super) struct Operation {
    pub(super) name: &'static str,
    /// SHA-256 of the query as the server knows it, where there is one.
    pub(super) digest: Option<&'static str>,
    /// The query itself.
    pub(super) text: &'static str,
    /// The server did not know the digest.
    forgotten: AtomicBool,
}

impl Operation {
    pub(super) const fn new(name: &'static str, digest: Option<&'static str>, text: &'static str) -> Self {
        Self { name, digest, text, forgotten: AtomicBool::new(false) }
    }

    fn body(&self, variables: &Value) -> Value {
        match self.digest.filter(|_| !self.forgotten.load(Ordering::Relaxed)) {
            Some(digest) => json!({
                "operationName": self.name,
                "variables": variables,
                "extensions": { "persistedQuery": { "version": 1, "sha256Hash": digest } },
            }),
            None => json!({ "operationName": self.name, "query": self.text, "variables": variables }),
        }
    }
}

/// The API.
pub(super) struct Gql {
    net: Net,
    url: Url,
    token: Option<String>,
    retries: Retries,
    /// Index of the client id that works.
    client: AtomicUsize,
}

/// What an answer means.
pub(super) enum Outcome {
    Data(Value),
    Unknown,
    Integrity,
    Again { reason: String, wait: Option<Duration> },
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    data: Option<Value>,
    #[serde(default)]
    errors: Vec<Problem>,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    message: String,
}

impl Gql {
    pub(super) fn new(net: Net, token: Option<String>, retries: Retries) -> Result<Self, TwitchError> {
        let url = address("DOUGPT_TWITCH_GQL_URL", GQL)?;
        Ok(Self { net, url, token, retries, client: AtomicUsize::new(0) })
    }

    /// The member `data` of the answer.
    pub(super) async fn ask(&self, operation: &Operation, variables: &Value) -> Result<Value, TwitchError> {
        let (mut tries, mut unknown, mut refused) = (self.retries.start(), false, 0);
        loop {
            let client = self.client.load(Ordering::Relaxed);
            let (reason, wait) = match self.once(operation, variables, client).await? {
                Outcome::Data(data) => return Ok(data),
                // Sometimes one server of many has not heard of it yet.
                Outcome::Unknown if !unknown => {
                    unknown = true;
                    ("it does not know the query".to_owned(), None)
                }
                Outcome::Unknown if !operation.forgotten.swap(true, Ordering::Relaxed) => continue,
                Outcome::Unknown => return Err(TwitchError::PersistedQueryNotFound { operation: operation.name }),
                Outcome::Integrity => {
                    refused += 1;
                    if refused >= CLIENTS.len() {
                        return Err(TwitchError::Integrity { operation: operation.name });
                    }
                    let next = (client + 1) % CLIENTS.len();
                    // Of several that fail together one moves on; the others follow it.
                    let _ = self.client.compare_exchange(client, next, Ordering::Relaxed, Ordering::Relaxed);
                    continue;
                }
                Outcome::Again { reason, wait } => (reason, wait),
            };
            let what = format!("the question {} to {}", operation.name, host(&self.url));
            tries
                .again(&what, &reason, wait)
                .await
                .map_err(|given_up| TwitchError::given_up(given_up, &what, reason))?;
        }
    }

    async fn once(&self, operation: &Operation, variables: &Value, client: usize) -> Result<Outcome, TwitchError> {
        let mut request = self.net.request(Method::POST, &self.url)?;
        request = request.header("Client-ID", CLIENTS.get(client).copied().unwrap_or(CLIENTS[0]));
        request = request.header(CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("OAuth {token}"));
        }
        match self.net.ask(request.body(operation.body(variables).to_string()), LARGEST).await {
            Ok(answer) => read(operation.name, &answer),
            Err(NetError::Broken { reason, .. }) => Ok(Outcome::Again { reason, wait: None }),
            Err(error) => Err(error.into()),
        }
    }
}

/// What an answer means, by its status and its body.
pub(super) fn read(operation: &'static str, answer: &Answer) -> Result<Outcome, TwitchError> {
    let reply = serde_json::from_slice::<Reply>(&answer.body);
    let told = reply.as_ref().ok().map(|reply| reply.errors.as_slice()).unwrap_or_default();
    let says = |text: &str| told.iter().any(|problem| problem.message.contains(text));
    if says("failed integrity check") {
        return Ok(Outcome::Integrity);
    }
    match answer.status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED => return Err(TwitchError::Auth),
        StatusCode::TOO_MANY_REQUESTS => {
            return Ok(Outcome::Again { reason: "it asks to slow down".to_owned(), wait: answer.retry_after() });
        }
        status if status.is_server_error() => {
            return Ok(Outcome::Again { reason: format!("it answers {status}"), wait: answer.retry_after() });
        }
        status => {
            let message = reply.ok().and_then(|reply| reply.message).unwrap_or_default();
            let message = message.chars().filter(|c| !c.is_control()).take(200).collect();
            let what = operation.to_owned();
            return Err(TwitchError::Fatal { what, status: status.as_u16(), message });
        }
    }
    if says("PersistedQueryNotFound") {
        return Ok(Outcome::Unknown);
    }
    let message = || told.first().map_or("", |problem| &problem.message).chars().take(200).collect::<String>();
    if says("Cannot query field") {
        return Err(TwitchError::SchemaDrift { operation, message: message() });
    }
    if says("service error") {
        return Err(TwitchError::Service { operation, message: message() });
    }
    Ok(match reply {
        Ok(Reply { data: Some(data), .. }) if !data.is_null() => Outcome::Data(data),
        Ok(reply) => {
            let reason = reply.errors.into_iter().next().map_or("it answers nothing".to_owned(), |it| it.message);
            Outcome::Again { reason, wait: None }
        }
        Err(error) => Outcome::Again { reason: format!("its answer breaks off or is no JSON ({error})"), wait: None },
    })
}

/// The URL in the environment variable `name`, or the usual one.
pub(super) fn address(name: &str, usual: &str) -> Result<Url, TwitchError> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty());
    let text = text.as_deref().unwrap_or(usual);
    Url::parse(text).map_err(|error| {
        NetError::Refused { url: name.to_owned(), reason: format!("{text:?} is no URL ({error})") }.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: Default::default(),
            body: body.to_owned().into(),
        }
    }

    #[test]
    fn the_body_decides_what_an_answer_means() {
        for (status, body, expect) in [
            (200, r#"{"data":{"video":null}}"#, "data"),
            (200, r#"{"errors":[{"message":"PersistedQueryNotFound"}]}"#, "unknown"),
            (
                200,
                r#"{"errors":[{"message":"failed integrity check","path":["video"]}],"data":{"video":{}}}"#,
                "integrity",
            ),
            (401, r#"{"errors":[{"message":"failed integrity check"}]}"#, "integrity"),
            (401, r#"{"error":"Unauthorized","status":401}"#, "does not accept the OAuth token"),
            (200, r#"{"errors":[{"message":"service error"}],"data":{"video":{"comments":null}}}"#, "service error"),
            (200, r#"{"errors":[{"message":"Cannot query field \"x\""}]}"#, "another shape"),
            (200, r#"{"data":null,"errors":[{"message":"timeout"}]}"#, "again: timeout"),
            (200, r#"{"data":null}"#, "again: it answers nothing"),
            (200, r#"{"data":{"video":{"#, "again: its answer breaks off"),
            (429, "", "again: it asks to slow down"),
            (503, "<html>", "again: it answers 503"),
            (400, r#"{"message":"bad\u0007"}"#, "answers 400: bad"),
        ] {
            let found = match read("Op", &answer(status, body)) {
                Ok(Outcome::Data(_)) => "data".to_owned(),
                Ok(Outcome::Unknown) => "unknown".to_owned(),
                Ok(Outcome::Integrity) => "integrity".to_owned(),
                Ok(Outcome::Again { reason, .. }) => format!("again: {reason}"),
                Err(error) => error.to_string(),
            };
            assert!(found.contains(expect), "{status} {body}: {found}");
        }
    }
}
