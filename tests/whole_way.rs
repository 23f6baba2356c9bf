//! The whole way on the sample stream, and what may never happen after it: work done twice, a bad adapter promoted or
//! served, damage unseen.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::cli::{Cli, files};

/// One store for the whole story, because the way takes minutes: each chapter looks at it from another side.
#[test]
fn the_demo_and_its_guarantees() {
    let cli = Cli::new();
    let first = cli.json("pipeline", &["demo"]);
    assert!(first.iter().filter_map(|line| line["worked"].as_bool()).all(|worked| worked), "{first:#?}");
    nothing_is_done_twice(&cli);
    training_helped(&cli);
    audits_pass(&cli);
    a_reply_has_its_lineage(&cli);
    a_sabotaged_adapter_goes_nowhere(&cli);
    damage_is_found(&cli);
}

fn nothing_is_done_twice(cli: &Cli) {
    let second = cli.json("pipeline", &["demo"]);
    let phases: Vec<_> = second.iter().filter(|line| line["worked"].is_boolean()).collect();
    assert_eq!(phases.len(), 7, "{second:#?}");
    assert!(phases.iter().all(|line| line["worked"] == false && line["runs"][0].is_string()), "{phases:#?}");
    let seconds: f64 = phases.iter().filter_map(|line| line["seconds"].as_f64()).sum();
    assert!(seconds < 5.0, "{seconds} s for doing nothing");
}

fn sql(cli: &Cli, query: &str) -> Vec<Value> {
    let output = cli.run("audit", &["sql", query, "--format", "json"]).expect_code(0);
    let text = output.stdout.trim();
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(rows)) => rows,
        _ => text.lines().map(|line| serde_json::from_str(line).expect("a JSON row")).collect(),
    }
}

fn training_helped(cli: &Cli) {
    let rows = sql(cli, "select candidate, baseline, verdict from eval_result where metric = 'reply_nll'");
    let (candidate, baseline) =
        (rows[0]["candidate"].as_f64().expect("a value"), rows[0]["baseline"].as_f64().expect("a value"));
    assert!(candidate < baseline, "held-out reply NLL {candidate} against {baseline} of the base model");
    assert_eq!(rows[0]["verdict"], "pass");
    let counts = sql(
        cli,
        "select (select count(*) from aligned_turn) turns, (select count(*) from example) examples, (select count(*) from dropped) dropped",
    );
    let count = |name: &str| counts[0][name].as_i64().expect("a count");
    assert_eq!(count("turns"), count("examples") + count("dropped"));
}

fn audits_pass(cli: &Cli) {
    let audits = cli.json("audit", &["run"]);
    let text = serde_json::to_string(&audits).expect("JSON");
    assert!(text.matches("\"audit\"").count() >= 10 || text.matches("\"name\"").count() >= 10, "{text}");
    cli.run("audit", &["verify"]).expect_code(0);
}

/// A running server and where it listens.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(cli: &Cli) -> Self {
        let mut command = cli.command("infer", &["serve", "--channel", "demo", "--addr", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the server starts");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
        let url = lines.by_ref().find_map(|line| {
            let line = line.expect("text");
            let at = line.find("http://127.0.0.1:")?;
            Some(line[at..].split_whitespace().next().unwrap_or_default().to_owned())
        });
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: url.expect("the server says where it listens") }
    }

    fn stop(mut self) {
        let id = self.child.id().to_string();
        testkit::process::run("kill", ["-TERM", &id]).expect_code(0);
        let status = self.child.wait().expect("our own child");
        assert_eq!(status.code(), Some(0), "the server ends cleanly");
    }
}

fn a_reply_has_its_lineage(cli: &Cli) {
    let server = Server::start(cli);
    let body = json!({"transcript": "okay chat, the dragon is eating my last banana"});
    let client = reqwest::blocking::Client::new();
    let post = |path: &str, body: &Value| {
        let request = client.post(format!("{}{path}", server.url)).header("content-type", "application/json");
        let response = request.body(body.to_string()).send().expect("an answer");
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.text().expect("text")
    };
    let answer: Value = serde_json::from_str(&post("/v1/reply", &body)).expect("JSON");
    assert!(answer["reply"].is_string(), "{answer}");
    let chat = json!({"model": "demo", "messages": [{"role": "user", "content": "okay chat, hello"}], "stream": true, "max_tokens": 8});
    let stream = post("/v1/chat/completions", &chat);
    assert!(stream.contains("chat.completion.chunk") && stream.trim_end().ends_with("data: [DONE]"), "{stream}");
    for path in ["/livez", "/readyz", "/metrics", "/"] {
        let response = reqwest::blocking::get(format!("{}{path}", server.url)).expect("an answer");
        assert!(response.status().is_success(), "{path}: {}", response.status());
    }
    server.stop();
    let id = answer["reply_id"].as_str().expect("an id");
    let lineage = cli.run("audit", &["lineage", id]).expect_code(0).stdout;
    for link in ["release", "adapter", "dataset", "example", "transcribe", "align", "ingest", "file:demo-"] {
        assert!(lineage.contains(link), "no {link} in\n{lineage}");
    }
    let logs = cli.run("infer", &["logs"]).expect_code(0).stdout;
    assert!(logs.contains(id), "{logs}");
}

fn a_sabotaged_adapter_goes_nowhere(cli: &Cli) {
    let config = cli.file("sabotage.toml", "shuffle_labels = true\nsteps = 12\n");
    let train = [
        "--dataset",
        "demo",
        "--base",
        "smollm2-135m-instruct",
        "--name",
        "bad",
        "--config",
        &config,
        "--device",
        "cpu",
    ];
    cli.run("train", &train).expect_code(0);
    cli.run("eval", &["gate", "bad", "--device", "cpu"]).expect_code(1);
    cli.run("eval", &["promote", "bad", "--channel", "demo"]).expect_code(1);
    cli.run("eval", &["promote", "bad", "--channel", "evil"]).expect_code(1);
    cli.refused("infer", &["serve", "--channel", "evil", "--addr", "127.0.0.1:0"], &["evil"]);
    let adapters = sql(cli, "select distinct adapter from release");
    assert_eq!(adapters, [json!({"adapter": "demo"})]);
}

/// Flips one byte of the file, looks, and puts it back.
fn with_flipped_byte(file: &PathBuf, look: impl FnOnce()) {
    let whole = std::fs::read(file).expect("readable");
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(file, damaged).expect("writable");
    look();
    std::fs::write(file, whole).expect("writable");
}

fn damage_is_found(cli: &Cli) {
    let store = cli.store();
    let name = |file: &PathBuf| file.strip_prefix(&store).expect("below the store").to_string_lossy().into_owned();
    let promised = |file: &PathBuf| {
        let name = name(file);
        ["blobs/", "tables/", "releases/"].iter().any(|folder| name.starts_with(folder))
            || name.ends_with("manifest.json")
    };
    let objects: Vec<_> = files(&store).into_iter().filter(promised).collect();
    assert!(objects.len() > 40, "only {} objects", objects.len());
    for object in &objects {
        with_flipped_byte(object, || {
            let output = cli.run("audit", &["verify"]).expect_code(1);
            assert!(output.stdout.contains(&name(object)), "{} is not named:\n{}", name(object), output.stdout);
        });
    }
    let adapter = sql(cli, "select adapter_digest from release");
    let adapter = adapter[0]["adapter_digest"].as_str().expect("a digest");
    let weights = objects.iter().find(|object| name(object).ends_with(adapter)).expect("the promoted weights");
    with_flipped_byte(weights, || {
        cli.refused("infer", &["serve", "--channel", "demo", "--addr", "127.0.0.1:0"], &[adapter]);
    });
    cli.run("audit", &["verify"]).expect_code(0);
}
