//! What the fake service was asked, for tests of politeness and of what is fetched again.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use serde_json::Value;

/// One request. An array of GQL operations is one for each operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// What was wanted.
    pub kind: Kind,
    /// `GET`, `POST`, `HEAD`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, `sig` and token included; empty when there is none.
    pub query: String,
    /// The answer's status; 0 until there is one, and when the connection was reset instead.
    pub status: u16,
    /// Bytes of the answer's body, in whole; less may have gone out.
    pub bytes: u64,
    /// `Client-ID`.
    pub client_id: Option<String>,
    /// Whether there was an `Authorization`.
    pub authorized: bool,
    /// `Range`.
    pub range: Option<String>,
    /// `Accept-Encoding`.
    pub accept_encoding: Option<String>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// Milliseconds from the server's start to the request.
    pub at_ms: u64,
    /// Requests in flight, this one included: their answers had not gone out in whole. One that ended just now may
    /// still count.
    pub in_flight: usize,
    /// The connection's number, from 0.
    pub connection: u64,
}

/// What a request wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A GQL operation.
    Gql {
        /// Its name; that of the persisted query that is alike when it came as text.
        operation: String,
        /// Its variables; those written into the text included.
        variables: Value,
        /// By hash, else as text.
        persisted: bool,
    },
    /// Usher's playlist of qualities.
    Master {
        /// By `/vod/v2/`.
        v2: bool,
    },
    /// The playlist of one quality.
    Media,
    /// A segment.
    Segment {
        /// Its file name.
        name: String,
    },
    /// The initialisation segment.
    Init,
    /// Something else; a client that is up to no harm asks none of it.
    Other,
}

/// Where requests are written down.
pub(super) struct Book {
    start: Instant,
    in_flight: AtomicUsize,
    pages: Mutex<Pages>,
}

#[derive(Default)]
struct Pages {
    /// How many were forgotten.
    forgotten: usize,
    asked: Vec<Asked>,
}

/// Holds a place in the count of requests in flight, until it is dropped.
pub(super) struct Flight(std::sync::Arc<Book>);

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A body that is in flight until its bytes are.
pub(super) struct Held {
    pub(super) bytes: Bytes,
    pub(super) _flight: Flight,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Book {
    pub(super) fn new() -> Book {
        Book { start: Instant::now(), in_flight: AtomicUsize::new(0), pages: Mutex::default() }
    }

    pub(super) fn takes_off(self: &std::sync::Arc<Self>) -> (Flight, usize) {
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        (Flight(self.clone()), before + 1)
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    /// Writes a request down and gives its number.
    pub(super) fn write(&self, asked: Asked) -> usize {
        let mut pages = super::lock(&self.pages);
        pages.asked.push(asked);
        pages.forgotten + pages.asked.len() - 1
    }

    /// Adds what was answered, unless the request is forgotten already.
    pub(super) fn answered(&self, number: usize, status: u16, bytes: u64) {
        let mut pages = super::lock(&self.pages);
        let place = number.checked_sub(pages.forgotten);
        if let Some(asked) = place.and_then(|place| pages.asked.get_mut(place)) {
            (asked.status, asked.bytes) = (status, bytes);
        }
    }

    pub(super) fn read(&self) -> Vec<Asked> {
        super::lock(&self.pages).asked.clone()
    }

    pub(super) fn forget(&self) {
        let mut pages = super::lock(&self.pages);
        pages.forgotten += pages.asked.len();
        pages.asked.clear();
    }
}

/// A header's text, where there is one.
pub(super) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Everything about a request but its kind and its answer.
pub(super) fn about(headers: &HeaderMap) -> Asked {
    Asked {
        kind: Kind::Other,
        method: String::new(),
        path: String::new(),
        query: String::new(),
        status: 0,
        bytes: 0,
        client_id: header(headers, "client-id"),
        authorized: headers.contains_key(header::AUTHORIZATION),
        range: header(headers, "range"),
        accept_encoding: header(headers, "accept-encoding"),
        user_agent: header(headers, "user-agent"),
        at_ms: 0,
        in_flight: 0,
        connection: 0,
    }
}
