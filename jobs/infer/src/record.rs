//! One row of the log for one answer, refusal or failure.

use std::time::{SystemTime, UNIX_EPOCH};

use schemas::InferLog;

use crate::engine::{Answer, Engine, Question};

/// What a row says beyond question and answer.
#[derive(Debug, Clone, Copy)]
pub struct Circumstance {
    /// When the request came, ms since 1970 UTC.
    pub at_ms: i64,
    /// From its arrival to its end, ms.
    pub latency_ms: i64,
    /// HTTP status, 0 on the command line.
    pub status: u16,
    /// Whether what was said stands in the log, or only its digests.
    pub with_text: bool,
}

/// Milliseconds since 1970 UTC, now.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The row for a request; without an answer it failed.
pub fn row(engine: &Engine, question: &Question, answer: Option<&Answer>, circumstance: &Circumstance) -> InferLog {
    let release = &engine.loaded().release;
    let event = match answer {
        None => "failed",
        Some(answer) if answer.parity.mismatch() => "parity_mismatch",
        Some(answer) if answer.is_refusal() => "refused",
        Some(_) => "reply",
    };
    let text = |text: Option<&String>| text.filter(|_| circumstance.with_text).cloned();
    let findings = |answer: &Answer| {
        let mut found = answer.input.findings.clone();
        found.extend(answer.output.iter().flat_map(|output| output.findings.iter().cloned()));
        found
    };
    InferLog {
        at_ms: circumstance.at_ms,
        event: event.to_owned(),
        request_id: question.request_id.clone(),
        reply_id: answer.and_then(|answer| answer.reply_id.clone()),
        route: question.route.to_owned(),
        channel: release.channel.clone(),
        release: whole(release.sequence),
        adapter: release.adapter.clone(),
        train_run: release.train_run,
        adapter_digest: release.adapter_digest,
        base_digest: release.base_digest,
        renderer_digest: release.renderer_digest,
        prompt_digest: answer.map(|answer| answer.prompt_digest),
        transcript: text(answer.and_then(|answer| answer.transcript.as_ref())),
        reply: text(answer.and_then(|answer| answer.reply.as_ref())),
        prompt_tokens: whole(answer.map_or(0, |answer| answer.usage.prompt_tokens as u64)),
        reply_tokens: whole(answer.map_or(0, |answer| answer.usage.reply_tokens as u64)),
        guard_input: answer.map_or("allow", |answer| answer.input.action).to_owned(),
        guard_output: answer.and_then(|answer| answer.output.as_ref()).map(|output| output.action.to_owned()),
        findings: answer.map(findings).unwrap_or_default(),
        parity_checked: answer.is_some_and(|answer| answer.parity.checked()),
        parity_mismatch: answer.is_some_and(|answer| answer.parity.mismatch()),
        // The same 64 bits: a client's negative seed comes back negative.
        seed: answer.map_or(question.settings.seed.unwrap_or_default(), |answer| answer.seed).cast_signed(),
        latency_ms: circumstance.latency_ms,
        status: i64::from(circumstance.status),
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
