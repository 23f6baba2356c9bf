//! `infer reply`: one reply on the command line, logged like a served one.

use std::time::Instant;

use anyhow::{Context as _, bail};
use job::{Exit, Job};
use prompt::Context;

use crate::args::ReplyArgs;
use crate::engine::{Question, Settings};
use crate::journal::Journal;
use crate::record::{Circumstance, now_ms, row};
use crate::{CHAT_LIMIT, Identity, NAME, Response, TRANSCRIPT_LIMIT, audio, load};

/// Prints one reply.
///
/// # Errors
/// When the arguments cannot work, nothing is promoted, or the reply cannot be logged.
pub(crate) async fn command(options: &ReplyArgs, job: &Job) -> anyhow::Result<Exit> {
    let settings = Settings {
        temperature: options.temperature,
        top_p: options.top_p,
        seed: options.seed,
        max_tokens: options.max_tokens.unwrap_or(usize::MAX),
    };
    if let Some(problem) = settings.problem() {
        bail!("{problem}");
    }
    if options.chat.len() > CHAT_LIMIT {
        bail!("there are {} chat lines; give the newest {CHAT_LIMIT} at most", options.chat.len());
    }
    let transcript = match (&options.context, &options.audio) {
        (Some(text), _) => text.clone(),
        (None, Some(file)) => audio::transcribe(file, job).await?,
        (None, None) => bail!("there is nothing to reply to; give --context or --audio"),
    };
    if prompt::normalise(&transcript).is_empty() {
        bail!("the context has no visible text; give --context what the streamer said");
    }
    if transcript.chars().count() > TRANSCRIPT_LIMIT {
        bail!("the context is longer than {TRANSCRIPT_LIMIT} characters; give what was said last");
    }
    let load::Opened { engine, streamer } = load::open(&options.load, job).await?;
    let identity = Identity::new()?;
    let question = Question {
        request_id: identity.request(),
        route: "cli",
        context: Context { channel: streamer, transcript, chat: options.chat.clone() },
        settings,
        check_parity: true,
    };
    let (at_ms, clock) = (now_ms(), Instant::now());
    let outcome = engine.answer(&question, &mut || true);
    let circumstance = Circumstance {
        at_ms,
        latency_ms: i64::try_from(clock.elapsed().as_millis()).unwrap_or(i64::MAX),
        status: 0,
        with_text: !options.load.no_log_text,
    };
    let journal = Journal::new(job.store().await?.clone(), identity.server().clone());
    journal.note(row(&engine, &question, outcome.as_ref().ok(), &circumstance));
    journal.flush().await.context("the reply cannot be logged, so it is not given")?;
    let answer = outcome?;
    if let crate::parity::Parity::Differs(how) = &answer.parity {
        bail!("the prompt is not the one training would show ({how}); the reply is withheld, train again");
    }
    let response = Response::new(&engine, &question.request_id, &answer);
    job.print(response.reply.as_deref().unwrap_or_default(), &response)?;
    if answer.is_refusal() {
        let found = [Some(&answer.input), answer.output.as_ref()];
        let found: Vec<_> = found.into_iter().flatten().flat_map(|judged| judged.findings.clone()).collect();
        job.say(&format!("{NAME}: the guard lets no reply pass ({})", found.join(", ")));
        return Ok(Exit::No);
    }
    Ok(Exit::Done)
}
