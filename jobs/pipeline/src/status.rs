//! What is in the store and what is still to do, read from manifests and version records alone.

use std::collections::BTreeMap;

use job::{Exit, Job};
use serde::Serialize;
use store::{Named, Run, Store};

/// How far one VOD is.
#[derive(Serialize)]
struct VodStatus {
    vod: String,
    generation: u64,
    ingest: String,
    transcribe: Vec<String>,
    align: Vec<AlignStatus>,
    next: Option<String>,
}

#[derive(Serialize)]
struct AlignStatus {
    run: String,
    verdict: String,
}

/// A version of a name.
#[derive(Serialize)]
struct NamedStatus {
    name: String,
    version: u64,
    run: String,
}

#[derive(Serialize)]
struct Status {
    vods: Vec<VodStatus>,
    datasets: Vec<NamedStatus>,
    adapters: Vec<NamedStatus>,
    releases: BTreeMap<String, String>,
}

/// Prints the state of the store.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn status(job: &Job) -> anyhow::Result<Exit> {
    let store = job.store_to_read().await?;
    let status = read(store).await?;
    job.print(&text(&status), &status)?;
    Ok(Exit::Done)
}

async fn read(store: &Store) -> anyhow::Result<Status> {
    let transcribed = store.runs("transcribe").await?;
    let aligned = store.runs("align").await?;
    let mut vods = Vec::new();
    for generation in store.vods().await? {
        let of = |runs: &[Run]| -> Vec<Run> {
            let on = |run: &&Run| run.manifest.key.inputs.get("ingest") == Some(&generation.manifest_digest);
            runs.iter().filter(on).cloned().collect()
        };
        let transcribe: Vec<_> = of(&transcribed).iter().map(|run| run.id().to_string()).collect();
        let align: Vec<_> = of(&aligned)
            .iter()
            .map(|run| AlignStatus {
                run: run.id().to_string(),
                verdict: run.manifest.facts.get("verdict").and_then(|fact| fact.as_str()).unwrap_or("?").to_owned(),
            })
            .collect();
        let next = match (transcribe.is_empty(), align.is_empty()) {
            (true, _) => Some(format!("transcribe --vod {}", generation.vod)),
            (false, true) => Some(format!("align --vod {}", generation.vod)),
            _ => None,
        };
        let ingest = generation.run_id.to_string();
        vods.push(VodStatus {
            vod: generation.vod.to_string(),
            generation: generation.generation,
            ingest,
            transcribe,
            align,
            next,
        });
    }
    let mut releases = BTreeMap::new();
    for channel in store.channels().await? {
        if let Some((signed, _)) = store.releases(&channel).await?.last() {
            let release = &signed.release;
            releases.insert(
                channel.to_string(),
                format!("{}@{}, release {}", release.adapter, release.adapter_version, release.sequence),
            );
        }
    }
    Ok(Status {
        vods,
        datasets: versions(store, Named::Dataset).await?,
        adapters: versions(store, Named::Adapter).await?,
        releases,
    })
}

async fn versions(store: &Store, kind: Named) -> anyhow::Result<Vec<NamedStatus>> {
    let records = store.versions(kind).await?;
    let status = records.into_iter().map(|record| NamedStatus {
        name: record.name.to_string(),
        version: record.version,
        run: record.run_id.to_string(),
    });
    Ok(status.collect())
}

fn text(status: &Status) -> String {
    let short = |run: &str| run.get(..12).unwrap_or(run).to_owned();
    let mut lines = Vec::new();
    if status.vods.is_empty() {
        lines.push("no VODs; take one in with: ingest --vod ID, or ingest --vod file:PATH --chat FILE".to_owned());
    }
    for vod in &status.vods {
        let verdicts: Vec<_> = vod.align.iter().map(|align| align.verdict.as_str()).collect();
        let state = match &vod.next {
            Some(next) => format!("next: {next}"),
            None => format!("aligned ({})", verdicts.join(", ")),
        };
        lines.push(format!(
            "vod      {:24} generation {}  ingest {}  {state}",
            vod.vod,
            vod.generation,
            short(&vod.ingest)
        ));
    }
    for (kind, named) in [("dataset", &status.datasets), ("adapter", &status.adapters)] {
        for version in named.iter() {
            let name = format!("{}@{}", version.name, version.version);
            lines.push(format!("{kind:8} {name:24} run {}", short(&version.run)));
        }
    }
    for (channel, release) in &status.releases {
        lines.push(format!("channel  {channel:24} {release}"));
    }
    lines.join("\n")
}
