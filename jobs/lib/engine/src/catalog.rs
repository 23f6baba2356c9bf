//! The tables about the store itself: runs and what they read and wrote, versions, generations, splits, releases.

use std::collections::BTreeMap;

use serde_json::Value;
use store::{Named, Run, Store, StoreError};

use crate::relation::{Cell, Kind, Relation};

use Kind::{Integer, Text};

macro_rules! relation {
    ($constant:ident, $name:literal, $description:literal, $(($column:literal, $kind:ident, $what:literal)),+ $(,)?) => {
        pub(crate) const $constant: &Relation = &Relation {
            name: $name,
            description: $description,
            columns: &[$(($column, $kind, $what)),+],
        };
    };
}

relation!(
    RUN,
    "run",
    "One committed run.",
    ("run_id", Text, "Identity of the run."),
    ("job", Text, "The job that ran."),
    ("logic_version", Integer, "Version of the job's logic."),
    ("manifest_digest", Text, "Digest of its manifest, by which later runs name it."),
    ("params", Text, "Its parameters as JSON."),
);
relation!(
    RUN_PARAM,
    "run_param",
    "One parameter of one run.",
    ("run_id", Text, "The run."),
    ("name", Text, "Name of the parameter; nested names are joined with dots."),
    ("value", Text, "Its value; what is not text is JSON."),
);
relation!(
    RUN_INPUT,
    "run_input",
    "One input of one run.",
    ("run_id", Text, "The run that read it."),
    ("role", Text, "What it was read as."),
    ("digest", Text, "Digest of a manifest or of bytes."),
);
relation!(
    RUN_MODEL,
    "run_model",
    "One model file a run used.",
    ("run_id", Text, "The run."),
    ("name", Text, "Name of the model."),
    ("digest", Text, "Digest of its file."),
);
relation!(
    RUN_OUTPUT,
    "run_output",
    "One table part a run wrote.",
    ("run_id", Text, "The run."),
    ("table_name", Text, "The table."),
    ("rows", Integer, "Number of rows."),
    ("digest", Text, "Digest of the Parquet file."),
    ("path", Text, "Its path in the store."),
);
relation!(
    RUN_BLOB,
    "run_blob",
    "One blob a run made or took in.",
    ("run_id", Text, "The run."),
    ("role", Text, "What it is."),
    ("digest", Text, "Digest of the bytes."),
    ("size", Integer, "Size, bytes."),
    ("media_type", Text, "Media type."),
);
relation!(
    RUN_COUNT,
    "run_count",
    "One count in a run's manifest.",
    ("run_id", Text, "The run."),
    ("name", Text, "What was counted."),
    ("value", Integer, "How many."),
);
relation!(
    RUN_FACT,
    "run_fact",
    "One result in a run's manifest.",
    ("run_id", Text, "The run."),
    ("name", Text, "Name of the fact; nested names are joined with dots."),
    ("value", Text, "Its value; what is not text is JSON."),
);
relation!(
    RUN_RECORD,
    "run_record",
    "One execution of one run.",
    ("run_id", Text, "The run."),
    ("number", Integer, "Position among the run's executions, from 1."),
    ("job_version", Text, "Version of the job's package."),
    ("executable_digest", Text, "Digest of the executable."),
    ("nix_store_path", Text, "Nix store path of the executable, when it has one."),
    ("host", Text, "Name of the machine."),
    ("started_at", Text, "Start, RFC 3339."),
    ("finished_at", Text, "End, RFC 3339."),
    ("elapsed_ms", Integer, "Wall time, ms."),
    ("threads", Integer, "Threads it was allowed."),
    ("manifest_digest", Text, "Digest of the manifest it wrote."),
);
relation!(
    VOD_GENERATION,
    "vod_generation",
    "One generation of one VOD.",
    ("platform", Text, "Where the broadcast was published."),
    ("vod_id", Text, "Its id there."),
    ("generation", Integer, "1 for the first time it was taken in."),
    ("run_id", Text, "The ingest run."),
    ("manifest_digest", Text, "Digest of that run's manifest."),
    ("previous", Text, "Digest of the previous generation's record."),
    ("fetched_at", Text, "When it was taken in, RFC 3339."),
);
relation!(
    DATASET_VERSION,
    "dataset_version",
    "One version of one dataset.",
    ("name", Text, "The dataset."),
    ("version", Integer, "1 for the first."),
    ("run_id", Text, "The run that made it."),
    ("manifest_digest", Text, "Digest of that run's manifest."),
    ("previous", Text, "Digest of the previous version's record."),
);
relation!(
    ADAPTER_VERSION,
    "adapter_version",
    "One version of one adapter.",
    ("name", Text, "The adapter."),
    ("version", Integer, "1 for the first."),
    ("run_id", Text, "The run that made it."),
    ("manifest_digest", Text, "Digest of that run's manifest."),
    ("previous", Text, "Digest of the previous version's record."),
);
relation!(
    SPLIT_ASSIGNMENT,
    "split_assignment",
    "The split that a broadcast was given in a dataset, once.",
    ("dataset", Text, "The dataset."),
    ("platform", Text, "Where the broadcast was published."),
    ("vod_id", Text, "Its id there."),
    ("split", Text, "`train`, `val` or `test`."),
    ("rule", Text, "Digest of the rule that decided."),
);
relation!(
    RELEASE,
    "release",
    "One promotion of an adapter to a channel.",
    ("channel", Text, "The channel."),
    ("sequence", Integer, "Position in the channel, from 1."),
    ("adapter", Text, "The adapter."),
    ("adapter_version", Integer, "Its version."),
    ("train_run", Text, "The training run."),
    ("train_manifest", Text, "Digest of that run's manifest."),
    ("adapter_digest", Text, "Digest of the adapter's weights."),
    ("base_model", Text, "Name of the base model."),
    ("base_digest", Text, "Digest of the base model's file."),
    ("renderer_digest", Text, "Digest of prompt spec and tokenizer."),
    ("guard_digest", Text, "Digest of the guard's rules."),
    ("eval_run", Text, "The evaluation whose gate passed."),
    ("eval_manifest", Text, "Digest of that run's manifest."),
    ("public_key", Text, "The signer's public key."),
    ("previous", Text, "Digest of the previous record of the channel."),
    ("record_digest", Text, "Digest of this record."),
);
relation!(
    SETTING,
    "setting",
    "One setting of the dataset being built; empty outside `dataset build`.",
    ("name", Text, "Name of the setting."),
    ("value", Text, "Its value; a list has one row for each item."),
);

/// Every table about the store, in reading order.
pub const RELATIONS: &[&Relation] = &[
    RUN,
    RUN_PARAM,
    RUN_INPUT,
    RUN_MODEL,
    RUN_OUTPUT,
    RUN_BLOB,
    RUN_COUNT,
    RUN_FACT,
    RUN_RECORD,
    VOD_GENERATION,
    DATASET_VERSION,
    ADAPTER_VERSION,
    SPLIT_ASSIGNMENT,
    RELEASE,
    SETTING,
];

/// Rows by relation name.
pub(crate) type Catalog = BTreeMap<&'static str, Vec<Vec<Cell>>>;

/// Everything the records of `store` say, and its committed runs.
pub(crate) async fn read(store: &Store) -> Result<(Catalog, Vec<Run>), StoreError> {
    let mut catalog = Catalog::new();
    let mut runs = Vec::new();
    for job in store.jobs_with_runs().await? {
        runs.extend(store.runs(&job).await?);
    }
    for run in &runs {
        add_run(&mut catalog, run);
        add_records(&mut catalog, store, run).await?;
    }
    add_generations(&mut catalog, store).await?;
    for (kind, relation) in [(Named::Dataset, DATASET_VERSION), (Named::Adapter, ADAPTER_VERSION)] {
        for record in store.versions(kind).await? {
            add(
                &mut catalog,
                relation,
                vec![
                    Cell::text(&record.name),
                    Cell::count(record.version),
                    Cell::text(record.run_id),
                    Cell::text(record.manifest_digest),
                    Cell::optional(record.previous),
                ],
            );
        }
    }
    for split in store.splits().await? {
        add(
            &mut catalog,
            SPLIT_ASSIGNMENT,
            vec![
                Cell::text(&split.dataset),
                Cell::text(split.vod.platform),
                Cell::text(&split.vod.id),
                Cell::text(&split.split),
                Cell::text(split.rule),
            ],
        );
    }
    add_releases(&mut catalog, store).await?;
    Ok((catalog, runs))
}

fn add(catalog: &mut Catalog, relation: &Relation, row: Vec<Cell>) {
    catalog.entry(relation.name).or_default().push(row);
}

fn add_run(catalog: &mut Catalog, run: &Run) {
    let id = || Cell::text(run.id());
    let manifest = &run.manifest;
    add(
        catalog,
        RUN,
        vec![
            id(),
            Cell::text(run.job()),
            Cell::Integer(i64::from(manifest.key.logic_version)),
            Cell::text(run.digest),
            Cell::text(&manifest.key.params),
        ],
    );
    for (name, value) in flatten(&manifest.key.params) {
        add(catalog, RUN_PARAM, vec![id(), Cell::text(name), Cell::text(value)]);
    }
    for (role, digest) in &manifest.key.inputs {
        add(catalog, RUN_INPUT, vec![id(), Cell::text(role), Cell::text(digest)]);
    }
    for (name, digest) in &manifest.key.models {
        add(catalog, RUN_MODEL, vec![id(), Cell::text(name), Cell::text(digest)]);
    }
    for part in manifest.tables.values() {
        add(
            catalog,
            RUN_OUTPUT,
            vec![
                id(),
                Cell::text(&part.table),
                Cell::count(part.rows),
                Cell::text(part.digest),
                Cell::text(&part.path),
            ],
        );
    }
    for (role, blob) in &manifest.blobs {
        add(
            catalog,
            RUN_BLOB,
            vec![id(), Cell::text(role), Cell::text(blob.digest), Cell::count(blob.size), Cell::text(&blob.media_type)],
        );
    }
    for (name, value) in &manifest.counts {
        add(catalog, RUN_COUNT, vec![id(), Cell::text(name), Cell::count(*value)]);
    }
    for (fact, value) in &manifest.facts {
        for (name, value) in flatten(value) {
            let name = if name.is_empty() { fact.clone() } else { format!("{fact}.{name}") };
            add(catalog, RUN_FACT, vec![id(), Cell::text(name), Cell::text(value)]);
        }
    }
}

async fn add_records(catalog: &mut Catalog, store: &Store, run: &Run) -> Result<(), StoreError> {
    for (index, record) in store.records(run.job(), &run.id()).await?.into_iter().enumerate() {
        add(
            catalog,
            RUN_RECORD,
            vec![
                Cell::text(run.id()),
                Cell::count(index as u64 + 1),
                Cell::text(record.job_version),
                Cell::optional(record.executable_digest),
                Cell::optional(record.nix_store_path),
                Cell::text(record.host),
                Cell::text(record.started_at),
                Cell::text(record.finished_at),
                Cell::count(record.elapsed_ms),
                Cell::count(record.threads),
                Cell::text(record.manifest_digest),
            ],
        );
    }
    Ok(())
}

async fn add_generations(catalog: &mut Catalog, store: &Store) -> Result<(), StoreError> {
    for newest in store.vods().await? {
        for generation in 1..=newest.generation {
            let record = store.vod_generation(&newest.vod, generation).await?;
            add(
                catalog,
                VOD_GENERATION,
                vec![
                    Cell::text(record.vod.platform),
                    Cell::text(&record.vod.id),
                    Cell::count(record.generation),
                    Cell::text(record.run_id),
                    Cell::text(record.manifest_digest),
                    Cell::optional(record.previous),
                    Cell::text(record.fetched_at),
                ],
            );
        }
    }
    Ok(())
}

async fn add_releases(catalog: &mut Catalog, store: &Store) -> Result<(), StoreError> {
    for channel in store.channels().await? {
        for (signed, digest) in store.releases(&channel).await? {
            let release = &signed.release;
            add(
                catalog,
                RELEASE,
                vec![
                    Cell::text(&release.channel),
                    Cell::count(release.sequence),
                    Cell::text(&release.adapter),
                    Cell::count(release.adapter_version),
                    Cell::text(release.train_run),
                    Cell::text(release.train_manifest),
                    Cell::text(release.adapter_digest),
                    Cell::text(&release.base_model),
                    Cell::text(release.base_digest),
                    Cell::text(release.renderer_digest),
                    Cell::text(release.guard_digest),
                    Cell::text(release.eval_run),
                    Cell::text(release.eval_manifest),
                    Cell::text(&signed.public_key),
                    Cell::optional(release.previous),
                    Cell::text(digest),
                ],
            );
        }
    }
    Ok(())
}

/// The leaves of `value` by their dotted name; a leaf itself has the empty name. Arrays are leaves.
fn flatten(value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, inner)| {
                flatten(inner).into_iter().map(move |(name, value)| {
                    (if name.is_empty() { key.clone() } else { format!("{key}.{name}") }, value)
                })
            })
            .collect(),
        Value::String(text) => vec![(String::new(), text.clone())],
        leaf => vec![(String::new(), leaf.to_string())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_names_are_joined_with_dots() {
        let value = serde_json::json!({"a": {"b": 1, "c": "x"}, "d": [1, 2], "e": null});
        let flat = flatten(&value);
        let expect = [("a.b", "1"), ("a.c", "x"), ("d", "[1,2]"), ("e", "null")];
        assert_eq!(flat, expect.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
