//! `dataset list`: what datasets there are.

use std::fmt::Write;

use job::Job;
use serde_json::json;
use store::Named;

/// Prints every version of every dataset with its counts.
pub(crate) async fn list(job: &Job) -> anyhow::Result<()> {
    let store = job.store_to_read().await?;
    let mut text = format!(
        "{:<24} {:>8} {:>8} {:>8} {:>8} {:>8}  {}\n",
        "DATASET", "TURNS", "TRAIN", "VAL", "TEST", "DROPPED", "RUN"
    );
    let mut values = Vec::new();
    for record in store.versions(Named::Dataset).await? {
        let run = store.run("dataset", &record.run_id).await?;
        let counts = &run.manifest.counts;
        let count = |name: &str| counts.get(name).copied().unwrap_or_default();
        writeln!(
            text,
            "{:<24} {:>8} {:>8} {:>8} {:>8} {:>8}  {}",
            format!("{}@{}", record.name, record.version),
            count("turns"),
            count("split.train"),
            count("split.val"),
            count("split.test"),
            count("dropped"),
            record.run_id.short(),
        )?;
        values.push(json!({
            "dataset": record.name, "version": record.version, "run_id": record.run_id, "counts": counts,
            "splits": run.manifest.facts.get("splits"),
        }));
    }
    job.print(&text, &values)
}
