//! The command as a person runs it: reply, serve until a signal, logs.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use testkit::process::{Output, output};

use crate::fixture::{Base, Fixture, trusted};
use crate::http::Client;

struct Person<'a> {
    fixture: &'a Fixture,
    keys: &'a Path,
}

impl Person<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_infer"));
        command.args(arguments).args(["--store", &self.fixture.folder.url()]).env("DOUGPT_TRUSTED_KEYS", self.keys);
        command.env("DOUGPT_SIGNING_KEY", self.keys).env_remove("RUST_LOG");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        output(&mut self.command(arguments))
    }

    /// A server on a free port, and where it listens.
    fn serve(&self) -> (Server, Client) {
        let mut command = self.command(&["serve", "--addr", "127.0.0.1:0"]);
        let child = command.stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let mut server = Server(child);
        let mut said = String::new();
        let mut lines = BufReader::new(server.0.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            said.push_str(&line.unwrap());
            said.push('\n');
            said.trim_end().rsplit_once("listening on http://").map(|(_, address)| address.to_owned())
        });
        // What it says later has to go somewhere, else it would wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let address = address.unwrap_or_else(|| panic!("it does not listen: {said}"));
        (server, Client::new(address.parse().unwrap()))
    }
}

/// A running server; a test that fails does not leave it behind.
struct Server(Child);

impl Server {
    /// Sends a signal and waits for the exit code.
    fn end(&mut self, signal: &str) -> Option<i32> {
        let kill = Command::new("sh").args(["-c", &format!("kill -{signal} {}", self.0.id())]).status().unwrap();
        assert!(kill.success());
        self.0.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_recording_is_listened_to() {
    let fixture = Fixture::promoted(&Base::read()).await;
    let keys = fixture.path("trusted.keys");
    std::fs::write(&keys, trusted().join("\n")).unwrap();
    let person = Person { fixture: &fixture, keys: &keys };
    let recording = testkit::sample::dir().join("demo-1.mkv");
    let recording = recording.to_str().unwrap();
    let ask = ["reply", "--audio", recording, "--max-tokens", "4", "--threads", "1"];
    let without = person.run(&ask).expect_code(2);
    assert!(without.stderr.contains("models pull"), "{}", without.stderr);
    fixture.add_model("tiny.en").await;
    fixture.add_model("silero-v6.2.0").await;
    let output = person.run(&ask);
    assert!(matches!(output.code, Some(0 | 1)), "{output:?}");
    let rows = fixture.store.infer_log().await.unwrap();
    let heard = rows[0].transcript.as_deref().unwrap().to_lowercase();
    let broadcast = testkit::sample::truth().broadcasts.into_iter().find(|broadcast| broadcast.id == "demo-1").unwrap();
    // Each noun is said once in a broadcast.
    let last = broadcast.duration_ms - 30_000;
    let is_heard = |noun: &str| heard.contains(&noun.to_lowercase());
    let late: Vec<_> = broadcast.utterances.iter().filter(|said| said.start_ms >= last).collect();
    let early = broadcast.utterances.iter().filter(|said| said.end_ms < last);
    assert!(late.iter().filter(|said| is_heard(&said.noun)).count() * 2 > late.len(), "{heard:?} of {late:?}");
    assert_eq!(early.filter(|said| is_heard(&said.noun)).count(), 0, "only the end is listened to: {heard:?}");
    let silent = fixture.path("notes.txt");
    std::fs::write(&silent, "no recording").unwrap();
    person.run(&["reply", "--audio", silent.to_str().unwrap()]).expect_code(2);
}

#[tokio::test]
async fn a_person_asks_serves_and_reads_the_log() {
    let fixture = Fixture::promoted(&Base::read()).await;
    let keys = fixture.path("trusted.keys");
    std::fs::write(&keys, trusted().join("\n")).unwrap();
    let person = Person { fixture: &fixture, keys: &keys };

    let ask = ["reply", "--context", "the penguin is riding the elevator again", "--max-tokens", "6"];
    let plain = person.run(&ask);
    let json = person.run(&[&ask[..], &["--json"]].concat()).expect_code(plain.code.unwrap());
    let told: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json.stdout.lines().count(), 1);
    assert_eq!(plain.stdout.trim_end(), told["reply"].as_str().unwrap_or_default());
    assert_eq!((told["parity_checked"].as_bool(), told["release"].as_u64()), (Some(true), Some(1)));
    let refused = person.run(&["reply", "--context", "kill yourself"]).expect_code(1);
    assert!(refused.stdout.is_empty() && refused.stderr.contains("lets no reply pass"), "{}", refused.stderr);

    for (arguments, words) in [
        (&["reply", "--context", "a", "--channel", "none"][..], "channel none has no release"),
        (&["reply", "--context", " "], "no visible text"),
        (&["reply", "--context", "a", "--temperature", "9"], "temperature is 9"),
        (&["reply", "--audio", "/nowhere.mp4"], "/nowhere.mp4"),
        (&["serve", "--addr", "0.0.0.0:0"], "--api-key-file"),
        (&["serve", "--addr", "127.0.0.1:0", "--api-key-file", "/nowhere"], "/nowhere"),
    ] {
        let output = person.run(arguments).expect_code(2);
        assert!(output.stderr.contains(words) && output.stdout.is_empty(), "{arguments:?}: {}", output.stderr);
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let second = person.run(&["serve", "--addr", &address]).expect_code(2);
    assert!(second.stderr.contains(&format!("cannot listen on {address}")), "{}", second.stderr);
    let mut untrusting = person.command(&ask);
    untrusting.env("DOUGPT_TRUSTED_KEYS", fixture.path("none"));
    assert!(output(&mut untrusting).expect_code(2).stderr.contains("no trusted keys"));

    let mut ids = vec![told["reply_id"].as_str().unwrap().to_owned()];
    for name in ["TERM", "INT"] {
        let (mut server, client) = person.serve();
        let answer = client.post("/v1/reply", r#"{"transcript":"we are so back","max_tokens":4}"#);
        assert_eq!(answer.status, 200, "{answer:?}");
        ids.push(answer.json()["reply_id"].as_str().unwrap().to_owned());
        assert_eq!(server.end(name), Some(0), "SIG{name}");
    }
    let logs: Value = serde_json::from_str(&person.run(&["logs", "--json"]).expect_code(0).stdout).unwrap();
    let logged: Vec<_> = logs.as_array().unwrap().iter().filter_map(|row| row["reply_id"].as_str()).collect();
    assert!(ids.iter().all(|id| logged.contains(&id.as_str())), "{ids:?} in {logged:?}");
    let table = person.run(&["logs", "--since", "1h"]).expect_code(0).stdout;
    assert!(table.starts_with("TIME") && table.lines().count() == 1 + 5, "{table}");
    let csv = person.run(&["logs", "--format", "csv", "--since", "1h"]).expect_code(0).stdout;
    assert!(csv.starts_with("at_ms,event,") && csv.lines().count() == 1 + 5, "{csv}");
    assert_eq!(person.run(&["logs", "--since", "2999-01-01T00:00:00Z", "--json"]).expect_code(0).stdout, "[]\n");
}
