//! The first time everything is fetched, the second time nothing, and after a change only what changed.

use schemas::{ChatMessage, Media, Problem, Segment, Span, Vod};
use testkit::TempStore;
use testkit::twitch::{Kind, Scenario, Twitch};
use testkit::webdav::{PASSWORD, USER, WebDav};
use testkit::{process, sample};

use super::{command, fetch, newest, pages, rows, segments};
use crate::command::contents;

#[test]
fn a_broadcast_is_taken_in_whole_and_once() {
    let (twitch, store) = (Twitch::start(Scenario::named("short")), TempStore::new());
    let scenario = Scenario::named("short");
    let first = fetch(&twitch, &store, &[]).expect_code(0);
    assert!(first.stdout.starts_with("ingest twitch/1087079172: done, run "), "{}", first.stdout);
    let asked = twitch.asked();
    assert_eq!(segments(&asked).len(), scenario.segments(), "every segment once");
    assert!(asked.iter().all(|asked| asked.kind != Kind::Other), "{asked:?}");
    assert!(asked.iter().all(|asked| asked.in_flight <= 8 + 1), "no more at once than --connections");

    let (generation, run) = newest(&store);
    assert_eq!(generation, 1);
    let vod = rows::<Vod>(&store).remove(0);
    assert_eq!(vod.source, "https://www.twitch.tv/videos/1087079172");
    assert_eq!(vod.channel.as_deref(), Some(scenario.vod.login.as_str()));
    assert_eq!(vod.chat_format.as_deref(), Some("twitch/gql"));
    let length_ms = i64::try_from(scenario.vod.length_seconds).unwrap() * 1000;
    assert!((vod.duration_ms - length_ms).abs() <= 100, "{vod:?}");
    let (messages, problems) = (rows::<ChatMessage>(&store), rows::<Problem>(&store));
    assert_eq!(messages.len() + problems.len(), twitch.chat().len());
    assert_eq!(problems, [], "everything the server has is a message");
    let table = rows::<Segment>(&store);
    assert_eq!(table.len(), scenario.segments());
    assert!(table.iter().all(|row| row.gap.is_none()
        && run.manifest.blobs[&format!("segment/{:05}", row.ordinal)].digest == row.digest.unwrap()));
    let spans = rows::<Span>(&store);
    let kinds: Vec<_> = spans.iter().map(|span| (span.kind.as_str(), span.start_ms, span.end_ms)).collect();
    assert_eq!(kinds, expected_spans(&scenario), "{spans:?}");
    assert_eq!(rows::<Media>(&store).len(), 2);

    let before = contents(store.path());
    twitch.forget();
    let second = fetch(&twitch, &store, &[]).expect_code(0);
    assert_eq!(second.stdout, first.stdout.replace(": done", ": already done"));
    assert_eq!(contents(store.path()), before, "the second run writes nothing");
    let asked = twitch.asked();
    assert_eq!((segments(&asked).len(), pages(&asked).len()), (0, 1), "one look at the chat, none at the media");
    assert_eq!(asked.iter().filter(|asked| asked.kind == Kind::Media).count(), 1);
    assert!(asked.len() <= 7, "{asked:?}");
}

/// Chapters and muted ranges of a scenario as rows have them.
fn expected_spans(scenario: &Scenario) -> Vec<(&'static str, i64, i64)> {
    let ms = |seconds: u64| i64::try_from(seconds).unwrap() * 1000;
    let chapters = scenario.vod.chapters.iter().map(|it| ("chapter", ms(it.at), ms(it.at + it.seconds)));
    let muted = scenario.vod.muted.iter().map(|it| ("muted", ms(it.offset), ms(it.offset + it.duration)));
    let served = (0..scenario.segments()).filter(|index| scenario.is_muted(*index));
    let mut all: Vec<_> = chapters.chain(muted).collect();
    let mut joined: Vec<(&str, i64, i64)> = Vec::new();
    for index in served {
        let start = ms(index as u64 * scenario.media.segment_seconds);
        let end = start + i64::try_from(scenario.segment_ms(index)).unwrap();
        match joined.last_mut() {
            Some(last) if last.2 == start => last.2 = end,
            _ => joined.push(("muted_segment", start, end)),
        }
    }
    all.extend(joined);
    all.sort_by_key(|(kind, start, end)| (*start, *end, *kind));
    all
}

#[test]
fn what_the_platform_changes_later_is_a_second_generation_and_told() {
    let (twitch, store) = (Twitch::start(Scenario::named("short")), TempStore::new());
    fetch(&twitch, &store, &[]).expect_code(0);
    twitch.forget();
    twitch.change(|scenario| *scenario = Scenario::named("drift"));
    let again = fetch(&twitch, &store, &[]).expect_code(0);
    assert!(again.stdout.contains(": done, run "), "{}", again.stdout);
    let fetched = segments(&twitch.asked());
    assert_eq!(fetched.len(), 10, "only what was muted since then: {fetched:?}");
    assert!(fetched.iter().all(|name| name.contains("-muted")), "{fetched:?}");
    assert_eq!(newest(&store).0, 2);

    let diff = process::output(&mut command(&twitch, &store, &["diff", super::ID])).expect_code(0);
    assert!(diff.stdout.starts_with("ingest diff twitch/1087079172: generation 1 -> 2\n"), "{}", diff.stdout);
    assert!(diff.stdout.contains("10 segments became muted: "), "{}", diff.stdout);
    assert!(diff.stdout.contains("3 messages vanished: "), "{}", diff.stdout);
    let told: Vec<_> = diff.stdout.lines().skip(1).collect();
    assert_eq!(told.len(), 3, "and one muted range, nothing else: {told:?}");
    let same = process::output(&mut command(&twitch, &store, &["diff", super::ID, "2", "2"])).expect_code(0);
    assert!(same.stdout.contains("nothing changed"), "{}", same.stdout);
    process::output(&mut command(&twitch, &store, &["verify"])).expect_code(0);
}

#[test]
fn connections_do_not_show_in_the_output() {
    let twitch = Twitch::start(Scenario::named("short"));
    let mut runs = Vec::new();
    for connections in ["1", "16"] {
        let store = TempStore::new();
        fetch(&twitch, &store, &["--connections", connections]).expect_code(0);
        runs.push(newest(&store).1.digest);
    }
    assert_eq!(runs[0], runs[1]);
}

#[test]
fn a_part_between_segments_is_as_long_as_was_asked() {
    let (twitch, store) = (Twitch::start(Scenario::named("short")), TempStore::new());
    fetch(&twitch, &store, &["--from", "10", "--to", "20"]).expect_code(0);
    assert_eq!(segments(&twitch.asked()).len(), 1);
    assert_eq!(rows::<Vod>(&store).remove(0).duration_ms, 10_000);
    // However it is written, it is the same question.
    let again = fetch(&twitch, &store, &["--from", "0:10", "--to", "0:20.000", "--quality", "AUDIO_ONLY"]);
    assert!(again.expect_code(0).stdout.contains(": already done, run "));
}

#[test]
fn a_refresh_asks_for_everything_each_time() {
    let (twitch, store) = (Twitch::start(Scenario::named("short")), TempStore::new());
    fetch(&twitch, &store, &[]).expect_code(0);
    let first = (segments(&twitch.asked()).len(), pages(&twitch.asked()).len());
    for _ in 0..2 {
        twitch.forget();
        fetch(&twitch, &store, &["--refresh"]).expect_code(0);
        assert_eq!((segments(&twitch.asked()).len(), pages(&twitch.asked()).len()), first);
        assert_eq!(newest(&store).0, 1, "and nothing changed");
    }
}

#[test]
fn what_was_damaged_is_fetched_again_and_nothing_else() {
    let (twitch, store) = (Twitch::start(Scenario::named("short")), TempStore::new());
    fetch(&twitch, &store, &[]).expect_code(0);
    let sound = contents(store.path());
    let (_, run) = newest(&store);
    for (role, segments_asked) in [("segment/00003", 1), ("audio", 0), ("chat", 0)] {
        let hex = run.manifest.blobs[role].digest.to_string();
        let path = sound.keys().find(|path| path.starts_with("blobs/") && path.ends_with(&hex)).unwrap();
        std::fs::write(store.path().join(path), "spoiled").unwrap();
        let verify =
            |code| process::output(&mut command(&twitch, &store, &["verify", "--set-aside"])).expect_code(code);
        assert!(verify(1).stdout.contains(&format!("moved to damaged/{path}")));
        twitch.forget();
        fetch(&twitch, &store, &[]).expect_code(0);
        assert_eq!(segments(&twitch.asked()).len(), segments_asked, "{role}");
        verify(0);
        std::fs::remove_dir_all(store.path().join("damaged")).unwrap();
        let after = contents(store.path());
        assert!(sound.iter().all(|(path, digest)| after.get(path) == Some(digest)), "{role}");
        assert_eq!(newest(&store).0, 1);
    }
}

#[test]
fn the_media_is_given_out_as_it_was_served() {
    let (twitch, store) = (Twitch::start(Scenario::named("short")), TempStore::new());
    let page = format!("https://www.twitch.tv/videos/{}?t=1m", super::ID);
    let mut command_line = command(&twitch, &store, &[&page, "--media-only"]);
    let said = process::output(&mut command_line).expect_code(0).stderr;
    assert!(said.contains("the time in the URL is left out; --from"), "{said}");
    let file = store.path().join("out.ts");
    let arguments = ["media", page.as_str(), "-o", file.to_str().unwrap()];
    process::output(&mut command(&twitch, &store, &arguments)).expect_code(0);
    let out = std::fs::read(&file).unwrap();
    let sizes: i64 = rows::<Segment>(&store).iter().map(|row| row.size).sum();
    assert_eq!(i64::try_from(out.len()).unwrap(), sizes);
    assert!(out.iter().step_by(188).all(|byte| *byte == 0x47), "it is a transport stream");
}

#[test]
fn a_part_is_cut_exactly_and_only_its_segments_are_fetched() {
    let (twitch, store) = (Twitch::start(Scenario::named("short")), TempStore::new());
    fetch(&twitch, &store, &["--from", "0:25.5", "--to", "1:04.25"]).expect_code(0);
    assert_eq!(segments(&twitch.asked()).len(), 5, "those from 20 s to 70 s");
    let vod = rows::<Vod>(&store).remove(0);
    assert_eq!(vod.duration_ms, 38_750);
    let messages = rows::<ChatMessage>(&store);
    assert!(!messages.is_empty() && messages.iter().all(|row| (0..38_750).contains(&row.offset_ms)));
    let table = rows::<Segment>(&store);
    assert_eq!((table[0].ordinal, table[0].start_ms), (2, -5500));
}

#[test]
fn chat_or_media_alone_asks_for_nothing_else() {
    let twitch = Twitch::start(Scenario::named("short"));
    let store = TempStore::new();
    fetch(&twitch, &store, &["--chat-only"]).expect_code(0);
    assert!(twitch.asked().iter().all(|asked| matches!(asked.kind, Kind::Gql { .. })));
    twitch.forget();
    let store = TempStore::new();
    fetch(&twitch, &store, &["--media-only"]).expect_code(0);
    assert_eq!(pages(&twitch.asked()), [] as [serde_json::Value; 0]);
}

#[test]
fn a_chat_that_is_given_takes_the_place_of_twitchs() {
    let (twitch, store) = (Twitch::start(Scenario::named("short")), TempStore::new());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::copy(sample::dir().join("demo-1.chat.json"), path("given.json")).unwrap();
    for (time, state) in ["done", "already done"].into_iter().enumerate() {
        let output = fetch(&twitch, &store, &["--chat-only", "--chat", &path("given.json")]).expect_code(0);
        assert!(output.stdout.starts_with(&format!("ingest twitch/1087079172: {state}, run ")), "{}", output.stdout);
        assert_eq!((newest(&store).0, pages(&twitch.asked()).len()), (1, 0), "time {time}");
    }
    let digest = ids::Digest::of(&std::fs::read(path("given.json")).unwrap());
    assert_eq!(rows::<Vod>(&store)[0].chat_digest, Some(digest));

    // From a URL it is the same chat, so nothing is new.
    let server = WebDav::new();
    std::fs::copy(path("given.json"), server.files().join("given.json")).unwrap();
    let url = server.url("http", "given.json");
    let mut remote = command(&twitch, &store, &["--vod", super::ID, "--chat-only", "--chat", &url]);
    remote.env("DOUGPT_HTTP_USER", USER).env("DOUGPT_HTTP_PASSWORD", PASSWORD);
    let output = process::output(&mut remote).expect_code(0);
    assert!(output.stdout.contains("already done"), "{}", output.stdout);

    // What cannot be read is refused before media is fetched.
    for (name, text, says) in [
        ("words.json", "no chat", "words.json"),
        ("empty.json", r#"{"FileInfo":{"Version":{"Major":1,"Minor":4}},"comments":[]}"#, "is empty"),
    ] {
        std::fs::write(path(name), text).unwrap();
        twitch.forget();
        let output = fetch(&twitch, &store, &["--chat", &path(name)]).expect_code(2);
        assert!(output.stderr.contains(&path(name)) && output.stderr.contains(says), "{}", output.stderr);
        assert!(segments(&twitch.asked()).is_empty(), "no segment was asked for");
    }

    twitch.forget();
    process::run("mkfifo", [&path("pipe")]).expect_code(0);
    for (name, says) in [("pipe", "is not a regular file"), ("none.json", "cannot be read; check the path")] {
        let output = fetch(&twitch, &store, &["--chat", &path(name)]).expect_code(2);
        assert!(output.stderr.contains(&path(name)) && output.stderr.contains(says), "{}", output.stderr);
    }
    assert!(twitch.asked().is_empty(), "Twitch was asked for nothing that is thrown away");
}

#[test]
fn of_many_one_that_fails_does_not_stop_the_others() {
    let (twitch, store) = (Twitch::start(Scenario::named("short")), TempStore::new());
    let list = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(list.path(), format!("# two\n{}\nfile:no-such.mkv\thas-no-chat.json\n", super::ID)).unwrap();
    let arguments = ["--from-file", list.path().to_str().unwrap()];
    let output = process::output(&mut command(&twitch, &store, &arguments)).expect_code(2);
    let lines: Vec<_> = output.stdout.lines().collect();
    assert!(lines[0].starts_with("ingest twitch/1087079172: done"), "{}", output.stdout);
    assert!(
        lines.iter().any(|line| line.starts_with("file:no-such.mkv") && line.contains("failed")),
        "{}",
        output.stdout
    );
}
