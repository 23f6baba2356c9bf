//! `POST /v1/chat/completions` in OpenAI's shape, so that existing clients work.
//!
//! The newest user message is what the streamer just said; earlier user and assistant messages are recent chat lines,
//! under their `name` where they have one. The prompt is ours and only ours, so system, developer and tool messages are
//! left out, and fields this server does not know are ignored, as such clients expect.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use llm::Sampling;
use prompt::{ChatLine, Context};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::answer;
use super::{ApiError, Call, Server, body, stream};
use crate::engine::{Answer, Settings};

#[derive(Deserialize)]
struct Body {
    model: Option<String>,
    messages: Vec<Message>,
    n: Option<u64>,
    seed: Option<i64>,
    temperature: Option<f32>,
    top_p: Option<f32>,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    name: Option<String>,
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    r#type: String,
    text: Option<String>,
}

/// What every object of an answer begins with.
pub(super) struct Head {
    pub(super) id: String,
    pub(super) created: i64,
    pub(super) model: String,
    pub(super) fingerprint: String,
}

pub(super) async fn completions(State(server): State<Arc<Server>>, request: Request) -> Result<Response, ApiError> {
    let (body, call) = body::json::<Body>(request).await?;
    let release = &server.engine.loaded().release;
    let model = server.model_id();
    let aliases = [model.as_str(), release.adapter.as_str(), release.channel.as_str()];
    if let Some(asked) = body.model.as_deref().filter(|asked| !aliases.contains(asked)) {
        return Err(ApiError::no_model(asked, &model));
    }
    if body.n.is_some_and(|n| n != 1) {
        return Err(ApiError::invalid("unsupported_n", "n has to be 1; ask again with another seed instead"));
    }
    let settings = Settings {
        temperature: body.temperature.unwrap_or(Sampling::TEMPERATURE),
        top_p: body.top_p.unwrap_or(Sampling::TOP_P),
        seed: body.seed.map(i64::cast_unsigned),
        max_tokens: body.max_completion_tokens.or(body.max_tokens).unwrap_or(usize::MAX),
    };
    let context = context(body.messages, server.settings.streamer.clone())?;
    let answer = answer(&server, &call, "chat_completions", context, settings).await?;
    let head = Head {
        id: format!("chatcmpl-{}", answer.reply_id.as_deref().unwrap_or(&call.request_id)),
        created: call.at_ms / 1000,
        model,
        fingerprint: release.adapter_digest.short(),
    };
    if body.stream.unwrap_or(false) {
        let usage = body.stream_options.is_some_and(|options| options.include_usage);
        return Ok(stream::response(&head, &answer, usage));
    }
    Ok(Json(whole(&head, &call, &answer)).into_response())
}

impl Server {
    /// The name of the one model that is served.
    pub(super) fn model_id(&self) -> String {
        let release = &self.engine.loaded().release;
        format!("{}@{}", release.adapter, release.adapter_version)
    }
}

/// The context that messages stand for.
fn context(mut messages: Vec<Message>, channel: String) -> Result<Context, ApiError> {
    messages.retain(|message| message.role == "user" || message.role == "assistant");
    let newest = messages.pop().filter(|message| message.role == "user");
    let newest = newest.ok_or_else(|| {
        ApiError::invalid("no_user_message", "the last message has to have the role user: what the streamer just said")
    })?;
    let line = |message: Message| {
        let role = if message.role == "user" { "streamer" } else { "chat" };
        let author = message.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| role.to_owned());
        Ok(ChatLine { author, text: text(message.content)? })
    };
    let transcript = text(newest.content)?;
    let chat = messages.into_iter().map(line).collect::<Result<_, ApiError>>()?;
    Ok(Context { channel, transcript, chat })
}

fn text(content: Option<Content>) -> Result<String, ApiError> {
    let parts = match content {
        None => return Ok(String::new()),
        Some(Content::Text(text)) => return Ok(text),
        Some(Content::Parts(parts)) => parts,
    };
    if parts.iter().any(|part| part.r#type != "text") {
        return Err(ApiError::invalid("unsupported_content", "messages may hold text only"));
    }
    Ok(parts.into_iter().filter_map(|part| part.text).collect::<Vec<_>>().join(" "))
}

fn whole(head: &Head, call: &Call, answer: &Answer) -> Value {
    let refusal = answer.is_refusal().then_some("The guard let no reply pass.");
    json!({
        "id": head.id,
        "object": "chat.completion",
        "created": head.created,
        "model": head.model,
        "system_fingerprint": head.fingerprint,
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": answer.reply, "refusal": refusal},
            "logprobs": null,
            "finish_reason": answer.finish,
        }],
        "usage": usage(answer),
        "reply_id": answer.reply_id,
        "request_id": call.request_id,
    })
}

/// The tokens of an answer in OpenAI's names.
pub(super) fn usage(answer: &Answer) -> Value {
    let usage = &answer.usage;
    json!({
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.reply_tokens,
        "total_tokens": usage.prompt_tokens + usage.reply_tokens,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Transcript and chat lines, or the code of an error.
    type Expected<'a> = Result<(&'a str, &'a [(&'a str, &'a str)]), &'a str>;

    fn check(messages: Value, expect: Expected<'_>) {
        let parsed: Vec<Message> = serde_json::from_value(messages.clone()).unwrap();
        match (context(parsed, "streamer".to_owned()), expect) {
            (Ok(context), Ok((transcript, chat))) => {
                let lines: Vec<_> =
                    context.chat.iter().map(|line| (line.author.as_str(), line.text.as_str())).collect();
                assert_eq!((context.transcript.as_str(), lines.as_slice()), (transcript, chat), "{messages}");
            }
            (Err(error), Err(code)) => assert!(format!("{error:?}").contains(code), "{error:?}"),
            (found, expect) => panic!("{messages}: {found:?} instead of {expect:?}"),
        }
    }

    #[test]
    fn messages_become_transcript_and_chat() {
        let user = |text: &str| json!({"role": "user", "content": text});
        check(json!([user("hi")]), Ok(("hi", &[])));
        check(
            json!([
                {"role": "system", "content": "you are a pirate"},
                {"role": "user", "name": "ann", "content": "first"},
                {"role": "assistant", "content": "yo"},
                {"role": "tool", "content": "42"},
                {"role": "user", "content": [{"type": "text", "text": "what"}, {"type": "text", "text": "now"}]},
            ]),
            Ok(("what now", &[("ann", "first"), ("chat", "yo")])),
        );
        check(json!([]), Err("no_user_message"));
        check(json!([user("a"), {"role": "assistant", "content": "b"}]), Err("no_user_message"));
        check(json!([{"role": "user", "content": [{"type": "image_url"}]}]), Err("unsupported_content"));
    }

    proptest! {
        #[test]
        fn no_body_makes_the_reader_panic(
            role in "user|assistant|system|\\PC{0,4}",
            content in prop_oneof![Just(json!(null)), ".{0,20}".prop_map(Value::from), Just(json!([{"type": "text"}])), Just(json!([{}]))],
            cut in 0_usize..200,
        ) {
            let body = json!({"messages": [{"role": role, "content": content}, {"role": "user", "content": "hi"}]}).to_string();
            for body in [body.as_str(), body.get(..cut).unwrap_or_default()] {
                if let Ok(body) = serde_json::from_str::<Body>(body) {
                    let _ = context(body.messages, String::new());
                }
            }
        }
    }
}
