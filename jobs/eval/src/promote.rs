//! Promotion: a signed record that lets servers load an adapter, written only on a gate that passed.

use std::fmt;

use anyhow::Context as _;
use ids::Name;
use job::keyring::Keyring;
use job::{Exit, Job};
use manifest::{Release, RunKey, SignedRelease};
use schemas::EvalResult;
use serde_json::json;
use store::{Run, StoreError};

use crate::args::PromoteArgs;
use crate::gate::passes;
use crate::subject::Subject;
use crate::{Params, table};

/// How often a lost race for a sequence number is run again.
const ATTEMPTS: usize = 8;

/// Why an adapter is not promoted.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// There is no evaluation of exactly this adapter under today's base, prompt, guard and pack.
    NotEvaluated,
    /// There is one and its gate refused.
    Failed(Vec<EvalResult>),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEvaluated => f.write_str(
                "it has no evaluation under the present base, prompt, guard and pack; run `eval gate` with the same options",
            ),
            Self::Failed(results) => {
                f.write_str("its gate refused:")?;
                for result in results {
                    let value = table::number(result.difference);
                    write!(f, "\n  {} {}: {value} ({})", result.verdict, result.metric, result.rule)?;
                }
                Ok(())
            }
        }
    }
}

/// A promotion, and whether it was made now.
#[derive(Debug, Clone, PartialEq)]
pub struct Promoted {
    /// The record.
    pub release: SignedRelease,
    /// False when the channel's newest record said the same already.
    pub is_new: bool,
}

/// Runs `eval promote`.
pub(crate) async fn command(options: &PromoteArgs, job: &Job) -> anyhow::Result<Exit> {
    let params = Params::new(&options.run)?;
    let keyring = Keyring::from_environment()?;
    match promote(&params, &options.channel, &keyring, job).await? {
        Err(refusal) => {
            let text = format!("eval promote {}: refused: {refusal}", params.adapter);
            job.print(&text, &json!({"promoted": false, "reason": refusal.to_string()}))?;
            Ok(Exit::No)
        }
        Ok(promoted) => {
            let release = &promoted.release.release;
            let state = if promoted.is_new { "promoted to" } else { "is already the newest of" };
            let text = format!(
                "eval promote {}@{}: {state} {} as number {}, evaluation {}",
                release.adapter, release.adapter_version, release.channel, release.sequence, release.eval_run
            );
            let value = json!({
                "promoted": true,
                "is_new": promoted.is_new,
                "channel": release.channel,
                "sequence": release.sequence,
                "release": promoted.release,
            });
            job.print(&text, &value)?;
            Ok(Exit::Done)
        }
    }
}

/// Signs the adapter into `channel`, if the evaluation that `params` asks for is there and passed.
///
/// # Errors
/// Missing input, an unusable key, or a store that fails. A refusal is no error.
pub async fn promote(
    params: &Params,
    channel: &Name,
    keyring: &Keyring,
    job: &Job,
) -> anyhow::Result<Result<Promoted, Refusal>> {
    let compute = params.device.open()?;
    let store = job.store().await?;
    let subject = Subject::find(params, store).await?;
    let question = subject.question(params, &compute)?;
    let key = RunKey {
        job: job.name().to_owned(),
        logic_version: question.logic_version,
        params: question.params,
        inputs: question.inputs,
        models: question.models,
    };
    let Some(evaluation) = store.find_run(&key).await? else { return Ok(Err(Refusal::NotEvaluated)) };
    // The rows are checked against the manifest, and the verdict is taken from them anew.
    let results = store.rows::<EvalResult>(&evaluation).await?;
    let says_pass = evaluation.manifest.facts.get("verdict").is_some_and(|verdict| verdict == "pass");
    if !(passes(&results) && says_pass) {
        let refused = results.into_iter().filter(|result| result.verdict != "pass").collect();
        return Ok(Err(Refusal::Failed(refused)));
    }
    sign(&subject, &evaluation, channel, keyring, job).await.map(Ok)
}

async fn sign(
    subject: &Subject,
    evaluation: &Run,
    channel: &Name,
    keyring: &Keyring,
    job: &Job,
) -> anyhow::Result<Promoted> {
    let store = job.store().await?;
    let (key, made) = keyring.signing_key()?;
    if made {
        job.say(&format!("a signing key was made at {}; keep it safe", keyring.signing_path().display()));
    }
    if keyring.trust_first(&key)? {
        job.say(&format!("its public key is trusted now: {}", keyring.trusted_path().display()));
    }
    let renderer_digest = subject.candidate.renderer;
    for _ in 0..ATTEMPTS {
        let releases = store.releases(channel).await?;
        let newest = releases.last();
        let release = Release {
            format: Release::FORMAT.to_owned(),
            channel: channel.clone(),
            sequence: newest.map_or(1, |(newest, _)| newest.release.sequence + 1),
            previous: newest.map(|(_, digest)| *digest),
            adapter: subject.record.name.clone(),
            adapter_version: subject.record.version,
            train_run: subject.candidate.run.id(),
            train_manifest: subject.candidate.run.digest,
            adapter_digest: subject.candidate.weights,
            base_model: subject.candidate.base.clone(),
            base_digest: subject.candidate.base_digest,
            renderer_digest,
            guard_digest: subject.guard.digest(),
            eval_run: evaluation.id(),
            eval_manifest: evaluation.digest,
        };
        let trusted = keyring.trusted_keys()?;
        if let Some((newest, _)) = newest.filter(|(newest, _)| is_same(&newest.release, &release)) {
            // A record that a server would not believe is written again under a key that it does.
            if newest.verify(&trusted).is_ok() {
                return Ok(Promoted { release: newest.clone(), is_new: false });
            }
        }
        let signed = release.sign(&key)?;
        if !trusted.contains(&signed.public_key) {
            job.say(&format!(
                "warning: servers here will not believe it: {} is not in {}",
                signed.public_key,
                keyring.trusted_path().display()
            ));
        }
        match store.add_release(&signed).await {
            // Somebody else took the number; theirs is the previous record now.
            Err(StoreError::Differs { .. }) => {}
            other => {
                other.context("the promotion could not be written")?;
                return Ok(Promoted { release: signed, is_new: true });
            }
        }
    }
    anyhow::bail!("channel {channel} is promoted to by others all the time; try again")
}

/// Whether two records promise the same, wherever they stand in the channel.
fn is_same(newest: &Release, release: &Release) -> bool {
    let place = |release: &Release| Release { sequence: 0, previous: None, ..release.clone() };
    place(newest) == place(release)
}
