//! A finished answer as a stream of server-sent events, the way OpenAI's clients read it.
//!
//! Nothing is sent before the guard has passed the whole reply: a token that is out cannot be taken back. So the answer
//! is complete when the stream begins, and every status code is still possible until then.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures::stream::iter;
use serde_json::{Value, json};

use super::chat::{Head, usage};
use crate::engine::Answer;

/// The whole stream for `answer`; its usage comes in a chunk of its own where it was asked for.
pub(super) fn response(head: &Head, answer: &Answer, with_usage: bool) -> Response {
    let events = events(head, answer, with_usage).into_iter().map(Ok::<_, Infallible>);
    let mut response = Response::new(Body::from_stream(iter(events)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    response
}

fn events(head: &Head, answer: &Answer, with_usage: bool) -> Vec<String> {
    let chunk = |choices: Value, usage: Value| {
        let mut chunk = json!({
            "id": head.id,
            "object": "chat.completion.chunk",
            "created": head.created,
            "model": head.model,
            "system_fingerprint": head.fingerprint,
            "choices": choices,
        });
        if with_usage {
            chunk["usage"] = usage;
        }
        format!("data: {chunk}\n\n")
    };
    let delta = |delta: Value, finish: Value| {
        chunk(json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]), Value::Null)
    };
    let mut events = vec![delta(json!({"role": "assistant", "content": ""}), Value::Null)];
    let reply = answer.reply.as_deref().unwrap_or_default();
    events.extend(reply.split_inclusive(' ').map(|word| delta(json!({"content": word}), Value::Null)));
    events.push(delta(json!({}), json!(answer.finish)));
    if with_usage {
        events.push(chunk(json!([]), usage(answer)));
    }
    events.push("data: [DONE]\n\n".to_owned());
    events
}
