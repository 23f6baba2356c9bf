//! A store in a folder with one run of every job, a release and a log, made without any model.

use std::collections::BTreeMap;

use ids::{Digest, Name, Platform, RunId};
use job::keyring::Keyring;
use manifest::{Record, Release, RunKey, SplitAssignment};
use schemas::{
    AlignedTurn, ChatMessage, Dropped, EvalSample, Example, InferLog, OffsetSegment, Problem, Tag, Utterance, Vod, Word,
};
use serde_json::{Value, json};
use store::{Named, Run, RunWriter, Store};
use testkit::TempStore;

/// The store and what its tests need to know about it.
pub struct All {
    pub folder: TempStore,
    pub store: Store,
    pub example: Digest,
}

/// The logged reply.
pub const REPLY: &str = "r-00000000000000aa";

const PLATFORM: Platform = Platform::File;

fn vod<T: std::str::FromStr<Err = ids::IdError>>(text: &str) -> T {
    text.parse().unwrap()
}

fn key(job: &str, params: Value, inputs: &[(&str, Digest)], models: &[(&str, Digest)]) -> RunKey {
    let owned = |pairs: &[(&str, Digest)]| pairs.iter().map(|(name, digest)| ((*name).to_owned(), *digest)).collect();
    RunKey { job: job.into(), logic_version: 1, params, inputs: owned(inputs), models: owned(models) }
}

async fn commit(store: &Store, run: RunWriter<'_>) -> Run {
    let run = run.commit().await.unwrap();
    let record = Record {
        started_at: "2026-01-01T00:00:00.000Z".into(),
        finished_at: "2026-01-01T00:00:01.000Z".into(),
        elapsed_ms: 1_000,
        host: "somewhere".into(),
        executable_digest: Some(Digest::of(b"executable")),
        nix_store_path: None,
        job_version: "0.1.0".into(),
        threads: 2,
        manifest_digest: run.digest,
    };
    store.add_record(&run, &record).await.unwrap();
    run
}

fn message(ordinal: i64, login: &str, text: &str) -> ChatMessage {
    ChatMessage {
        message_id: format!("m{ordinal}"),
        ordinal,
        offset_ms: 9_000 + ordinal * 500,
        user_id: Some(format!("id of {login}")),
        user_login: Some(login.into()),
        ..ChatMessage::plain(PLATFORM, vod("v"), text.into())
    }
}

fn turn(message: &ChatMessage) -> AlignedTurn {
    AlignedTurn {
        platform: PLATFORM,
        vod_id: vod("v"),
        message_id: message.message_id.clone(),
        ordinal: message.ordinal,
        offset_ms: message.offset_ms,
        status: "aligned".into(),
        lag_ms: Some(3_000),
        window_start_ms: Some(1_000),
        window_end_ms: Some(3_000),
        first_word: Some(0),
        last_word: Some(1),
        transcript: "the dragon".into(),
        echo: 0.0,
        shared: Vec::new(),
        burst: 0.0,
    }
}

async fn ingest(store: &Store, messages: &[ChatMessage]) -> Run {
    let inputs = [("media", Digest::of(b"media")), ("chat", Digest::of(b"chat"))];
    let mut run = store.begin(key("ingest", json!({"vod": "file/v"}), &inputs, &[])).unwrap();
    let audio = run.blob("audio", "audio".into(), "audio/flac").await.unwrap();
    let chat = run.blob("chat", "chat".into(), "application/json").await.unwrap();
    run.table(&[Vod {
        platform: PLATFORM,
        vod_id: vod("v"),
        source: "file:v.mkv".into(),
        title: Some("The kitchen dragon".into()),
        channel: None,
        started_at: None,
        duration_ms: 60_000,
        media_digest: Some(Digest::of(b"media")),
        audio_digest: Some(audio),
        chat_digest: Some(chat),
        chat_format: None,
        messages: messages.len() as i64,
    }])
    .await
    .unwrap();
    run.table(messages).await.unwrap();
    run.table::<Problem>(&[]).await.unwrap();
    run.fact("vod", "file/v").unwrap();
    let run = commit(store, run).await;
    store.add_generation(&vod("file/v"), &run, "2026-01-01T00:00:00Z").await.unwrap();
    run
}

async fn transcribe(store: &Store, ingest: &Run, tiny: Digest) -> Run {
    let inputs = [("ingest", ingest.digest)];
    let mut run = store.begin(key("transcribe", json!({}), &inputs, &[("tiny.en", tiny)])).unwrap();
    run.checkpoint(0, "state".into()).await.unwrap();
    let (platform, language) = (PLATFORM, "en".to_owned());
    let utterance = Utterance {
        platform,
        vod_id: vod("v"),
        ordinal: 0,
        start_ms: 1_000,
        end_ms: 3_000,
        text: "the dragon".into(),
        words: 2,
        probability: 0.9,
        no_speech: 0.1,
        language,
        suspect: vec![],
        model_digest: Digest::of(b"model"),
        engine: "whisper.cpp 1.8.3".into(),
        timing: "precise".into(),
    };
    run.table(&[utterance]).await.unwrap();
    let word = |ordinal: i64, text: &str| Word {
        platform,
        vod_id: vod("v"),
        ordinal,
        utterance: 0,
        start_ms: 1_000 + ordinal * 1_000,
        end_ms: 2_000 + ordinal * 1_000,
        text: text.into(),
        probability: 0.9,
    };
    run.table(&[word(0, "the"), word(1, "dragon")]).await.unwrap();
    commit(store, run).await
}

async fn align(store: &Store, ingest: &Run, transcribe: &Run, messages: &[ChatMessage]) -> Run {
    let inputs = [("ingest", ingest.digest), ("transcribe", transcribe.digest)];
    let mut run = store.begin(key("align", json!({}), &inputs, &[])).unwrap();
    let segment = OffsetSegment {
        platform: PLATFORM,
        vod_id: vod("v"),
        from_ms: 0,
        to_ms: 60_000,
        verdict: "ok".into(),
        lag_ms: Some(3_000),
        low_ms: Some(2_500),
        high_ms: Some(3_500),
        clock_shift_ms: None,
        clock: None,
        reaction_ms: None,
        p_value: 0.0,
        peak_ratio: 2.0,
        echoes: 3,
        messages: 3,
    };
    run.table(&[segment]).await.unwrap();
    run.table(&messages.iter().map(turn).collect::<Vec<_>>()).await.unwrap();
    commit(store, run).await
}

fn example(message: &ChatMessage, runs: [RunId; 3], author: &str) -> Example {
    Example {
        example_id: Digest::of(message.message_id.as_bytes()),
        split: "train".into(),
        platform: PLATFORM,
        vod_id: vod("v"),
        message_id: message.message_id.clone(),
        offset_ms: message.offset_ms,
        author: author.into(),
        channel: "streamer".into(),
        transcript: "the dragon".into(),
        chat_authors: vec![],
        chat_texts: vec![],
        chat_message_ids: vec![],
        reply: message.text.clone(),
        window_start_ms: 1_000,
        window_end_ms: 3_000,
        first_word: 0,
        last_word: 1,
        media_digest: Digest::of(b"media"),
        audio_digest: Digest::of(b"audio"),
        ingest_run: runs[0],
        transcribe_run: runs[1],
        align_run: runs[2],
    }
}

async fn dataset(store: &Store, messages: &[ChatMessage], runs: [&Run; 3]) -> Run {
    let (name, rule): (Name, _) = (vod("demo"), Digest::of(b"rule"));
    let split = SplitAssignment { dataset: name.clone(), vod: vod("file/v"), split: "train".into(), rule };
    store.assign_split(&split).await.unwrap();
    let params = json!({
        "splits": {"file/v": "train"}, "split_rules": {"file/v": rule}, "order": ["file/v"],
        "config": {"caps": {"per_user_per_vod": 9, "per_text_per_vod": 9, "per_text": 9}, "leak": {"min_characters": 5}},
    });
    let mut run = store.begin(key("dataset", params, &[("align:file/v", runs[2].digest)], &[])).unwrap();
    let ids = runs.map(Run::id);
    let examples = [example(&messages[0], ids, "viewer_00000a"), example(&messages[1], ids, "viewer_00000b")];
    let bot = &messages[2];
    let (message_id, reason) = (bot.message_id.clone(), "bot nightbot".to_owned());
    let tag = Tag { platform: PLATFORM, vod_id: vod("v"), message_id, filter: "bot".into(), reason };
    let Tag { platform, vod_id, message_id, filter, reason } = tag.clone();
    run.table(&[tag]).await.unwrap();
    run.table(&examples).await.unwrap();
    run.table(&[Dropped { platform, vod_id, message_id, filter, reason }]).await.unwrap();
    for (name, count) in [("turns", 3), ("examples", 2), ("dropped", 1)] {
        run.count(name, count);
    }
    let run = commit(store, run).await;
    store.add_version(Named::Dataset, &name, &run).await.unwrap();
    run
}

async fn train_and_release(store: &Store, dataset: &Run, base: Digest) -> Release {
    let (demo, renderer): (Name, _) = (vod("demo"), Digest::of(b"renderer"));
    let models = [("base", base)];
    let mut train = store.begin(key("train", json!({}), &[("dataset", dataset.digest)], &models)).unwrap();
    let adapter = train.blob("adapter", "weights".into(), "application/octet-stream").await.unwrap();
    train.fact("base_digest", base).unwrap();
    train.fact("renderer_digest", renderer).unwrap();
    let train = commit(store, train).await;
    store.add_version(Named::Adapter, &demo, &train).await.unwrap();
    let inputs = [("adapter", train.digest), ("dataset", dataset.digest), ("baseline", base)];
    let mut eval = store.begin(key("eval", json!({}), &inputs, &models)).unwrap();
    eval.table::<EvalSample>(&[]).await.unwrap();
    eval.fact("verdict", "pass").unwrap();
    eval.fact("renderer_digest", renderer).unwrap();
    let eval = commit(store, eval).await;
    Release {
        format: Release::FORMAT.into(),
        channel: vod("stable"),
        sequence: 1,
        previous: None,
        adapter: demo,
        adapter_version: 1,
        train_run: train.id(),
        train_manifest: train.digest,
        adapter_digest: adapter,
        base_model: vod("base"),
        base_digest: base,
        renderer_digest: renderer,
        guard_digest: Digest::of(b"guard"),
        eval_run: eval.id(),
        eval_manifest: eval.digest,
    }
}

fn logged(release: &Release) -> InferLog {
    InferLog {
        at_ms: 1,
        event: "reply".into(),
        request_id: "q1".into(),
        reply_id: Some(REPLY.into()),
        route: "cli".into(),
        channel: release.channel.clone(),
        release: 1,
        adapter: release.adapter.clone(),
        train_run: release.train_run,
        adapter_digest: release.adapter_digest,
        base_digest: release.base_digest,
        renderer_digest: release.renderer_digest,
        prompt_digest: None,
        transcript: Some("look at the dragon".into()),
        reply: Some("no shot a dragon".into()),
        prompt_tokens: 5,
        reply_tokens: 4,
        guard_input: "allow".into(),
        guard_output: Some("allow".into()),
        findings: vec![],
        parity_checked: true,
        parity_mismatch: false,
        seed: 1,
        latency_ms: 10,
        status: 0,
    }
}

impl All {
    /// Makes the store.
    pub async fn new() -> Self {
        let folder = TempStore::new();
        let store = Store::open(&folder.url()).await.unwrap();
        let mut models = Vec::new();
        for name in ["tiny.en", "base"] {
            let mut run = store.begin(key("models", json!({ "name": name }), &[], &[])).unwrap();
            models.push(
                run.blob(Store::MODEL_ROLE, format!("file of {name}").into(), "application/octet-stream")
                    .await
                    .unwrap(),
            );
            commit(&store, run).await;
        }
        let messages = [
            message(0, "bean_wizard", "no shot the dragon"),
            message(1, "deskfan", "it is so over"),
            message(2, "nightbot", "Follow the stream"),
        ];
        let ingest = ingest(&store, &messages).await;
        let transcribe = transcribe(&store, &ingest, models[0]).await;
        let align = align(&store, &ingest, &transcribe, &messages).await;
        let dataset = dataset(&store, &messages, [&ingest, &transcribe, &align]).await;
        let release = train_and_release(&store, &dataset, models[1]).await;
        let keys = testkit::TempStore::new();
        let ring = Keyring::at(keys.path().join("signing.key"), keys.path().join("trusted.keys"));
        let (signing, _) = ring.signing_key().unwrap();
        store.add_release(&release.clone().sign(&signing).unwrap()).await.unwrap();
        store.append_infer_log("2026-01-01", &vod("cli"), &[logged(&release)]).await.unwrap();
        Self { folder, store, example: Digest::of(b"m0") }
    }

    /// Every object's path below the store's folder, sorted.
    pub async fn objects(&self) -> BTreeMap<String, std::path::PathBuf> {
        let listed = self.store.list("").await.unwrap();
        listed.into_iter().map(|(path, _)| (path.clone(), self.folder.path().join(path))).collect()
    }
}
