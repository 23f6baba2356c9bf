//! Media and chat taken from a real WebDAV server, a slow and a hostile one among them.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;
use testkit::TempStore;
use testkit::cutting::Cutting;
use testkit::process::{self, Output};
use testkit::sample;
use testkit::webdav::{PASSWORD, USER, WebDav};

use crate::command::{contents, sample_arguments};

/// A server with the first broadcast of the sample.
fn server() -> WebDav {
    let server = WebDav::new();
    for (name, file) in [("demo-1.mkv", "talk 1.mkv"), ("demo-1.chat.json", "talk.chat.json")] {
        let to = server.files().join(file);
        fs::copy(sample::dir().join(name), &to).unwrap();
        fs::set_permissions(&to, Permissions::from_mode(0o644)).unwrap();
        // The version of a file that was written just now is weak to Apache, and another one a second later.
        File::options().write(true).open(&to).unwrap().set_modified(UNIX_EPOCH + Duration::from_secs(1 << 30)).unwrap();
    }
    server
}

/// The command, with the server's password and leave to ask loopback.
fn command(store: &TempStore, scratch: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingest"));
    command.args(arguments).env("DOUGPT_STORE", store.url()).env_remove("RUST_LOG").env("TMPDIR", scratch);
    for kind in ["WEBDAV", "HTTP"] {
        command.env(format!("DOUGPT_{kind}_USER"), USER).env(format!("DOUGPT_{kind}_PASSWORD"), PASSWORD);
    }
    command.env("DOUGPT_ALLOW_HOSTS", "127.0.0.1");
    command
}

/// What a command that has to fail says; it leaves neither an object nor a scratch file.
fn refused(command: &mut Command, store: &TempStore, scratch: &Path) -> String {
    let output = process::output(command).expect_code(2);
    assert_eq!(output.stdout, "");
    assert_eq!(fs::read_dir(store.path()).unwrap().count(), 0, "{}", output.stderr);
    assert_eq!(fs::read_dir(scratch).unwrap().count(), 0, "{}", output.stderr);
    assert!(!output.stderr.contains(PASSWORD) && !output.stderr.contains("secret"), "{}", output.stderr);
    // Progress comes first where something was fetched.
    output.stderr.lines().filter(|line| !line.starts_with("ingest ")).map(|line| format!("{line}\n")).collect()
}

fn json(output: Output) -> Value {
    serde_json::from_str(&output.expect_code(0).stdout).expect("one JSON line")
}

#[test]
fn a_broadcast_on_webdav_is_taken_in_like_a_local_one() {
    let (server, store, scratch) = (server(), TempStore::new(), tempfile::tempdir().unwrap());
    let (vod, chat) = (server.url("webdav", "talk%201.mkv"), server.url("webdav", "talk.chat.json"));
    let arguments = ["--vod", &vod, "--chat", &chat, "--keep-media", "--json"];
    let first = json(process::output(&mut command(&store, scratch.path(), &arguments)));
    let show = json(process::output(&mut command(&store, scratch.path(), &["show", "file/talk-1", "--json"])));
    assert_eq!(show["vod"]["source"], vod.as_str());
    let local = TempStore::new();
    let local_arguments = sample_arguments("demo-1");
    let mut local_arguments: Vec<_> = local_arguments.iter().map(String::as_str).collect();
    local_arguments.extend(["--id", "talk-1", "--keep-media"]);
    process::output(&mut command(&local, scratch.path(), &local_arguments)).expect_code(0);
    let blobs = |store: &TempStore| contents(store.path()).into_iter().filter(|(path, _)| path.starts_with("blobs/"));
    assert_eq!(blobs(&store).collect::<Vec<_>>(), blobs(&local).collect::<Vec<_>>());
    let again = json(process::output(&mut command(&store, scratch.path(), &arguments)));
    assert_eq!((&again["run_id"], &again["worked"]), (&first["run_id"], &Value::Bool(false)));
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0, "no scratch file stays");
    process::output(&mut command(&store, scratch.path(), &["verify"])).expect_code(0);
}

#[test]
fn http_with_a_query_and_a_redirect_gives_the_file_and_keeps_the_query_to_itself() {
    let (server, store, scratch) = (server(), TempStore::new(), tempfile::tempdir().unwrap());
    let vod = server.url("http", "moved/talk%201.mkv");
    let secret = format!("{vod}?signature=secret#t=1");
    process::output(&mut command(&store, scratch.path(), &["--vod", &secret])).expect_code(0);
    let show = process::output(&mut command(&store, scratch.path(), &["show", "talk-1"])).expect_code(0).stdout;
    assert!(show.contains(&format!("source      {vod}\n")), "{show}");
    for (path, _) in contents(store.path()) {
        let bytes = fs::read(store.path().join(&path)).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"secret"), "{path}");
    }
}

#[test]
fn a_cut_connection_goes_on_where_it_was() {
    let (server, scratch) = (server(), tempfile::tempdir().unwrap());
    let size = fs::metadata(server.files().join("talk 1.mkv")).unwrap().len();
    let whole = TempStore::new();
    let vod = server.url("webdav", "talk%201.mkv");
    process::output(&mut command(&whole, scratch.path(), &["--vod", &vod, "--keep-media"])).expect_code(0);
    let mut before = server.requests_once(1).len();
    for (scheme, after) in [("webdav", size / 4), ("http", size / 3), ("webdav", 100)] {
        let cutting = Cutting::new(server.address(), 3, after);
        let store = TempStore::new();
        let vod = format!("{scheme}://{}/talk%201.mkv", cutting.address());
        process::output(&mut command(&store, scratch.path(), &["--vod", &vod, "--keep-media"])).expect_code(0);
        assert_eq!(cutting.cuts(), 3);
        let blobs =
            |store: &TempStore| contents(store.path()).into_iter().filter(|(path, _)| path.starts_with("blobs/"));
        assert_eq!(blobs(&store).collect::<Vec<_>>(), blobs(&whole).collect::<Vec<_>>());
        let requests = server.requests_once(before + 4).split_off(before);
        assert_eq!(requests.len(), 4, "{requests:?}");
        before += requests.len();
        if after > 1000 {
            // Noted when they end, so in no order.
            let part = |request: &&String| request.contains(" 206 bytes=");
            assert_eq!(requests.iter().filter(part).count(), 3, "{requests:?}");
            assert_eq!(requests.iter().filter(|request| request.ends_with(" 200 -")).count(), 1, "{requests:?}");
        }
    }
}

#[test]
fn every_refusal_is_told_and_writes_nothing() {
    let (server, store, scratch) = (server(), TempStore::new(), tempfile::tempdir().unwrap());
    let said = |arguments: &[&str]| refused(&mut command(&store, scratch.path(), arguments), &store, scratch.path());
    let url = |path: &str| server.url("webdav", path);

    let missing = said(&["--vod", &url("none.mkv")]);
    assert_eq!(missing, format!("error: {} does not exist there; check the URL\n", url("none.mkv")));
    let folder = said(&["--vod", &url("")]);
    assert!(folder.contains("names no file to read: it does not end in the name of a file"), "{folder}");

    let mut wrong = command(&store, scratch.path(), &["--vod", &url("talk%201.mkv")]);
    wrong.env("DOUGPT_WEBDAV_PASSWORD", "wrong");
    let wrong = refused(&mut wrong, &store, scratch.path());
    assert!(
        wrong.contains("may not be read (the server answered 401 Unauthorized); set DOUGPT_WEBDAV_USER"),
        "{wrong}"
    );

    // A file of 64 GiB and one byte, all of it a hole.
    File::create(server.files().join("huge.mkv")).unwrap().set_len((64 << 30) + 1).unwrap();
    let huge = said(&["--vod", &url("huge.mkv")]);
    assert!(huge.contains("huge.mkv has 68719476737 bytes, more than the 68719476736 that are taken"), "{huge}");
    File::create(server.files().join("empty.mkv")).unwrap();
    let empty = said(&["--vod", &url("empty.mkv")]);
    assert!(empty.contains("empty.mkv is empty; check the URL"), "{empty}");

    for scheme in ["webdav", "http"] {
        let away = said(&["--vod", &server.url(scheme, "away/talk.mkv")]);
        assert!(
            away.contains("away/talk.mkv is not fetched\n  because: plain http to 169.254.169.254 is refused"),
            "{away}"
        );
    }
    let circle = said(&["--vod", &url("loop")]);
    assert!(circle.contains("is redirect number 4; none beyond 3 is followed"), "{circle}");
    let chat = said(&["--vod", "file:x.mkv", "--chat", &url("none.json"), "--chat-only"]);
    assert!(chat.contains("none.json does not exist there"), "{chat}");

    fs::write(server.files().join("noise.mkv"), "this is no media file").unwrap();
    let noise = said(&["--vod", &url("noise.mkv")]);
    assert!(noise.starts_with(&format!("error: {} cannot be taken in\n", url("noise.mkv"))), "{noise}");
    let noise = said(&["--vod", "file:x.mkv", "--chat", &url("noise.mkv"), "--chat-only"]);
    assert!(noise.starts_with(&format!("error: the chat {}, line 1", url("noise.mkv"))), "{noise}");
}

#[test]
fn hosts_that_nobody_named_are_not_asked() {
    let (server, store, scratch) = (server(), TempStore::new(), tempfile::tempdir().unwrap());
    let port = server.address().port();
    let ask = |url: &str, allowed: &str| {
        let mut command = command(&store, scratch.path(), &["--vod", url]);
        command.env("DOUGPT_ALLOW_HOSTS", allowed).env("AWS_ENDPOINT", format!("http://127.0.0.1:{port}"));
        command.env("AWS_ALLOW_HTTP", "true").env("AWS_ACCESS_KEY_ID", "id").env("AWS_SECRET_ACCESS_KEY", "key");
        command.env("AZURE_STORAGE_ENDPOINT", format!("http://127.0.0.1:{port}/account"));
        command.env("AZURE_STORAGE_ACCOUNT_NAME", "account").env("AZURE_STORAGE_ACCOUNT_KEY", "a2V5");
        refused(&mut command, &store, scratch.path())
    };
    for url in [
        format!("webdav://127.0.0.1:{port}/talk.mkv"),
        format!("http://127.0.0.1:{port}/talk.mkv"),
        "http://localhost/talk.mkv".to_owned(),
        "s3://bucket/talk.mkv".to_owned(),
        "azblob://container/talk.mkv".to_owned(),
    ] {
        let said = ask(&url, "");
        assert!(said.contains("is not fetched\n  because: plain http to "), "{url}: {said}");
        let said = ask(&url, "127.0.0.1:1,example.org");
        assert!(said.contains("is not fetched\n  because: plain http to "), "{url}: {said}");
    }
    for (url, address) in [
        (format!("https://127.0.0.1:{port}/x.mkv"), "127.0.0.1"),
        (format!("webdavs://localhost:{port}/x.mkv"), "127.0.0.1"),
        ("https://[::ffff:169.254.169.254]/x.mkv".to_owned(), "::ffff:169.254.169.254"),
        ("https://2852039166/x.mkv".to_owned(), "169.254.169.254"),
    ] {
        let said = ask(&url, "");
        let expect = format!("has the address {address}, which is not public");
        // A machine may know localhost by its IPv6 address first.
        assert!(said.contains(&expect) || said.contains("has the address ::1, which"), "{url}: {said}");
    }
    let said = ask("https://example.org/x.mkv", "http://127.0.0.1");
    assert!(said.contains("DOUGPT_ALLOW_HOSTS has \"http://127.0.0.1\", which is no host"), "{said}");
    let said = ask("https://ada:secret@example.org/x.mkv", "");
    assert!(said.contains("credentials do not belong into a URL"), "{said}");
    assert_eq!(server.requests(), [""; 0]);
}

/// Puts a file where only a store's own API can.
fn put(url: &str, bytes: &[u8]) -> String {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = store::Store::open(url).await.unwrap();
        let info = store.put_blob(bytes.to_vec().into()).await.unwrap();
        format!("{url}/{}", store.blob_path(&info.digest))
    })
}

#[test]
fn objects_of_s3_and_azure_are_sources_too() {
    let bytes = fs::read(sample::dir().join("demo-1.mkv")).unwrap();
    for url in [testkit::s3::store("source"), testkit::azure::store("source")] {
        let (store, scratch) = (TempStore::new(), tempfile::tempdir().unwrap());
        let vod = put(&url, &bytes);
        let arguments = ["--vod", &vod, "--id", "talk", "--keep-media"];
        process::output(&mut command(&store, scratch.path(), &arguments)).expect_code(0);
        let show = json(process::output(&mut command(&store, scratch.path(), &["show", "talk", "--json"])));
        assert_eq!(show["vod"]["source"], vod.as_str());
        assert_eq!(show["vod"]["media_digest"], ids::Digest::of(&bytes).to_string());
        let missing = format!("{url}/none.mkv");
        let mut command = command(&store, scratch.path(), &["--vod", &missing]);
        let said = process::output(&mut command).expect_code(2).stderr;
        assert!(said.ends_with(&format!("\nerror: {missing} does not exist there; check the URL\n")), "{said}");
    }
}
