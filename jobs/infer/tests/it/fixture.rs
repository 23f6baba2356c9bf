//! A store with a promoted adapter, made by hand so that every part of it can be made wrong.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ed25519_dalek::SigningKey;
use guard::Guard;
use ids::{Digest, Name};
use infer::engine::Engine;
use infer::parity::Shadow;
use infer::release;
use llm::{Adapter, Compute, DeviceChoice, Gguf, LoraConfig};
use manifest::{Release, RunKey, SignedRelease};
use prompt::{Renderer, Spec, Tokenizer};
use serde_json::json;
use store::{Run, Store};
use testkit::TempStore;

const BASE: &str = "smollm2-135m-instruct";

/// The seed of the key that is trusted.
pub const TRUSTED: u8 = 7;

/// What a store is made of where it differs from a good one.
pub struct Plan {
    /// The evaluation's verdict.
    pub verdict: &'static str,
    /// Whether the evaluation judged another adapter.
    pub other_judged: bool,
    /// The guard the evaluation states.
    pub eval_guard: Digest,
    /// Whether the training run has its adapter's settings.
    pub settings: bool,
}

impl Plan {
    pub fn good() -> Self {
        Self { verdict: "pass", other_judged: false, eval_guard: Guard::builtin().digest(), settings: true }
    }
}

/// A store and what is promised about its adapter.
pub struct Fixture {
    pub folder: TempStore,
    pub store: Store,
    pub release: Release,
}

pub fn compute() -> Compute {
    DeviceChoice::Cpu.open().unwrap()
}

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// The public keys that are believed.
pub fn trusted() -> Vec<String> {
    vec![key(TRUSTED).verifying_key().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()]
}

/// The base file, its digest, and what is read from it.
pub struct Base {
    path: PathBuf,
    digest: Digest,
    renderer: Digest,
    adapter: Vec<u8>,
}

impl Base {
    pub fn read() -> Self {
        let path = testkit::models::cached(BASE);
        let digest = path.file_name().unwrap().to_str().unwrap().parse().unwrap();
        let gguf = Gguf::parse(std::fs::read(&path).unwrap()).unwrap();
        let tokenizer = Tokenizer::new(&gguf.vocabulary().unwrap()).unwrap();
        let renderer = Renderer::new(Spec::builtin().unwrap(), tokenizer).unwrap().digest();
        let adapter = Adapter::init(&gguf.config().unwrap(), &lora(), &compute()).unwrap().to_safetensors();
        Self { path, digest, renderer, adapter }
    }
}

fn lora() -> LoraConfig {
    LoraConfig { rank: 2, alpha: 4.0, seed: 1 }
}

async fn commit(
    store: &Store,
    job: &str,
    params: serde_json::Value,
    inputs: &[(&str, Digest)],
    fill: impl AsyncFnOnce(&mut store::RunWriter<'_>),
) -> Run {
    let key = RunKey {
        job: job.to_owned(),
        logic_version: 1,
        params,
        inputs: inputs.iter().map(|(role, digest)| ((*role).to_owned(), *digest)).collect(),
        models: BTreeMap::new(),
    };
    let mut writer = store.begin(key).unwrap();
    fill(&mut writer).await;
    writer.commit().await.unwrap()
}

impl Fixture {
    /// A store with a trained and evaluated adapter, of which nothing is promoted yet.
    pub async fn new(base: &Base, plan: &Plan) -> Self {
        let folder = TempStore::new();
        let store = Store::open(&folder.url()).await.unwrap();
        let blob = folder.path().join(store.blob_path(&base.digest));
        std::fs::create_dir_all(blob.parent().unwrap()).unwrap();
        if std::fs::hard_link(&base.path, &blob).is_err() {
            std::fs::copy(&base.path, &blob).unwrap();
        }
        let train = commit(&store, "train", json!({}), &[("dataset", Digest::of(b"dataset"))], async |run| {
            run.blob("adapter", base.adapter.clone().into(), "application/vnd.safetensors").await.unwrap();
            if plan.settings {
                let settings = Adapter::config_json(&lora(), BASE);
                run.blob("adapter_config", settings.into(), "application/json").await.unwrap();
            }
            run.fact("base_model", BASE).unwrap();
            run.fact("base_digest", base.digest).unwrap();
            run.fact("renderer_digest", base.renderer).unwrap();
        })
        .await;
        let judged = if plan.other_judged { Digest::of(b"another manifest") } else { train.digest };
        let eval = commit(&store, "eval", json!({}), &[("adapter", judged)], async |run| {
            run.fact("verdict", plan.verdict).unwrap();
            run.fact("base_digest", base.digest).unwrap();
            run.fact("renderer_digest", base.renderer).unwrap();
            run.fact("guard_digest", plan.eval_guard).unwrap();
        })
        .await;
        let release = Release {
            format: Release::FORMAT.to_owned(),
            channel: name("stable"),
            sequence: 1,
            previous: None,
            adapter: name("demo"),
            adapter_version: 1,
            train_run: train.id(),
            train_manifest: train.digest,
            adapter_digest: train.manifest.blobs["adapter"].digest,
            base_model: name(BASE),
            base_digest: base.digest,
            renderer_digest: base.renderer,
            guard_digest: Guard::builtin().digest(),
            eval_run: eval.id(),
            eval_manifest: eval.digest,
        };
        Self { folder, store, release }
    }

    /// A good store whose adapter is promoted.
    pub async fn promoted(base: &Base) -> Self {
        let fixture = Self::new(base, &Plan::good()).await;
        fixture.promote(&fixture.release, TRUSTED).await;
        fixture
    }

    /// Takes a model in, as `models pull` does.
    pub async fn add_model(&self, model: &str) {
        let path = testkit::models::cached(model);
        commit(&self.store, "models", json!({"name": model}), &[], async |run| {
            run.blob_file(Store::MODEL_ROLE, &path, "application/octet-stream").await.unwrap();
        })
        .await;
    }

    /// Writes a record signed by the key of that seed.
    pub async fn promote(&self, release: &Release, seed: u8) -> SignedRelease {
        let signed = release.clone().sign(&key(seed)).unwrap();
        self.store.add_release(&signed).await.unwrap();
        signed
    }

    /// The next record of the channel after `first`.
    pub fn next(&self, first: &SignedRelease) -> Release {
        let digest = Digest::of(&manifest::to_canonical_json(first).unwrap());
        Release { sequence: first.release.sequence + 1, previous: Some(digest), ..first.release.clone() }
    }

    pub fn path(&self, object: &str) -> PathBuf {
        self.folder.path().join(object)
    }

    /// Puts other bytes in the place of an object. The old file is taken away first: it may be a link into the cache.
    pub fn replace(&self, object: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let path = self.path(object);
        let mut bytes = std::fs::read(&path).unwrap();
        change(&mut bytes);
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }

    /// An engine over what is promoted, with a shadow of its own.
    pub async fn engine(&self) -> Engine {
        let loaded = release::load(&self.store, &name("stable"), &trusted(), &compute()).await.unwrap();
        let shadow = release::renderer_of_training(&self.store, &self.release.base_digest).await.unwrap();
        Engine::new(loaded, Shadow::new(shadow))
    }
}

/// A renderer that lays prompts out a little differently, as one of another version would.
pub fn other_renderer() -> Renderer {
    let spec = include_str!("../../../lib/prompt/src/spec.toml").replace("livestream chat", "livestream  chat");
    let gguf = Gguf::parse(std::fs::read(testkit::models::cached(BASE)).unwrap()).unwrap();
    let tokenizer = Tokenizer::new(&gguf.vocabulary().unwrap()).unwrap();
    Renderer::new(Spec::parse(&spec).unwrap(), tokenizer).unwrap()
}
