//! A client of a few lines, which hides nothing of what came: no redirect is followed, nothing unpacked or retried.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::twitch::Twitch;
use crate::twitch::operations::HASHES;

/// What came back.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// 0 when there was no answer.
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// Whether the connection ended before the body did.
    pub(crate) cut: bool,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

/// Sends one request on a connection of its own.
pub(crate) fn send(twitch: &Twitch, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = TcpStream::connect(twitch.address()).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout can be set");
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", twitch.address());
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += &format!("content-length: {}\r\n\r\n{body}", body.len());
    let mut bytes = Vec::new();
    let sent = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut bytes));
    parse(&bytes, sent.is_err())
}

fn parse(bytes: &[u8], failed: bool) -> Answer {
    let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Answer { cut: true, ..Answer::default() };
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let body = bytes[head + 4..].to_vec();
    let promised = headers.get("content-length").and_then(|length| length.parse().ok());
    let cut = failed || promised.is_some_and(|length: usize| body.len() < length);
    Answer { status: status.unwrap_or(0), headers, body, cut }
}

pub(crate) fn get(twitch: &Twitch, path: &str) -> Answer {
    send(twitch, "GET", path, &[], "")
}

/// Sends a GQL body as the public web client does.
pub(crate) fn gql(twitch: &Twitch, body: &Value) -> Answer {
    send(twitch, "POST", "/gql", &[("client-id", "kimne78kx3ncx6brgo4mv6wki5h1ko")], &body.to_string())
}

/// A persisted query.
pub(crate) fn persisted(name: &str, variables: Value) -> Value {
    let (_, hash) = HASHES.iter().find(|(known, _)| *known == name).expect("a known operation");
    let extensions = json!({"persistedQuery": {"version": 1, "sha256Hash": hash}});
    json!({"operationName": name, "variables": variables, "extensions": extensions})
}

/// The path of the playlist of qualities with a token asked for just before.
pub(crate) fn master_path(twitch: &Twitch, version: &str) -> String {
    let text =
        "{videoPlaybackAccessToken(id:\"1087079172\",params:{platform:\"web\",playerType:\"site\"}){signature value}}";
    let token = gql(twitch, &json!({"query": text})).json()["data"]["videoPlaybackAccessToken"].clone();
    let value: String = token["value"].as_str().expect("a value").bytes().map(|byte| format!("%{byte:02x}")).collect();
    let sig = token["signature"].as_str().expect("a signature");
    format!("/vod/{version}1087079172.m3u8?allow_source=true&allow_audio_only=true&sig={sig}&token={value}&p=7")
}

/// The paths that a playlist names, made whole.
pub(crate) fn paths(playlist: &Answer, twitch: &Twitch, base: &str) -> Vec<String> {
    let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
    let lines = playlist.text();
    let uris = lines.lines().filter(|line| !line.starts_with('#'));
    let path = |uri: &str| match uri.strip_prefix(&twitch.usher_url()) {
        Some(path) => path.to_owned(),
        None => format!("{folder}/{uri}"),
    };
    uris.map(path).collect()
}

/// The path of the media playlist of a quality.
pub(crate) fn media_path(twitch: &Twitch, quality: &str) -> String {
    let path = master_path(twitch, "v2/");
    let master = get(twitch, &path);
    let wanted = format!("/{quality}/");
    paths(&master, twitch, &path).into_iter().find(|path| path.contains(&wanted)).expect("the quality is listed")
}
