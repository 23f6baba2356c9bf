//! What an export says about the broadcast itself.

use serde::Deserialize;

use super::lenient::{Object, Scalar};
use super::times;

/// What an export says about the broadcast. All of it is optional: exports differ in what they hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Video {
    /// Title.
    pub title: Option<String>,
    /// The channel's login name.
    pub channel: Option<String>,
    /// Start of the broadcast, RFC 3339 in UTC with milliseconds.
    pub started_at: Option<String>,
    /// Length, ms.
    pub length_ms: Option<i64>,
}

/// The object about the video, of either shape; only the fields that are used.
#[derive(Default, Deserialize)]
struct Header<'text> {
    #[serde(borrow, default)]
    title: Scalar<'text>,
    #[serde(borrow, default)]
    user_login: Scalar<'text>,
    #[serde(borrow, default)]
    user_name: Scalar<'text>,
    #[serde(borrow, default, alias = "recordedAt")]
    recorded_at: Scalar<'text>,
    #[serde(borrow, default, alias = "createdAt")]
    created_at: Scalar<'text>,
    #[serde(borrow, default, alias = "lengthSeconds")]
    length: Scalar<'text>,
    #[serde(borrow, default)]
    channel: Object<Person<'text>>,
    #[serde(borrow, default)]
    owner: Object<Person<'text>>,
    #[serde(borrow, default)]
    creator: Object<Person<'text>>,
}

#[derive(Default, Deserialize)]
struct Person<'text> {
    #[serde(borrow, default)]
    login: Scalar<'text>,
    #[serde(borrow, default)]
    name: Scalar<'text>,
}

/// The video's object, if that is what the first element of a rechat archive is.
pub(super) fn first(json: &[u8]) -> Option<Video> {
    let Ok(Object::Is(header)) = serde_json::from_slice::<Object<Header<'_>>>(json) else { return None };
    let told = [&header.title, &header.recorded_at, &header.created_at, &header.length];
    told.iter().any(|field| **field != Scalar::Absent).then(|| video(&header))
}

/// Reads the object about the video. What cannot be read in it is left out: nothing depends on it.
pub(super) fn from_json(json: &[u8]) -> Video {
    match serde_json::from_slice::<Object<Header<'_>>>(json) {
        Ok(Object::Is(header)) => video(&header),
        _ => Video::default(),
    }
}

fn video(header: &Header<'_>) -> Video {
    let channel = match &header.channel {
        Object::Is(person) => login(person),
        _ => people(header).or_else(|| filled(&header.user_login)).or_else(|| filled(&header.user_name)),
    };
    // A highlight is created long after the broadcast it is cut from was recorded.
    let started_at = filled(&header.recorded_at).or_else(|| filled(&header.created_at));
    Video {
        title: filled(&header.title),
        channel,
        started_at: started_at.and_then(|time| times::to_utc(&time, 0)),
        length_ms: times::milliseconds(&header.length).filter(|length| *length > 0),
    }
}

/// The login of whoever owns the video in Twitch's query API.
fn people(header: &Header<'_>) -> Option<String> {
    let found = |person: &Object<Person<'_>>| if let Object::Is(person) = person { login(person) } else { None };
    found(&header.owner).or_else(|| found(&header.creator))
}

/// The login in an object about a streamer.
pub(super) fn streamer(json: &[u8]) -> Option<String> {
    match serde_json::from_slice::<Object<Person<'_>>>(json) {
        Ok(Object::Is(person)) => login(&person),
        _ => None,
    }
}

fn login(person: &Person<'_>) -> Option<String> {
    filled(&person.login).or_else(|| filled(&person.name))
}

fn filled(scalar: &Scalar<'_>) -> Option<String> {
    match scalar {
        Scalar::Text(text) if !text.trim().is_empty() => Some(text.clone().into_owned()),
        _ => None,
    }
}

/// `major.minor` of an export's `FileInfo`.
pub(super) fn version(json: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct FileInfo {
        #[serde(rename = "Version", default)]
        version: Object<Version>,
    }
    #[derive(Deserialize)]
    struct Version {
        #[serde(rename = "Major")]
        major: u16,
        #[serde(rename = "Minor")]
        minor: u16,
    }
    match serde_json::from_slice::<Object<FileInfo>>(json) {
        Ok(Object::Is(FileInfo { version: Object::Is(version) })) => {
            Some(format!("{}.{}", version.major, version.minor))
        }
        _ => None,
    }
}
