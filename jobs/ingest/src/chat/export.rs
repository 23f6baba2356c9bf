//! Walks an export from its first byte to its last and says which shape it has.

use std::io::Read;

use super::error::ChatError;
use super::scan::Scanner;
use super::video::{self, First, Video};
use super::{MOST_MESSAGES, Messages, comment};

/// What an export says besides its comments.
pub(super) struct Head {
    pub(super) format: String,
    pub(super) video: Video,
}

/// How many keys of an unknown object its error names.
const KEYS_TOLD: usize = 8;

/// Reads everything: comments into `messages`, the rest into the head.
pub(super) fn walk<R: Read>(scanner: &mut Scanner<'_, R>, messages: &mut Messages<'_>) -> Result<Head, ChatError> {
    let head = match scanner.next()? {
        Some(b'{') => object(scanner, messages)?,
        Some(b'[') => array(scanner, messages)?,
        _ => return Err(scanner.unexpected("'{' of a TwitchDownloader export or '[' of a rechat archive")),
    };
    match scanner.next()? {
        None => Ok(head),
        Some(_) => Err(scanner.unexpected("the end of the file")),
    }
}

/// An object with a list `comments`.
fn object<R: Read>(scanner: &mut Scanner<'_, R>, messages: &mut Messages<'_>) -> Result<Head, ChatError> {
    let (mut keys, mut comments, mut told) = (Vec::new(), false, false);
    let (mut about, mut streamer, mut version) = (Video::default(), None, None);
    let mut out = Vec::new();
    scanner.expect(b'{', "'{'")?;
    while !scanner.accept(b'}')? {
        if scanner.next()? != Some(b'"') {
            return Err(scanner.unexpected("a key in quotes or '}'"));
        }
        out.clear();
        scanner.keep(&mut out, "a key")?;
        let key: String = serde_json::from_slice(&out).unwrap_or_default();
        scanner.expect(b':', "':'")?;
        out.clear();
        match key.as_str() {
            "comments" if comments => return Err(unknown(scanner, "the key \"comments\" is there twice".to_owned())),
            "comments" => {
                scanner.expect(b'[', "'[' of the list of comments")?;
                elements(scanner, messages, 0)?;
                comments = true;
            }
            "video" => {
                scanner.keep(&mut out, "the object about the video")?;
                about = video::from_json(&out);
            }
            "streamer" => {
                scanner.keep(&mut out, "the object about the streamer")?;
                streamer = video::streamer(&out);
            }
            "FileInfo" => {
                scanner.keep(&mut out, "the object about the file")?;
                version = video::version(&out);
            }
            _ => scanner.skip("a value")?,
        }
        told |= matches!(key.as_str(), "video" | "streamer");
        if keys.len() < KEYS_TOLD {
            keys.push(format!("{:?}", comment::beginning(&key)));
        }
        if !scanner.accept(b',')? && scanner.next()? != Some(b'}') {
            return Err(scanner.unexpected("',' or '}'"));
        }
    }
    if !comments {
        return Err(unknown(scanner, without_comments(&keys)));
    }
    // Neither the first TwitchDownloader nor the archives say what they are; only the former tell about the video.
    let format = match version {
        Some(version) => format!("twitchdownloader/{version}"),
        None if told => "twitchdownloader/1.0".to_owned(),
        None => "rechat/5".to_owned(),
    };
    about.channel = streamer.or(about.channel);
    Ok(Head { format, video: about })
}

/// A list whose first element is the video object and all others are comments.
fn array<R: Read>(scanner: &mut Scanner<'_, R>, messages: &mut Messages<'_>) -> Result<Head, ChatError> {
    scanner.expect(b'[', "'['")?;
    if scanner.next()? == Some(b']') {
        return Err(unknown(scanner, "the list is empty, it has to begin with the video's object".to_owned()));
    }
    let mut out = Vec::new();
    let shape = scanner.keep(&mut out, "the video's object")?;
    let video = match video::first(&out) {
        First::Video(video) => video,
        First::Comment => {
            take(scanner, messages, 0, &out, shape)?;
            Video::default()
        }
        First::Other => {
            let reason = "element 0 is neither a video's object nor a comment with message and content_offset_seconds";
            return Err(unknown(scanner, reason.to_owned()));
        }
    };
    if scanner.accept(b',')? {
        elements(scanner, messages, 1)?;
    } else {
        scanner.expect(b']', "',' or ']' after element 0")?;
    }
    Ok(Head { format: "rechat/5".to_owned(), video })
}

/// The elements of a list up to its bracket, of which the first has the number `position`.
fn elements<R: Read>(
    scanner: &mut Scanner<'_, R>,
    messages: &mut Messages<'_>,
    mut position: u64,
) -> Result<(), ChatError> {
    let mut out = Vec::new();
    while !scanner.accept(b']')? {
        out.clear();
        let what = format!("element {position}");
        let shape = scanner.keep(&mut out, &what)?;
        take(scanner, messages, position, &out, shape)?;
        if !scanner.accept(b',')? && scanner.next()? != Some(b']') {
            return Err(scanner.unexpected(&format!("',' or ']' after {what}")));
        }
        position += 1;
    }
    Ok(())
}

fn take<R: Read>(
    scanner: &Scanner<'_, R>,
    messages: &mut Messages<'_>,
    position: u64,
    raw: &[u8],
    shape: super::Shape,
) -> Result<(), ChatError> {
    if messages.take(position, raw, shape) {
        return Ok(());
    }
    Err(ChatError::TooMany { path: scanner.path().to_owned(), limit: MOST_MESSAGES })
}

fn unknown<R: Read>(scanner: &Scanner<'_, R>, reason: String) -> ChatError {
    ChatError::Format { path: scanner.path().to_owned(), reason }
}

/// What an object without comments is, as far as it can be told.
fn without_comments(keys: &[String]) -> String {
    let known = match keys.iter().any(|key| key == "\"replayChatItemAction\"" || key == "\"continuationContents\"") {
        true => "; this looks like a YouTube live chat, which this version does not read",
        false => "",
    };
    format!(
        "it has no list \"comments\", its keys are {}{known}",
        if keys.is_empty() { "none".to_owned() } else { keys.join(", ") }
    )
}
