//! Ways in for the fuzz targets, to what reads foreign bytes without asking for them. Built for those alone.

use ids::VodId;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use url::Url;

use super::{comments, gql, playlist, segments, usher, video};
use crate::Origin;
use crate::net::Answer;

fn id() -> VodId {
    "1".parse().expect("an id")
}

/// Reads a playlist as each of both kinds.
pub fn playlist(bytes: &[u8]) {
    let base = Url::parse("https://usher.ttvnw.net/vod/v2/1.m3u8").expect("a URL");
    let _ = usher::offered(bytes, &base);
    if let Ok(playlist) = playlist::parse(bytes) {
        let mut end_ms = 0;
        for entry in &playlist.entries {
            assert_eq!(entry.start_ms, end_ms, "segments follow each other");
            assert!(!entry.name.starts_with('.') && !entry.name.contains('/'), "a name leads nowhere else");
            end_ms = entry.end_ms();
        }
        assert_eq!(playlist.duration_ms(), end_ms);
    }
}

/// Reads an answer of the API as that to every question; its first byte tells the status.
pub fn answer(bytes: &[u8]) {
    let Some((status, body)) = bytes.split_first() else { return };
    let all = [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS, StatusCode::BAD_GATEWAY, StatusCode::FORBIDDEN];
    let status = all[usize::from(*status) % all.len()];
    let answer = Answer { status, headers: HeaderMap::new(), body: body.to_vec().into() };
    if let Ok(gql::Outcome::Data(data)) = gql::read("Fuzz", &answer) {
        let _ = video::read(&id(), &data, &data, &data);
        let _ = comments::read(&id(), data, false);
    }
}

/// Checks a segment and an initialisation piece.
pub fn segment(bytes: &[u8]) {
    segments::check_both(bytes);
}

/// Reads what is written behind `--vod`: an id that comes out is one.
pub fn origin(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(Origin::Twitch(id)) = Origin::parse(text) {
        assert!(id.as_str().bytes().all(|byte| byte.is_ascii_digit()) && text.contains(id.as_str()));
    }
}
