//! Errors in the shape OpenAI's clients read: `{"error": {"message", "type", "code"}}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::worker::WorkerError;

/// A request that is not answered, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    kind: &'static str,
    code: &'static str,
    message: String,
    retry_after: Option<u64>,
}

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code, message: message.into(), retry_after: None }
    }

    /// 400: the request cannot mean anything.
    pub(crate) fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", code, message)
    }

    /// 401.
    pub(crate) fn unauthorized() -> Self {
        let message = "send `Authorization: Bearer KEY` with a key of this server";
        Self::new(StatusCode::UNAUTHORIZED, "authentication_error", "invalid_api_key", message)
    }

    /// 403.
    pub(crate) fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "permission_error", code, message)
    }

    /// 404 for a path.
    pub(crate) fn not_found() -> Self {
        let message = "there is no such path; see /v1/models, /v1/reply and /v1/chat/completions";
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "not_found", message)
    }

    /// 404 for a model.
    pub(crate) fn no_model(asked: &str, served: &str) -> Self {
        let asked: String = asked.chars().take(80).collect();
        let message = format!("the model {asked:?} is not served here; use {served:?} (GET /v1/models)");
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "model_not_found", message)
    }

    /// 405.
    pub(crate) fn method() -> Self {
        let message = "this path takes another method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error", "method_not_allowed", message)
    }

    /// 408.
    pub(crate) fn slow() -> Self {
        let message = "the request's body did not arrive in time";
        Self::new(StatusCode::REQUEST_TIMEOUT, "invalid_request_error", "body_timeout", message)
    }

    /// 413.
    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("the request's body is larger than {limit} bytes; send less context");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request_error", "body_too_large", message)
    }

    /// 415.
    pub(crate) fn media_type() -> Self {
        let message = "send JSON with `Content-Type: application/json`";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request_error", "unsupported_media_type", message)
    }

    /// 429 for one caller.
    pub(crate) fn rate(retry_after: u64) -> Self {
        let message = format!("this caller asks too often; try again in {retry_after} s");
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", "rate_limit_exceeded", message);
        Self { retry_after: Some(retry_after), ..error }
    }
}

impl From<WorkerError> for ApiError {
    fn from(error: WorkerError) -> Self {
        let message = error.to_string();
        match error {
            WorkerError::Full { retry_after } => {
                let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "overloaded_error", "queue_full", message);
                Self { retry_after: Some(retry_after), ..error }
            }
            WorkerError::Late => Self::new(StatusCode::GATEWAY_TIMEOUT, "timeout_error", "deadline_exceeded", message),
            WorkerError::Gone => Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", "unavailable", message),
            WorkerError::Answer(source) => {
                // The cause is for whoever runs the server, not for whoever asks.
                tracing::error!(error = crate::journal::chain(&source), "a request failed");
                let message = "the model failed on this request; the server's log says why";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "model_failed", message)
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Json(json!({"error": {"message": self.message, "type": self.kind, "code": self.code}}));
        let mut response = (self.status, body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
