//! The GQL operations the fake service knows, by hash or by what their text asks for.

use serde_json::{Map, Value, json};

/// Comments of a VOD.
pub(super) const COMMENTS: &str = "VideoCommentsByOffsetOrCursor";
/// Title, times, owner.
pub(super) const METADATA: &str = "VideoMetadata";
/// Chapters.
pub(super) const CHAPTERS: &str = "VideoPlayer_ChapterSelectButtonVideo";
/// Muted ranges.
pub(super) const MUTES: &str = "VideoPlayer_MutedSegmentsAlertOverlay";
/// The token usher wants.
pub(super) const TOKEN: &str = "PlaybackAccessToken";
/// The category of a VOD.
pub(super) const GAME: &str = "ComscoreStreamingQuery";
/// Previews on the seek bar.
pub(super) const PREVIEWS: &str = "VideoPlayer_VODSeekbarPreviewVideo";
/// Badges of a VOD's channel and of all.
pub(super) const VOD_BADGES: &str = "VideoComments";
/// The same by channel.
pub(super) const CHANNEL_BADGES: &str = "ChatList_Badges";
/// Accounts by id; text only.
pub(super) const USERS: &str = "Users";
/// What nobody here understands.
pub(super) const UNKNOWN: &str = "Unknown";

/// Hashes of persisted queries.
pub(super) const HASHES: &[(&str, &str)] = &[
    (COMMENTS, "b70a3591ff0f4e0313d126c6a1502d79a1c02baebb288227c582044aa76adf6a"),
    (METADATA, "45111672eea2e507f8ba44d101a61862f9c56b11dee09a15634cb75cb9b9084d"),
    (CHAPTERS, "71835d5ef425e154bf282453a926d99b328cdc5e32f36d3a209d0f4778b41203"),
    (MUTES, "c36e7400657815f4704e6063d265dff766ed8fc1590361c6d71e4368805e0b49"),
    (GAME, "e1edae8122517d013405f237ffcc124515dc6ded82480a88daef69c83b53ac01"),
    (PREVIEWS, "07e99e4d56c5a7c67117a154777b0baf85a5ffefa393b213f4bc712ccaf85dd6"),
    (TOKEN, "ed230aa1e33e07eebb8928504583da78a5173989fadfb1ac94be06a04f3cdbe9"),
    (VOD_BADGES, "be06407e8d7cda72f2ee086ebb11abb6b062a7deb8985738e648090904d2f0eb"),
    (CHANNEL_BADGES, "86f43113c04606e6476e39dcd432dee47c994d77a83e54b732e11d4935f0cd08"),
];

/// One operation of a request.
pub(super) struct Operation {
    /// Its canonical name; a persisted one's as it was sent.
    pub(super) name: String,
    pub(super) variables: Value,
    /// The hash, where it came by one.
    pub(super) hash: Option<String>,
    /// The text, where it came as one.
    pub(super) text: String,
}

impl Operation {
    /// The operation of one JSON object; `None` when it is neither form.
    pub(super) fn read(request: &Value) -> Option<Operation> {
        let variables = match &request["variables"] {
            Value::Object(variables) => variables.clone(),
            _ => Map::new(),
        };
        if let Some(text) = request["query"].as_str() {
            return Some(Operation {
                name: recognise(text).to_owned(),
                variables: Value::Object(inline(text, variables)),
                hash: None,
                text: text.to_owned(),
            });
        }
        let hash = request["extensions"]["persistedQuery"]["sha256Hash"].as_str()?.to_owned();
        let name = request["operationName"].as_str().unwrap_or(UNKNOWN).to_owned();
        Some(Operation { name, variables: Value::Object(variables), hash: Some(hash), text: String::new() })
    }

    /// Whether its hash is the one of its name, or there is none to know.
    pub(super) fn is_known(&self) -> bool {
        let known = |hash: &String| HASHES.contains(&(self.name.as_str(), hash.as_str()));
        self.hash.as_ref().is_none_or(known)
    }

    /// Whether the text asks for a field, or the persisted query called so was sent.
    pub(super) fn wants(&self, field: &str, name: &str) -> bool {
        if self.hash.is_some() { self.name == name } else { has_field(&self.text, field) }
    }

    /// A string or a number among the variables, under any of the names.
    pub(super) fn variable(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| match &self.variables[*name] {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }

    /// Whether it goes on from a cursor.
    pub(super) fn has_cursor(&self) -> bool {
        self.variables["cursor"].as_str().is_some_and(|cursor| !cursor.is_empty())
    }
}

fn recognise(text: &str) -> &'static str {
    let fields = [
        ("comments", COMMENTS),
        ("videoPlaybackAccessToken", TOKEN),
        ("moments", CHAPTERS),
        ("muteInfo", MUTES),
        ("broadcastBadges", CHANNEL_BADGES),
        ("badges", CHANNEL_BADGES),
        ("users", USERS),
        ("seekPreviewsURL", PREVIEWS),
        ("video", METADATA),
    ];
    fields.iter().find(|(field, _)| has_field(text, field)).map_or(UNKNOWN, |(_, name)| name)
}

/// Whether a word of the text is the field's name.
fn has_field(text: &str, field: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '$').any(|word| word == field)
}

/// The variables, with the arguments that are written into the text in place of those that are missing.
fn inline(text: &str, mut variables: Map<String, Value>) -> Map<String, Value> {
    if let Some(id) = argument(text, "video", "id").or_else(|| argument(text, "videoPlaybackAccessToken", "id")) {
        variables.entry("videoID").or_insert(json!(id));
    }
    if let Some(cursor) = argument(text, "comments", "after") {
        variables.entry("cursor").or_insert(json!(cursor));
    }
    let offset = argument(text, "comments", "contentOffsetSeconds").and_then(|digits| digits.parse::<i64>().ok());
    if let Some(offset) = offset {
        variables.entry("contentOffsetSeconds").or_insert(json!(offset));
    }
    variables
}

/// The literal given as `name` to `field(...)`; not what is given by a variable.
fn argument(text: &str, field: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("{field}("))?;
    let (arguments, _) = rest.split_once(')')?;
    let value = arguments.split(',').find_map(|argument| {
        let (key, value) = argument.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })?;
    (!value.starts_with('$')).then(|| value.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_known_by_their_fields() {
        for (text, name, id) in [
            ("query{video(id:\"12\"){title,createdAt,lengthSeconds}}", METADATA, Some("12")),
            ("{videoPlaybackAccessToken(id:\"7\",params:{platform:\"web\"}){signature value}}", TOKEN, Some("7")),
            ("query A($videoID: ID!){video(id:$videoID){comments(first:100){edges{cursor}}}}", COMMENTS, None),
            (
                "query{video(id:\"1\"){moments(momentRequestType:VIDEO_CHAPTER_MARKERS){edges{node{id}}}}}",
                CHAPTERS,
                Some("1"),
            ),
            ("query{users(ids:[\"1\"]){id}}", USERS, None),
            ("mutation{x}", UNKNOWN, None),
        ] {
            let operation = Operation::read(&json!({"query": text})).expect("a text");
            assert_eq!((operation.name.as_str(), operation.variable(&["videoID"]).as_deref()), (name, id), "{text}");
        }
    }

    #[test]
    fn hashes_belong_to_names() {
        for (name, hash) in HASHES {
            let request =
                |name: &str| json!({"operationName": name, "extensions": {"persistedQuery": {"sha256Hash": hash}}});
            assert!(Operation::read(&request(name)).expect("persisted").is_known());
            assert!(!Operation::read(&request("Other")).expect("persisted").is_known());
        }
    }
}
