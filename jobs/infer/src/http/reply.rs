//! `POST /v1/reply`: what the streamer said in, a reply with its digests out.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use llm::Sampling;
use prompt::{ChatLine, Context};
use serde::Deserialize;

use super::answer::answer;
use super::{ApiError, Server, body};
use crate::Response;
use crate::engine::Settings;

/// What is asked. A field it does not know is an error: a misspelt one would otherwise be ignored in silence.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    transcript: String,
    #[serde(default)]
    chat: Vec<Line>,
    channel: Option<String>,
    seed: Option<u64>,
    temperature: Option<f32>,
    top_p: Option<f32>,
    max_tokens: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    author: String,
    text: String,
}

pub(super) async fn reply(State(server): State<Arc<Server>>, request: Request) -> Result<Json<Response>, ApiError> {
    let (body, call) = body::json::<Body>(request).await?;
    let settings = Settings {
        temperature: body.temperature.unwrap_or(Sampling::TEMPERATURE),
        top_p: body.top_p.unwrap_or(Sampling::TOP_P),
        seed: body.seed,
        max_tokens: body.max_tokens.unwrap_or(usize::MAX),
    };
    let context = Context {
        channel: body.channel.unwrap_or_else(|| server.settings.streamer.clone()),
        transcript: body.transcript,
        chat: body.chat.into_iter().map(|line| ChatLine { author: line.author, text: line.text }).collect(),
    };
    let answer = answer(&server, &call, "reply", context, settings).await?;
    Ok(Json(Response::new(&server.engine, &call.request_id, &answer)))
}
