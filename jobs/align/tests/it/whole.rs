//! The command over a store: what it commits, that it refuses, and the QA page there and back.

use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ids::Digest;
use media::Ffmpeg;
use schemas::{AlignedTurn, OffsetSegment, Word};
use testkit::broadcast::Plan;

use crate::rows::{made_up, message, shuffled};
use crate::stage::Stage;

/// Ten minutes of made-up broadcast over a tone as sound.
async fn stage(plan: &Plan, unrelated: bool) -> Stage {
    let (mut words, mut chat) = made_up(plan);
    if unrelated {
        chat = shuffled(chat, plan.seed);
    }
    let hostile = "<script>alert(1)</script> \" onload=\"x' &amp; \u{202e}drawkcab";
    chat.push(message(chat.len(), 1_000 + plan.lag_ms, hostile));
    // In every piece, so that it is on the page whichever are chosen.
    for at in (0..plan.duration_ms - 10_000).step_by(5_000) {
        chat.push(message(chat.len(), at + plan.lag_ms, "<img src=x onerror=alert(1)>"));
    }
    chat.sort_by_key(|message| (message.offset_ms, message.ordinal));
    let vod: ids::VodKey = "file/made-up".parse().expect("a VOD");
    for (ordinal, message) in chat.iter_mut().enumerate() {
        message.ordinal = ordinal as i64;
        message.vod_id = vod.id.clone();
    }
    words.iter_mut().for_each(|word: &mut Word| word.vod_id = vod.id.clone());
    let folder = tempfile::tempdir().expect("a folder");
    let audio = folder.path().join("audio.flac");
    tone(&audio, plan.duration_ms);
    Stage::set("file/made-up", &audio, plan.duration_ms, &words, &chat).await
}

/// Writes a quiet sound of that length: a WAV file made here, as FLAC.
fn tone(to: &std::path::Path, duration_ms: i64) {
    let samples = duration_ms as u32 * 16;
    let mut wav = Vec::with_capacity(44 + samples as usize * 2);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + samples * 2).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data");
    wav.extend_from_slice(&(samples * 2).to_le_bytes());
    for sample in 0..samples {
        let value = if sample / 40 % 2 == 0 { 300_i16 } else { -300 };
        wav.extend_from_slice(&value.to_le_bytes());
    }
    let file = to.with_extension("wav");
    std::fs::write(&file, wav).expect("a WAV file");
    Ffmpeg::find().expect("ffmpeg").demux_flac(&file, to, None, &mut |_| ()).expect("a FLAC file");
}

#[tokio::test]
async fn a_broadcast_is_aligned_once_and_always_alike() {
    let plan = Plan { duration_ms: 600_000, ..Plan::new(42, 7_300) };
    let stage = stage(&plan, false).await;
    stage.align(&["--vod", "made-up", "--threads", "1"]).await.expect("it aligns");
    let run = stage.aligned().await;
    assert_eq!(run.manifest.facts["verdict"], "ok");

    let segments: Vec<OffsetSegment> = stage.store.rows(&run).await.expect("segments");
    let [segment] = segments.as_slice() else { panic!("one segment: {segments:?}") };
    assert!((segment.lag_ms.expect("a lag") - 7_300).abs() <= 1_000, "{segment:?}");
    assert_eq!((segment.from_ms, segment.to_ms), (0, 600_000));

    let turns: Vec<AlignedTurn> = stage.store.rows(&run).await.expect("turns");
    let counts = &run.manifest.counts;
    assert_eq!(turns.len() as u64, counts["messages"]);
    assert_eq!(counts["messages"], counts["aligned"] + counts["no_speech"] + counts["no_lag"]);
    let (asked, held) = turns.iter().fold((0, 0), |(asked, held), turn| {
        (asked + usize::from(turn.transcript.contains("rare")), held + usize::from(turn.echo == 1.0))
    });
    // About a third of the messages take up a word that was just said.
    assert!(held * 4 > turns.len() && asked > held, "{held} of {} echo, {asked} could", turns.len());
    for turn in turns.iter().filter(|turn| turn.status == "aligned") {
        let (from, to) = (turn.window_start_ms.expect("a start"), turn.window_end_ms.expect("an end"));
        let answered = turn.offset_ms - turn.lag_ms.expect("a lag");
        assert!(from <= to && from >= answered - 20_000 && to <= answered + 2_000, "{turn:?}");
    }

    // The same again: nothing is done. Another store, other threads: the same bytes.
    stage.align(&["--all"]).await.expect("it is there already");
    assert_eq!(stage.aligned().await.digest, run.digest);
    let other = self::stage(&plan, false).await;
    other.align(&["--vod", "file/made-up", "--threads", "3"]).await.expect("it aligns");
    assert_eq!(other.aligned().await.digest, run.digest);
    // Changes only with LOGIC_VERSION.
    let digests = ["aligned_turn", "offset_segment"].map(|table| run.manifest.tables[table].digest.short());
    assert_eq!(digests, ["78272a7afa49", "f2b9c04e95db"]);
}

#[tokio::test]
async fn unrelated_chat_gets_no_lag_and_no_windows() {
    let stage = stage(&Plan { duration_ms: 300_000, ..Plan::new(43, 4_000) }, true).await;
    stage.align(&["--vod", "made-up"]).await.expect("a refusal is a result");
    let run = stage.aligned().await;
    assert_eq!(run.manifest.facts["verdict"], "not_identifiable");
    assert!(run.manifest.facts["lag_ms"].is_null());
    let turns: Vec<AlignedTurn> = stage.store.rows(&run).await.expect("turns");
    assert!(!turns.is_empty());
    assert!(turns.iter().all(|turn| turn.status == "no_lag" && turn.transcript.is_empty() && turn.lag_ms.is_none()));
}

#[tokio::test]
async fn the_page_is_closed_and_its_verdicts_come_back() {
    let stage = stage(&Plan { duration_ms: 180_000, rate: 40.0, ..Plan::new(44, 4_000) }, false).await;
    stage.align(&["--vod", "made-up"]).await.expect("it aligns");
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    stage.align(&["qa", "made-up", "-o", &path("a.html")]).await.expect("a page");
    stage.align(&["qa", "made-up", "-o", &path("b.html"), "--threads", "1"]).await.expect("a page");
    let html = std::fs::read_to_string(path("a.html")).expect("the page");
    assert_eq!(html, std::fs::read_to_string(path("b.html")).expect("the page"));

    // One script, which is the one the policy names, and nothing that loads anything.
    assert_eq!(html.matches("<script").count(), 1);
    assert_eq!(html.matches("style=").count(), 0);
    assert!(!html.contains("http://") && !html.contains("https://"));
    for (kind, from, to) in [("style", "<style>", "</style>"), ("script", "<script>", "</script>")] {
        let text = html.split_once(from).and_then(|(_, rest)| rest.split_once(to)).expect(kind).0;
        let hash = STANDARD.encode(Digest::of(text.as_bytes()).as_bytes());
        assert!(html.contains(&format!("{kind}-src 'sha256-{hash}'")), "{kind}");
    }
    assert!(html.contains("default-src 'none'; ") && html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(html.len() < 20_000_000);

    let run = stage.aligned().await;
    let by_chance =
        html.split("<article").find(|clip| clip.contains(r#"data-kind="random""#)).expect("a piece by chance");
    let [from, to] = ["from", "to"].map(|name| {
        let rest = by_chance.split_once(&format!("data-{name}=\"")).expect(name).1;
        rest.split_once('"').expect("an attribute").0
    });
    let saved = format!(
        r#"{{"format":"dougpt-qa-1","vod":"{}","run_id":"{}","lag_ms":{},"offset_ms":0,"clips":[{{"from_ms":{from},"to_ms":{to},"kind":"random","verdict":"fits"}}]}}"#,
        stage.vod,
        run.id(),
        run.manifest.facts["lag_ms"]
    );
    std::fs::write(path("qa.json"), &saved).expect("a file");
    for _ in 0..2 {
        stage.align(&["verdicts", "made-up", "--import", &path("qa.json")]).await.expect("they are taken in");
    }
    assert_eq!(stage.store.runs("align").await.expect("runs").len(), 2);
    // An alignment is still found, although verdicts are runs of the same job.
    stage.align(&["show", "made-up"]).await.expect("it shows");

    for (from, to) in [("fits", "perfect"), ("random", "evidence"), (to, "14000"), ("lag_ms\":", "lag_ms\":1")] {
        std::fs::write(path("qa.json"), saved.replace(from, to)).expect("a file");
        let refused = stage.align(&["verdicts", "made-up", "--import", &path("qa.json")]).await;
        let error = refused.expect_err(&format!("{from} -> {to} is taken in: {saved}"));
        assert!(format!("{error:#}").contains("qa.json is not what the page"), "{from} -> {to}: {error:#}");
    }
}

#[tokio::test]
async fn a_judge_presses_keys_in_a_browser_and_the_verdicts_come_back() {
    let stage = stage(&Plan { duration_ms: 180_000, rate: 40.0, ..Plan::new(44, 4_000) }, false).await;
    stage.align(&["--vod", "made-up"]).await.expect("it aligns");
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    stage.align(&["qa", "made-up", "-o", &path("page.html")]).await.expect("a page");
    let judge = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/qa.mjs");
    let judged = Command::new("node").args([judge, &path("page.html"), &path("out")]).output().expect("node");
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
    let saw: serde_json::Value = serde_json::from_slice(&judged.stdout).expect("JSON");
    assert_eq!(
        (&saw["images"], &saw["text"], &saw["ran"]),
        (&0.into(), &true.into(), &false.into()),
        "chat stays text"
    );
    assert_eq!(saw["waves"], saw["clips"]);
    assert!(
        saw["played"].as_f64() > Some(0.0) && saw["lit"].as_u64() >= Some(1),
        "words are lit as they are said: {saw}"
    );
    let kinds = saw["violations"].as_array().expect("a list");
    for kind in ["connect-src", "img-src", "script-src-elem"] {
        assert!(kinds.iter().any(|it| it == kind), "{kind} is not blocked: {saw}");
    }
    assert_eq!(saw["judged"], format!("2 of {} judged", saw["clips"]));
    let verdicts: Vec<_> = saw["saved"]["clips"].as_array().expect("a list").iter().map(|it| &it["verdict"]).collect();
    assert_eq!(verdicts, ["fits", "early"]);
    assert_eq!(saw["saved"]["offset_ms"], 300);
    if let Some(kept) = std::env::var_os("DOUGPT_SCREENSHOTS") {
        std::fs::copy(path("out/page.png"), std::path::Path::new(&kept).join("align-qa.png")).expect("a copy");
    }
    stage.align(&["verdicts", "made-up", "--import", &path("out/qa.json")]).await.expect("they are taken in");
    let runs = stage.store.runs("align").await.expect("runs");
    let taken = runs.iter().find(|run| run.manifest.facts.contains_key("accuracy")).expect("a run of verdicts");
    assert_eq!(taken.manifest.counts["judged"], 2);
    for format in ["vtt", "ass"] {
        stage.align(&["export", "made-up", "--format", format, "-o", &path(format)]).await.expect("subtitles");
        let text = std::fs::read_to_string(path(format)).expect("a file");
        assert!(text.contains("viewer1: ") || text.contains("viewer1{"), "{format}: {}", &text[..400]);
    }
}

#[tokio::test]
async fn bad_questions_are_answered_before_any_work() {
    let stage = stage(&Plan { duration_ms: 60_000, ..Plan::new(45, 4_000) }, false).await;
    for (arguments, reason) in [
        (&["--vod", "other"][..], "no VOD \"other\""),
        (&["--vod", "made-up", "--model", "base.en"], "transcribe --vod file/made-up --model base.en"),
        (&["show", "made-up"], "align --vod file/made-up"),
        (&["qa", "made-up", "-o", "x.html"], "align --vod file/made-up"),
        (&["verdicts", "made-up", "--import", "no-such-file"], "no-such-file"),
        (&[], "required"),
        (&["--vod", "a", "--all"], "cannot be used with"),
    ] {
        let error = stage.align(arguments).await.expect_err("a refusal");
        assert!(format!("{error:#}").contains(reason), "{arguments:?}: {error:#}");
    }
    assert!(stage.store.runs("align").await.expect("runs").is_empty());
}
