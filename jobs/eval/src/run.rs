//! One evaluation: what it is asked, what it reads, what it commits.

use std::collections::BTreeSet;

use anyhow::Context as _;
use ids::RunId;
use job::{Done, Exit, Job};
use llm::{Compute, DeviceChoice, Gguf, Model};
use prompt::{Renderer, Spec, Tokenizer};
use schemas::{ChatMessage, EvalResult, Example};
use serde_json::json;
use store::{RunWriter, Store, Versioned};

use crate::args::{Baseline, RunArgs};
use crate::gate::{Evidence, passes};
use crate::heldout::{HeldOut, vod};
use crate::measure::{Bench, samples};
use crate::style::plain;
use crate::subject::Subject;
use crate::{EvalError, Pack, table};

/// What an evaluation is asked, checked.
#[derive(Debug, Clone)]
pub struct Params {
    /// The adapter.
    pub adapter: Versioned,
    /// What it is compared with.
    pub baseline: Baseline,
    /// The dataset, unless it is the adapter's own.
    pub dataset: Option<Versioned>,
    /// Rules and settings.
    pub pack: Pack,
    /// Where to compute.
    pub device: DeviceChoice,
}

impl Params {
    /// The parameters of a command line.
    ///
    /// # Errors
    /// When the pack cannot be read or used.
    pub fn new(options: &RunArgs) -> Result<Self, EvalError> {
        Ok(Self {
            adapter: options.adapter.clone(),
            baseline: options.baseline.clone(),
            dataset: options.dataset.clone(),
            pack: Pack::load(options.config.as_deref())?,
            device: options.device,
        })
    }
}

/// Runs `eval run` and `eval gate`; they differ in what the verdict means for the exit code.
pub(crate) async fn command(options: &RunArgs, job: &Job, gate: bool) -> anyhow::Result<Exit> {
    let params = Params::new(options)?;
    let (subject, done) = run(&params, job).await?;
    let results = job.store().await?.rows::<EvalResult>(&done.run).await?;
    let passed = passes(&results);
    let verdict = if passed { "the gate passes it" } else { "the gate refuses it" };
    let line = done.line(job.name(), &subject.name(), &format!("against {}: {verdict}", params.baseline));
    let mut value = done.json();
    value["results"] = serde_json::to_value(&results)?;
    job.print(&format!("{}\n{line}", table::results(&results, gate)), &value)?;
    Ok(if gate && !passed { Exit::No } else { Exit::Done })
}

/// Evaluates, or finds the evaluation that was made already.
///
/// # Errors
/// Missing or unfit input, or a store that fails. Nothing of a failed run is visible.
pub async fn run(params: &Params, job: &Job) -> anyhow::Result<(Subject, Done)> {
    llm::set_threads(job.flags().thread_count());
    let compute = params.device.open()?;
    let store = job.store().await?;
    let subject = Subject::find(params, store).await?;
    let question = subject.question(params, &compute)?;
    let done = job.run_once(question, async |run| evaluate(run, &subject, params, &compute, job).await).await?;
    Ok((subject, done))
}

async fn evaluate(
    run: &mut RunWriter<'_>,
    subject: &Subject,
    params: &Params,
    compute: &Compute,
    job: &Job,
) -> anyhow::Result<()> {
    let (store, pack) = (job.store().await?, &params.pack);
    let rows = store.rows::<Example>(&subject.dataset).await.context("the dataset cannot be read")?;
    let trained_on = store.rows::<Example>(&subject.trained_on).await.context("the training dataset cannot be read")?;
    let gguf = Gguf::parse(store.blob(&subject.candidate.base_digest).await?.into())?;
    let renderer = Renderer::new(Spec::builtin()?, Tokenizer::new(&gguf.vocabulary()?)?)?;
    ensure_same_renderer(subject, &renderer)?;
    let held_out = HeldOut::choose(&rows, &renderer, pack)?;
    let train_rows = || trained_on.iter().filter(|row| row.split == "train");
    let train_vods: BTreeSet<_> = train_rows().map(vod).collect();
    if let Some(leaked) = held_out.examples.iter().map(vod).find(|vod| train_vods.contains(vod)) {
        return Err(EvalError::Leak { vod: leaked }.into());
    }
    let train_replies = train_rows().map(|row| plain(&row.reply)).collect();
    let emotes = emotes(store, &rows).await?;

    let model = Model::load(&gguf, compute)?;
    drop(gguf);
    let candidate = subject.candidate.load(store, &model).await.context("the adapter cannot be loaded")?;
    let baseline = match &subject.baseline {
        None => None,
        Some(baseline) => Some(baseline.load(store, &model).await.context("the baseline cannot be loaded")?),
    };
    let progress = job.progress(&format!("eval {}", subject.name()), held_out.examples.len() as u64 * 2);
    let bench = Bench { model: &model, renderer: &renderer, guard: &subject.guard, pack, progress: &progress };
    let mut measured = 0;
    let candidate = bench.measure(Some(&candidate), &held_out, true, &mut measured)?;
    let baseline = bench.measure(baseline.as_ref(), &held_out, pack.baseline_replies, &mut measured)?;
    drop(progress);

    let evidence = Evidence {
        held_out: &held_out,
        candidate: &candidate,
        baseline: &baseline,
        against_base: subject.baseline.is_none(),
        train_replies: &train_replies,
        emotes: &emotes,
        pack,
    };
    let results = evidence.results();
    let mut all = samples("candidate", &held_out, &candidate);
    all.extend(samples("baseline", &held_out, &baseline));
    run.table(&all).await?;
    run.table(&results).await?;
    run.count("held_out_examples", held_out.examples.len());
    run.count("answered_examples", held_out.answered.len());
    run.count("left_out_examples", held_out.left_out);
    let metrics: serde_json::Map<_, _> = results
        .iter()
        .map(|result| {
            let value =
                json!({"candidate": result.candidate, "difference": result.difference, "verdict": result.verdict});
            (result.metric.clone(), value)
        })
        .collect();
    run.fact("verdict", if passes(&results) { "pass" } else { "fail" })?;
    run.fact("metrics", metrics)?;
    run.fact("split", held_out.split)?;
    run.fact("base_model", &subject.candidate.base)?;
    run.fact("base_digest", subject.candidate.base_digest)?;
    run.fact("renderer_digest", renderer.digest())?;
    run.fact("guard_digest", subject.guard.digest())?;
    run.fact("adapter_run", subject.candidate.run.id())?;
    run.fact("labels_shuffled", subject.candidate.run.manifest.facts.get("labels_shuffled"))?;
    Ok(())
}

/// An adapter answers only to the prompt it was trained with.
fn ensure_same_renderer(subject: &Subject, renderer: &Renderer) -> Result<(), EvalError> {
    let expected = renderer.digest();
    let baseline = subject.baseline.as_ref().map(|baseline| ("the baseline", baseline.renderer));
    for (which, found) in [("the adapter", subject.candidate.renderer)].into_iter().chain(baseline) {
        if found != expected {
            return Err(EvalError::Renderer { which, found, expected });
        }
    }
    Ok(())
}

/// The names of all emotes that the chats of the dataset's broadcasts mark.
async fn emotes(store: &Store, rows: &[Example]) -> anyhow::Result<BTreeSet<String>> {
    let runs: BTreeSet<RunId> = rows.iter().map(|row| row.ingest_run).collect();
    let mut emotes = BTreeSet::new();
    for id in runs {
        let chat = async { store.rows::<ChatMessage>(&store.run("ingest", &id).await?).await };
        let chat = chat.await.with_context(|| format!("the chat of ingest run {id} cannot be read"))?;
        emotes.extend(chat.into_iter().flat_map(|message| message.emotes));
    }
    Ok(emotes)
}
