//! What is evaluated, found in the store and checked before anything is computed: adapter, baseline, dataset, base.

use std::collections::BTreeMap;

use anyhow::Context as _;
use guard::Guard;
use ids::{Digest, Name};
use job::{Job, Question};
use llm::{Adapter, Compute, LoraConfig, Model};
use manifest::VersionRecord;
use serde_json::json;
use store::{Named, Run, Store};

use crate::args::Baseline;
use crate::{EvalError, LOGIC_VERSION, Params};

/// Everything an evaluation is about.
pub struct Subject {
    /// The adapter's name and version.
    pub record: VersionRecord,
    /// The candidate.
    pub candidate: Trained,
    /// The adapter it is compared with; `None` is the base model itself.
    pub baseline: Option<Trained>,
    /// The run that built the dataset with the held-out examples.
    pub dataset: Run,
    /// The run that built the dataset the candidate was trained on.
    pub trained_on: Run,
    /// The guard of all answers.
    pub guard: Guard,
    /// Digest of the prompt spec.
    pub prompt_spec: Digest,
}

/// What a train run says about its adapter.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The run.
    pub run: Run,
    /// Name of the base model.
    pub base: Name,
    /// Digest of its file.
    pub base_digest: Digest,
    /// Digest of the renderer it was trained with.
    pub renderer: Digest,
    /// Digest of the weights.
    pub weights: Digest,
    lora: LoraConfig,
}

impl Trained {
    fn new(run: Run) -> Result<Self, EvalError> {
        let id = run.id();
        let missing = |fact| EvalError::Fact { run: id, fact };
        let facts = &run.manifest.facts;
        let text = |fact: &'static str| {
            let found = facts.get(fact).and_then(serde_json::Value::as_str);
            found.ok_or_else(|| missing(fact))
        };
        let lora = facts.get("lora").ok_or_else(|| missing("lora"))?;
        let rank = lora["rank"].as_u64().and_then(|rank| usize::try_from(rank).ok());
        let lora = LoraConfig {
            rank: rank.ok_or_else(|| missing("lora.rank"))?,
            alpha: lora["alpha"].as_f64().ok_or_else(|| missing("lora.alpha"))? as f32,
            seed: lora["seed"].as_u64().ok_or_else(|| missing("lora.seed"))?,
        };
        let digest = |fact| text(fact)?.parse::<Digest>().map_err(|_| missing(fact));
        Ok(Self {
            base: text("base_model")?.parse().map_err(|_| missing("base_model"))?,
            base_digest: digest("base_digest")?,
            renderer: digest("renderer_digest")?,
            weights: run.manifest.blobs.get("adapter").ok_or_else(|| missing("adapter"))?.digest,
            lora,
            run,
        })
    }

    /// Reads the weights, checked against their digest and the model's shape.
    ///
    /// # Errors
    /// When they are damaged or do not fit.
    pub async fn load(&self, store: &Store, model: &Model) -> anyhow::Result<Adapter> {
        let bytes = store.blob(&self.weights).await?;
        Ok(Adapter::from_safetensors(&bytes, model.config(), &self.lora, model.compute())?)
    }
}

impl Subject {
    /// Finds everything that `params` names.
    ///
    /// # Errors
    /// When something is missing or does not fit the rest.
    pub async fn find(params: &Params, store: &Store) -> anyhow::Result<Self> {
        let no_adapter = |which: &store::Versioned| format!("adapter {which} is not there; `train list` shows what is");
        let (record, run) =
            store.named(Named::Adapter, &params.adapter).await.with_context(|| no_adapter(&params.adapter))?;
        let candidate = Trained::new(run)?;
        let baseline = match &params.baseline {
            Baseline::Base => None,
            Baseline::Adapter(which) => {
                let (_, run) = store.named(Named::Adapter, which).await.with_context(|| no_adapter(which))?;
                Some(Trained::new(run)?)
            }
        };
        if let Some(baseline) = baseline.as_ref().filter(|baseline| baseline.base_digest != candidate.base_digest) {
            let (candidate, baseline) = (candidate.base_digest, baseline.base_digest);
            return Err(EvalError::OtherBase { candidate, baseline }.into());
        }
        let own = candidate.run.manifest.key.inputs.get("dataset");
        let own = own.ok_or(EvalError::Fact { run: candidate.run.id(), fact: "dataset" })?;
        let trained_on =
            store.run_with_digest("dataset", own).await.context("the dataset the adapter was trained on is gone")?;
        let dataset = match &params.dataset {
            None => trained_on.clone(),
            Some(which) => {
                let found = store.named(Named::Dataset, which).await;
                found.with_context(|| format!("dataset {which} is not there; make it with `dataset build`"))?.1
            }
        };
        Ok(Self {
            record,
            candidate,
            baseline,
            dataset,
            trained_on,
            guard: Guard::builtin(),
            prompt_spec: prompt::spec_digest(),
        })
    }

    /// All that decides the evaluation.
    ///
    /// # Errors
    /// When the pack cannot be JSON, which it always can.
    pub fn question(&self, params: &Params, compute: &Compute) -> anyhow::Result<Question> {
        let device = compute.name().split(':').next().unwrap_or_default();
        let baseline = self.baseline.as_ref().map_or(self.candidate.base_digest, |baseline| baseline.run.digest);
        Ok(Question {
            logic_version: LOGIC_VERSION,
            params: Job::params(&json!({
                "pack": params.pack,
                "guard": self.guard.digest(),
                "prompt_spec": self.prompt_spec,
                "device": device,
                "against_base": self.baseline.is_none(),
            }))?,
            inputs: BTreeMap::from([
                ("adapter".to_owned(), self.candidate.run.digest),
                ("baseline".to_owned(), baseline),
                ("dataset".to_owned(), self.dataset.digest),
            ]),
            models: BTreeMap::from([(self.candidate.base.to_string(), self.candidate.base_digest)]),
        })
    }

    /// `name@version` of the candidate.
    pub fn name(&self) -> String {
        format!("{}@{}", self.record.name, self.record.version)
    }
}
