//! Which renditions of a broadcast there are, and the one that is taken.
//!
//! A playback token opens the master playlist. There are two versions of that: the newer names a rendition by its
//! STABLE-VARIANT-ID, the older by a group of EXT-X-MEDIA.

use ids::VodId;
use m3u8_rs::{MasterPlaylist, VariantStream};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::TwitchError;
use super::gql::{Gql, Operation, address};
use super::playlist::{self, Playlist};
use crate::net::{Answer, Net, NetError, host};
use crate::retries::{Retries, random};

/// Where playlists are, unless `DOUGPT_TWITCH_USHER_URL` says otherwise.
const USHER: &str = "https://usher.ttvnw.net";

static TOKEN: Operation = Operation::new(
    "PlaybackAccessToken_Template",
    None,
    "query PlaybackAccessToken_Template($id: ID!) { videoPlaybackAccessToken(id: $id, params: {platform: \"web\", \
     playerBackend: \"mediaplayer\", playerType: \"site\"}) { signature value } }",
);

/// A token. It carries the user's address and opens the media, so it is neither stored nor logged.
#[derive(Deserialize)]
struct Token {
    signature: String,
    value: String,
}

/// One rendition of a broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rendition {
    /// What Twitch calls it: `audio_only`, `160p30`, `chunked`, ...
    pub(super) name: String,
    /// All its names.
    names: Vec<String>,
    /// Bits a second at most.
    pub(super) bandwidth: u64,
    codecs: String,
    has_picture: bool,
    /// Where its playlist is.
    url: Url,
}

/// Asks for the renditions of a broadcast and picks the wanted one.
pub(super) async fn rendition(
    net: &Net,
    gql: &Gql,
    id: &VodId,
    wanted: &str,
    retries: Retries,
) -> Result<Rendition, TwitchError> {
    let answer = gql.ask(&TOKEN, &json!({ "id": id })).await?;
    let token = answer.get("videoPlaybackAccessToken").filter(|token| !token.is_null()).cloned();
    let token = token.ok_or_else(|| TwitchError::NotReady { id: id.to_string() })?;
    let token: Token = serde_json::from_value(token)
        .map_err(|error| TwitchError::SchemaDrift { operation: TOKEN.name, message: error.to_string() })?;
    let (url, text) = master(net, id, &token, retries).await?;
    let all = offered(&text.body, &url).map_err(|reason| TwitchError::Playlist { id: id.to_string(), reason })?;
    pick(&all, wanted).cloned().ok_or_else(|| TwitchError::Quality {
        id: id.to_string(),
        wanted: wanted.to_owned(),
        offered: match all.is_empty() {
            true => "none at all".to_owned(),
            false => all.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", "),
        },
    })
}

/// The renditions in a master playlist that is at `base`.
pub(super) fn offered(bytes: &[u8], base: &Url) -> Result<Vec<Rendition>, String> {
    playlist::bounded(bytes)?;
    let master = m3u8_rs::parse_master_playlist_res(bytes).map_err(|_| "it is no master playlist".to_owned())?;
    Ok(master.variants.iter().filter_map(|variant| rendition_of(variant, &master, base)).collect())
}

/// The segments of a rendition, and the URL their names are relative to.
pub(super) async fn segments(
    net: &Net,
    id: &VodId,
    rendition: &Rendition,
    retries: Retries,
) -> Result<(Url, Playlist), TwitchError> {
    let answer = get(net, &rendition.url, "the media playlist", retries).await?;
    if answer.status != StatusCode::OK {
        let (what, status) = ("the media playlist".to_owned(), answer.status.as_u16());
        return Err(TwitchError::Fatal { what, status, message: "it cannot be had".to_owned() });
    }
    let playlist =
        playlist::parse(&answer.body).map_err(|reason| TwitchError::Playlist { id: id.to_string(), reason })?;
    Ok((rendition.url.clone(), playlist))
}

/// The master playlist in the newer version, or where there is none, the older.
async fn master(net: &Net, id: &VodId, token: &Token, retries: Retries) -> Result<(Url, Answer), TwitchError> {
    let base = address("DOUGPT_TWITCH_USHER_URL", USHER)?;
    let mut last = 404;
    for path in ["vod/v2", "vod"] {
        let mut url = base.clone();
        url.set_path(&format!("{}/{path}/{id}.m3u8", base.path().trim_end_matches('/')));
        url.query_pairs_mut()
            .append_pair("allow_source", "true")
            .append_pair("allow_audio_only", "true")
            .append_pair("include_unavailable", "true")
            .append_pair("platform", "web")
            .append_pair("player_backend", "mediaplayer")
            .append_pair("playlist_include_framerate", "true")
            .append_pair("supported_codecs", "av1,h265,h264")
            .append_pair("p", &(random() % 10_000_000).to_string())
            .append_pair("sig", &token.signature)
            .append_pair("token", &token.value);
        let answer = get(net, &url, "the master playlist", retries).await?;
        match answer.status {
            StatusCode::OK => return Ok((url, answer)),
            StatusCode::FORBIDDEN => {
                return Err(TwitchError::SubOnly { id: id.to_string(), code: code(&answer.body) });
            }
            status => last = status.as_u16(),
        }
    }
    match last {
        404 | 410 => Err(TwitchError::NotFound { id: id.to_string() }),
        status => {
            let what = "the master playlist".to_owned();
            Err(TwitchError::Fatal { what, status, message: "it cannot be had".to_owned() })
        }
    }
}

/// Asks for a playlist until there is an answer that means something.
async fn get(net: &Net, url: &Url, what: &str, retries: Retries) -> Result<Answer, TwitchError> {
    let mut tries = retries.start();
    loop {
        let (reason, wait) = match net.ask(net.request(Method::GET, url)?, playlist::LARGEST).await {
            Ok(answer) if answer.status == StatusCode::TOO_MANY_REQUESTS || answer.status.is_server_error() => {
                (format!("it answers {}", answer.status), answer.retry_after())
            }
            Ok(answer) => return Ok(answer),
            Err(NetError::Broken { reason, .. }) => (reason, None),
            Err(error) => return Err(error.into()),
        };
        let what = format!("{what} of {}", host(url));
        tries.again(&what, &reason, wait).await.map_err(|given_up| TwitchError::given_up(given_up, &what, reason))?;
    }
}

/// The code in a refusal: `[{"error_code": "vod_manifest_restricted", ...}]`.
fn code(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        error_code: String,
    }
    let refusals: Vec<Refusal> = serde_json::from_slice(body).unwrap_or_default();
    let code = refusals.into_iter().next().map(|refusal| refusal.error_code).unwrap_or_default();
    match !code.is_empty() && code.len() <= 100 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        true => code,
        false => "403".to_owned(),
    }
}

fn rendition_of(variant: &VariantStream, master: &MasterPlaylist, base: &Url) -> Option<Rendition> {
    let attribute = |name: &str| Some(variant.other_attributes.as_ref()?.get(name)?.as_str().to_owned());
    let group = variant.video.clone();
    let media = master.alternatives.iter().find(|it| Some(&it.group_id) == group.as_ref());
    let names =
        [attribute("STABLE-VARIANT-ID"), group.clone(), attribute("IVS-NAME"), media.map(|media| media.name.clone())];
    let names: Vec<_> = names.into_iter().flatten().filter(|name| !name.is_empty() && name.len() <= 100).collect();
    let url = base.join(&variant.uri).ok()?;
    Some(Rendition {
        name: names.first()?.clone(),
        names,
        bandwidth: variant.bandwidth,
        codecs: variant.codecs.clone().unwrap_or_default(),
        has_picture: variant.resolution.is_some(),
        url,
    })
}

/// `audio_only` is the rendition of that name, or where there is none the smallest with sound: the sound is the same in
/// all. `best` is the largest.
fn pick<'all>(all: &'all [Rendition], wanted: &str) -> Option<&'all Rendition> {
    let named = |it: &&Rendition| it.names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
    if wanted == "best" {
        return all.iter().filter(|it| it.has_picture).max_by_key(|it| it.bandwidth);
    }
    let sounding = |it: &&Rendition| it.codecs.is_empty() || it.codecs.contains("mp4a");
    let exact = all.iter().find(named);
    match wanted {
        "audio_only" => exact.or_else(|| all.iter().filter(sounding).min_by_key(|it| it.bandwidth)),
        _ => exact,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "#EXTM3U\n\
        #EXT-X-TWITCH-INFO:ORIGIN=\"s3\",USER-IP=\"203.0.113.7\",SERVING-ID=\"x\",USER-COUNTRY=\"XX\"\n\
        #EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"chunked\",NAME=\"1080p60\",AUTOSELECT=NO,DEFAULT=NO\n\
        #EXT-X-STREAM-INF:BANDWIDTH=8000000,CODECS=\"avc1.64002A,mp4a.40.2\",RESOLUTION=1920x1080,VIDEO=\"chunked\",FRAME-RATE=60.000\n\
        https://d1.cloudfront.net/a/chunked/index-dvr.m3u8\n\
        #EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"160p30\",NAME=\"160p\",AUTOSELECT=YES,DEFAULT=YES\n\
        #EXT-X-STREAM-INF:BANDWIDTH=300000,CODECS=\"avc1.4D000C,mp4a.40.2\",RESOLUTION=284x160,VIDEO=\"160p30\",FRAME-RATE=30.000\n\
        https://d1.cloudfront.net/a/160p30/index-dvr.m3u8\n";
    const V2: &str = "#EXTM3U\n\
        #EXT-X-STREAM-INF:BANDWIDTH=8000000,CODECS=\"avc1.64002A,mp4a.40.2\",RESOLUTION=1920x1080,FRAME-RATE=60.000,STABLE-VARIANT-ID=\"1080p60\",IVS-NAME=\"1080p60\",IVS-VARIANT-SOURCE=\"source\"\n\
        https://d1.cloudfront.net/a/chunked/index-dvr.m3u8\n\
        #EXT-X-STREAM-INF:BANDWIDTH=200000,CODECS=\"mp4a.40.2\",STABLE-VARIANT-ID=\"audio_only\",IVS-NAME=\"Audio Only\"\n\
        https://d1.cloudfront.net/a/audio_only/index-dvr.m3u8\n";

    fn picked(text: &str, wanted: &str) -> Option<(String, u64)> {
        let master = m3u8_rs::parse_master_playlist_res(text.as_bytes()).unwrap();
        let base = Url::parse("https://usher.ttvnw.net/vod/1.m3u8").unwrap();
        let all: Vec<_> = master.variants.iter().filter_map(|it| rendition_of(it, &master, &base)).collect();
        pick(&all, wanted).map(|it| (it.name.clone(), it.bandwidth))
    }

    #[test]
    fn renditions_are_found_by_every_name_in_both_versions() {
        for (text, wanted, expect) in [
            (V1, "audio_only", Some(("160p30", 300_000))),
            (V1, "best", Some(("chunked", 8_000_000))),
            (V1, "1080P60", Some(("chunked", 8_000_000))),
            (V1, "160p", Some(("160p30", 300_000))),
            (V1, "720p", None),
            (V2, "audio_only", Some(("audio_only", 200_000))),
            (V2, "best", Some(("1080p60", 8_000_000))),
            (V2, "1080p60", Some(("1080p60", 8_000_000))),
            (V2, "Audio Only", Some(("audio_only", 200_000))),
        ] {
            assert_eq!(picked(text, wanted), expect.map(|(name, size)| (name.to_owned(), size)), "{wanted}");
        }
    }

    #[test]
    fn a_refusal_names_its_code() {
        let body = br#"[{"url":"x","error":"x","error_code":"vod_manifest_restricted","type":"error"}]"#;
        assert_eq!(code(body), "vod_manifest_restricted");
        assert_eq!(code(b"<html>"), "403");
        assert_eq!(code(br#"[{"error_code":"a b"}]"#), "403");
    }
}
