//! Rules for what goes wrong: which requests, how often, and how.

use serde::{Deserialize, Serialize};

use super::asked::Kind;

/// One rule. It counts the requests it is about, from 1, and fires at `nth`, at every `every`th and at all `from` one
/// on; when none of the three is given, at each of them. After `times` it is spent.
///
/// Requests that run side by side are counted as they come: where a test has to know which one is hit, `index`,
/// `quality` or `with_cursor` say so.
///
/// ```toml
/// [[fault]]
/// on = "gql:VideoCommentsByOffsetOrCursor"
/// with_cursor = true
/// kind = "integrity"
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    /// Which requests.
    pub on: On,
    /// Which of them.
    pub nth: Vec<u64>,
    /// Every so manyth.
    pub every: Option<u64>,
    /// This one and all after it.
    pub from: Option<u64>,
    /// So many times at most.
    pub times: Option<u64>,
    /// GQL: only with a cursor, or only without.
    pub with_cursor: Option<bool>,
    /// GQL: only from this client.
    pub client_id: Option<String>,
    /// Segments: only these, by number.
    pub index: Vec<usize>,
    /// Media playlist and segments: only of this quality.
    pub quality: Option<String>,
    /// What happens.
    pub kind: Trouble,
    /// The HTTP status, where the kind leaves a choice.
    pub status: Option<u16>,
    /// The byte something happens at, or after.
    pub at: Option<usize>,
    /// Milliseconds of `slow`, or between the pieces of `trickle`.
    pub ms: Option<u64>,
    /// Bytes of a piece of `trickle`, bytes more of `padded`, bytes a gzip bomb unfolds to.
    pub bytes: Option<u64>,
    /// `Retry-After` of `rate_limited` and `server_error`.
    pub retry_after: Option<String>,
    /// `Location` of `redirect`; `{origin}` is this server, `{path}` the path that was asked for.
    pub to: Option<String>,
}

/// Which requests a rule is about. In files: `gql:<operation>`, `gql:*`, `master`, `media`, `segment`, `init`, `*`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum On {
    /// All.
    #[default]
    Any,
    /// GQL operations: one by its name, or all.
    Gql(Option<String>),
    /// Usher's playlist of qualities, both versions.
    Master,
    /// The playlist of one quality.
    Media,
    /// Segments.
    Segment,
    /// The initialisation segment of fragmented MP4.
    Init,
}

/// What happens instead of the right answer, or to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// GQL, persisted queries only: the hash is not known.
    PersistedQueryNotFound,
    /// GQL: failed integrity check (`status`, else 200).
    Integrity,
    /// GQL: service error, with null where the answer would be.
    ServiceError,
    /// GQL: `comments` is null and nothing says why.
    CommentsNull,
    /// GQL: `video` is null.
    VideoNull,
    /// GQL: `videoPlaybackAccessToken` is null.
    TokenNull,
    /// GQL: `data` is null, with an error.
    DataNull,
    /// GQL: a field is not there any more.
    SchemaDrift,
    /// GQL: the page of comments that was given before comes once more.
    DuplicatePage,
    /// GQL: the last edge's node is null.
    NullNode,
    /// 401 for an invalid OAuth token.
    Unauthorized,
    /// 403 in usher's words for restricted VODs.
    SubOnly,
    /// 403 without words, as a content network gives it.
    Forbidden,
    /// 404.
    NotFound,
    /// 429, with `retry_after`.
    RateLimited,
    /// `status`, else 503, with `retry_after`.
    #[default]
    ServerError,
    /// 200 and a page in HTML, as a captive portal gives it.
    Html,
    /// 200 and nothing.
    Empty,
    /// The body ends at byte `at` (else in its middle), and Content-Length says so too.
    Truncated,
    /// The connection ends after `at` bytes of the body (else half), of which Content-Length promised more.
    HangUp,
    /// The connection is reset: before any answer, or after `at` bytes of the body.
    Reset,
    /// The answer comes after `ms` milliseconds (else 1000).
    Slow,
    /// After `at` bytes (else none) the body comes `bytes` bytes (else 1) each `ms` milliseconds (else 200).
    Trickle,
    /// A redirect (`status`, else 302) to `to`, else to itself.
    Redirect,
    /// A gzip body that unfolds to `bytes` (else 1 GiB).
    GzipBomb,
    /// The right body and `bytes` more (else 188): empty packets after a transport stream, line ends after all else.
    Padded,
    /// The right answer, without Content-Length: in chunks.
    Unsized,
    /// From packet or byte `at` on, a segment's sync byte or box length is wrong.
    BadSync,
    /// One bit at byte `at` (else in the middle) is turned.
    BitFlip,
}

impl Trouble {
    /// Whether the right answer still comes, in its own way, so that other rules apply too.
    pub(super) fn is_manner(self) -> bool {
        matches!(self, Trouble::Slow | Trouble::Trickle | Trouble::Unsized)
    }
}

impl Fault {
    /// A rule for every request of `on`, written as in a file.
    ///
    /// # Panics
    /// When `on` is none of the kinds of request.
    pub fn new(on: &str, kind: Trouble) -> Fault {
        let on = On::try_from(on.to_owned()).unwrap_or_else(|error| panic!("{error}"));
        Fault { on, kind, ..Fault::default() }
    }

    fn concerns(&self, asked: &Question) -> bool {
        let kind = match (&self.on, asked.kind) {
            (On::Any, _)
            | (On::Gql(None), Kind::Gql { .. })
            | (On::Master, Kind::Master { .. })
            | (On::Media, Kind::Media)
            | (On::Segment, Kind::Segment { .. })
            | (On::Init, Kind::Init) => true,
            (On::Gql(Some(wanted)), Kind::Gql { operation, .. }) => wanted == operation,
            _ => false,
        };
        let form = match asked.kind {
            Kind::Gql { persisted, .. } => *persisted || self.kind != Trouble::PersistedQueryNotFound,
            _ => self.kind != Trouble::PersistedQueryNotFound,
        };
        kind && form
            && self.with_cursor.is_none_or(|wanted| wanted == asked.cursor)
            && self.client_id.as_deref().is_none_or(|wanted| asked.client_id == Some(wanted))
            && (self.index.is_empty() || asked.index.is_some_and(|index| self.index.contains(&index)))
            && self.quality.as_deref().is_none_or(|wanted| asked.quality == Some(wanted))
    }

    fn is_due(&self, count: u64) -> bool {
        let always = self.nth.is_empty() && self.every.is_none() && self.from.is_none();
        always
            || self.nth.contains(&count)
            || self.every.is_some_and(|every| every > 0 && count.is_multiple_of(every))
            || self.from.is_some_and(|from| count >= from)
    }
}

/// What rules look at.
pub(super) struct Question<'a> {
    pub(super) kind: &'a Kind,
    pub(super) cursor: bool,
    pub(super) client_id: Option<&'a str>,
    pub(super) index: Option<usize>,
    pub(super) quality: Option<&'a str>,
}

/// How often a rule was asked and fired.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    asked: u64,
    fired: u64,
}

/// The rules that fire for one request: all about its manner, and the first about its content. Every rule counts.
pub(super) fn fire(rules: &[Fault], counts: &mut Vec<Count>, question: &Question) -> Vec<Fault> {
    counts.resize(rules.len(), Count::default());
    let mut fired: Vec<Fault> = Vec::new();
    let mut decided = false;
    for (rule, count) in rules.iter().zip(counts).filter(|(rule, _)| rule.concerns(question)) {
        count.asked += 1;
        let spent = rule.times.is_some_and(|times| count.fired >= times);
        if spent || !rule.is_due(count.asked) || (decided && !rule.kind.is_manner()) {
            continue;
        }
        decided |= !rule.kind.is_manner();
        count.fired += 1;
        fired.push(rule.clone());
    }
    fired
}

impl TryFrom<String> for On {
    type Error = String;

    fn try_from(text: String) -> Result<On, String> {
        match text.as_str() {
            "*" => Ok(On::Any),
            "master" => Ok(On::Master),
            "media" => Ok(On::Media),
            "segment" => Ok(On::Segment),
            "init" => Ok(On::Init),
            "gql:*" => Ok(On::Gql(None)),
            _ => match text.strip_prefix("gql:") {
                Some(operation) => Ok(On::Gql(Some(operation.to_owned()))),
                None => Err(format!("{text:?} is none of *, gql:*, gql:OPERATION, master, media, segment, init")),
            },
        }
    }
}

impl From<On> for String {
    fn from(on: On) -> String {
        match on {
            On::Any => "*".into(),
            On::Gql(None) => "gql:*".into(),
            On::Gql(Some(operation)) => format!("gql:{operation}"),
            On::Master => "master".into(),
            On::Media => "media".into(),
            On::Segment => "segment".into(),
            On::Init => "init".into(),
        }
    }
}
