//! `audit sql`: one query, its rows on stdout.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, ensure};
use engine::Engine;
use job::{Exit, Job};
use sql::Kind;

use crate::{Format, rows};

/// No file with a query is larger: 1 MiB.
const LIMIT: u64 = 1 << 20;

/// Runs the command.
pub(crate) async fn run(
    query: Option<&str>,
    file: Option<&Path>,
    report: Option<&str>,
    format: Option<Format>,
    job: &Job,
) -> anyhow::Result<Exit> {
    let text = match (query, file, report) {
        (Some(query), _, _) => query.to_owned(),
        (None, Some(file), _) => read(file)?,
        (None, None, report) => named(report.unwrap_or_default())?.to_owned(),
    };
    let context = || format!("{:?} has no answer", text.chars().take(100).collect::<String>());
    let store = job.store_to_read().await.with_context(context)?;
    let engine = Engine::open(store).await.context("`audit verify` names what is damaged").with_context(context)?;
    let answer = engine.query(&text).await?;
    let default = if job.flags().json { Format::Json } else { Format::Table };
    let rows = match format.unwrap_or(default) {
        Format::Table => rows::table(&answer)?,
        Format::Csv => rows::csv(&answer)?,
        Format::Json => rows::json(&answer)?,
    };
    let mut out = std::io::stdout().lock();
    out.write_all(rows.as_bytes())?;
    out.flush()?;
    Ok(Exit::Done)
}

fn read(file: &Path) -> anyhow::Result<String> {
    let context = || format!("the query {} cannot be read", file.display());
    let mut text = String::new();
    // What reports no size (a pipe, a device) is bounded all the same.
    let bounded = &mut File::open(file).with_context(context)?.take(LIMIT + 1);
    bounded.read_to_string(&mut text).with_context(context)?;
    ensure!(
        text.len() as u64 <= LIMIT,
        "the query {} has more than the {LIMIT} bytes a query may have",
        file.display()
    );
    Ok(text)
}

/// The text of a report without parameters.
fn named(name: &str) -> anyhow::Result<&'static str> {
    let free: Vec<_> = sql::of(Kind::Report).filter(|query| !query.text.contains("= $id")).collect();
    let names = || free.iter().map(|query| query.name).collect::<Vec<_>>().join(", ");
    let found = free.iter().find(|query| query.name == name);
    Ok(found.with_context(|| format!("no report is called {name:?}; there are {}", names()))?.text)
}
