//! Checks that everything the runs of a VOD promise is in the store, and undamaged.

use std::collections::BTreeSet;

use anyhow::bail;
use ids::{Digest, VodKey};
use job::{Exit, Job};
use schemas::{ChatMessage, Media, Problem, Vod};
use serde::Serialize;
use store::{Run, Store, StoreError};

use crate::{NAME, lookup};

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Existence and sizes.
    Quick,
    /// Every byte.
    Full,
}

/// What was found.
#[derive(Default, Serialize)]
struct Findings {
    vods: u64,
    objects: u64,
    bytes: u64,
    damaged: Vec<Damage>,
}

#[derive(Serialize)]
struct Damage {
    object: String,
    reason: String,
}

/// Verifies the named VODs, or all.
pub(crate) async fn verify(names: &[String], depth: Depth, job: &Job) -> anyhow::Result<Exit> {
    let store = job.store_to_read().await?;
    let mut vods = Vec::new();
    for name in names {
        vods.push(lookup::key(store, name).await?);
    }
    if names.is_empty() {
        vods.extend(lookup::all(store).await?);
    }
    let progress = job.progress(&format!("{NAME} verify"), vods.len() as u64);
    let mut check = Check { store, depth, seen: BTreeSet::new(), findings: Findings::default() };
    for (done, (vod, numbers)) in (1..).zip(&vods) {
        check.vod(vod, numbers.last().copied().unwrap_or(0)).await?;
        progress.set(done);
    }
    drop(progress);
    let Findings { vods, objects, bytes, damaged } = &check.findings;
    let mut text: String = damaged.iter().map(|it| format!("damaged: {}: {}\n", it.object, it.reason)).collect();
    let outcome = if damaged.is_empty() { "sound".to_owned() } else { format!("{} damaged", damaged.len()) };
    text.push_str(&format!("{NAME} verify: {outcome} ({vods} VODs, {objects} objects, {bytes} bytes)"));
    job.print(&text, &check.findings)?;
    Ok(if damaged.is_empty() { Exit::Done } else { Exit::No })
}

struct Check<'store> {
    store: &'store Store,
    depth: Depth,
    /// Blobs that several generations share are looked at once.
    seen: BTreeSet<String>,
    findings: Findings,
}

impl Check<'_> {
    /// Every generation of a VOD up to the `newest`, its chain, and every object of its runs.
    async fn vod(&mut self, vod: &VodKey, newest: u64) -> anyhow::Result<()> {
        self.findings.vods += 1;
        // The digest of the record before, while it is known.
        let mut previous = Some(None);
        for number in 1..=newest {
            let object = format!("vods/{vod}/{number}.json");
            let record = self.store.vod_generation(vod, number).await;
            let Some(record) = self.sound(&object, record)? else {
                previous = None;
                continue;
            };
            if previous.is_some_and(|previous| record.previous != previous) {
                self.damage(&object, "it does not name the digest of the generation before".to_owned());
            }
            if record.vod != *vod || record.generation != number {
                self.damage(&object, format!("it is the record of {}, generation {}", record.vod, record.generation));
            }
            previous = Some(Some(Digest::of(&manifest::to_canonical_json(&record)?)));
            self.findings.objects += 1;
            let object = format!("runs/{NAME}/{}/manifest.json", record.run_id);
            let run = self.store.run(NAME, &record.run_id).await;
            let Some(run) = self.sound(&object, run)? else { continue };
            self.findings.objects += 1;
            if run.digest != record.manifest_digest {
                self.damage(&object, format!("its digest is {}, generation {number} names another", run.digest));
                continue;
            }
            self.run(&run, vod).await?;
        }
        Ok(())
    }

    async fn run(&mut self, run: &Run, vod: &VodKey) -> anyhow::Result<()> {
        for (object, digest, size) in objects(run, self.store) {
            if !self.seen.insert(object.clone()) {
                continue;
            }
            self.findings.objects += 1;
            match self.depth {
                Depth::Quick => {
                    let found = self.size(&object).await?;
                    match found {
                        None => self.damage(&object, "it is missing".to_owned()),
                        Some(found) if found != size => {
                            self.damage(&object, format!("{found} bytes instead of {size}"))
                        }
                        Some(_) => {}
                    }
                }
                Depth::Full => {
                    let measured = self.store.measure(&object).await;
                    let Some((found, bytes)) = self.sound(&object, measured)? else { continue };
                    self.findings.bytes += bytes;
                    if found != digest {
                        self.damage(&object, format!("its digest is {found}, it has to be {digest}"));
                    }
                }
            }
        }
        if self.depth == Depth::Full && self.findings.damaged.is_empty() {
            self.meaning(run, vod).await?;
        }
        Ok(())
    }

    /// What the digests cannot tell: whether the tables fit their schema and the counts reconcile.
    async fn meaning(&mut self, run: &Run, vod: &VodKey) -> anyhow::Result<()> {
        let object = format!("runs/{NAME}/{}/manifest.json", run.id());
        let (vods, media) = (self.store.rows::<Vod>(run).await, self.store.rows::<Media>(run).await);
        let (rows, problems) = (self.store.rows::<ChatMessage>(run).await, self.store.rows::<Problem>(run).await);
        let (Some(vods), Some(_), Some(rows), Some(problems)) = (
            self.sound(&object, vods)?,
            self.sound(&object, media)?,
            self.sound(&object, rows)?,
            self.sound(&object, problems)?,
        ) else {
            return Ok(());
        };
        let messages: i64 = vods.iter().map(|row| row.messages).sum();
        if i64::try_from(rows.len() + problems.len()) != Ok(messages) {
            let counts = format!("{} rows and {} problems are not {messages} messages", rows.len(), problems.len());
            self.damage(&object, format!("{vod}: {counts}"));
        }
        Ok(())
    }

    /// The value, unless what went wrong is damage, which is noted.
    fn sound<T>(&mut self, object: &str, outcome: Result<T, StoreError>) -> anyhow::Result<Option<T>> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(StoreError::Missing { path }) => {
                self.damage(&path, "it is missing".to_owned());
                Ok(None)
            }
            Err(
                error @ (StoreError::Damaged { .. }
                | StoreError::Invalid { .. }
                | StoreError::Parquet { .. }
                | StoreError::Schema { .. }
                | StoreError::TooLarge { .. }),
            ) => {
                self.damage(object, error.to_string());
                Ok(None)
            }
            Err(error) => bail!(error),
        }
    }

    fn damage(&mut self, object: &str, reason: String) {
        self.findings.damaged.push(Damage { object: object.to_owned(), reason });
    }

    /// Size of an object, from the listing of its folder.
    async fn size(&self, object: &str) -> anyhow::Result<Option<u64>> {
        let folder = object.rsplit_once('/').map_or("", |(folder, _)| folder);
        let listing = self.store.list(folder).await?;
        Ok(listing.into_iter().find(|(path, _)| path == object).map(|(_, size)| size))
    }
}

/// Path, digest and size of every object that a run's manifest names.
fn objects(run: &Run, store: &Store) -> Vec<(String, Digest, u64)> {
    let tables = run.manifest.tables.values().map(|table| (table.path.clone(), table.digest, table.size));
    let blobs = run.manifest.blobs.values().map(|blob| (store.blob_path(&blob.digest), blob.digest, blob.size));
    tables.chain(blobs).collect()
}
