//! From a channel to a loaded adapter: the only way to anything that can generate.
//!
//! Nothing here takes an adapter's name or a file. What is loaded is what the newest signed record of a channel names,
//! and every object on the way is held against a digest that stands in that record or in a manifest it names.

mod chain;
mod error;

use std::sync::Arc;

use guard::Guard;
use ids::{Digest, Name};
use llm::{Adapter, Compute, Gguf, LoraConfig, Model};
use manifest::Release;
use prompt::{Renderer, Spec, Tokenizer};
use serde::Deserialize;
use store::{Run, Store, StoreError};

pub use chain::newest;
pub use error::ReleaseRefused;

use error::{Object, mismatch};

/// A promoted adapter with everything it needs to reply, all of it verified.
#[derive(Clone)]
pub struct Loaded {
    /// The record that promotes it.
    pub release: Release,
    /// The training run that made it.
    pub train: Run,
    /// The base model.
    pub model: Model,
    /// The adapter's weights.
    pub adapter: Arc<Adapter>,
    /// The renderer it was trained with.
    pub renderer: Arc<Renderer>,
    /// The rules it was judged under.
    pub guard: Arc<Guard>,
}

/// The settings that PEFT keeps beside an adapter's weights.
#[derive(Deserialize)]
struct PeftSettings {
    r: usize,
    lora_alpha: f32,
}

/// Loads what `channel` promotes, if the signatures are by `trusted` keys and every digest fits.
///
/// # Errors
/// The first object that is not what it was promised to be, with what was expected and what was found.
pub async fn load(
    store: &Store,
    channel: &Name,
    trusted: &[String],
    compute: &Compute,
) -> Result<Loaded, ReleaseRefused> {
    let release = newest(store, channel, trusted).await?;
    let train = run(store, "train", &release.train_run, &release.train_manifest).await?;
    check_train(&train, &release)?;
    let eval = run(store, "eval", &release.eval_run, &release.eval_manifest).await?;
    check_eval(&eval, &release)?;
    let guard = Guard::builtin();
    mismatch(Object::Guard, &release.guard_digest, &guard.digest())?;

    let adapter_bytes = blob(store, Object::AdapterBlob, &release.adapter_digest).await?;
    let settings = match train.manifest.blobs.get("adapter_config") {
        Some(output) => blob(store, Object::AdapterSettings, &output.digest).await?,
        None => return Err(ReleaseRefused::Lacks { object: Object::TrainManifest, what: "blob `adapter_config`" }),
    };
    let settings: PeftSettings =
        serde_json::from_slice(&settings).map_err(|source| ReleaseRefused::Settings { source })?;
    let gguf = base_file(store, &release.base_digest).await?;
    let renderer = renderer(&gguf)?;
    mismatch(Object::Renderer, &release.renderer_digest, &renderer.digest())?;
    let model = Model::load(&gguf, compute).map_err(|source| ReleaseRefused::Model { source })?;
    let lora = LoraConfig { rank: settings.r, alpha: settings.lora_alpha, seed: 0 };
    let adapter = Adapter::from_safetensors(&adapter_bytes, model.config(), &lora, compute)
        .map_err(|source| ReleaseRefused::Adapter { source })?;
    Ok(Loaded {
        release,
        train,
        model,
        adapter: Arc::new(adapter),
        renderer: Arc::new(renderer),
        guard: Arc::new(guard),
    })
}

/// A renderer made the way training makes it: from the base file of `digest`, read from the store again.
///
/// # Errors
/// When the file is not the one promised, or its vocabulary does not fit the spec.
pub async fn renderer_of_training(store: &Store, digest: &Digest) -> Result<Renderer, ReleaseRefused> {
    renderer(&base_file(store, digest).await?)
}

async fn base_file(store: &Store, digest: &Digest) -> Result<Gguf, ReleaseRefused> {
    let bytes = blob(store, Object::BaseModel, digest).await?;
    Gguf::parse(bytes.into()).map_err(|source| ReleaseRefused::BaseFile { source })
}

fn renderer(gguf: &Gguf) -> Result<Renderer, ReleaseRefused> {
    let vocabulary = gguf.vocabulary().map_err(|source| ReleaseRefused::BaseFile { source })?;
    let prompt = |source| ReleaseRefused::Prompt { source };
    let tokenizer = Tokenizer::new(&vocabulary).map_err(prompt)?;
    Renderer::new(Spec::builtin().map_err(prompt)?, tokenizer).map_err(prompt)
}

/// The run of `job`, whose manifest has to have the digest that was promised.
async fn run(store: &Store, job: &'static str, id: &ids::RunId, expected: &Digest) -> Result<Run, ReleaseRefused> {
    let object = if job == "eval" { Object::EvalManifest } else { Object::TrainManifest };
    let unreadable = |source| ReleaseRefused::Unreadable { object, source: Box::new(source) };
    let run = store.run(job, id).await.map_err(unreadable)?;
    mismatch(object, expected, &run.digest)?;
    Ok(run)
}

async fn blob(store: &Store, object: Object, digest: &Digest) -> Result<bytes::Bytes, ReleaseRefused> {
    match store.blob(digest).await {
        Err(StoreError::Damaged { expected, found, .. }) => {
            Err(ReleaseRefused::Mismatch { object, expected: expected.to_string(), found: found.to_string() })
        }
        other => other.map_err(|source| ReleaseRefused::Unreadable { object, source: Box::new(source) }),
    }
}

/// The training run has to have made the promoted weights, from the promoted base and prompt.
fn check_train(train: &Run, release: &Release) -> Result<(), ReleaseRefused> {
    let found = train.manifest.blobs.get("adapter").map(|output| output.digest);
    let found = found.ok_or(ReleaseRefused::Lacks { object: Object::TrainManifest, what: "blob `adapter`" })?;
    mismatch(Object::Adapter, &release.adapter_digest, &found)?;
    mismatch(Object::BaseName, &release.base_model, &fact(train, Object::TrainManifest, "base_model")?)?;
    mismatch(Object::BaseModel, &release.base_digest, &fact(train, Object::TrainManifest, "base_digest")?)?;
    mismatch(Object::Renderer, &release.renderer_digest, &fact(train, Object::TrainManifest, "renderer_digest")?)
}

/// The evaluation has to be of exactly this training run, and its verdict has to be a pass.
fn check_eval(eval: &Run, release: &Release) -> Result<(), ReleaseRefused> {
    let judged = eval.manifest.key.inputs.get("adapter");
    let judged = judged.ok_or(ReleaseRefused::Lacks { object: Object::EvalManifest, what: "input `adapter`" })?;
    mismatch(Object::JudgedAdapter, &release.train_manifest, judged)?;
    let stated = |name| fact(eval, Object::EvalManifest, name);
    mismatch(Object::JudgedBase, &release.base_digest, &stated("base_digest")?)?;
    mismatch(Object::JudgedRenderer, &release.renderer_digest, &stated("renderer_digest")?)?;
    mismatch(Object::JudgedGuard, &release.guard_digest, &stated("guard_digest")?)?;
    let verdict: String = fact(eval, Object::EvalManifest, "verdict")?;
    if verdict == "pass" { Ok(()) } else { Err(ReleaseRefused::Verdict { run: eval.id(), verdict }) }
}

/// A fact that a manifest has to state, read as text.
fn fact<T: std::str::FromStr>(run: &Run, object: Object, name: &'static str) -> Result<T, ReleaseRefused> {
    let value = run.manifest.facts.get(name).and_then(|value| value.as_str());
    value.and_then(|text| text.parse().ok()).ok_or(ReleaseRefused::LacksFact { object, name })
}
