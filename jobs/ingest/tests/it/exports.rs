//! Chat exports made for tests: what tools write, without anybody's chat.

use std::path::Path;

use ids::{Digest, VodKey};
use ingest::chat::{ChatError, Finished, Sink, Video, read};
use schemas::{ChatMessage, Problem};
use serde_json::{Value, json};

/// The VOD every test reads for.
pub fn vod() -> VodKey {
    "file/test".parse().expect("a key")
}

/// All of an export.
#[derive(Debug)]
pub struct Parsed {
    pub format: String,
    pub video: Video,
    pub messages: u64,
    pub repaired: u64,
    pub digest: Digest,
    pub rows: Vec<ChatMessage>,
    pub problems: Vec<Problem>,
    pub finished: Finished,
}

/// Rows and problems in memory.
#[derive(Default)]
struct Both(Vec<ChatMessage>, Vec<Problem>);

impl Sink for Both {
    type Error = ChatError;
    fn row(&mut self, row: &ChatMessage) -> Result<(), ChatError> {
        self.0.push(row.clone());
        Ok(())
    }
    fn problem(&mut self, problem: Problem) -> Result<(), ChatError> {
        self.1.push(problem);
        Ok(())
    }
}

/// Reads `bytes` as an export called `chat.json`.
pub fn parse(bytes: &[u8]) -> Result<Parsed, ChatError> {
    parse_from(bytes, None)
}

/// The same for a broadcast that began at `started_at`.
pub fn parse_from(bytes: &[u8], started_at: Option<&str>) -> Result<Parsed, ChatError> {
    parse_on(bytes, started_at, 2)
}

/// The same on so many threads.
pub fn parse_on(bytes: &[u8], started_at: Option<&str>, threads: usize) -> Result<Parsed, ChatError> {
    let export = read(bytes, Path::new("chat.json"), &vod(), threads)?;
    let (format, video, digest) = (export.format.clone(), export.video.clone(), export.digest);
    let (messages, repaired) = (export.messages, export.repaired);
    let mut both = Both::default();
    let finished = export.finish(started_at, None, &mut both)?;
    Ok(Parsed { format, video, messages, repaired, digest, rows: both.0, problems: both.1, finished })
}

/// A comment with everything in it.
pub fn comment(id: &str, seconds: impl Into<Value>, body: &str) -> Value {
    json!({
        "_id": id,
        "created_at": "2025-03-01T18:00:00.884123Z",
        "channel_id": "1",
        "content_type": "video",
        "content_id": "test",
        "content_offset_seconds": seconds.into(),
        "commenter": {"display_name": "Ann", "_id": "7", "name": "ann", "bio": null, "logo": null},
        "message": {
            "body": body,
            "bits_spent": 0,
            "fragments": [{"text": body, "emoticon": null}],
            "user_badges": [{"_id": "subscriber", "version": "3"}],
            "user_color": "#1E90FF",
            "emoticons": [],
        },
    })
}

/// What TwitchDownloader writes in version 1.`minor`; 0 stands for files from before the version was written.
pub fn twitchdownloader(minor: u32, comments: &[Value]) -> String {
    let file = json!({"Version": {"Major": 1, "Minor": minor, "Patch": 0}, "CreatedAt": "2025-04-01T09:00:00Z"});
    let head = if minor == 0 { String::new() } else { format!("\"FileInfo\":{file},") };
    let embedded =
        if minor == 0 { "\"emotes\":null" } else { "\"embeddedData\":{\"firstParty\":[{\"data\":\"AAAA\"}]}" };
    let video = json!({"title": "A title", "created_at": "2025-03-01T18:00:00Z", "start": 0.0, "length": 105.6});
    format!(
        "{{{head}\"streamer\":{{\"name\":\"Streamer\",\"login\":\"streamer\",\"id\":1}},\"video\":{video},\"comments\":{},{embedded}}}",
        Value::from(comments)
    )
}

/// An archive of the old chat: the video, then the comments.
pub fn rechat(comments: &[Value]) -> String {
    let video = json!({
        "title": "A title", "_id": "v1", "created_at": "2025-03-09T00:00:00Z", "recorded_at": "2025-03-01T18:00:00Z",
        "length": 105, "channel": {"name": "streamer", "display_name": "Streamer"},
    });
    let all: Vec<_> = [video].into_iter().chain(comments.iter().cloned()).collect();
    Value::from(all).to_string()
}
