//! `audit run`: every rule as a query for what contradicts it.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::{Context, bail};
use engine::Engine;
use job::{Exit, Job};
use serde::Serialize;
use sql::{Kind, Query};
use store::{Named, Store, Versioned};

use crate::rows::plain;

/// Findings printed of each audit.
const SHOWN: usize = 10;

/// What one audit says.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// Its name.
    pub audit: &'static str,
    /// The rule.
    pub rule: &'static str,
    /// Whether nothing contradicts it.
    pub passed: bool,
    /// How many rows contradict it.
    pub rows: usize,
    /// The first of them: run, subject, finding.
    pub findings: Vec<[String; 3]>,
}

/// Runs the command.
pub(crate) async fn run(dataset: Option<&Versioned>, names: &[String], job: &Job) -> anyhow::Result<Exit> {
    let audits = chosen(names)?;
    let store = job.store_to_read().await?;
    let engine = Engine::open(store).await.context("the audits cannot run; `audit verify` names what is damaged")?;
    let runs = match dataset {
        Some(dataset) => Some(rests_on(&engine, store, dataset).await?),
        None => None,
    };
    let mut verdicts = Vec::new();
    let progress = job.progress("audits", audits.len() as u64);
    for (index, audit) in audits.iter().enumerate() {
        progress.set(index as u64);
        verdicts.push(judge(&engine, audit, runs.as_ref()).await?);
    }
    progress.set(audits.len() as u64);
    drop(progress);
    let passed = verdicts.iter().all(|verdict| verdict.passed);
    job.print(&text(&verdicts), &serde_json::json!({ "passed": passed, "audits": verdicts }))?;
    Ok(if passed { Exit::Done } else { Exit::No })
}

/// The audits called `names`, or all.
fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Query>> {
    if names.is_empty() {
        return Ok(sql::of(Kind::Audit).collect());
    }
    let find = |name: &String| {
        let known = || sql::of(Kind::Audit).map(|audit| audit.name).collect::<Vec<_>>().join(", ");
        sql::named(Kind::Audit, name).with_context(|| format!("no audit is called {name:?}; there are {}", known()))
    };
    names.iter().map(find).collect()
}

/// Runs one audit; with `runs`, only what it says about those.
///
/// # Errors
/// When the query fails or does not give run, subject and finding.
pub async fn judge(engine: &Engine, audit: &Query, runs: Option<&BTreeSet<String>>) -> anyhow::Result<Verdict> {
    let answer = engine.ask(audit.name, audit.text, &[]).await?;
    if answer.columns() != ["run", "subject", "finding"] {
        bail!("the audit {} has to give run, subject and finding", audit.name);
    }
    let rows = answer.texts()?.into_iter().map(|row| {
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        std::array::from_fn(|_| values.next().unwrap_or_default())
    });
    let about = |row: &[String; 3]| runs.is_none_or(|runs| runs.contains(&row[0]));
    let mut findings: Vec<[String; 3]> = rows.filter(about).collect();
    let rows = findings.len();
    findings.truncate(SHOWN);
    Ok(Verdict { audit: audit.name, rule: audit.title(), passed: rows == 0, rows, findings })
}

/// The run of a dataset and every run it rests on.
async fn rests_on(engine: &Engine, store: &Store, dataset: &Versioned) -> anyhow::Result<BTreeSet<String>> {
    let (_, run) = store.named(Named::Dataset, dataset).await?;
    let query = sql::named(Kind::Report, "lineage_runs").context("the report lineage_runs is missing")?;
    let answer = engine.ask(query.name, query.text, &[("id", &run.id().to_string())]).await?;
    let column = answer.columns().iter().position(|column| *column == "run_id").unwrap_or_default();
    Ok(answer.texts()?.into_iter().filter_map(|row| row.into_iter().nth(column).flatten()).collect())
}

/// A table of verdicts, then the findings.
fn text(verdicts: &[Verdict]) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    for verdict in verdicts {
        let state = if verdict.passed { "pass" } else { "FAIL" };
        let rows = if verdict.passed { String::new() } else { verdict.rows.to_string() };
        let _ = writeln!(text, "{state}  {:<26} {rows:>6}  {}", verdict.audit, verdict.rule);
    }
    for verdict in verdicts.iter().filter(|verdict| !verdict.passed) {
        let _ = writeln!(text, "\n{}: {} rows", verdict.audit, verdict.rows);
        for [run, subject, finding] in &verdict.findings {
            let run: String = run.chars().take(12).collect();
            let _ = writeln!(text, "  {run:<12}  {}  {}", plain(subject), plain(finding));
        }
        if verdict.rows > SHOWN {
            let _ = writeln!(text, "  and {} more", verdict.rows - SHOWN);
        }
    }
    let failed = verdicts.iter().filter(|verdict| !verdict.passed).count();
    let _ = match failed {
        0 => writeln!(text, "\n{} audits passed", verdicts.len()),
        _ => writeln!(text, "\n{failed} of {} audits failed", verdicts.len()),
    };
    text
}
