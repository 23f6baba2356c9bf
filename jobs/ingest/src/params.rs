//! From arguments as typed to parameters as validated. Nothing is opened here.

mod remote;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ids::{Platform, VodId, VodKey};
use serde_json::{Value, json};
use store::Source;

use crate::args::Take;
use crate::chat;

pub(crate) use remote::{ChatFrom, Remote};

/// What is taken in, wherever it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broadcast {
    /// The VOD's key in the store.
    pub vod: VodKey,
    /// Where it comes from: a URL without credentials and query, or `file:` and the file's name without its folder.
    pub source: String,
    /// Its start, RFC 3339 in UTC, if given.
    pub started_at: Option<String>,
    /// Its title, if given.
    pub title: Option<String>,
    /// What part of it is taken: from, to, in ms from its start.
    pub range: Option<(u64, u64)>,
}

impl Broadcast {
    fn new(take: &Take, vod: VodKey, source: String) -> anyhow::Result<Self> {
        Ok(Self {
            vod,
            source,
            started_at: take.started_at.as_deref().map(started_at).transpose()?,
            title: take.title.as_deref().map(title).transpose()?,
            range: range(take.from.as_deref(), take.to.as_deref())?,
        })
    }

    /// Where the part that is taken begins, ms.
    pub(crate) fn start_ms(&self) -> i64 {
        self.range.map_or(0, |(from, _)| i64::try_from(from).unwrap_or(i64::MAX))
    }

    /// What of it is asked of a run.
    pub(crate) fn question(&self) -> Value {
        let range = self.range.map(|(from_ms, to_ms)| json!({ "from_ms": from_ms, "to_ms": to_ms }));
        json!({
            "vod": self.vod,
            "source": self.source,
            "started_at": self.started_at,
            "title": self.title,
            "range": range,
        })
    }
}

/// Files to take in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Params {
    /// What they are of.
    pub broadcast: Broadcast,
    /// The media file, if media is taken in.
    pub media: Option<Input>,
    /// The chat export, if chat is taken in.
    pub chat: Option<Input>,
    /// Whether the media file becomes a blob too.
    pub keep_media: bool,
}

/// Where a file is taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A local file.
    File(PathBuf),
    /// A file behind a URL.
    Url(Source),
}

/// What `--to` means when it is not given: longer than any recording that is taken, ms.
pub(crate) const END: u64 = 96 * 3600 * 1000;

/// Longest title, characters.
const LONGEST_TITLE: usize = 500;

impl Params {
    /// The parameters in the arguments.
    ///
    /// # Errors
    /// Names the argument, its value and what would be right.
    pub fn new(take: &Take, media: Input) -> anyhow::Result<Self> {
        if take.chat_only && take.chat.is_none() {
            bail!("--chat-only of a file has no chat; give --chat FILE");
        }
        let (source, name) = match &media {
            Input::Url(source) => (source.url().to_owned(), PathBuf::from(source.name())),
            Input::File(path) => {
                let name = path.file_name().and_then(|name| name.to_str()).with_context(|| {
                    format!("--vod {:?} does not end in a file name; write file:PATH of a media file", path.display())
                })?;
                (format!("file:{name}"), path.clone())
            }
        };
        let vod = VodKey { platform: Platform::File, id: id(take.id.as_deref(), &name)? };
        Ok(Self {
            broadcast: Broadcast::new(take, vod, source)?,
            media: (!take.chat_only).then_some(media),
            chat: take.chat.as_deref().map(chat_input).transpose()?,
            keep_media: take.keep_media,
        })
    }
}

fn chat_input(chat: &Path) -> anyhow::Result<Input> {
    match chat.to_str().filter(|chat| Source::is_url(chat)) {
        Some(url) => Ok(Input::Url(Source::parse(url).context("--chat cannot be taken in")?)),
        None => Ok(Input::File(chat.to_owned())),
    }
}

/// The id that was given, or the file's name without its ending where that is one.
fn id(given: Option<&str>, path: &Path) -> anyhow::Result<VodId> {
    if let Some(given) = given {
        return given.parse().context("--id cannot be taken");
    }
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let parts: Vec<_> = stem.split(|c| !allowed(c)).filter(|part| !part.is_empty()).collect();
    let name = parts.join("-").trim_matches('-').to_owned();
    // A name of which most is lost would stand for other recordings too.
    if stem.chars().filter(|c| c.is_alphanumeric()).any(|c| !c.is_ascii()) {
        bail!("{stem:?} cannot be the id of a VOD: only A-Z, a-z, 0-9, '_' and '-' can; give one with --id NAME");
    }
    name.parse().with_context(|| format!("{stem:?} gives no id of a VOD; give one with --id NAME"))
}

/// A start as it was typed, in UTC.
pub(crate) fn started_at(text: &str) -> anyhow::Result<String> {
    chat::to_utc(text, 0)
        .with_context(|| format!("--started-at {text:?} is no RFC 3339 time; write for example 2025-03-01T18:00:00Z"))
}

fn title(text: &str) -> anyhow::Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST_TITLE || text.chars().any(char::is_control) {
        bail!("--title has to be one line of 1 to {LONGEST_TITLE} characters");
    }
    Ok(text.to_owned())
}

fn range(from: Option<&str>, to: Option<&str>) -> anyhow::Result<Option<(u64, u64)>> {
    let read = |flag: &str, text: Option<&str>, default: u64| match text {
        None => Ok(default),
        Some(text) => time(text).filter(|ms| *ms <= END).with_context(|| {
            format!("{flag} {text:?} is no time within 96 hours; write seconds, MM:SS or H:MM:SS, for example 1:05:00")
        }),
    };
    let (from_ms, to_ms) = (read("--from", from, 0)?, read("--to", to, END)?);
    if from_ms >= to_ms {
        bail!("--from and --to leave nothing: {from_ms} ms is not before {to_ms} ms");
    }
    Ok((from.is_some() || to.is_some()).then_some((from_ms, to_ms)))
}

/// `S`, `M:SS` or `H:MM:SS` with up to three decimals, in ms.
pub(crate) fn time(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(fraction) || fraction.len() > 3 {
        return None;
    }
    let fields: Vec<_> = whole.split(':').collect();
    let mut seconds = 0_u64;
    for (index, field) in fields.iter().enumerate() {
        let value: u64 = field.parse().ok().filter(|_| digits(field))?;
        if fields.len() > 3 || (index > 0 && value > 59) {
            return None;
        }
        seconds = seconds.checked_mul(60)?.checked_add(value)?;
    }
    seconds.checked_mul(1000)?.checked_add(format!("{fraction:0<3}").parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_minutes_and_hours() {
        for (text, expect) in [
            ("0", Some(0)),
            ("90", Some(90_000)),
            ("1.5", Some(1500)),
            ("2:03", Some(123_000)),
            ("1:00:00.004", Some(3_600_004)),
            ("1:60", None),
            ("1:2:3:4", None),
            ("", None),
            ("-1", None),
            ("1.", None),
            ("1.0001", None),
            ("9999999999", None),
            ("1m", None),
        ] {
            assert_eq!(time(text), expect, "{text}");
        }
    }

    #[test]
    fn the_id_comes_from_the_name_of_the_file() {
        let id = |path: &str| id(None, Path::new(path)).map(|id| id.to_string()).ok();
        for (path, expect) in [
            ("/a/demo-1.mkv", Some("demo-1")),
            ("My Stream (part 2).mp4", Some("My-Stream-part-2")),
            ("v1.2.mkv", Some("v1-2")),
            ("-x.mkv", Some("x")),
            ("配信.mkv", None),
            ("caf\u{e9}.mkv", None),
            ("((.mkv", None),
        ] {
            assert_eq!(id(path).as_deref(), expect, "{path}");
        }
        assert_eq!(id(&format!("{}.mkv", "a".repeat(101))), None);
    }
}
