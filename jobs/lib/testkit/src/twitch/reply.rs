//! An answer before it goes out, so that troubles can still be done to it.

use axum::body::{Body, Bytes};
use axum::response::Response;

use super::asked::{Flight, Held};

/// Status, headers and body.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
}

impl Reply {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Reply {
        Reply { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    pub(super) fn text(status: u16, body: &str) -> Reply {
        Reply::new(status, "text/plain; charset=utf-8", body.to_owned())
    }

    pub(super) fn json(status: u16, body: &serde_json::Value) -> Reply {
        Reply::new(status, "application/json", body.to_string())
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }

    /// The response; `flight` ends when its last byte is out. Without its size, it goes out in chunks.
    pub(super) fn send(self, flight: Flight, sized: bool) -> Response {
        let mut builder = Response::builder().status(self.status);
        for (name, value) in self.headers {
            builder = builder.header(name, value);
        }
        let body = Bytes::from_owner(Held { bytes: self.body, _flight: flight });
        let body = Body::from(body);
        // A stream does not know how long it is.
        let body = if sized { body } else { Body::from_stream(body.into_data_stream()) };
        builder.body(body).unwrap_or_else(|error| {
            let mut response = Response::new(Body::from(format!("the scenario makes no HTTP answer: {error}")));
            *response.status_mut() = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
            response
        })
    }
}
