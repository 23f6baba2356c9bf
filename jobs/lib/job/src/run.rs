//! The frame of a run: found if it is committed, else made, committed and recorded.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Context;
use chrono::{SecondsFormat, Utc};
use ids::Digest;
use manifest::{Record, RunKey};
use serde::Serialize;
use store::{Run, RunWriter, Store};

use crate::{Job, executable};

/// What a run is asked: all that decides its output.
#[derive(Debug, Clone)]
pub struct Question {
    /// Raised by hand whenever the job would give other bytes for the same question.
    pub logic_version: u32,
    /// The validated parameters; they must serialise to a JSON object.
    pub params: serde_json::Value,
    /// What it reads: role to digest.
    pub inputs: BTreeMap<String, Digest>,
    /// Model files it uses: name to digest.
    pub models: BTreeMap<String, Digest>,
}

/// A committed run, and whether this execution made it.
#[derive(Debug, Clone)]
pub struct Done {
    /// The run.
    pub run: Run,
    /// False when the run was there already and no work was done.
    pub worked: bool,
}

impl Done {
    /// One line for people: what, whether there was work, the run, and `detail`.
    pub fn line(&self, job: &str, subject: &str, detail: &str) -> String {
        let state = if self.worked { "done" } else { "already done" };
        let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
        format!("{job} {subject}: {state}, run {}{detail}", self.run.id())
    }

    /// The same for machines.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "job": self.run.job(),
            "run_id": self.run.id(),
            "worked": self.worked,
            "manifest_digest": self.run.digest,
            "counts": self.run.manifest.counts,
            "facts": self.run.manifest.facts,
        })
    }
}

impl Job {
    /// Finds the run that answers `question`, or makes it: `work` writes to the run, which is committed after it. A run
    /// of which objects are missing is made again.
    ///
    /// # Errors
    /// What `work` fails with, and every failure of the store. Nothing of a failed run is visible.
    pub async fn run_once<W>(&self, question: Question, work: W) -> anyhow::Result<Done>
    where
        W: for<'a, 'store> AsyncFnOnce(&'a mut RunWriter<'store>) -> anyhow::Result<()>,
    {
        let store = self.store().await?;
        let key = RunKey {
            job: self.name().to_owned(),
            logic_version: question.logic_version,
            params: question.params,
            inputs: question.inputs,
            models: question.models,
        };
        let found = store.find_run(&key).await?;
        if self.flags().explain {
            self.explain(store, &key, found.is_some()).await?;
        }
        if let Some(run) = found {
            let lacking = store.lacking(&run).await?;
            let Some(first) = lacking.first() else { return Ok(Done { run, worked: false }) };
            // The same question has the same answer, so what is gone comes back.
            let (name, count, id) = (self.name(), lacking.len(), run.id());
            self.say(&format!(
                "{name}: {count} objects of run {id} are missing or cut short, the first {first}; making them again"
            ));
        }
        let started_at = now();
        let clock = Instant::now();
        let mut writer = store.begin(key)?;
        work(&mut writer).await?;
        let run = writer.commit().await.context("the run could not be committed")?;
        let (executable_digest, nix_store_path) = executable::identify();
        let record = Record {
            started_at,
            finished_at: now(),
            elapsed_ms: u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX),
            host: executable::host(),
            executable_digest,
            nix_store_path,
            job_version: self.version().to_owned(),
            threads: self.flags().thread_count() as u64,
            manifest_digest: run.digest,
        };
        store.add_record(&run, &record).await?;
        Ok(Done { run, worked: true })
    }

    /// Says in what `key` differs from the nearest earlier run of the job.
    async fn explain(&self, store: &Store, key: &RunKey, found: bool) -> anyhow::Result<()> {
        if found {
            self.say(&format!("explain: run {} is committed, nothing differs", key.id()?));
            return Ok(());
        }
        let runs = store.runs(self.name()).await?;
        let nearest =
            runs.iter().map(|run| (key.differences(&run.manifest.key), run)).min_by_key(|(found, _)| found.len());
        match nearest {
            None => self.say(&format!("explain: there is no earlier run of {}", self.name())),
            Some((differences, run)) => {
                self.say(&format!("explain: the nearest earlier run is {}; different are", run.id()));
                for difference in differences {
                    self.say(&format!("  {difference}"));
                }
            }
        }
        Ok(())
    }

    /// The current time, RFC 3339 in UTC, for records that are allowed to hold it.
    pub fn now(&self) -> String {
        now()
    }

    /// `value` as the parameters of a [`Question`].
    ///
    /// # Errors
    /// When it cannot be JSON.
    pub fn params(value: &impl Serialize) -> anyhow::Result<serde_json::Value> {
        Ok(serde_json::to_value(value)?)
    }
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}
