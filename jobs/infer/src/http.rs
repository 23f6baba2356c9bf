//! The HTTP server's application: its routes and what surrounds every request.

mod access;
mod answer;
mod body;
mod chat;
mod error;
mod info;
mod limit;
mod metrics;
mod page;
mod reply;
mod stream;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::engine::Engine;
use crate::identity::{Identity, accepted};
use crate::journal::Journal;
use crate::rate::Rate;
use crate::record::now_ms;
use crate::worker::Worker;

pub use access::{Keys, KeysError};
pub use body::BODY_LIMIT;
use error::ApiError;
use limit::Limits;
use metrics::Metrics;

/// Prompts that were not training's before the server says it is not ready.
const MISMATCHES: u64 = 3;

/// The header that carries a request's id both ways.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How a server behaves.
pub struct Settings {
    /// Who may ask; everybody on this machine when there are none.
    pub keys: Option<Keys>,
    /// Requests to /v1 for each key or peer.
    pub rate: Rate,
    /// Longest time for a whole request.
    pub deadline: Duration,
    /// Share of requests, 0 to 1, whose prompt is rendered again.
    pub shadow_share: f64,
    /// The channel name of prompts when a request names none.
    pub streamer: String,
    /// Whether what was said stands in the log.
    pub with_text: bool,
}

/// A server: everything its routes need.
pub struct Server {
    engine: Engine,
    worker: Worker,
    journal: Arc<Journal>,
    identity: Identity,
    settings: Settings,
    limits: Limits,
    metrics: Metrics,
    mismatches: AtomicU64,
    draining: AtomicBool,
}

/// The address of whoever asks, put beside each request by the listener.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// What is known of a request before its handler runs.
#[derive(Debug, Clone)]
struct Call {
    request_id: String,
    arrived: Instant,
    at_ms: i64,
}

impl Server {
    /// A server over an engine and its worker.
    pub fn new(
        engine: Engine,
        worker: Worker,
        journal: Arc<Journal>,
        identity: Identity,
        settings: Settings,
    ) -> Arc<Self> {
        let limits = Limits::new(settings.rate);
        Arc::new(Self {
            engine,
            worker,
            journal,
            identity,
            settings,
            limits,
            metrics: Metrics::default(),
            mismatches: AtomicU64::new(0),
            draining: AtomicBool::new(false),
        })
    }

    /// The routes.
    pub fn app(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/", get(page::page))
            .route("/livez", get(info::livez))
            .route("/readyz", get(info::readyz))
            .route("/metrics", get(info::metrics))
            .route("/v1/models", get(info::models))
            .route("/v1/reply", post(reply::reply))
            .route("/v1/chat/completions", post(chat::completions))
            .fallback(|| async { ApiError::not_found() })
            .method_not_allowed_fallback(|| async { ApiError::method() })
            .layer(from_fn_with_state(Arc::clone(self), surround))
            .with_state(Arc::clone(self))
    }

    /// Says to whoever watches readiness that the server is about to end.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Forgets callers that have not come lately; to be called now and then.
    pub fn tidy(&self) {
        self.limits.tidy();
    }

    /// Why the server should get no requests, if there is a reason.
    fn unready(&self) -> Option<String> {
        if self.draining.load(Ordering::Relaxed) {
            return Some("the server is ending".to_owned());
        }
        if !self.worker.alive() {
            return Some("the model's thread has ended; restart the server".to_owned());
        }
        let mismatches = self.mismatches.load(Ordering::Relaxed);
        (mismatches >= MISMATCHES)
            .then(|| format!("{mismatches} prompts were not those of training; stop serving and look at the log"))
    }
}

/// Around every request: its id, who may ask and how often, and what is measured.
async fn surround(State(server): State<Arc<Server>>, mut request: Request, next: Next) -> Response {
    let arrived = Instant::now();
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok()).and_then(accepted);
    let request_id = given.map_or_else(|| server.identity.request(), str::to_owned);
    let route = metrics::route(request.uri().path());
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip());
    let span = tracing::info_span!("request", id = request_id, route, %peer);
    let admitted = access::admit(&server, &request, peer)
        .and_then(|caller| if route.starts_with("/v1/") { server.limits.check(caller) } else { Ok(()) });
    let mut response = match admitted {
        Err(refusal) => refusal.into_response(),
        Ok(()) => {
            request.extensions_mut().insert(Call { request_id: request_id.clone(), arrived, at_ms: now_ms() });
            tracing::Instrument::instrument(next.run(request), span.clone()).await
        }
    };
    let headers = response.headers_mut();
    // An accepted id is plain ASCII, so this is always a header value.
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let status = response.status().as_u16();
    server.metrics.request(route, status, arrived.elapsed());
    span.in_scope(|| tracing::info!(status, ms = arrived.elapsed().as_millis(), "answered"));
    response
}
