//! What a server says of itself: that it lives, whether it should get requests, what it serves, and numbers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Server;

/// The process answers; nothing more.
pub(super) async fn livez() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Whether requests should be sent here.
pub(super) async fn readyz(State(server): State<Arc<Server>>) -> Response {
    match server.unready() {
        None => Json(json!({"status": "ok"})).into_response(),
        Some(reason) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "unready", "reason": reason}))).into_response()
        }
    }
}

/// The one model, with every digest that decides its replies.
pub(super) async fn models(State(server): State<Arc<Server>>) -> Json<Value> {
    let release = &server.engine.loaded().release;
    Json(json!({
        "object": "list",
        "data": [{
            "id": server.model_id(),
            "object": "model",
            // A release holds no time: what decides it is its place in the channel.
            "created": 0,
            "owned_by": "dougpt",
            "channel": release.channel,
            "release": release.sequence,
            "adapter": release.adapter,
            "adapter_version": release.adapter_version,
            "adapter_digest": release.adapter_digest,
            "base_model": release.base_model,
            "base_digest": release.base_digest,
            "renderer_digest": release.renderer_digest,
            "guard_digest": release.guard_digest,
            "train_run": release.train_run,
            "eval_run": release.eval_run,
        }],
    }))
}

/// Numbers in Prometheus' text format.
pub(super) async fn metrics(State(server): State<Arc<Server>>) -> Response {
    let mut response = server.metrics.render(&server).into_response();
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
