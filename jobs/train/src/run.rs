//! One training run: what it is asked, what it reads, what it commits.

use std::collections::BTreeMap;

use anyhow::Context as _;
use ids::{Digest, Name};
use job::{Done, Job, Question};
use llm::{Adapter, Compute, DeviceChoice, Gguf, LoraConfig, Model};
use manifest::RunKey;
use prompt::{Renderer, Spec, Tokenizer};
use serde_json::json;
use store::{Named, RunWriter, Versioned};

use crate::course::{Course, Outcome};
use crate::{ADAPTER_CONFIG_ROLE, ADAPTER_ROLE, Config, Data, LOGIC_VERSION, RunArgs, TrainError, plot};

/// What a run is asked, checked.
#[derive(Debug, Clone)]
pub struct Params {
    /// The dataset.
    pub dataset: Versioned,
    /// The base model.
    pub base: Name,
    /// The name the adapter is given.
    pub name: Name,
    /// All settings.
    pub config: Config,
    /// Where to compute.
    pub device: DeviceChoice,
    /// Whether there has to be an interrupted run.
    pub resume: bool,
}

impl Params {
    /// The parameters of a command line.
    ///
    /// # Errors
    /// When the settings cannot be read or used.
    pub fn new(options: &RunArgs) -> Result<Self, TrainError> {
        Ok(Self {
            dataset: options.dataset.clone(),
            base: options.base.clone(),
            name: options.name.clone(),
            config: Config::load(options.config.as_deref())?,
            device: options.device.unwrap_or(DeviceChoice::Auto),
            resume: options.resume,
        })
    }
}

/// Trains, or finds the run that was trained already.
///
/// # Errors
/// Missing or unfit input, a loss that diverges, or a store that fails. Nothing of a failed run is visible.
pub async fn run(params: &Params, job: &Job) -> anyhow::Result<Done> {
    llm::set_threads(job.flags().thread_count());
    let compute = params.device.open()?;
    let store = job.store().await?;
    let (_, dataset) = store
        .named(Named::Dataset, &params.dataset)
        .await
        .with_context(|| format!("dataset {} is not there; make it with `dataset build`", params.dataset))?;
    let base = store.model(&params.base).await?;
    let spec = Spec::builtin()?;
    let found = dataset.manifest.facts.get("prompt_spec_digest").and_then(serde_json::Value::as_str);
    if found != Some(spec.digest().to_string().as_str()) {
        let found = found.unwrap_or("(none named)").to_owned();
        return Err(TrainError::PromptSpec { found, expected: spec.digest() }.into());
    }
    let question = question(&params.config, &compute, spec.digest(), dataset.digest, (&params.base, base.digest))?;
    if params.resume {
        ensure_something_to_resume(job, &question).await?;
    }
    job.run_once(question, async |run| {
        let rows = store.rows::<schemas::Example>(&dataset).await.context("the dataset cannot be read")?;
        let gguf = Gguf::parse(store.blob(&base.digest).await?.into())?;
        let renderer = Renderer::new(spec, Tokenizer::new(&gguf.vocabulary()?)?)?;
        let data = Data::prepare(&rows, &renderer, &params.config)?;
        if data.train.is_empty() {
            let left_out = data.left_out.values().sum();
            return Err(TrainError::NoExamples { rows: rows.len(), left_out }.into());
        }
        let model = Model::load(&gguf, &compute)?;
        drop(gguf);
        job.say(&format!(
            "train {}: {} examples to train on, {} to measure on, {} steps of {} on {}",
            params.name,
            data.train.len(),
            data.validation.len(),
            params.config.total_steps(data.train.len()),
            params.config.batch_size,
            compute.name(),
        ));
        let outcome = Course::new(&model, &data, &params.config, job).train(run).await?;
        let provenance = json!({
            "base_model": params.base,
            "base_digest": base.digest,
            "renderer_digest": renderer.digest(),
            "dataset_run": dataset.id(),
        });
        write(run, &outcome, &data, &params.config, provenance, &params.base).await
    })
    .await
}

/// All that decides the adapter. The tokenizer needs no mention: it is part of the base model's file.
fn question(
    config: &Config,
    compute: &Compute,
    spec: Digest,
    dataset: Digest,
    (base, base_digest): (&Name, Digest),
) -> anyhow::Result<Question> {
    // Which GPU it is does not matter, that it is one does: only the CPU's results are the same to the bit.
    let device = compute.name().split(':').next().unwrap_or_default();
    Ok(Question {
        logic_version: LOGIC_VERSION,
        params: json!({"config": config, "device": device, "prompt_spec": spec, "base": base}),
        inputs: BTreeMap::from([("dataset".to_owned(), dataset)]),
        models: BTreeMap::from([(base.to_string(), base_digest)]),
    })
}

async fn ensure_something_to_resume(job: &Job, question: &Question) -> anyhow::Result<()> {
    let key = RunKey {
        job: job.name().to_owned(),
        logic_version: question.logic_version,
        params: question.params.clone(),
        inputs: question.inputs.clone(),
        models: question.models.clone(),
    };
    let store = job.store().await?;
    let committed = store.find_run(&key).await?.is_some();
    if !committed && store.checkpoints(job.name(), &key.id()?).await?.is_empty() {
        return Err(TrainError::NothingToResume.into());
    }
    Ok(())
}

/// Everything a run leaves: adapter, description, plot, measurements, counts and facts.
async fn write(
    run: &mut RunWriter<'_>,
    outcome: &Outcome,
    data: &Data,
    config: &Config,
    provenance: serde_json::Value,
    base: &Name,
) -> anyhow::Result<()> {
    let lora = config.lora();
    run.blob(ADAPTER_ROLE, outcome.adapter.clone().into(), "application/vnd.safetensors").await?;
    let description = Adapter::config_json(&lora, base.as_str());
    run.blob(ADAPTER_CONFIG_ROLE, description.into(), "application/json").await?;
    let plot = plot::loss_plot(&outcome.progress.metrics)?;
    run.blob("loss_plot", plot.into(), "image/svg+xml").await?;
    run.table(&outcome.progress.metrics).await?;

    run.count("train_examples", data.train.len());
    run.count("validation_examples", data.validation.len());
    for (reason, &count) in &data.left_out {
        run.count(&format!("left_out_{reason}"), count);
    }
    if let serde_json::Value::Object(provenance) = provenance {
        for (name, value) in &provenance {
            run.fact(name, value)?;
        }
    }
    run.fact("lora", json!({"rank": lora.rank, "alpha": config.alpha, "seed": lora.seed}))?;
    run.fact("losses", outcome.losses())?;
    run.fact("steps", outcome.progress.step)?;
    run.fact("kept_step", outcome.kept_step)?;
    run.fact("ended_early", outcome.ended_early)?;
    run.fact("tokens", outcome.progress.tokens)?;
    run.fact("validation_from", data.validation_from)?;
    run.fact("labels_shuffled", config.shuffle_labels)?;
    Ok(())
}

impl Config {
    /// The adapter's shape and start.
    pub(crate) fn lora(&self) -> LoraConfig {
        LoraConfig { rank: self.rank, alpha: self.alpha as f32, seed: self.seed }
    }
}
