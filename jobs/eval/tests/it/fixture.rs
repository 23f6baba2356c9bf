//! A store with a dataset made of the sample stream and its truth, so that evaluation is tested before and without the
//! jobs that make datasets.

use std::collections::BTreeMap;

use ids::{Digest, Name, Platform, RunId};
use llm::{Adapter, DeviceChoice, Gguf, LoraConfig};
use manifest::RunKey;
use prompt::{Renderer, Spec, Tokenizer};
use schemas::{ChatMessage, Example};
use serde_json::{Value, json};
use store::{Named, Run, Store};
use testkit::sample;

/// The base model of every test.
pub const BASE: &str = "smollm2-135m-instruct";

/// How much of the sample stream a dataset holds.
pub struct Size {
    /// Most replies of one broadcast, spread evenly.
    pub replies: usize,
    /// Most lines of chat in a context.
    pub chat_lines: usize,
    /// Sentences in a context.
    pub sentences: usize,
}

/// Takes the base model into the store and builds the dataset `name`; `splits` are those of the three broadcasts.
pub async fn dataset(store: &Store, name: &str, splits: [&str; 3], size: &Size) -> Run {
    base_model(store).await;
    let mut rows = Vec::new();
    for (broadcast, split) in sample::truth().broadcasts.iter().zip(splits) {
        let chat = messages(&broadcast.id);
        let ingest = commit(store, "ingest", json!({"vod": broadcast.id}), &chat).await;
        rows.extend(examples(broadcast, &chat, split, ingest.id(), size));
    }
    rows.sort_by_key(|row: &Example| row.example_id);
    let mut run = store.begin(key("dataset", json!({"name": name}))).unwrap();
    run.table(&rows).await.unwrap();
    run.fact("prompt_spec_digest", prompt::spec_digest()).unwrap();
    let run = run.commit().await.unwrap();
    store.add_version(Named::Dataset, &name.parse().unwrap(), &run).await.unwrap();
    run
}

async fn base_model(store: &Store) {
    let name: Name = BASE.parse().unwrap();
    if store.model(&name).await.is_ok() {
        return;
    }
    let mut run = store.begin(key("models", json!({"name": BASE}))).unwrap();
    run.blob_file(Store::MODEL_ROLE, &testkit::models::cached(BASE), "application/octet-stream").await.unwrap();
    run.commit().await.unwrap();
}

async fn commit<R: schemas::Row>(store: &Store, job: &str, params: Value, rows: &[R]) -> Run {
    let mut run = store.begin(key(job, params)).unwrap();
    run.table(rows).await.unwrap();
    run.commit().await.unwrap()
}

fn key(job: &str, params: Value) -> RunKey {
    RunKey { job: job.into(), logic_version: 1, params, inputs: BTreeMap::new(), models: BTreeMap::new() }
}

/// The chat of a sample broadcast, in order.
fn messages(id: &str) -> Vec<ChatMessage> {
    let file = format!("{id}.chat.json");
    let bytes = sample::FILES.iter().find(|(name, _)| *name == file).expect("a sample file").1;
    let export: Value = serde_json::from_slice(bytes).unwrap();
    let comments = export["comments"].as_array().or(export.as_array()).expect("comments").iter();
    let comments = comments.filter(|comment| comment["message"]["body"].is_string());
    comments
        .enumerate()
        .map(|(ordinal, comment)| {
            let text = comment["message"]["body"].as_str().unwrap().to_owned();
            let emotes = text.split(' ').filter(|word| word.starts_with("doug") && word.len() > 5);
            ChatMessage {
                message_id: comment["_id"].as_str().unwrap().to_owned(),
                ordinal: ordinal as i64,
                offset_ms: (comment["content_offset_seconds"].as_f64().unwrap() * 1000.0).round() as i64,
                user_login: comment["commenter"]["name"].as_str().map(str::to_owned),
                emotes: emotes.map(str::to_owned).collect(),
                ..ChatMessage::plain(Platform::File, id.parse().unwrap(), text)
            }
        })
        .collect()
}

fn examples(
    broadcast: &sample::Broadcast,
    chat: &[ChatMessage],
    split: &str,
    ingest: RunId,
    size: &Size,
) -> Vec<Example> {
    let kind = |message: &ChatMessage| broadcast.messages.get(&message.message_id).map(|truth| truth.kind);
    let harmless = |message: &&ChatMessage| matches!(kind(message), Some(sample::Kind::Reply | sample::Kind::Chatter));
    let clean: Vec<&ChatMessage> = chat.iter().filter(harmless).collect();
    let replies: Vec<usize> = (0..clean.len()).filter(|&at| kind(clean[at]) == Some(sample::Kind::Reply)).collect();
    let wanted = size.replies.min(replies.len());
    let chosen = (0..wanted).map(|index| replies[index * replies.len() / wanted]);
    chosen
        .map(|at| {
            let message = clean[at];
            let utterance = broadcast.messages[&message.message_id].utterance.unwrap();
            let said = &broadcast.utterances[(utterance + 1).saturating_sub(size.sentences)..=utterance];
            let recent = &clean[at.saturating_sub(size.chat_lines)..at];
            let column = |of: fn(&ChatMessage) -> String| recent.iter().map(|line| of(line)).collect::<Vec<_>>();
            let digest = Digest::of(broadcast.id.as_bytes());
            Example {
                example_id: Digest::of(message.message_id.as_bytes()),
                split: split.into(),
                platform: Platform::File,
                vod_id: message.vod_id.clone(),
                message_id: message.message_id.clone(),
                offset_ms: message.offset_ms,
                author: "viewer".into(),
                channel: "DougBert_Demo".into(),
                transcript: said.iter().map(|one| one.text.as_str()).collect::<Vec<_>>().join(" "),
                chat_authors: column(|line| line.user_login.clone().unwrap_or_default()),
                chat_texts: column(|line| line.text.clone()),
                chat_message_ids: column(|line| line.message_id.clone()),
                reply: message.text.clone(),
                window_start_ms: said[0].start_ms,
                window_end_ms: said[said.len() - 1].end_ms,
                first_word: 0,
                last_word: 0,
                media_digest: digest,
                audio_digest: digest,
                ingest_run: ingest,
                transcribe_run: RunId::new(digest),
                align_run: RunId::new(digest),
            }
        })
        .collect()
}

/// A training run that changed nothing: an adapter as it is before its first step, under the next version of `name`.
/// With `spoilt` its weights are noise instead, which no gate may let pass.
pub async fn adapter(store: &Store, name: &str, dataset: &Run, seed: u64, spoilt: bool) -> Run {
    let base = store.model(&BASE.parse().unwrap()).await.unwrap();
    let gguf = Gguf::parse(store.blob(&base.digest).await.unwrap().into()).unwrap();
    let renderer =
        Renderer::new(Spec::builtin().unwrap(), Tokenizer::new(&gguf.vocabulary().unwrap()).unwrap()).unwrap();
    let lora = LoraConfig { rank: 2, alpha: 4.0, seed };
    let model = gguf.config().unwrap();
    let adapter = Adapter::init(&model, &lora, &DeviceChoice::Cpu.open().unwrap()).unwrap();
    let mut weights = adapter.to_safetensors();
    if spoilt {
        // Past the header, every weight becomes one of about ±0.1, the same ones each time.
        let header = 8 + u64::from_le_bytes(*weights.first_chunk().unwrap()) as usize;
        for (index, weight) in weights[header..].chunks_exact_mut(4).enumerate() {
            let sign = if Digest::of(&(index as u64).to_le_bytes()).as_bytes()[0] < 128 { 0.1_f32 } else { -0.1 };
            weight.copy_from_slice(&sign.to_le_bytes());
        }
    }
    let mut key = key("train", json!({"name": name, "seed": seed, "spoilt": spoilt}));
    key.inputs.insert("dataset".into(), dataset.digest);
    let mut run = store.begin(key).unwrap();
    run.blob("adapter", weights.into(), "application/vnd.safetensors").await.unwrap();
    run.fact("base_model", BASE).unwrap();
    run.fact("base_digest", base.digest).unwrap();
    run.fact("renderer_digest", renderer.digest()).unwrap();
    run.fact("lora", json!({"rank": lora.rank, "alpha": lora.alpha, "seed": seed})).unwrap();
    run.fact("labels_shuffled", false).unwrap();
    let run = run.commit().await.unwrap();
    store.add_version(Named::Adapter, &name.parse().unwrap(), &run).await.unwrap();
    run
}
