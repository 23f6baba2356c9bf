//! The gate and promotion as a user runs them: the executable, a real base model, a dataset of the sample stream.

mod fixture;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use fixture::Size;
use job::keyring::Keyring;
use schemas::{EvalResult, EvalSample};
use serde_json::Value;
use store::{Run, Store};
use testkit::TempStore;
use testkit::process::{Output, output};

/// Small enough for a test. The bounds on answers let anything pass: an adapter before its first step answers like the
/// base model, and what is tested here is everything around that.
const PACK: &str = "\
examples = 12
replies = 12
bootstrap_rounds = 1000
[sampling]
max_tokens = 6
[gate]
length_distance = 1000.0
emote_rate = 1.0
distinct_2 = 1.0
copy_rate = 1.0
toxicity_rate = 1.0
guard_block_rate = 1.0
empty_rate = 1.0
";

struct Place {
    folder: TempStore,
    store: Store,
    dataset: Run,
}

impl Place {
    async fn new(splits: [&str; 3]) -> Self {
        let folder = TempStore::new();
        let store = Store::open(&folder.url()).await.unwrap();
        let size = Size { replies: 12, chat_lines: 2, sentences: 1 };
        let dataset = fixture::dataset(&store, "demo", splits, &size).await;
        std::fs::write(folder.path().join("pack.toml"), PACK).unwrap();
        Self { folder, store, dataset }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn eval(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eval"));
        command.env_remove("DOUGPT_STORE").env_remove("RUST_LOG");
        command.env("DOUGPT_SIGNING_KEY", self.file("keys/signing.key"));
        command.env("DOUGPT_TRUSTED_KEYS", self.file("keys/trusted.keys"));
        output(command.args(["--store", &self.folder.url()]).args(arguments))
    }

    fn keyring(&self) -> Keyring {
        Keyring::at(self.file("keys/signing.key"), self.file("keys/trusted.keys"))
    }
}

#[tokio::test]
async fn what_learnt_nothing_or_is_broken_is_refused_and_never_promoted() {
    let place = Place::new(["train", "train", "test"]).await;
    fixture::adapter(&place.store, "idle", &place.dataset, 1, false).await;
    fixture::adapter(&place.store, "broken", &place.dataset, 1, true).await;
    let pack = place.file("pack.toml");
    for adapter in ["idle", "broken"] {
        let options = [adapter, "--device", "cpu", "--config", &pack];
        let unjudged = place.eval(&[&["promote"][..], &options, &["--channel", "stable"]].concat()).expect_code(1);
        assert!(unjudged.stdout.contains("no evaluation") && unjudged.stdout.contains("eval gate"), "{unjudged:?}");
        let gate = place.eval(&[&["gate"][..], &options].concat()).expect_code(1);
        assert!(gate.stdout.contains("fail: reply_nll") && gate.stdout.contains("the gate refuses it"), "{gate:?}");
        let refused = place.eval(&[&["promote"][..], &options, &["--channel", "stable"]].concat()).expect_code(1);
        assert!(
            refused.stdout.contains("its gate refused") && refused.stdout.contains("fail reply_nll"),
            "{refused:?}"
        );
    }
    let nothing = place.eval(&["releases"]).expect_code(0);
    assert_eq!(nothing.stdout, "");
    assert!(!place.keyring().signing_path().exists(), "a refusal needs no key");

    let run = &place.store.runs("eval").await.unwrap()[0];
    let results = place.store.rows::<EvalResult>(run).await.unwrap();
    assert_eq!(results.len(), 10);
    assert!(results[0].rule.contains("too few to stand for others"), "{}", results[0].rule);
    let samples = place.store.rows::<EvalSample>(run).await.unwrap();
    assert_eq!(samples.len(), 24);
    assert!(samples.iter().all(|sample| sample.reply.is_some() == (sample.system == "candidate")));
}

#[tokio::test]
async fn only_what_passed_under_these_very_rules_is_signed() {
    let place = Place::new(["train", "train", "test"]).await;
    fixture::adapter(&place.store, "demo", &place.dataset, 1, false).await;
    let promoted = fixture::adapter(&place.store, "demo", &place.dataset, 2, false).await;
    let pack = place.file("pack.toml");
    // Against an adapter that does the same it is no worse, which is all that is asked.
    let options = ["demo@2", "--baseline", "demo@1", "--device", "cpu", "--config", &pack];
    let gate = place.eval(&[&["gate", "--threads", "1"][..], &options].concat()).expect_code(0);
    assert!(gate.stdout.contains("the gate passes it"), "{gate:?}");
    let first = place.store.runs("eval").await.unwrap().remove(0);
    std::fs::remove_dir_all(place.folder.path().join("runs/eval")).unwrap();
    place.eval(&[&["gate", "--threads", "2"][..], &options].concat()).expect_code(0);
    assert_eq!(place.store.runs("eval").await.unwrap().remove(0).digest, first.digest, "threads change nothing");

    let promote = |options: &[&str]| place.eval(&[&["promote", "--channel", "stable"][..], options].concat());
    let otherwise = promote(&options[..5]).expect_code(1);
    assert!(otherwise.stdout.contains("no evaluation"), "the pass was under another pack: {otherwise:?}");
    let done = promote(&options).expect_code(0);
    assert!(done.stdout.contains("demo@2: promoted to stable as number 1"), "{done:?}");
    let again = promote(&options).expect_code(0);
    assert!(again.stdout.contains("is already the newest of stable as number 1"), "{again:?}");

    let keyring = place.keyring();
    assert_eq!(std::fs::metadata(keyring.signing_path()).unwrap().permissions().mode() & 0o777, 0o600);
    let secret = std::fs::read_to_string(keyring.signing_path()).unwrap();
    assert!(!format!("{done:?}").contains(secret.trim()), "the key is never shown");
    let releases = place.store.releases(&"stable".parse().unwrap()).await.unwrap();
    assert_eq!(releases.len(), 1);
    let release = releases[0].0.verify(&keyring.trusted_keys().unwrap()).unwrap();
    assert_eq!((release.sequence, release.previous, release.adapter_version), (1, None, 2));
    assert_eq!((release.train_run, release.train_manifest), (promoted.id(), promoted.digest));
    assert_eq!(release.eval_manifest, first.digest);

    // Another key: the channel's last record is not believed any more, so a new one is written.
    std::fs::remove_file(keyring.signing_path()).unwrap();
    std::fs::remove_file(keyring.trusted_path()).unwrap();
    let renewed: Value =
        serde_json::from_str(&promote(&[&["--json"][..], &options].concat()).expect_code(0).stdout).unwrap();
    assert_eq!((&renewed["sequence"], &renewed["is_new"]), (&2.into(), &true.into()));
    let list = place.eval(&["releases"]).expect_code(0);
    let lines: Vec<_> = list.stdout.lines().collect();
    assert!(lines[0].contains("not believed") && lines[1].ends_with(": believed"), "{list:?}");

    let page = place.file("report.html");
    place.eval(&[&["report", "-o", &page][..], &options].concat()).expect_code(0);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("default-src 'none'") && page.contains("reply_nll") && !page.contains("<script"));
}

#[tokio::test]
async fn what_cannot_be_judged_is_an_error_and_no_verdict() {
    let place = Place::new(["train", "train", "train"]).await;
    fixture::adapter(&place.store, "demo", &place.dataset, 1, false).await;
    let size = Size { replies: 3, chat_lines: 1, sentences: 1 };
    fixture::dataset(&place.store, "leaky", ["test", "train", "train"], &size).await;
    let check = |arguments: &[&str], says: &str| {
        let refused = place.eval(arguments).expect_code(2);
        assert!(refused.stderr.contains(says), "{arguments:?} does not say {says}: {}", refused.stderr);
        assert!(!refused.stderr.contains("panicked") && refused.stdout.is_empty(), "{refused:?}");
    };
    let device = ["--device", "cpu"];
    check(&[&["gate", "none"][..], &device].concat(), "adapter none is not there");
    check(&[&["gate", "demo", "--baseline", "none"][..], &device].concat(), "adapter none is not there");
    check(&[&["gate", "demo", "--dataset", "none"][..], &device].concat(), "dataset none is not there");
    check(&[&["gate", "demo"][..], &device].concat(), "no example in the splits");
    check(&[&["gate", "demo", "--dataset", "leaky"][..], &device].concat(), "file/demo-1 is held out here");
    check(&["gate", "demo", "--device", "cuda:61"], "--device cpu");
    check(&["promote", "none", "--channel", "stable"], "adapter none is not there");
    assert!(place.store.runs("eval").await.unwrap().is_empty());
}
