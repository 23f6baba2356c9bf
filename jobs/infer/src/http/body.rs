//! Reads a JSON body that may be hostile: bounded in size and time; the parser bounds its depth (128 levels).

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header;
use serde::de::DeserializeOwned;

use super::{ApiError, Call};

/// The largest body, bytes.
pub const BODY_LIMIT: usize = 64 << 10;

/// The longest time for a body to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// The body of `request` as `T`, and what is known of the request.
pub(super) async fn json<T: DeserializeOwned>(request: Request) -> Result<(T, Call), ApiError> {
    let (mut parts, body) = request.into_parts();
    let media_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    // Forms of foreign pages cannot send this type.
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(ApiError::media_type());
    }
    let stated = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if stated.and_then(|text| text.parse::<u64>().ok()).is_some_and(|length| length > BODY_LIMIT as u64) {
        return Err(ApiError::too_large(BODY_LIMIT));
    }
    // The surrounding layer always puts it there.
    let call = parts.extensions.remove::<Call>().ok_or_else(|| ApiError::invalid("no_call", "the request is lost"))?;
    let bytes = tokio::time::timeout(BODY_TIME, read(body)).await.map_err(|_| ApiError::slow())??;
    let value = serde_json::from_slice(&bytes)
        .map_err(|error| ApiError::invalid("invalid_json", format!("the body is not what this path takes: {error}")))?;
    Ok((value, call))
}

async fn read(body: Body) -> Result<bytes::Bytes, ApiError> {
    to_bytes(body, BODY_LIMIT).await.map_err(|error| {
        let over = std::error::Error::source(&error).is_some_and(|cause| cause.to_string().contains("length limit"));
        match over {
            true => ApiError::too_large(BODY_LIMIT),
            false => ApiError::invalid("body_unreadable", "the request's body ended early"),
        }
    })
}
