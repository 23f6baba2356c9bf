//! Checks that everything the runs of a VOD promise is in the store, undamaged, and fits together.

mod findings;
mod meaning;
mod objects;
mod plan;
mod state;
mod subset;

use std::fmt::Write;
use std::time::{Duration, Instant};

use ids::VodKey;
use job::{Exit, Failure, Job};
use serde::Serialize;
use serde_json::json;
use store::{Store, StoreError};

use crate::lookup::{self, NoSuchVod};
use crate::{NAME, params};

use findings::{Damage, Findings};
use objects::{Look, to_do};
use state::{Locked, State};

pub use subset::Subset;

/// What to do about damage, for people.
const NEXT: &str = "what next: copy the damaged objects back from another copy of the store. Without one, move what has wrong \
bytes out of the way with `ingest verify --set-aside`, and take the VODs in again as they were taken: what is missing is made \
anew. The same files give the same bytes; Twitch does as long as it has not changed the video";

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Depth {
    /// Existence and sizes.
    Quick,
    /// Every byte.
    Full,
}

/// What to verify.
pub(crate) struct Options {
    /// The VODs; none means all.
    pub(crate) vods: Vec<String>,
    /// How much is read.
    pub(crate) depth: Depth,
    /// Which objects.
    pub(crate) subset: Option<Subset>,
    /// After how long no more objects are begun.
    pub(crate) max_duration: Option<Duration>,
    /// Whether what has wrong bytes is moved out of the way.
    pub(crate) set_aside: bool,
    /// Whether what an earlier, stopped verify found sound is looked at again.
    pub(crate) anew: bool,
}

/// `T` of `--max-duration`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let read = params::time(text).filter(|ms| *ms > 0).map(Duration::from_millis);
    read.ok_or_else(|| "write seconds, MM:SS or H:MM:SS".to_owned())
}

/// Verifies, and prints what was found. An error has its kind, for machines.
pub(crate) async fn verify(options: &Options, job: &Job) -> anyhow::Result<Exit> {
    run(options, job).await.map_err(|error| Failure::new(kind(&error), error).into())
}

/// The class of an error, for machines.
fn kind(error: &anyhow::Error) -> &'static str {
    if error.is::<NoSuchVod>() {
        return "no_such_asset";
    }
    if error.is::<Locked>() {
        return "locked";
    }
    match error.downcast_ref() {
        Some(
            StoreError::Backend { .. }
            | StoreError::Folder { .. }
            | StoreError::Url { .. }
            | StoreError::NoCreate { .. },
        ) => "unreachable",
        _ => "trouble",
    }
}

async fn run(options: &Options, job: &Job) -> anyhow::Result<Exit> {
    let end = options.max_duration.map(|duration| Instant::now() + duration);
    let store = job.store_to_read().await?;
    let vods = vods(&options.vods, store).await?;
    let question = json!({
        "store": absolute(store.url()),
        "depth": options.depth,
        "subset": options.subset.map(|subset| subset.to_string()),
        "vods": if options.vods.is_empty() { None } else { Some(&vods) },
    });
    let mut state = State::open(&question.to_string(), store.url(), options.anew)?;
    let plan = plan::plan(store, vods).await?;
    let wanted = |digest: &ids::Digest| options.subset.is_none_or(|subset| subset.has(digest));
    let (objects, resumed) = to_do(&plan.objects, &state, |object| wanted(&object.digest));
    let progress = job.progress(&format!("{NAME} verify"), Look::work(options.depth, objects.iter()));
    let threads = job.flags().thread_count();
    let look = Look { store, depth: options.depth, threads, end, progress: &progress };
    let mut findings = plan.findings;
    findings.resumed += resumed;
    findings.add(look.at(objects, &mut state).await?);
    if options.depth == Depth::Full {
        for (path, (run, vod)) in plan.runs.iter().filter(|(_, (run, _))| wanted(&run.digest)) {
            let damaged = findings.paths();
            if state.has(path) || run.manifest.tables.values().any(|table| damaged.contains(table.path.as_str())) {
                continue;
            }
            if look.is_over() {
                findings.left += 1;
                continue;
            }
            let mut found = meaning::check(store, path, run, vod).await?;
            // A table of another part is that part's to tell.
            let elsewhere = |path: &str| plan.objects.get(path).is_some_and(|object| !wanted(&object.digest));
            found.damaged.retain(|damage| !elsewhere(&damage.object));
            if found.damaged.is_empty() && found.notes.is_empty() {
                state.note(path)?;
            }
            findings.add(found);
        }
    }
    drop(progress);
    for damage in &mut findings.damaged {
        damage.needed_by = plan.needed_by.get(&damage.object).cloned().unwrap_or_default();
        // Records of generations are a history that no run makes again.
        if options.set_aside
            && !damage.object.starts_with("vods/")
            && store.object_size(&damage.object).await?.is_some()
        {
            damage.set_aside = Some(store.set_aside(&damage.object).await?);
        }
    }
    if findings.left == 0 {
        state.finish();
    }
    report(options, &findings, job)
}

/// The VODs that are meant, each with the number of its newest generation.
async fn vods(names: &[String], store: &Store) -> anyhow::Result<Vec<(VodKey, u64)>> {
    let mut found = Vec::new();
    for name in names {
        found.push(lookup::key(store, name).await?);
    }
    if names.is_empty() {
        found.extend(lookup::all(store).await?);
    }
    found.sort();
    found.dedup();
    Ok(found.into_iter().map(|(vod, numbers)| (vod, numbers.last().copied().unwrap_or(0))).collect())
}

/// The store's URL, whatever folder it is named from.
fn absolute(url: &str) -> String {
    let path = url.strip_prefix("file://").or_else(|| url.strip_prefix("file:")).unwrap_or(url);
    std::fs::canonicalize(path).map_or_else(|_| url.to_owned(), |path| path.display().to_string())
}

fn report(options: &Options, findings: &Findings, job: &Job) -> anyhow::Result<Exit> {
    let Findings { vods, objects, bytes, resumed, left, damaged, notes } = findings;
    let mut text = String::new();
    for Damage { object, reason, needed_by, set_aside } in damaged {
        writeln!(text, "damaged: {object}: {reason}")?;
        if let Some((first, others)) = needed_by.split_first() {
            let others = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
            writeln!(text, "    needed by {first}{others}")?;
        }
        if let Some(aside) = set_aside {
            writeln!(text, "    moved to {aside}")?;
        }
    }
    text.extend(notes.iter().map(|it| format!("note: {}: {}\n", it.object, it.note)));
    if !damaged.is_empty() {
        text.push_str(&format!("{NEXT}\n"));
    }
    let outcome = if damaged.is_empty() { "sound".to_owned() } else { format!("{} damaged", damaged.len()) };
    text.push_str(&format!(
        "{NAME} verify: {outcome} ({vods} {}, {objects} objects, {bytes} bytes",
        if *vods == 1 { "VOD" } else { "VODs" }
    ));
    if let Some(subset) = options.subset {
        text.push_str(&format!(", the part {subset} of all"));
    }
    if *resumed > 0 {
        text.push_str(&format!(", {resumed} more were sound in the verify before"));
    }
    text.push(')');
    if *left > 0 {
        text.push_str(&format!("\nthe time was up with {left} left; the same command goes on there"));
    }
    let mut value = serde_json::to_value(findings)?;
    value["depth"] = json!(options.depth);
    value["subset"] = json!(options.subset.map(|subset| subset.to_string()));
    value["complete"] = json!(*left == 0);
    value["next"] = json!((!damaged.is_empty()).then_some(NEXT));
    job.print(&text, &value)?;
    Ok(if damaged.is_empty() { Exit::Done } else { Exit::No })
}
