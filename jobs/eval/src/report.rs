//! An evaluation as one HTML page that loads nothing and runs nothing.

use std::collections::BTreeMap;

use job::{Exit, Job, Output};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use schemas::{EvalResult, EvalSample, Example};
use serde_json::json;
use store::Run;

use crate::args::ReportArgs;
use crate::gate::passes;
use crate::subject::Subject;
use crate::table::number;
use crate::{Params, run};

const STYLE: &str = "body{font:16px/1.45 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1c1c22}\
table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{padding:.35rem .6rem;border-bottom:1px solid #ddd;\
text-align:left;vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\
.pass{color:#10703a}.fail,.inconclusive{color:#a8201a;font-weight:600}small{color:#666}dt{color:#666}dd{margin:0 0 .4rem;\
overflow-wrap:anywhere}";

/// Runs `eval report`.
pub(crate) async fn command(options: &ReportArgs, job: &Job) -> anyhow::Result<Exit> {
    let params = Params::new(&options.run)?;
    let (subject, done) = run(&params, job).await?;
    let store = job.store().await?;
    let results = store.rows::<EvalResult>(&done.run).await?;
    let samples = store.rows::<EvalSample>(&done.run).await?;
    let examples = store.rows::<Example>(&subject.dataset).await?;
    let page = page(&subject, &params, &done.run, &results, &samples, &examples).into_string();
    Output::write(&options.output, page.as_bytes())?;
    let text = format!("eval report {}: wrote {}", subject.name(), options.output.display());
    job.print(&text, &json!({"run_id": done.run.id(), "file": options.output, "bytes": page.len()}))?;
    Ok(Exit::Done)
}

fn page(
    subject: &Subject,
    params: &Params,
    run: &Run,
    results: &[EvalResult],
    samples: &[EvalSample],
    examples: &[Example],
) -> Markup {
    let verdict = if passes(results) { "pass" } else { "fail" };
    let title = format!("Evaluation of {}", subject.name());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                p { "Against " (params.baseline.to_string()) ": " strong class=(verdict) { (verdict) } "." }
                dl {
                    @for (name, value) in [
                        ("evaluation", run.id().to_string()),
                        ("training run", subject.candidate.run.id().to_string()),
                        ("dataset run", subject.dataset.id().to_string()),
                        ("base model", format!("{} ({})", subject.candidate.base, subject.candidate.base_digest)),
                        ("prompt renderer", subject.candidate.renderer.to_string()),
                        ("guard", subject.guard.digest().to_string()),
                    ] {
                        dt { (name) } dd { (value) }
                    }
                }
                h2 { "Metrics" }
                (metrics(results))
                h2 { "Answers" }
                p { small { "Names of viewers are pseudonyms. Loss is in nats per token of the true reply." } }
                (answers(samples, examples))
            }
        }
    }
}

fn metrics(results: &[EvalResult]) -> Markup {
    html! {
        table {
            tr {
                th { "metric" }
                @for name in ["candidate", "baseline", "human", "difference", "95 % interval", "bound", "n"] {
                    th.n { (name) }
                }
                th { "verdict" }
            }
            @for result in results {
                tr {
                    td { (result.metric) br; small { (result.rule) } }
                    td.n { (number(result.candidate)) }
                    td.n { (number(result.baseline)) }
                    td.n { (number(result.human)) }
                    td.n { (number(result.difference)) }
                    td.n { (number(result.low)) " .. " (number(result.high)) }
                    td.n { (number(result.bound)) }
                    td.n { (result.count) }
                    td class=(result.verdict) { (result.verdict) }
                }
            }
        }
    }
}

fn answers(samples: &[EvalSample], examples: &[Example]) -> Markup {
    let examples: BTreeMap<_, _> = examples.iter().map(|example| (example.example_id, example)).collect();
    let baseline: BTreeMap<_, _> =
        samples.iter().filter(|sample| sample.system == "baseline").map(|sample| (sample.example_id, sample)).collect();
    let answered = samples.iter().filter(|sample| sample.system == "candidate" && sample.reply.is_some());
    let loss = |sample: &EvalSample| number((sample.tokens > 0).then(|| sample.nll / sample.tokens as f64));
    html! {
        table {
            tr {
                th { "said" } th { "true reply" } th { "answer" } th { "guard" }
                th.n { "toxicity" } th.n { "loss" } th.n { "baseline's" }
            }
            @for sample in answered {
                @if let Some(example) = examples.get(&sample.example_id) {
                    tr {
                        td { (example.transcript) br; small { (sample.platform) "/" (sample.vod_id) " at " (example.offset_ms) " ms" } }
                        td { (example.reply) }
                        td { (sample.reply.as_deref().unwrap_or_default()) }
                        td { (sample.guard.as_deref().unwrap_or("-")) }
                        td.n { (number(sample.toxicity)) }
                        td.n { (loss(sample)) }
                        td.n { (baseline.get(&sample.example_id).map_or_else(|| "-".to_owned(), |sample| loss(sample))) }
                    }
                }
            }
        }
    }
}
