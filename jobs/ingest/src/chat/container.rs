//! Walks an export from its first byte to its last, finds its elements, and says which format it has.

use std::io::BufRead;

use super::Messages;
use super::draft::beginning;
use super::error::ChatError;
use super::kind::Kind;
use super::scan::{LARGEST_ELEMENT, Scanner, Shape};
use super::video::{self, Video};

/// What an export says besides its elements.
pub(super) struct Head {
    pub(super) format: String,
    pub(super) video: Video,
}

/// How many keys of an unknown object its error names.
const KEYS_TOLD: usize = 8;

/// Reads everything: elements into `messages`, the rest into the head.
pub(super) fn walk<R: BufRead>(scanner: &mut Scanner<'_, R>, messages: &mut Messages<'_>) -> Result<Head, ChatError> {
    let head = match scanner.next()? {
        Some(b'{') => object(scanner, messages)?,
        Some(b'[') => array(scanner, messages)?,
        _ => return Err(scanner.unexpected("'{' or '[' of a chat export")),
    };
    messages.all()?;
    match scanner.next()? {
        None => Ok(head),
        Some(_) => Err(scanner.unexpected("the end of the file")),
    }
}

/// The keys of an object that were seen so far, and what counts of their values.
#[derive(Default)]
struct Document {
    /// The whole object up to the largest element, for it may be the first of many lines.
    whole: Vec<u8>,
    keys: Vec<String>,
    comments: bool,
    video: Option<Video>,
    streamer: Option<Option<String>>,
    version: Option<Option<String>>,
    twitch_dl: bool,
}

/// An object with a list `comments`, or the first line of several.
fn object<R: BufRead>(scanner: &mut Scanner<'_, R>, messages: &mut Messages<'_>) -> Result<Head, ChatError> {
    let mut document = Document::default();
    document.keep(b"{");
    scanner.expect(b'{', "'{'")?;
    let mut out = Vec::new();
    while !scanner.accept(b'}')? {
        if scanner.next()? != Some(b'"') {
            return Err(scanner.unexpected("a key in quotes or '}'"));
        }
        let (text, _) = scanner.keep(&mut out, &"a key")?;
        let key: String = serde_json::from_slice(text).unwrap_or_default();
        document.keep(text);
        document.keep(b":");
        scanner.expect(b':', "':'")?;
        document.value(&key, scanner, messages)?;
        if document.keys.len() < KEYS_TOLD {
            document.keys.push(format!("{:?}", beginning(&key)));
        }
        if scanner.accept(b',')? {
            document.keep(b",");
        } else if scanner.next()? != Some(b'}') {
            return Err(scanner.unexpected("',' or '}'"));
        }
    }
    if document.comments {
        return Ok(document.head(messages));
    }
    // A trailing comma is no mistake.
    if document.whole.last() == Some(&b',') {
        document.whole.pop();
    }
    document.keep(b"}");
    let kind = std::str::from_utf8(&document.whole).ok().and_then(Kind::of);
    match kind {
        Some(kind) => lines(scanner, messages, kind, &document.whole),
        None => Err(unknown(scanner, without_comments(&document.keys))),
    }
}

impl Document {
    fn keep(&mut self, bytes: &[u8]) {
        if self.whole.len() + bytes.len() <= LARGEST_ELEMENT {
            self.whole.extend_from_slice(bytes);
        }
    }

    /// Reads the value of `key`.
    fn value<R: BufRead>(
        &mut self,
        key: &str,
        scanner: &mut Scanner<'_, R>,
        messages: &mut Messages<'_>,
    ) -> Result<(), ChatError> {
        let twice = match key {
            "comments" => self.comments,
            "video" => self.video.is_some(),
            "streamer" => self.streamer.is_some(),
            "FileInfo" => self.version.is_some(),
            _ => false,
        };
        if twice {
            return Err(unknown(scanner, format!("the key {key:?} is there twice")));
        }
        if key == "comments" && scanner.next()? == Some(b'[') {
            self.comments = true;
            scanner.expect(b'[', "'[' of the list of comments")?;
            return elements(scanner, messages, 0);
        }
        self.twitch_dl |= key == "video_comments";
        if self.whole.len() >= LARGEST_ELEMENT && !matches!(key, "video" | "streamer" | "FileInfo") {
            return scanner.skip("a value");
        }
        let mut out = Vec::new();
        let (value, _) = scanner.keep(&mut out, &"a value")?;
        match key {
            "video" => self.video = Some(video::from_json(value)),
            "streamer" => self.streamer = Some(video::streamer(value)),
            "FileInfo" => self.version = Some(video::version(value)),
            _ => {}
        }
        // Behind the list nobody asks for it.
        if !self.comments {
            self.keep(value);
        }
        Ok(())
    }

    /// Neither the first TwitchDownloader nor the archives say what they are; only the former tell about the video.
    fn head(self, messages: &Messages<'_>) -> Head {
        let told = self.video.is_some() || self.streamer.is_some();
        let format = match (messages.kind, self.version.flatten()) {
            (Some(Kind::Node), _) if self.twitch_dl => "twitch-dl".to_owned(),
            (Some(Kind::Node), _) => "twitch/gql".to_owned(),
            (Some(Kind::Downloader), _) => "chat-downloader/json".to_owned(),
            (Some(Kind::Live), _) => "yt-dlp/live_chat".to_owned(),
            (Some(Kind::Capture), _) => "irc/jsonl".to_owned(),
            (_, Some(version)) => format!("twitchdownloader/{version}"),
            (_, None) if told => "twitchdownloader/1.0".to_owned(),
            (_, None) => "rechat/5".to_owned(),
        };
        let mut video = self.video.unwrap_or_default();
        video.channel = self.streamer.flatten().or(video.channel);
        Head { format, video }
    }
}

/// A file of which each line is an element; the first was read.
fn lines<R: BufRead>(
    scanner: &mut Scanner<'_, R>,
    messages: &mut Messages<'_>,
    kind: Kind,
    first: &[u8],
) -> Result<Head, ChatError> {
    scanner.one_value_a_line();
    if !scanner.end_of_line()? {
        return Err(unknown(scanner, "the first line goes on behind its object".to_owned()));
    }
    messages.push(first, Shape::default());
    let mut out = Vec::new();
    while scanner.next()?.is_some() {
        let (line, shape) = scanner.keep(&mut out, &"a line")?;
        messages.push(line, shape);
        messages.send()?;
    }
    let format = match kind {
        Kind::Comment => "rechat/5",
        Kind::Node => "twitch/gql",
        Kind::Downloader => "chat-downloader/jsonl",
        Kind::Live => "yt-dlp/live_chat",
        Kind::Capture => "irc/jsonl",
    };
    Ok(Head { format: format.to_owned(), video: Video::default() })
}

/// A list of elements; archives of the old API begin it with the video's object.
fn array<R: BufRead>(scanner: &mut Scanner<'_, R>, messages: &mut Messages<'_>) -> Result<Head, ChatError> {
    scanner.expect(b'[', "'['")?;
    if scanner.next()? == Some(b']') {
        return Err(unknown(scanner, "the list is empty".to_owned()));
    }
    let mut out = Vec::new();
    let (first, shape) = scanner.keep(&mut out, &"element 0")?;
    let is_element = std::str::from_utf8(first).ok().and_then(Kind::of).is_some();
    let video = match if is_element { None } else { video::first(first) } {
        None if is_element => {
            messages.push(first, shape);
            Video::default()
        }
        None => return Err(unknown(scanner, "element 0 is neither a message nor a video's object".to_owned())),
        Some(video) => video,
    };
    if scanner.accept(b',')? {
        if !is_element {
            messages.before = 1;
        }
        elements(scanner, messages, 1)?;
    } else {
        scanner.expect(b']', "',' or ']' after element 0")?;
    }
    messages.all()?;
    let format = match messages.kind {
        None | Some(Kind::Comment) => "rechat/5",
        Some(Kind::Node) => "twitch/gql",
        // ganymede captures live chat, and so has no offsets.
        Some(Kind::Downloader) if !messages.samples.any_offset => "ganymede",
        Some(Kind::Downloader) => "chat-downloader/json",
        Some(Kind::Live) => "yt-dlp/live_chat",
        Some(Kind::Capture) => "irc/json",
    };
    Ok(Head { format: format.to_owned(), video })
}

/// The elements of a list up to its bracket, of which the first has the number `position`.
fn elements<R: BufRead>(
    scanner: &mut Scanner<'_, R>,
    messages: &mut Messages<'_>,
    mut position: u64,
) -> Result<(), ChatError> {
    let mut out = Vec::new();
    while !scanner.accept(b']')? {
        let (element, shape) = scanner.keep(&mut out, &format_args!("element {position}"))?;
        messages.push(element, shape);
        messages.send()?;
        position += 1;
        if !scanner.accept(b',')? && scanner.next()? != Some(b']') {
            return Err(scanner.unexpected(&format!("',' or ']' after element {}", position - 1)));
        }
    }
    Ok(())
}

fn unknown<R: BufRead>(scanner: &Scanner<'_, R>, reason: String) -> ChatError {
    ChatError::Format { path: scanner.path().to_owned(), reason }
}

fn without_comments(keys: &[String]) -> String {
    let keys = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
    format!("it has no list \"comments\" and is no line of a capture, its keys are {keys}")
}
