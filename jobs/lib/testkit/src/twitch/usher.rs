//! Playback tokens and usher's playlist of qualities, in both versions.

use std::collections::HashMap;
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::Query;
use axum::http::Uri;
use serde_json::{Value, json};

use super::reply::Reply;
use super::scenario::{Quality, Scenario};

/// The address of the client that tokens and masters carry. Nothing may store or log it.
pub const USER_IP: &str = "203.0.113.77";
/// The device that tokens carry. Nothing may store or log it.
pub const DEVICE_ID: &str = "dev1ce00000000000000000000000077";
/// The serving id of every master. Nothing may store it.
pub const SERVING_ID: &str = "5e4b1d00000000000000000000000077";

const M3U8: &str = "application/vnd.apple.mpegurl";

/// `videoPlaybackAccessToken` of the VOD.
pub(super) fn token(scenario: &Scenario, authorized: bool) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let value = json!({
        "authorization": {"forbidden": false, "reason": ""}, "chansub": {"restricted_bitrates": []},
        "device_id": DEVICE_ID, "expires": now + 72_000, "https_required": true, "privileged": authorized,
        "user_id": authorized.then_some(700_000_001), "user_ip": USER_IP, "version": 3,
        "vod_id": scenario.vod.id.parse::<u64>().ok(),
    })
    .to_string();
    json!({"signature": signature(&value), "value": value, "__typename": "PlaybackAccessToken"})
}

fn signature(value: &str) -> String {
    super::hex(&format!("the fake service's own {value}"), 40)
}

/// The answer to a request for the playlist of qualities.
pub(super) fn master(scenario: &Scenario, uri: &Uri, id: &str, v2: bool, origin: &str) -> Reply {
    let vod = &scenario.vod;
    if !scenario.media.masters.contains(if v2 { &2 } else { &1 }) {
        return Reply::text(404, "404 page not found\n");
    }
    if !vod.exists || id != vod.id {
        return refusal(404, uri, "Not Found", "transcode_does_not_exist");
    }
    let query = Query::<HashMap<String, String>>::try_from_uri(uri).map(|query| query.0).unwrap_or_default();
    let given = |names: [&str; 2]| names.iter().find_map(|name| query.get(*name)).cloned().unwrap_or_default();
    let (value, sig) = (given(["token", "nauth"]), given(["sig", "nauthsig"]));
    let token: Value = serde_json::from_str(&value).unwrap_or_default();
    if sig != signature(&value) || token["vod_id"].as_u64() != vod.id.parse().ok() {
        return refusal(403, uri, "Unauthorized: the token or its signature is not valid", "unauthorized_entitlements");
    }
    if scenario.access.sub_only && token["privileged"] != true {
        return restricted(uri);
    }
    let asks = |name: &str| query.get(name).is_some_and(|value| value == "true");
    let shown = |quality: &&Quality| match quality.id.as_str() {
        "audio_only" => asks("allow_audio_only"),
        "chunked" => asks("allow_source"),
        _ => true,
    };
    let mut text = "#EXTM3U\n".to_owned();
    let _ = writeln!(
        text,
        "#EXT-X-TWITCH-INFO:ORIGIN=\"s3\",B=\"false\",REGION=\"EU\",USER-IP=\"{USER_IP}\",SERVING-ID=\"{SERVING_ID}\",\
         CLUSTER=\"cloudfront_vod\",USER-COUNTRY=\"DE\",MANIFEST-CLUSTER=\"cloudfront_vod\",\
         SERVER-TIME=\"1695490626.51\""
    );
    for quality in scenario.media.qualities.iter().filter(shown) {
        variant(&mut text, quality, v2);
        let file = super::playlist::name(scenario);
        let _ = writeln!(text, "{origin}/{}/{}/{file}", scenario.folder(), quality.id);
    }
    Reply::new(200, M3U8, text)
}

fn variant(text: &mut String, quality: &Quality, v2: bool) {
    let Quality { id, name, bandwidth, codecs, .. } = quality;
    if !v2 {
        let _ = writeln!(text, "#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"{id}\",NAME=\"{name}\",AUTOSELECT=NO,DEFAULT=NO");
    }
    let _ = write!(text, "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},CODECS=\"{codecs}\"");
    if let Some(resolution) = &quality.resolution {
        let _ = write!(text, ",RESOLUTION={resolution}");
    }
    if !v2 {
        let _ = write!(text, ",VIDEO=\"{id}\"");
    }
    if let Some(rate) = quality.frame_rate {
        let _ = write!(text, ",FRAME-RATE={rate:.3}");
    }
    if v2 {
        let stable = if id == "chunked" { name } else { id };
        let source = if id == "chunked" { "source" } else { "transcode" };
        let _ = write!(
            text,
            ",STABLE-VARIANT-ID=\"{stable}\",IVS-NAME=\"{name}\",IVS-GROUPS=\"landscape\",\
             IVS-VARIANT-SOURCE=\"{source}\""
        );
    }
    text.push('\n');
}

/// What usher says of VODs that only subscribers may watch.
pub(super) fn restricted(uri: &Uri) -> Reply {
    refusal(403, uri, "Content is restricted", "vod_manifest_restricted")
}

fn refusal(status: u16, uri: &Uri, error: &str, code: &str) -> Reply {
    // The real one repeats the URL with the token in it, so whoever stores the error has stored a credential.
    let url = format!("https://usher.example{uri}");
    let body = json!([{"url": url, "error": error, "error_code": code, "type": "error"}]);
    Reply::new(status, "application/json", body.to_string())
}
