//! What `--vod` names: a file here or behind a URL, or a video of a platform by its id or URL.
//!
//! An identifier is data and never a path: it is digits, or a URL of an exact host with nothing unusual in it, and what
//! comes out of it is a validated id.

use std::path::PathBuf;

use anyhow::{Context, bail};
use ids::VodId;
use store::Source;
use url::Url;

/// Where a broadcast comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A local media file.
    File(PathBuf),
    /// A media file behind a URL.
    Url(Source),
    /// A video of Twitch.
    Twitch(VodId),
}

/// Hosts of Twitch's pages.
const TWITCH: &[&str] = &["twitch.tv", "www.twitch.tv", "m.twitch.tv", "go.twitch.tv"];

/// Longest text that is looked at, bytes.
const LONGEST: usize = 4096;

/// Most digits of an id of Twitch.
const MOST_DIGITS: usize = 20;

impl Origin {
    /// What `text` names.
    ///
    /// # Errors
    /// Says what would be right.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
        if let Some(path) = text.strip_prefix("file://").or_else(|| text.strip_prefix("file:")) {
            if path.is_empty() || path.contains('\0') {
                bail!("--vod {shown:?} names no file; write file:PATH of a media file");
            }
            return Ok(Self::File(path.into()));
        }
        if text.len() > LONGEST {
            bail!("--vod has {} bytes; write the id or the URL of a video, or file:PATH", text.len());
        }
        if let Some(id) = digits(text.strip_prefix("twitch/").unwrap_or(text)) {
            return Ok(Self::Twitch(id.parse()?));
        }
        // What looks like a page of a platform is one, or none at all.
        if Source::is_url(text) && !["twitch.tv", "youtu"].iter().any(|page| text.contains(page)) {
            return Ok(Self::Url(Source::parse(text).context("--vod cannot be taken in")?));
        }
        if let Some(rest) = text.split_once("://").map(|(_, rest)| rest).or_else(|| without_scheme(text)) {
            return match twitch(rest, text) {
                Some(id) => Ok(Self::Twitch(id.parse()?)),
                None if rest.contains("youtu") => bail!(
                    "--vod {shown:?} is a video of YouTube, which is not downloaded; fetch video and live chat with \
                     yt-dlp, then run: ingest --vod file:PATH --chat FILE.live_chat.json"
                ),
                None => bail!(
                    "--vod {shown:?} is no video of Twitch; write its id, https://www.twitch.tv/videos/ID, or file:PATH"
                ),
            };
        }
        bail!("--vod {shown:?} is neither the id nor the URL of a video; for a local file write --vod file:{shown}")
    }
}

/// The id in `1234567` or `v1234567`.
fn digits(text: &str) -> Option<&str> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let right = (1..=MOST_DIGITS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    right.then_some(text)
}

/// What people copy without the `https://`.
fn without_scheme(text: &str) -> Option<&str> {
    let host = text.split('/').next().unwrap_or_default();
    let page = TWITCH.contains(&host) || host.contains("youtube.com") || host == "youtu.be";
    (page && text.contains('/')).then_some(text)
}

/// The id in `https://www.twitch.tv/videos/1234567`, also in the older `/LOGIN/v/` and `/LOGIN/video/` forms.
fn twitch<'text>(rest: &str, text: &'text str) -> Option<&'text str> {
    // What the parser would repair (backslashes, escapes, tabs, other scripts) names something else than it shows.
    let unusual = |b: u8| !b.is_ascii_graphic() || matches!(b, b'\\' | b'%' | b'@');
    if text.bytes().any(unusual) {
        return None;
    }
    let url = Url::parse(&format!("https://{rest}")).ok()?;
    let scheme = text.split_once("://").map_or("https", |(scheme, _)| scheme);
    let plain = matches!(scheme, "https" | "http") && url.port().is_none() && !rest.split('/').next()?.contains(':');
    // A path that the parser had to tidy up is not the one that was written.
    let tidied = rest.split(['/', '?', '#']).any(|part| part == "." || part == "..");
    if !plain || tidied || !TWITCH.contains(&url.host_str()?) {
        return None;
    }
    let parts: Vec<_> = url.path().trim_end_matches('/').split('/').skip(1).collect();
    let id = match parts.as_slice() {
        ["videos", id] | [_, "v" | "video", id] => digits(id)?.to_owned(),
        _ => return None,
    };
    text.find(&id).and_then(|at| text.get(at..at + id.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_urls_of_videos_are_known() {
        for text in [
            "1087079172",
            "v1087079172",
            "twitch/1087079172",
            "https://www.twitch.tv/videos/1087079172",
            "http://twitch.tv/videos/1087079172/",
            "https://m.twitch.tv/videos/1087079172?t=1h2m3s",
            "https://www.twitch.tv/somebody/video/1087079172",
            "https://www.twitch.tv/somebody/v/1087079172",
            "www.twitch.tv/videos/1087079172",
        ] {
            let found = Origin::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(found, Origin::Twitch("1087079172".parse().unwrap()), "{text}");
        }
        assert_eq!(Origin::parse("file:talk.mkv").unwrap(), Origin::File("talk.mkv".into()));
    }

    #[test]
    fn everything_else_is_refused() {
        let long = "1".repeat(1 << 20);
        for text in [
            "",
            "-1",
            "--help",
            "123456789012345678901",
            long.as_str(),
            "..",
            "../../etc/passwd",
            "%2e%2e",
            "1087079172/../x",
            "1087079172\0",
            "\u{202e}1087079172",
            "١٠٨٧",
            "talk.mkv",
            "file:",
            "file:a\0b",
            "https://www.twitch.tv/videos/10870\\79172",
            "https://www.twitch.tv/videos/%31",
            "https://www.twitch.tv/videos/",
            "https://www.twitch.tv/videos/1/2",
            "https://www.twitch.tv/../videos/1087079172",
            "https://www.twitch.tv/somebody",
            "https://www.twitch.tv:8080/videos/1087079172",
            "https://www.twitch.tv:443/videos/1087079172",
            "https://user@www.twitch.tv/videos/1087079172",
            "https://www.twitch.tv.evil.example/videos/1087079172",
            "https://evil.example/www.twitch.tv/videos/1087079172",
            "https://169.254.169.254/videos/1087079172",
            "ftp://www.twitch.tv/videos/1087079172",
            "javascript:1087079172",
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        ] {
            let error = Origin::parse(text).expect_err(&text.chars().take(60).collect::<String>()).to_string();
            assert!(error.contains("--vod") && error.len() < 600, "{error}");
        }
    }
}
