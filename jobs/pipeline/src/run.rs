//! The jobs in order, each as a process, one line a job.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use ids::{Name, VodId, VodKey};
use job::keyring::Keyring;
use job::{Exit, Job};
use serde_json::{Value, json};

use crate::args::{Run, Step};
use crate::process::{Outcome, call};

/// What to run.
pub(crate) struct Plan {
    pub(crate) vods: Vec<Source>,
    pub(crate) until: Step,
    pub(crate) dataset: Name,
    pub(crate) adapter: Name,
    pub(crate) speech_model: Name,
    pub(crate) base: Name,
    pub(crate) channel: Name,
    pub(crate) dataset_config: Option<PathBuf>,
    pub(crate) train_config: Option<PathBuf>,
    pub(crate) eval_config: Option<PathBuf>,
    pub(crate) device: String,
}

/// One VOD, and its chat where that is given apart.
pub(crate) struct Source {
    pub(crate) vod: String,
    pub(crate) chat: Option<PathBuf>,
}

/// Where a VOD is before the first job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the store.
    Store,
    /// At Twitch, with its chat.
    Twitch,
    /// In a media file, here or behind a URL, which holds no chat.
    Media,
}

/// Where `vod` is. Which video or file it names in all detail, or why it names none, is ingest's to say.
fn place(vod: &str) -> Place {
    let id = vod.strip_prefix("twitch/").unwrap_or(vod);
    let digits = id.strip_prefix('v').unwrap_or(id);
    if vod.contains("twitch.tv/") || (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())) {
        Place::Twitch
    } else if vod.parse::<VodKey>().is_ok() || vod.parse::<VodId>().is_ok() {
        Place::Store
    } else {
        Place::Media
    }
}

impl From<Run> for Plan {
    fn from(run: Run) -> Self {
        let mut chats = run.chat.into_iter();
        let vods = run.vod.into_iter().map(|vod| {
            let chat = if place(&vod) == Place::Media { chats.next() } else { None };
            Source { vod, chat }
        });
        Self {
            vods: vods.collect(),
            until: run.until,
            adapter: run.adapter.unwrap_or_else(|| run.dataset.clone()),
            dataset: run.dataset,
            speech_model: run.speech_model,
            base: run.base,
            channel: run.channel,
            dataset_config: run.dataset_config,
            train_config: run.train_config,
            eval_config: run.eval_config,
            device: run.device,
        }
    }
}

/// Runs the plan up to its last job.
///
/// # Errors
/// When a job fails; what was committed before stays.
pub(crate) async fn run(plan: &Plan, job: &Job) -> anyhow::Result<Exit> {
    let alone = |source: &&Source| source.chat.is_none() && place(&source.vod) == Place::Media;
    if let Some(source) = plan.vods.iter().find(alone) {
        bail!("{} has no chat; give one --chat FILE for each --vod of a media file, in the same order", source.vod);
    }
    if plan.until >= Step::Eval {
        // The last step signs. That there is no place for its key is said before the hours of work, not after.
        Keyring::from_environment()?;
    }
    let mut vods = Vec::new();
    for step in [Step::Models, Step::Ingest, Step::Transcribe, Step::Align, Step::Dataset, Step::Train] {
        if step > plan.until {
            return Ok(Exit::Done);
        }
        let mut report = Report::new(step.job());
        for arguments in calls(step, plan, &vods) {
            let outcome = call(job, step.job(), &arguments).await?;
            if outcome.code != 0 {
                bail!("{step} answered no; its reason is above");
            }
            if step == Step::Ingest {
                vods.extend(outcome.lines.iter().filter_map(|line| line["facts"]["vod"].as_str().map(str::to_owned)));
            }
            if step == Step::Dataset && plan.until >= Step::Eval {
                held_out(&outcome)?;
            }
            report.add(outcome);
        }
        if step == Step::Ingest {
            // Sources that are in the store already keep the name they were given.
            let vod = plan.vods.iter().map(|source| &source.vod);
            vods.extend(vod.filter(|vod| place(vod) == Place::Store).cloned());
        }
        report.print(job)?;
    }
    if plan.until < Step::Eval {
        return Ok(Exit::Done);
    }
    gate_and_promote(plan, job).await
}

/// Refuses a dataset that cannot be judged, before an hour is spent on training.
fn held_out(dataset: &Outcome) -> anyhow::Result<()> {
    let counts = |line: &Value| ["split.val", "split.test"].map(|split| line["counts"][split].as_u64().unwrap_or(0));
    if dataset.lines.iter().flat_map(counts).sum::<u64>() == 0 {
        bail!(
            "no broadcast of the dataset is held out, so no adapter could be judged; give more --vod, or another --dataset \
             name with [splits] pin in --dataset-config, or stop with --until train"
        );
    }
    Ok(())
}

/// Evaluates, and promotes what the gate lets pass.
async fn gate_and_promote(plan: &Plan, job: &Job) -> anyhow::Result<Exit> {
    let adapter = plan.adapter.to_string();
    let mut arguments = strings(&["run", &adapter, "--device", &plan.device]);
    push_config(&mut arguments, plan.eval_config.as_ref());
    let mut report = Report::new("eval");
    report.add(call(job, "eval", &arguments).await?);
    report.print(job)?;

    arguments[0] = "gate".to_owned();
    let outcome = call(job, "eval", &arguments).await?;
    if outcome.code != 0 {
        job.print(
            "gate       refused: the adapter is not promoted (eval gate shows why)",
            &json!({"job": "gate", "verdict": "fail"}),
        )?;
        return Ok(Exit::No);
    }
    let mut arguments = strings(&["promote", &adapter, "--channel", plan.channel.as_str(), "--device", &plan.device]);
    push_config(&mut arguments, plan.eval_config.as_ref());
    let outcome = call(job, "eval", &arguments).await?;
    if outcome.code != 0 {
        return Ok(Exit::No);
    }
    let release = outcome.lines.last().cloned().unwrap_or(Value::Null);
    let sequence = release["sequence"].as_u64().unwrap_or_default();
    let line = format!("{:10} passed, {adapter} is release {sequence} of channel {}", "gate", plan.channel);
    job.print(&line, &json!({"job": "gate", "verdict": "pass", "release": release}))?;
    Ok(Exit::Done)
}

/// The argument lists with which a job is called.
fn calls(step: Step, plan: &Plan, vods: &[String]) -> Vec<Vec<String>> {
    match step {
        Step::Models => {
            let names = ["silero-v6.2.0", plan.speech_model.as_str(), plan.base.as_str()];
            // Speech models suffice for the jobs that only hear.
            let needed = if plan.until < Step::Train { &names[..2] } else { &names[..] };
            vec![strings(&["pull"]).into_iter().chain(strings(needed)).collect()]
        }
        Step::Ingest => {
            let arguments = |source: &Source| match &source.chat {
                Some(chat) => Some(strings(&["--vod", &source.vod, "--chat", &chat.to_string_lossy()])),
                None => (place(&source.vod) == Place::Twitch).then(|| strings(&["--vod", &source.vod])),
            };
            plan.vods.iter().filter_map(arguments).collect()
        }
        Step::Transcribe => {
            let model = plan.speech_model.as_str();
            vods.iter().map(|vod| strings(&["--vod", vod, "--model", model])).collect()
        }
        Step::Align => vods.iter().map(|vod| strings(&["--vod", vod])).collect(),
        Step::Dataset => {
            let mut arguments = strings(&["build", plan.dataset.as_str()]);
            for vod in vods {
                arguments.extend(strings(&["--vod", vod]));
            }
            push_config(&mut arguments, plan.dataset_config.as_ref());
            vec![arguments]
        }
        Step::Train => {
            let dataset = plan.dataset.as_str();
            let mut arguments = strings(&["--dataset", dataset, "--base", plan.base.as_str()]);
            arguments.extend(strings(&["--name", plan.adapter.as_str(), "--device", &plan.device]));
            push_config(&mut arguments, plan.train_config.as_ref());
            vec![arguments]
        }
        Step::Eval => Vec::new(),
    }
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn push_config(arguments: &mut Vec<String>, config: Option<&PathBuf>) {
    if let Some(path) = config {
        arguments.extend(["--config".to_owned(), path.to_string_lossy().into_owned()]);
    }
}

/// What became of one job's calls.
struct Report {
    job: &'static str,
    runs: Vec<String>,
    worked: bool,
    elapsed: Duration,
}

impl Report {
    fn new(job: &'static str) -> Self {
        Self { job, runs: Vec::new(), worked: false, elapsed: Duration::ZERO }
    }

    fn add(&mut self, outcome: Outcome) {
        self.elapsed += outcome.elapsed;
        for line in &outcome.lines {
            self.worked |= line["worked"].as_bool().unwrap_or(true);
            self.runs.extend(line["run_id"].as_str().map(str::to_owned));
        }
    }

    /// One line for the job: state, time, run ids.
    fn print(&self, job: &Job) -> anyhow::Result<()> {
        if self.runs.is_empty() {
            return Ok(());
        }
        let state = if self.worked { "done" } else { "already done" };
        let short: Vec<_> = self.runs.iter().map(|run| run.get(..12).unwrap_or(run)).collect();
        let plural = if self.runs.len() == 1 { "run" } else { "runs" };
        let seconds = self.elapsed.as_secs_f64();
        let line = format!("{:10} {state:12} {seconds:6.1} s  {plural} {}", self.job, short.join(" "));
        job.print(&line, &json!({"job": self.job, "worked": self.worked, "runs": self.runs, "seconds": seconds}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_vod_is() {
        for (vod, expect) in [
            ("1087079172", Place::Twitch),
            ("v1087079172", Place::Twitch),
            ("twitch/1087079172", Place::Twitch),
            ("https://www.twitch.tv/videos/1087079172", Place::Twitch),
            ("twitch.tv/videos/1087079172", Place::Twitch),
            ("monday", Place::Store),
            ("file/monday", Place::Store),
            ("file:monday.mkv", Place::Media),
            ("file:///videos/monday.mkv", Place::Media),
            ("https://example.org/monday.mkv", Place::Media),
            ("s3://bucket/monday.mkv", Place::Media),
            ("", Place::Media),
        ] {
            assert_eq!(place(vod), expect, "{vod}");
        }
    }
}
