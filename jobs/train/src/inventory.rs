//! The adapters of a store.

use job::{Exit, Job};
use serde_json::{Value, json};
use store::Named;

/// Runs `train list`.
pub(crate) async fn list(job: &Job) -> anyhow::Result<Exit> {
    let store = job.store_to_read().await?;
    let mut text = String::new();
    let mut values = Vec::new();
    for record in store.versions(Named::Adapter).await? {
        let run = store.run(job.name(), &record.run_id).await?;
        let fact = |name: &str| run.manifest.facts.get(name).cloned().unwrap_or(Value::Null);
        let loss = fact("losses")["validation_kept"].as_f64();
        let loss = loss.map_or_else(|| "-".to_owned(), |loss| format!("{loss:.3}"));
        let note = if fact("labels_shuffled") == Value::Bool(true) { "  labels shuffled" } else { "" };
        text.push_str(&format!(
            "{:24} run {}  base {}  steps {}  validation loss {loss}{note}\n",
            format!("{}@{}", record.name, record.version),
            run.id().short(),
            fact("base_model").as_str().unwrap_or("-"),
            fact("kept_step"),
        ));
        values.push(json!({
            "adapter": record.name,
            "version": record.version,
            "run_id": record.run_id,
            "manifest_digest": record.manifest_digest,
            "facts": run.manifest.facts,
        }));
    }
    job.print(&text, &values)?;
    Ok(Exit::Done)
}
