//! From a question to an answer inside a request: the queue, the log row whatever happens, and what is measured.

use std::sync::Arc;

use prompt::Context;

use super::{ApiError, Call, Server};
use crate::engine::{Answer, Question, Settings, is_shadowed};
use crate::parity::Parity;
use crate::record::{Circumstance, row};
use crate::{CHAT_LIMIT, TRANSCRIPT_LIMIT};

/// What the log says when whoever asked left before the answer.
const LEFT: u16 = 499;

/// Writes the row of a request when it ends, also when it ends because the connection did.
struct Pending {
    server: Arc<Server>,
    call: Call,
    question: Question,
    answer: Option<Answer>,
    status: u16,
}

impl Drop for Pending {
    fn drop(&mut self) {
        let circumstance = Circumstance {
            at_ms: self.call.at_ms,
            latency_ms: i64::try_from(self.call.arrived.elapsed().as_millis()).unwrap_or(i64::MAX),
            status: self.status,
            with_text: self.server.settings.with_text,
        };
        let row = row(&self.server.engine, &self.question, self.answer.as_ref(), &circumstance);
        self.server.journal.note(row);
    }
}

/// Answers.
pub(super) async fn answer(
    server: &Arc<Server>,
    call: &Call,
    route: &'static str,
    context: Context,
    settings: Settings,
) -> Result<Answer, ApiError> {
    check(&context, &settings)?;
    let question = Question {
        request_id: call.request_id.clone(),
        route,
        context,
        settings,
        check_parity: is_shadowed(&call.request_id, server.settings.shadow_share),
    };
    let deadline = call.arrived + server.settings.deadline;
    let mut pending = Pending {
        server: Arc::clone(server),
        call: call.clone(),
        question: question.clone(),
        answer: None,
        status: LEFT,
    };
    match server.worker.ask(question, deadline).await {
        Ok(answer) => {
            server.metrics.answer(&answer);
            server.note_parity(&call.request_id, &answer.parity);
            pending.status = 200;
            pending.answer = Some(answer.clone());
            Ok(answer)
        }
        Err(error) => {
            let error = ApiError::from(error);
            pending.status = error.status.as_u16();
            Err(error)
        }
    }
}

/// Refuses what no prompt could be made of.
fn check(context: &Context, settings: &Settings) -> Result<(), ApiError> {
    if let Some(problem) = settings.problem() {
        return Err(ApiError::invalid("setting_out_of_range", problem));
    }
    if prompt::normalise(&context.transcript).is_empty() {
        return Err(ApiError::invalid("empty_transcript", "the transcript has no visible text; send what was said"));
    }
    if context.transcript.chars().count() > TRANSCRIPT_LIMIT {
        let message = format!("the transcript is longer than {TRANSCRIPT_LIMIT} characters; send what was said last");
        return Err(ApiError::invalid("transcript_too_long", message));
    }
    if context.chat.len() > CHAT_LIMIT {
        let message = format!("there are more than {CHAT_LIMIT} chat lines; send the newest");
        return Err(ApiError::invalid("too_many_chat_lines", message));
    }
    Ok(())
}

impl Server {
    fn note_parity(&self, request_id: &str, parity: &Parity) {
        if let Parity::Differs(how) = parity {
            tracing::error!(request_id, how, "the prompt is not the one training would show");
            self.mismatches.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
}
