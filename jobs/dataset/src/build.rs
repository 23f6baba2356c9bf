//! `dataset build`: from the newest align runs to a committed dataset.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail, ensure};
use ids::{Digest, Name, VodKey};
use job::{Done, Job, Question};
use manifest::VodGeneration;
use serde::Serialize;
use store::{Named, Run, RunWriter, Store};

use crate::config::Config;
use crate::prepare::{filters_digest, prepare};
use crate::select::{Selected, select};
use crate::{LOGIC_VERSION, source, splits};

/// What a build is asked, validated.
#[derive(Debug, Clone)]
pub struct Params {
    /// The dataset's name: its ledger of splits and its versions. No part of the run's identity.
    pub name: Name,
    /// Broadcasts as typed; none means all that are aligned.
    pub vods: Vec<String>,
    /// Which align run is meant where a VOD has several, by the beginning of its id.
    pub aligned: Vec<String>,
    /// The settings.
    pub config: Config,
}

/// What decides the rows besides the inputs.
#[derive(Serialize)]
struct Identity<'a> {
    config: &'a Config,
    /// Digest of the pseudonyms' key.
    key: Digest,
    /// Digest of the filters' SQL and of the guard.
    filters: Digest,
    /// Digest of the prompt's spec.
    prompt: Digest,
    /// The broadcasts in the order in which they first entered the dataset.
    order: Vec<String>,
    splits: BTreeMap<String, &'a str>,
    /// Digests of the rules that decided the splits.
    split_rules: BTreeMap<String, Digest>,
}

/// A broadcast that goes in.
struct Part {
    generation: VodGeneration,
    align: Run,
    split: String,
    split_rule: Option<Digest>,
}

/// Builds a dataset, or finds the run that did, and gives it a version of the name.
///
/// # Errors
/// When a broadcast is not aligned, a run it rests on is missing, or the store fails.
pub async fn run(params: &Params, job: &Job) -> anyhow::Result<(Done, u64)> {
    let store = job.store().await?;
    let mut parts = parts(params, job, store).await?;
    for part in &mut parts {
        let assigned = splits::assigned(store, &params.name, &part.generation.vod, &params.config.splits).await?;
        part.split = assigned.split;
        part.split_rule = Some(assigned.rule);
    }
    let key = |part: &Part| part.generation.vod.to_string();
    let identity = Identity {
        config: &params.config,
        key: params.config.key_digest(),
        filters: filters_digest(),
        prompt: prompt::spec_digest(),
        order: parts.iter().map(key).collect(),
        splits: parts.iter().map(|part| (key(part), part.split.as_str())).collect(),
        split_rules: parts.iter().filter_map(|part| Some((key(part), part.split_rule?))).collect(),
    };
    let question = Question {
        logic_version: LOGIC_VERSION,
        params: Job::params(&identity)?,
        inputs: parts.iter().map(|part| (format!("align:{}", part.generation.vod), part.align.digest)).collect(),
        models: BTreeMap::new(),
    };
    let done = job.run_once(question, async |run| work(run, job, store, params, &parts).await).await;
    let done = done.with_context(|| format!("the dataset {} was not built", params.name))?;
    let version = store.add_version(Named::Dataset, &params.name, &done.run).await?;
    Ok((done, version.version))
}

/// The broadcasts with their align runs, in order.
async fn parts(params: &Params, job: &Job, store: &Store) -> anyhow::Result<Vec<Part>> {
    let mut parts = Vec::new();
    for generation in job.vods(store, &params.vods).await? {
        match source::align_run(store, &generation, &params.aligned).await? {
            Some(align) => {
                if align.manifest.facts.get("verdict").is_some_and(|verdict| verdict == "not_identifiable") {
                    let vod = &generation.vod;
                    job.say(&format!(
                        "{vod} has chat without a lag, of which no example is made; see `align show {vod}`"
                    ));
                }
                parts.push(Part { generation, align, split: String::new(), split_rule: None });
            }
            None if params.vods.is_empty() => job.say(&format!("{} is not aligned, left out", generation.vod)),
            None => bail!("{0} is not aligned; run `align --vod {0}`", generation.vod),
        }
    }
    if parts.is_empty() {
        bail!("no VOD of the store is aligned; run `align --all`");
    }
    for wanted in &params.aligned {
        let taken = parts.iter().any(|part| part.align.id().to_string().starts_with(wanted));
        ensure!(taken, "--align {wanted}: no align run of these VODs begins so; `align show VOD` names them");
    }
    let order = order(store, &params.name).await?;
    parts.sort_by_cached_key(|part| {
        let vod = part.generation.vod.to_string();
        (order.iter().position(|known| *known == vod).unwrap_or(usize::MAX), vod)
    });
    Ok(parts)
}

/// The broadcasts of all versions of a dataset in the order in which they first entered it.
async fn order(store: &Store, name: &Name) -> anyhow::Result<Vec<String>> {
    let mut versions: Vec<_> = store.versions(Named::Dataset).await?;
    versions.retain(|version| version.name == *name);
    versions.sort_by_key(|version| version.version);
    let mut order: Vec<String> = Vec::new();
    for version in versions {
        let run = store.run("dataset", &version.run_id).await?;
        let listed = run.manifest.key.params["order"].as_array().cloned().unwrap_or_default();
        for vod in listed.iter().filter_map(|vod| vod.as_str()) {
            if vod.parse::<VodKey>().is_ok() && !order.iter().any(|known| known == vod) {
                order.push(vod.to_owned());
            }
        }
    }
    Ok(order)
}

async fn work(
    run: &mut RunWriter<'_>,
    job: &Job,
    store: &Store,
    params: &Params,
    parts: &[Part],
) -> anyhow::Result<()> {
    let progress = job.progress(&format!("dataset {}", params.name), parts.len() as u64);
    let mut prepared = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        progress.set(index as u64);
        let source = source::read(job, store, &part.generation, &part.align).await?;
        let filtered = prepare(&source, &params.config).await;
        prepared.push(filtered.with_context(|| format!("{} cannot be filtered", source.key))?);
    }
    progress.set(parts.len() as u64);
    let selected = select(prepared.iter().zip(parts.iter().map(|part| part.split.as_str())), &params.config);
    if selected.examples.is_empty() {
        bail!(
            "no message of {} broadcasts passes the filters; `[filters] off` in --config names those to leave out",
            parts.len()
        );
    }
    run.table(&selected.tags).await?;
    run.table(&selected.examples).await?;
    run.table(&selected.dropped).await?;
    note(run, &selected, parts)
}

/// Writes counts and facts into the manifest.
fn note(run: &mut RunWriter<'_>, selected: &Selected, parts: &[Part]) -> anyhow::Result<()> {
    run.count("turns", selected.turns);
    run.count("examples", selected.examples.len());
    run.count("dropped", selected.dropped.len());
    run.count("tags", selected.tags.len());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for split in ["train", "val", "test"] {
        counts.insert(format!("split.{split}"), 0);
    }
    let mut add = |name: String| *counts.entry(name).or_default() += 1;
    selected.examples.iter().for_each(|example| add(format!("split.{}", example.split)));
    selected.dropped.iter().for_each(|dropped| add(format!("dropped.{}", dropped.filter)));
    selected.tags.iter().for_each(|tag| add(format!("tag.{}", tag.filter)));
    for (name, count) in counts {
        run.count(&name, count);
    }
    let splits: BTreeMap<String, &str> =
        parts.iter().map(|part| (part.generation.vod.to_string(), part.split.as_str())).collect();
    run.fact("splits", splits)?;
    run.fact("prompt_spec_digest", prompt::spec_digest())?;
    let authors: BTreeSet<&str> = selected.examples.iter().map(|example| example.author.as_str()).collect();
    run.fact("authors", authors.len())?;
    Ok(())
}
