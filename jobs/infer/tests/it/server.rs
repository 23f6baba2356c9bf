//! The server over real sockets: what it answers, and everything it refuses.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use infer::Identity;
use infer::engine::Engine;
use infer::http::{BODY_LIMIT, Keys, Server, Settings};
use infer::journal::Journal;
use infer::parity::Shadow;
use infer::serve::{Limits, run};
use infer::worker::Worker;
use serde_json::{Value, json};
use store::Store;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::fixture::{Base, Fixture, other_renderer};
use crate::http::Client;

const ASK: &str = r#"{"transcript":"okay chat, the dragon ate my last banana","max_tokens":6}"#;

/// A server that runs beside the test.
struct Running {
    client: Client,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<()>,
    journal: Arc<Journal>,
}

fn settings() -> Settings {
    Settings {
        keys: None,
        rate: "1000/s".parse().unwrap(),
        deadline: Duration::from_secs(30),
        shadow_share: 1.0,
        streamer: "streamer".to_owned(),
        with_text: true,
    }
}

impl Running {
    async fn start(store: &Store, engine: &Engine, waiting: usize, settings: Settings) -> Self {
        let identity = Identity::new().unwrap();
        let journal = Arc::new(Journal::new(store.clone(), identity.server().clone()));
        let (worker, _) = Worker::start(engine.clone(), waiting).unwrap();
        let server = Server::new(engine.clone(), worker, Arc::clone(&journal), identity, settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let limits = Limits { connections: 64, drain: Duration::from_secs(40) };
        let ended = tokio::spawn(run(listener, server, Arc::clone(&journal), limits, async move {
            let _ = stopped.await;
        }));
        Self { client, stop, ended, journal }
    }

    /// Ends the server in good order.
    async fn end(self) {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap();
        self.journal.flush().await.unwrap();
    }
}

/// Runs a client, which blocks, beside the server.
async fn off<T: Send + 'static>(client: &Client, work: impl FnOnce(Client) -> T + Send + 'static) -> T {
    let client = client.clone();
    tokio::task::spawn_blocking(move || work(client)).await.unwrap()
}

/// The chunks of an event stream, which has to end with `[DONE]`.
fn chunks(body: &str) -> Vec<Value> {
    let events: Vec<_> = body.split_terminator("\n\n").map(|event| event.strip_prefix("data: ").unwrap()).collect();
    let (last, chunks) = events.split_last().unwrap();
    assert_eq!(*last, "[DONE]");
    chunks.iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_answers_refuses_and_ends() {
    let fixture = Fixture::promoted(&Base::read()).await;
    let engine = fixture.engine().await;
    let store = &fixture.store;
    answers(store, &engine, &fixture).await;
    bad_requests(store, &engine).await;
    keys_and_rates(store, &engine).await;
    too_many_at_once(store, &engine).await;
    slow_heads(store, &engine).await;
    strange_prompts(store, &engine).await;
}

async fn answers(store: &Store, engine: &Engine, fixture: &Fixture) {
    let server = Running::start(store, engine, 4, settings()).await;
    let reply_id = off(&server.client, |client| {
        assert_eq!((client.get("/livez").status, client.get("/readyz").status), (200, 200));
        let first = client.with("x-request-id: mine-1").post("/v1/reply", ASK);
        assert_eq!((first.status, first.header("x-request-id")), (200, "mine-1"), "{first:?}");
        assert!(first.body.contains("\"reply_id\":\"r-"), "compact: {}", first.body);
        let first = first.json();
        let again = client.post("/v1/reply", ASK).json();
        assert_eq!(first["reply"], again["reply"], "the same question");
        assert_eq!(first["request_id"], "mine-1");
        assert_eq!((&first["parity_checked"], &first["refused"]), (&json!(true), &json!(first["reply"].is_null())));

        let ask = json!({"model": "demo", "messages": [{"role": "system", "content": "be a pirate"},
            {"role": "user", "content": "okay chat, the dragon ate my last banana"}], "max_tokens": 6, "unknown": {}});
        let whole = client.post("/v1/chat/completions", &ask.to_string());
        assert_eq!(whole.status, 200, "{whole:?}");
        let whole = whole.json();
        let choice = &whole["choices"][0];
        assert_eq!(choice["message"]["content"], first["reply"], "both routes show the same prompt");
        assert_eq!((&whole["object"], &whole["model"]), (&json!("chat.completion"), &json!("demo@1")));
        let usage = &whole["usage"];
        assert_eq!(
            usage["total_tokens"].as_u64(),
            Some(usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap())
        );
        let mut streamed = ask.clone();
        streamed["stream"] = json!(true);
        streamed["stream_options"] = json!({"include_usage": true});
        let answer = client.post("/v1/chat/completions", &streamed.to_string());
        assert!(answer.header("content-type").starts_with("text/event-stream"));
        let chunks = chunks(&answer.body);
        let text: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
        assert_eq!(text, choice["message"]["content"].as_str().unwrap_or_default());
        assert!(
            chunks.iter().all(|chunk| chunk["object"] == "chat.completion.chunk" && chunk["id"] == chunks[0]["id"])
        );
        assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
        let [.., last, with_usage] = chunks.as_slice() else { panic!("{chunks:?}") };
        assert_eq!(last["choices"][0]["finish_reason"], choice["finish_reason"]);
        assert_eq!((&with_usage["choices"], &with_usage["usage"]), (&json!([]), usage));

        let refused = client.post("/v1/reply", r#"{"transcript":"kill yourself"}"#);
        let body = refused.json();
        assert_eq!((refused.status, &body["refused"], &body["reply"]), (200, &json!(true), &Value::Null));
        assert_eq!(body["finish_reason"], "content_filter");

        let models = client.get("/v1/models").json();
        assert_eq!(models["data"][0]["adapter_digest"], first["adapter_digest"]);
        let page = client.get("/");
        assert!(page.header("content-security-policy").contains("default-src 'none'"));
        assert!(page.body.contains(first["adapter_digest"].as_str().unwrap()));
        let metrics = client.get("/metrics").body;
        for line in [
            "dougpt_infer_requests_total{route=\"/v1/reply\",status=\"200\"} 3",
            "dougpt_infer_refusals_total 1",
            "dougpt_infer_parity_checks_total 4",
            "dougpt_infer_parity_mismatches_total 0",
            "dougpt_infer_guard_actions_total{direction=\"input\",action=\"block\"} 1",
            "dougpt_infer_queue_depth 0",
            "dougpt_infer_ready 1",
            "dougpt_infer_release_info{channel=\"stable\",release=\"1\",adapter=\"demo\"",
        ] {
            assert!(metrics.lines().any(|found| found.starts_with(line)), "{line} is not in\n{metrics}");
        }
        first["reply_id"].as_str().unwrap().to_owned()
    })
    .await;
    server.end().await;

    let rows = store.infer_log().await.unwrap();
    assert_eq!(rows.len(), 5, "every answer is a row");
    let row = rows.iter().find(|row| row.request_id == "mine-1").unwrap();
    assert_eq!((row.reply_id.as_ref(), row.status, row.route.as_str()), (Some(&reply_id), 200, "reply"));
    assert_eq!((row.train_run, row.adapter_digest), (fixture.release.train_run, fixture.release.adapter_digest));
    assert_eq!(row.transcript.as_deref(), Some("okay chat, the dragon ate my last banana"));
    assert!(row.parity_checked && !row.parity_mismatch && row.prompt_tokens > 20);
    let refused = rows.iter().find(|row| row.event == "refused" && row.guard_input == "block").unwrap();
    assert_eq!(
        (refused.transcript.as_deref(), refused.reply_id.as_deref()),
        (None, None),
        "what may not in is not kept"
    );
    assert!(refused.findings.iter().any(|finding| finding.starts_with("severe:")), "{:?}", refused.findings);
}

async fn bad_requests(store: &Store, engine: &Engine) {
    let server = Running::start(store, engine, 4, settings()).await;
    off(&server.client, |client| {
        let reply = |body: &str, status: u16, code: &str| {
            let answer = client.post("/v1/reply", body);
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{body:.80}: {}", answer.body);
            answer.json()["error"]["message"].as_str().unwrap().to_owned()
        };
        reply("", 400, "invalid_json");
        reply("{", 400, "invalid_json");
        reply("[]", 400, "invalid_json");
        reply(r#"{"transcript":"\ud800"}"#, 400, "invalid_json");
        reply(&"[".repeat(10_000), 400, "invalid_json");
        assert!(
            reply(r#"{"transcript":"a","temprature":1}"#, 400, "invalid_json").contains("unknown field `temprature`")
        );
        assert!(reply("{}", 400, "invalid_json").contains("missing field `transcript`"));
        reply(r#"{"transcript":" \n "}"#, 400, "empty_transcript");
        reply(&json!({"transcript": "a".repeat(20_001)}).to_string(), 400, "transcript_too_long");
        reply(
            &json!({"transcript": "a", "chat": vec![json!({"text": "b"}); 201]}).to_string(),
            400,
            "too_many_chat_lines",
        );
        reply(r#"{"transcript":"a","temperature":-1}"#, 400, "setting_out_of_range");
        reply(r#"{"transcript":"a","temperature":1e39}"#, 400, "invalid_json");
        reply(r#"{"transcript":"a","top_p":0}"#, 400, "setting_out_of_range");
        reply(r#"{"transcript":"a","max_tokens":0}"#, 400, "setting_out_of_range");
        reply(r#"{"transcript":"a","seed":-1}"#, 400, "invalid_json");
        reply(&json!({"transcript": "a".repeat(BODY_LIMIT)}).to_string(), 413, "body_too_large");
        let chunked = format!(
            "POST /v1/reply HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\
             connection: close\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
            client.address,
            BODY_LIMIT + 1,
            " ".repeat(BODY_LIMIT + 1)
        );
        assert_eq!(client.send(&chunked).status, 413);

        let chat = |body: Value, status: u16, code: &str| {
            let answer = client.post("/v1/chat/completions", &body.to_string());
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{body}");
        };
        let user = json!([{"role": "user", "content": "hi"}]);
        chat(json!({"messages": user, "model": "gpt-4o"}), 404, "model_not_found");
        chat(json!({"messages": user, "n": 2}), 400, "unsupported_n");
        chat(json!({"messages": []}), 400, "no_user_message");
        chat(json!({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}), 400, "unsupported_content");
        chat(json!({"messages": user, "temperature": 3}), 400, "setting_out_of_range");

        let answer = client.post_as("/v1/reply", "text/plain", ASK);
        assert_eq!((answer.status, answer.code().as_str()), (415, "unsupported_media_type"));
        assert_eq!(client.get("/v1/reply").code(), "method_not_allowed");
        assert_eq!(client.get("/../../etc/passwd").code(), "not_found");
        let foreign = client.with("origin: https://evil.example").post("/v1/reply", ASK);
        assert_eq!((foreign.status, foreign.code().as_str()), (403, "foreign_origin"));
        assert_eq!(client.with("origin: null").get("/v1/models").status, 403);
        let own = format!("origin: http://{}", client.address);
        let own = client.with(&own).get("/v1/models");
        assert_eq!((own.status, own.header("access-control-allow-origin")), (200, ""), "no CORS");
        let rebound = client.with("host: evil.example").get("/v1/models");
        assert_eq!((rebound.status, rebound.code().as_str()), (403, "host_not_allowed"));
        assert_eq!(client.send("GET /v1/models HTTP/1.1\r\nconnection: close\r\n\r\n").status, 400);
        let long = client.with(&format!("x-long: {}", "a".repeat(20_000))).get("/livez");
        assert!(matches!(long.status, 400 | 431), "{long:?}");
        let hostile = client.with("x-request-id: a\"b c").get("/livez");
        assert!(!hostile.header("x-request-id").contains('"'));
        assert_eq!(client.get("/livez").status, 200, "it lives");
    })
    .await;
    server.end().await;
}

async fn keys_and_rates(store: &Store, engine: &Engine) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    std::fs::write(&file, "first-key-0123456789\nsecond-key-0123456789\n").unwrap();
    let keys = Some(Keys::read(&file).unwrap());
    let settings = Settings { keys, rate: "3/h".parse().unwrap(), ..settings() };
    let server = Running::start(store, engine, 4, settings).await;
    off(&server.client, |client| {
        assert_eq!((client.get("/livez").status, client.get("/readyz").status), (200, 200));
        for path in ["/", "/metrics", "/v1/models", "/nowhere"] {
            let answer = client.get(path);
            assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer"), "{path}");
        }
        for header in ["first-key-0123456789", "Bearer first-key-012345678", "Bearer ", "Basic first-key-0123456789"] {
            let answer = client.with(&format!("authorization: {header}")).post("/v1/reply", ASK);
            assert_eq!((answer.status, answer.code().as_str()), (401, "invalid_api_key"), "{header}");
        }
        let first = client.with("authorization: Bearer first-key-0123456789");
        for _ in 0..3 {
            assert_eq!(first.get("/v1/models").status, 200);
        }
        let forwarded = first.with("x-forwarded-for: 203.0.113.9");
        for client in [&first, &forwarded] {
            let answer = client.get("/v1/models");
            assert_eq!((answer.status, answer.code().as_str()), (429, "rate_limit_exceeded"));
            let wait: u64 = answer.header("retry-after").parse().unwrap();
            assert!((1..=1200).contains(&wait), "{wait}");
        }
        assert_eq!(first.get("/metrics").status, 200, "only /v1 is limited");
        let second = client.with("authorization: bearer second-key-0123456789").with("host: models.example");
        assert_eq!(second.get("/v1/models").status, 200, "keys have their own allowance, and names are free");
    })
    .await;
    server.end().await;
}

async fn too_many_at_once(store: &Store, engine: &Engine) {
    let settings = Settings { deadline: Duration::from_secs(6), ..settings() };
    let server = Running::start(store, engine, 1, settings).await;
    let long = r#"{"transcript":"tell me everything","temperature":1.5,"max_tokens":160}"#;
    let asks = (0..8).map(|_| off(&server.client, move |client| client.post("/v1/reply", long)));
    let answers = futures::future::join_all(asks).await;
    let full: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(full.len() >= 5, "{answers:?}");
    for answer in &full {
        assert_eq!(answer.code(), "queue_full");
        assert!((1..=60).contains(&answer.header("retry-after").parse::<u64>().unwrap()));
    }
    let served = answers.iter().filter(|answer| matches!(answer.status, 200 | 504)).count();
    assert_eq!(served + full.len(), 8, "{answers:?}");
    // Those whose time ran out may still be with the model for a while.
    off(&server.client, |client| {
        let free = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            client.post("/v1/reply", ASK).status == 200
        });
        assert!(free, "the queue empties");
    })
    .await;
    // Who leaves is logged, and an end waits for what was begun.
    off(&server.client, move |client| {
        let mut stream = client.connect();
        let head = format!("host: {}\r\ncontent-type: application/json", client.address);
        let request = format!(
            "POST /v1/reply HTTP/1.1\r\n{head}\r\nx-request-id: leaves\r\ncontent-length: {}\r\n\r\n{long}",
            long.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(100));
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = tokio::spawn({
        let client = server.client.clone();
        async move { off(&client, |client| client.with("x-request-id: begun").post("/v1/reply", ASK)).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.end().await;
    assert_eq!(begun.await.unwrap().status, 200);
    let rows = store.infer_log().await.unwrap();
    let status = |id: &str| rows.iter().find(|row| row.request_id == id).map(|row| row.status);
    assert_eq!((status("leaves"), status("begun")), (Some(499), Some(200)));
}

async fn slow_heads(store: &Store, engine: &Engine) {
    let server = Running::start(store, engine, 4, settings()).await;
    off(&server.client, |client| {
        let clock = Instant::now();
        let mut slow: Vec<_> = (0..40)
            .map(|_| {
                let mut stream = client.connect();
                stream.write_all(b"GET /livez HTTP/1.1\r\nhost: local").unwrap();
                stream
            })
            .collect();
        let asked = Instant::now();
        assert_eq!(client.get("/livez").status, 200, "others are served meanwhile");
        assert!(asked.elapsed() < Duration::from_secs(1));
        for stream in &mut slow {
            let mut rest = Vec::new();
            // Closed with or without a word, but closed.
            let _ = stream.read_to_end(&mut rest);
        }
        let took = clock.elapsed();
        assert!((Duration::from_secs(4)..Duration::from_secs(9)).contains(&took), "{took:?}");
    })
    .await;
    server.end().await;
}

async fn strange_prompts(store: &Store, engine: &Engine) {
    let strange = Engine::new(engine.loaded().clone(), Shadow::new(other_renderer()));
    let server = Running::start(store, &strange, 4, settings()).await;
    off(&server.client, |client| {
        for asked in 0..3 {
            assert_eq!(client.get("/readyz").status, 200, "after {asked}");
            assert_eq!(client.post("/v1/reply", ASK).status, 200);
        }
        let ready = client.get("/readyz");
        assert_eq!((ready.status, ready.json()["status"].as_str()), (503, Some("unready")));
        assert!(client.get("/metrics").body.contains("dougpt_infer_parity_mismatches_total 3"));
        assert_eq!(client.get("/livez").status, 200);
    })
    .await;
    server.end().await;
    let rows = store.infer_log().await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.event == "parity_mismatch" && row.parity_mismatch).count(), 3);
}
