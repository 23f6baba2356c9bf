//! Whatever is wrong with a release, nothing is loaded, and the error names the object.

use infer::release;
use manifest::Release;

use crate::fixture::{Base, Fixture, Plan, TRUSTED, compute, name, trusted};

/// Expects the channel `stable` to be refused with every one of `words` in the error and its causes.
async fn check(what: &str, fixture: &Fixture, words: &[&str]) {
    let error = match release::load(&fixture.store, &name("stable"), &trusted(), &compute()).await {
        Ok(_) => panic!("{what}: it was loaded"),
        Err(error) => anyhow::Error::new(error),
    };
    let text = format!("{error:#}");
    for word in words {
        assert!(text.contains(word), "{what}: {word:?} is not in {text:?}");
    }
}

/// Promotes a release that was edited before it was signed, and expects it to be refused.
async fn check_edit(base: &Base, what: &str, edit: impl FnOnce(&mut Release), words: &[&str]) {
    let fixture = Fixture::new(base, &Plan::good()).await;
    let mut release = fixture.release.clone();
    edit(&mut release);
    fixture.promote(&release, TRUSTED).await;
    check(what, &fixture, words).await;
}

/// Promotes a store made after `plan`, and expects it to be refused.
async fn check_plan(base: &Base, what: &str, plan: Plan, words: &[&str]) {
    let fixture = Fixture::new(base, &plan).await;
    fixture.promote(&fixture.release, TRUSTED).await;
    check(what, &fixture, words).await;
}

fn flip_last(bytes: &mut [u8]) {
    *bytes.last_mut().unwrap() ^= 1;
}

#[tokio::test]
async fn damaged_objects_are_not_served() {
    let base = Base::read();
    let unpromoted = Fixture::new(&base, &Plan::good()).await;
    check("nothing promoted", &unpromoted, &["channel stable has no release", "eval promote", "none"]).await;

    let good = Fixture::promoted(&base).await;
    assert!(release::load(&good.store, &name("stable"), &trusted(), &compute()).await.is_ok());

    let fixture = Fixture::promoted(&base).await;
    let adapter = fixture.store.blob_path(&fixture.release.adapter_digest);
    fixture.replace(&adapter, |bytes| flip_last(bytes));
    let promised = fixture.release.adapter_digest.to_string();
    check("a bit of the adapter", &fixture, &["the adapter's weights", "expected", &promised, "found"]).await;
    std::fs::remove_file(fixture.path(&adapter)).unwrap();
    check("no adapter", &fixture, &["the adapter's weights cannot be read", "the store has no"]).await;

    let fixture = Fixture::promoted(&base).await;
    fixture.replace(&fixture.store.blob_path(&fixture.release.base_digest), |bytes| flip_last(bytes));
    check("a bit of the base", &fixture, &["the base model is not the promoted one", "models pull"]).await;

    let fixture = Fixture::promoted(&base).await;
    let manifest = format!("runs/train/{}/manifest.json", fixture.release.train_run);
    fixture.replace(&manifest, |bytes| *bytes = String::from_utf8_lossy(bytes).replace("smollm2", "smollm3").into());
    check("an edited training run", &fixture, &["the manifest of the training run is not the promoted one"]).await;

    let plan = Plan { verdict: "fail", ..Plan::good() };
    let fixture = Fixture::new(&base, &plan).await;
    fixture.promote(&fixture.release, TRUSTED).await;
    check("a failed gate", &fixture, &["verdict \"fail\" instead of \"pass\""]).await;
    let manifest = format!("runs/eval/{}/manifest.json", fixture.release.eval_run);
    fixture.replace(&manifest, |bytes| *bytes = String::from_utf8_lossy(bytes).replace("\"fail\"", "\"pass\"").into());
    check("an edited verdict", &fixture, &["the manifest of the evaluation is not the promoted one"]).await;
}

#[tokio::test]
async fn releases_that_promise_something_else_are_not_served() {
    let base = Base::read();
    let other = ids::Digest::of(b"another");
    let guard = guard::Guard::builtin().digest();
    check_plan(
        &base,
        "an evaluation of another adapter",
        Plan { other_judged: true, ..Plan::good() },
        &["the training run that was evaluated is not the promoted one", "eval run"],
    )
    .await;
    check_plan(
        &base,
        "an evaluation under another guard",
        Plan { eval_guard: other, ..Plan::good() },
        &["the guard of the evaluation", &other.to_string()],
    )
    .await;
    check_plan(&base, "no settings", Plan { settings: false, ..Plan::good() }, &["blob `adapter_config`"]).await;
    // An evaluation under the guard that is promised, which is not the one this program has.
    let fixture = Fixture::new(&base, &Plan { eval_guard: other, ..Plan::good() }).await;
    fixture.promote(&Release { guard_digest: other, ..fixture.release.clone() }, TRUSTED).await;
    check("another guard", &fixture, &["the guard (rules and weights)", &other.to_string(), &guard.to_string()]).await;

    check_edit(
        &base,
        "another adapter",
        |release| release.adapter_digest = other,
        &["the adapter of the training run"],
    )
    .await;
    check_edit(&base, "another base", |release| release.base_digest = other, &["the base model is not"]).await;
    check_edit(&base, "another base's name", |release| release.base_model = name("x"), &["the name of the base"]).await;
    check_edit(&base, "another prompt", |release| release.renderer_digest = other, &["the prompt renderer"]).await;
    check_edit(&base, "another train manifest", |release| release.train_manifest = other, &["the training run is not"])
        .await;
    check_edit(&base, "another evaluation", |release| release.eval_manifest = other, &["the evaluation is not"]).await;
    let missing = ids::RunId::new(other);
    check_edit(&base, "no training run", |release| release.train_run = missing, &["training run cannot be read"]).await;
    check_edit(&base, "another format", |release| release.format = "dougpt.release/9".into(), &["dougpt.release/9"])
        .await;
}

#[tokio::test]
async fn broken_chains_and_strange_signatures_are_not_served() {
    let base = Base::read();
    let fixture = Fixture::new(&base, &Plan::good()).await;
    fixture.promote(&fixture.release, TRUSTED + 1).await;
    check("a stranger's signature", &fixture, &["release 1 of channel stable is refused", "not a trusted key"]).await;

    let fixture = Fixture::promoted(&base).await;
    let edit = |bytes: &mut Vec<u8>| {
        *bytes = String::from_utf8_lossy(bytes).replace("\"adapter_version\":1", "\"adapter_version\":2").into();
    };
    fixture.replace("releases/stable/1.json", edit);
    check("an edited record", &fixture, &["release 1", "changed after it was signed"]).await;

    let fixture = Fixture::new(&base, &Plan::good()).await;
    let first = fixture.promote(&fixture.release, TRUSTED).await;
    fixture.promote(&fixture.next(&first), TRUSTED).await;
    assert!(release::newest(&fixture.store, &name("stable"), &trusted()).await.unwrap().sequence == 2);
    let (one, two) = (fixture.path("releases/stable/1.json"), fixture.path("releases/stable/2.json"));
    let aside = fixture.path("aside");
    for (from, to) in [(&one, &aside), (&two, &one), (&aside, &two)] {
        std::fs::rename(from, to).unwrap();
    }
    check("swapped records", &fixture, &["release 1", "states sequence 2 instead of 1"]).await;

    let fixture = Fixture::new(&base, &Plan::good()).await;
    let first = fixture.promote(&fixture.release, TRUSTED).await;
    fixture.promote(&Release { previous: None, ..fixture.next(&first) }, TRUSTED).await;
    check("a second record without a first", &fixture, &["release 2", "states predecessor none instead of"]).await;
    // A bad record below a good one spoils the channel too.
    std::fs::remove_file(fixture.path("releases/stable/2.json")).unwrap();
    fixture.promote(&fixture.next(&first), TRUSTED).await;
    fixture.replace("releases/stable/1.json", |bytes| bytes.push(b' '));
    check("a changed first record", &fixture, &["release 2", "predecessor"]).await;
    std::fs::remove_file(fixture.path("releases/stable/1.json")).unwrap();
    check("a removed first record", &fixture, &["release 1", "states sequence 2 instead of 1"]).await;

    let fixture = Fixture::new(&base, &Plan::good()).await;
    fixture.promote(&Release { channel: name("canary"), ..fixture.release.clone() }, TRUSTED).await;
    std::fs::rename(fixture.path("releases/canary"), fixture.path("releases/stable")).unwrap();
    check("another channel's record", &fixture, &["states channel canary instead of stable"]).await;
}
