//! What a scenario file says: the VOD, its media, its chat, and what goes wrong.

use serde::{Deserialize, Serialize};

pub use super::fault::{Fault, On, Trouble};

macro_rules! scenarios {
    ($($name:literal),* $(,)?) => {
        const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../scenarios/", $name, ".toml")))),*];
    };
}

scenarios![
    "happy",
    "short",
    "v1-master",
    "fmp4",
    "growing",
    "drift",
    "sub-only",
    "token-null",
    "integrity-on-cursor",
    "pqnf",
    "comments-null",
    "truncated",
    "rate-limited",
    "slow-loris",
    "redirect-to-metadata",
    "hostile-uris",
    "huge-playlist",
    "gzip-bomb",
    "gaps",
    "corrupt-segments",
    "highlight-shift",
    "local-time",
    "busy-second",
    "deleted",
    "expired-chat",
    "speech",
];

/// Everything the fake service knows and does. Every field has a default: an empty file is a happy VOD of two hours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// One sentence: what the scenario is for.
    pub about: String,
    /// How long every answer waits, in milliseconds.
    pub latency_ms: u64,
    /// Bytes per second on each connection; 0 is as fast as it goes.
    pub bandwidth: u64,
    /// Whether segments answer `Range`; where they do not, the whole segment comes with status 200.
    pub ranges: bool,
    /// The broadcast.
    pub vod: Vod,
    /// Who may watch it.
    pub access: Access,
    /// Playlists and segments.
    pub media: Media,
    /// The chat.
    pub chat: Chat,
    /// What goes wrong, in order: the first rule that fires decides the answer.
    #[serde(rename = "fault")]
    pub faults: Vec<Fault>,
}

impl Scenario {
    /// The scenario of `scenarios/<name>.toml`.
    ///
    /// # Panics
    /// When there is none, or when the file says something this version does not know.
    pub fn named(name: &str) -> Scenario {
        let Some((_, text)) = FILES.iter().find(|(known, _)| *known == name) else {
            panic!("no scenario {name}; there are {}", Scenario::names().join(", "));
        };
        toml::from_str(text).unwrap_or_else(|error| panic!("scenarios/{name}.toml: {error}"))
    }

    /// Every name [`Scenario::named`] knows.
    pub fn names() -> Vec<&'static str> {
        FILES.iter().map(|(name, _)| *name).collect()
    }

    /// How many segments the whole VOD has.
    pub fn segments(&self) -> usize {
        self.vod.length_seconds.div_ceil(self.media.segment_seconds.max(1)) as usize
    }

    /// How many segments the playlist lists now.
    pub fn listed(&self) -> usize {
        self.media.listed_segments.unwrap_or(usize::MAX).min(self.segments())
    }

    /// Length of a segment in milliseconds; the last one may be shorter.
    pub fn segment_ms(&self, index: usize) -> u64 {
        let whole = self.media.segment_seconds * 1000;
        (self.vod.length_seconds * 1000).saturating_sub(index as u64 * whole).min(whole)
    }

    /// Whether a segment lies in a muted range, if only in part: Twitch silences whole segments.
    pub fn is_muted(&self, index: usize) -> bool {
        let from = index as u64 * self.media.segment_seconds;
        let to = from + self.media.segment_seconds;
        self.vod.muted.iter().any(|range| range.offset < to && from < range.offset + range.duration)
    }

    /// The folder all qualities lie in, shaped like `<20 hex>_<login>_<streamid>_<unix>`.
    pub fn folder(&self) -> String {
        let vod = &self.vod;
        let name = format!("{}_{}_{}", vod.login, vod.stream_id, super::clock::parse(&vod.created_at) / 1000);
        let digest = super::hex(&name, 20);
        format!("{digest}_{name}")
    }
}

impl Default for Scenario {
    fn default() -> Self {
        Scenario {
            about: String::new(),
            latency_ms: 0,
            bandwidth: 0,
            ranges: true,
            vod: Vod::default(),
            access: Access::default(),
            media: Media::default(),
            chat: Chat::default(),
            faults: Vec::new(),
        }
    }
}

/// The broadcast as GQL describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Vod {
    /// Digits.
    pub id: String,
    /// False when it was deleted: `video` is null, there is no token, usher answers 404.
    pub exists: bool,
    /// Title.
    pub title: String,
    /// The channel's name in URLs.
    pub login: String,
    /// The channel's name on pages.
    pub display_name: String,
    /// The channel's number.
    pub channel_id: String,
    /// The number of the live stream the VOD was made of.
    pub stream_id: String,
    /// Clock time of media time 0.
    pub created_at: String,
    /// Length in seconds.
    pub length_seconds: u64,
    /// `lengthSeconds` where GQL lies about it, as it does about fresh VODs (0).
    pub reported_length_seconds: Option<u64>,
    /// `RECORDED` or `RECORDING`.
    pub status: Status,
    /// `ARCHIVE`, `HIGHLIGHT` or `UPLOAD`; a highlight's playlist is called `highlight-<id>.m3u8`.
    pub broadcast_type: BroadcastType,
    /// The category of the VOD as a whole.
    pub game: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Views.
    pub view_count: u64,
    /// Changes of category; none when there is only one.
    pub chapters: Vec<Chapter>,
    /// Ranges without sound.
    pub muted: Vec<Muted>,
}

impl Default for Vod {
    fn default() -> Self {
        Vod {
            id: "1087079172".into(),
            exists: true,
            title: "The kitchen dragon: every chair counts".into(),
            login: "dougbert_demo".into(),
            display_name: "DougBert_Demo".into(),
            channel_id: "900000001".into(),
            stream_id: "40000000001".into(),
            created_at: "2023-09-23T17:37:06Z".into(),
            length_seconds: 7200,
            reported_length_seconds: None,
            status: Status::Recorded,
            broadcast_type: BroadcastType::Archive,
            game: Some("Just Chatting".into()),
            description: None,
            view_count: 41_213,
            chapters: Vec::new(),
            muted: Vec::new(),
        }
    }
}

/// Whether the broadcast is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// It is over.
    Recorded,
    /// It still runs: the playlist has no end.
    Recording,
}

/// What kind of VOD it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BroadcastType {
    /// A past broadcast.
    Archive,
    /// Cut out of a past broadcast.
    Highlight,
    /// Uploaded.
    Upload,
}

/// One category of the broadcast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chapter {
    /// Where it begins, in seconds.
    pub at: u64,
    /// How long it lasts, in seconds.
    pub seconds: u64,
    /// Its category.
    pub game: String,
}

/// A range without sound, in seconds, as `muteInfo` states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Muted {
    /// Where it begins.
    pub offset: u64,
    /// How long it lasts.
    pub duration: u64,
}

/// Who may watch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    /// For subscribers: usher answers 403 to the token of anybody else.
    pub sub_only: bool,
    /// The one OAuth token that is valid, and subscribed. Any other `Authorization` is answered with 401.
    pub oauth_token: Option<String>,
    /// Client ids that are known; empty: all. A request without one is refused in either case.
    pub client_ids: Vec<String>,
}

/// Playlists and segments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Media {
    /// Length of a segment, 1 to 30 seconds.
    pub segment_seconds: u64,
    /// MPEG-TS or fragmented MP4.
    pub container: Container,
    /// What is heard.
    pub sound: Sound,
    /// Whether MPEG-TS segments are as large as the master's bandwidth says, which null packets make them. Without, they
    /// are small, for what is seen in them needs little.
    pub stuffed: bool,
    /// Versions of usher that are there: 1, 2.
    pub masters: Vec<u8>,
    /// What the master lists; `audio_only` and `chunked` only when the client asks for them.
    pub qualities: Vec<Quality>,
    /// How many segments the playlist lists, where that is not all.
    pub listed_segments: Option<usize>,
    /// Whether the playlist ends with `#EXT-X-ENDLIST`, where that does not follow from the VOD's status.
    pub ended: Option<bool>,
    /// The media playlist's file name, where it is not that of the kind of VOD.
    pub playlist: Option<String>,
    /// Whether `<n>-unmuted.ts` and the plain name of a muted segment still give the sound.
    pub unmuted_kept: bool,
    /// Segments with `#EXT-X-DISCONTINUITY` before them.
    pub discontinuities: Vec<usize>,
    /// Whether every segment says its clock time in `#EXT-X-PROGRAM-DATE-TIME`.
    pub program_date_time: bool,
    /// `#EXT-X-KEY` with these attributes before the first segment.
    pub key: Option<String>,
    /// Whether every segment has an `#EXT-X-BYTERANGE`.
    pub byte_ranges: bool,
    /// URIs in place of segments' own.
    pub uris: Vec<Uri>,
    /// So many comment lines more.
    pub padding_lines: usize,
    /// One comment line of so many bytes more.
    pub padding_bytes: usize,
}

impl Default for Media {
    fn default() -> Self {
        Media {
            segment_seconds: 10,
            container: Container::Ts,
            sound: Sound::Tones,
            stuffed: false,
            masters: vec![1, 2],
            qualities: Quality::usual(),
            listed_segments: None,
            ended: None,
            playlist: None,
            unmuted_kept: false,
            discontinuities: Vec::new(),
            program_date_time: false,
            key: None,
            byte_ranges: false,
            uris: Vec::new(),
            padding_lines: 0,
            padding_bytes: 0,
        }
    }
}

/// Kind of segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Container {
    /// `0.ts` and so on.
    Ts,
    /// `init-0.mp4`, then `0.mp4` and so on.
    Fmp4,
}

/// What is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sound {
    /// A tone with a beep each second.
    Tones,
    /// The speech of the sample stream's first broadcast, again and again.
    Speech,
}

/// One rendition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// The folder's name: `audio_only`, `160p30`, `chunked`.
    pub id: String,
    /// The name people see: `Audio Only`, `160p`, `1080p60`.
    pub name: String,
    /// Bits per second, as the master says.
    pub bandwidth: u64,
    /// `CODECS`.
    pub codecs: String,
    /// `RESOLUTION`, none for sound alone.
    #[serde(default)]
    pub resolution: Option<String>,
    /// `FRAME-RATE`.
    #[serde(default)]
    pub frame_rate: Option<f64>,
    /// How the playlist names muted segments.
    #[serde(default)]
    pub muted_names: MutedNames,
}

impl Quality {
    /// `audio_only`, `160p30` and the source, as most VODs have them.
    pub fn usual() -> Vec<Quality> {
        let quality = |id: &str, name: &str, bandwidth, codecs: &str, picture: Option<(&str, f64)>| Quality {
            id: id.into(),
            name: name.into(),
            bandwidth,
            codecs: codecs.into(),
            resolution: picture.map(|(resolution, _)| resolution.into()),
            frame_rate: picture.map(|(_, rate)| rate),
            muted_names: MutedNames::Muted,
        };
        vec![
            quality("chunked", "1080p60", 6_312_480, "avc1.64002A,mp4a.40.2", Some(("1920x1080", 60.0))),
            quality("160p30", "160p", 287_320, "avc1.4D000C,mp4a.40.2", Some(("284x160", 30.0))),
            quality("audio_only", "Audio Only", 211_000, "mp4a.40.2", None),
        ]
    }
}

/// How a playlist names muted segments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MutedNames {
    /// `7-muted.ts`: silence.
    #[default]
    Muted,
    /// `7-unmuted.ts`: the sound, for those who may hear it.
    Unmuted,
    /// `7.ts`, as before anything was muted.
    Plain,
}

/// A URI that a playlist names in place of a segment's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uri {
    /// The segment.
    pub index: usize,
    /// What the playlist says; `{origin}` is this server.
    pub uri: String,
}

/// The chat. Kinds of message that come `every` so many come never at 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Chat {
    /// False when it expired: `comments` is null, with a service error.
    pub exists: bool,
    /// The sample stream's first broadcast's in place of one that is drawn.
    pub sample: bool,
    /// Messages a minute.
    pub per_minute: u64,
    /// Another seed, another chat.
    pub seed: u64,
    /// Messages on a page.
    pub page_size: usize,
    /// So many messages before the wanted offset begin a page that is asked for by offset.
    pub page_lead: usize,
    /// Messages of an account that is gone.
    pub null_commenter_every: usize,
    /// Messages with a fragment whose text is null.
    pub null_text_every: usize,
    /// Messages with emotes.
    pub emote_every: usize,
    /// Cheers.
    pub cheer_every: usize,
    /// `/me` messages.
    pub action_every: usize,
    /// Second and number of messages in it, over those that are there anyway.
    pub busy: Vec<Busy>,
    /// Messages that moderators removed, by their number from 0.
    pub deleted: Vec<usize>,
    /// `createdAt` is so many milliseconds late: the chat's clock against the video's.
    pub clock_shift_ms: i64,
    /// `createdAt` is local time called UTC, so many minutes east of it.
    pub local_minutes: i64,
    /// `contentOffsetSeconds` is so many seconds more than it should be, as in old highlights.
    pub offset_shift_seconds: i64,
}

impl Default for Chat {
    fn default() -> Self {
        Chat {
            exists: true,
            sample: false,
            per_minute: 60,
            seed: 1,
            page_size: 59,
            page_lead: 16,
            null_commenter_every: 41,
            null_text_every: 67,
            emote_every: 5,
            cheer_every: 53,
            action_every: 37,
            busy: Vec::new(),
            deleted: Vec::new(),
            clock_shift_ms: 0,
            local_minutes: 0,
            offset_shift_seconds: 0,
        }
    }
}

/// A second with many messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Busy {
    /// The second of the broadcast.
    pub second: u64,
    /// Messages in it.
    pub messages: usize,
}
