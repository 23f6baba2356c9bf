//! Utterances and chat to offset_segment, aligned_turn and the QA page.

/// Raise whenever the same words and chat would give other rows.
pub const LOGIC_VERSION: u32 = 2;

pub mod args;
pub mod clocks;
pub mod estimate;
pub mod export;
pub mod inputs;
pub mod pieces;
pub mod qa;
pub mod show;
pub mod turn;
pub mod verdicts;

use std::collections::BTreeMap;

use ids::{Name, VodKey};
use job::{Done, Exit, Job, Question};
use schemas::OffsetSegment;
use serde::Serialize;
use store::RunWriter;

use args::{Args, Command};
use clocks::Shift;
use estimate::verdict::Verdict;
use inputs::{Inputs, Rows};
use pieces::Piece;

/// What one alignment is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Params {
    /// The VOD.
    pub vod: VodKey,
    /// Whose transcript is meant.
    pub model: Name,
}

/// Runs the command.
///
/// # Errors
/// When an input is missing or the store fails.
pub async fn command(args: Args, job: Job) -> anyhow::Result<Exit> {
    match &args.command {
        Some(Command::Completions(completions)) => completions.print::<Args>(),
        Some(Command::Show(show)) => show::command(&show.vod, &args.transcript, &job).await?,
        Some(Command::Qa(qa)) => qa::command(qa, &args.transcript, &job).await?,
        Some(Command::Export(export)) => export::command(export, &args.transcript, &job).await?,
        Some(Command::Verdicts(verdicts)) => verdicts::command(verdicts, &args.transcript, &job).await?,
        None => {
            let store = job.store().await?;
            let mut skipped = job.skipping(args.all);
            let mut all = Vec::new();
            for generation in job.vods(store, &args.vod).await? {
                let found = Inputs::find(&job, store, &generation, &args.transcript).await;
                all.extend(skipped.take(&generation.vod, found)?);
            }
            for inputs in &all {
                let Some(done) = skipped.take(&inputs.vod, run(inputs, &job).await)? else { continue };
                let detail = show::summary(&done.run.manifest.facts);
                job.print(&done.line(job.name(), &inputs.vod.to_string(), &detail), &done.json())?;
            }
            skipped.finish()?;
        }
    }
    Ok(Exit::Done)
}

/// Aligns one VOD, or finds the run that did.
///
/// # Errors
/// When the rows cannot be read or the run cannot be written.
pub async fn run(inputs: &Inputs, job: &Job) -> anyhow::Result<Done> {
    let question = Question {
        logic_version: LOGIC_VERSION,
        params: Job::params(&Params { vod: inputs.vod.clone(), model: inputs.model()? })?,
        inputs: BTreeMap::from([
            ("ingest".to_owned(), inputs.ingest.digest),
            ("transcribe".to_owned(), inputs.transcribe.digest),
        ]),
        models: BTreeMap::new(),
    };
    job.run_once(question, async |run| align(inputs, job, run).await).await
}

async fn align(inputs: &Inputs, job: &Job, run: &mut RunWriter<'_>) -> anyhow::Result<()> {
    let rows = inputs.rows(run.store()).await?;
    let pieces = inputs.pieces(job, &rows)?;
    let segments: Vec<_> = pieces.iter().map(|piece| segment(inputs, &rows, piece)).collect();
    // The facts are those of the stretch with most of the chat; the verdict is that of the worst one.
    let largest = pieces::largest(&pieces).map(|piece| segment(inputs, &rows, piece));
    let worst = pieces.iter().map(|piece| piece.estimate.verdict).max().unwrap_or(Verdict::NotIdentifiable);
    run.fact("verdict", worst.to_string())?;
    run.fact("lag_ms", largest.as_ref().and_then(|segment| segment.lag_ms))?;
    run.fact("low_ms", largest.as_ref().and_then(|segment| segment.low_ms))?;
    run.fact("high_ms", largest.as_ref().and_then(|segment| segment.high_ms))?;
    run.count("stretches", segments.len());
    run.table(&segments).await?;
    let turns = turn::turns(&pieces, &rows.evidence, &rows.words, &rows.chat);
    for status in ["aligned", "no_speech", "no_lag"] {
        run.count(status, turns.iter().filter(|turn| turn.status == status).count());
    }
    run.count("messages", turns.len());
    run.table(&turns).await?;
    Ok(())
}

/// The row that keeps an estimate; a lag that is not identifiable is not there at all, so that nobody can use it.
fn segment(inputs: &Inputs, rows: &Rows, piece: &Piece) -> OffsetSegment {
    let Piece { from_ms, to_ms, estimate } = piece;
    let known = estimate.verdict != Verdict::NotIdentifiable;
    let shift = rows.clocks.shift(&rows.chat, *from_ms, *to_ms);
    OffsetSegment {
        platform: inputs.vod.platform,
        vod_id: inputs.vod.id.clone(),
        from_ms: *from_ms,
        to_ms: *to_ms,
        verdict: estimate.verdict.to_string(),
        lag_ms: known.then_some(estimate.lag_ms),
        low_ms: known.then_some(estimate.low_ms),
        high_ms: known.then_some(estimate.high_ms),
        clock_shift_ms: shift.map(|Shift { ms, .. }| ms),
        clock: shift.map(|Shift { clock, .. }| clock.to_owned()),
        reaction_ms: shift.filter(|_| known).map(|Shift { ms, .. }| estimate.lag_ms - ms),
        p_value: estimate.grounds.p_value,
        peak_ratio: estimate.grounds.peak_ratio,
        echoes: estimate.grounds.echoes as i64,
        messages: estimate.messages as i64,
    }
}
