//! The list of segments of one rendition (an HLS media playlist, RFC 8216), held against what it may contain.
//!
//! It comes from a stranger and names what is fetched next, so names are single components of a narrow alphabet, keys
//! and byte ranges are refused, and sizes have limits. The parser below is a library's; this file is about trust.

use chrono::SecondsFormat;
use m3u8_rs::{KeyMethod, MediaPlaylist};
use serde::{Deserialize, Serialize};

/// Largest playlist, bytes.
pub(super) const LARGEST: usize = 4 << 20;

const MOST_LINES: usize = 100_000;
const MOST_SEGMENTS: usize = 50_000;
const LONGEST_LINE: usize = 8 << 10;
const LONGEST_NAME: usize = 200;

/// Longest segment, s. Usual are 10.
const LONGEST_SEGMENT_S: f32 = 600.0;

/// What became of a segment's sound on the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Variant {
    /// As it was broadcast.
    Original,
    /// As it was broadcast, beside a muted one for those who may not hear it.
    Unmuted,
    /// Silenced.
    Muted,
}

impl Variant {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Unmuted => "unmuted",
            Self::Muted => "muted",
        }
    }
}

/// One segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) index: u64,
    /// From the start of the VOD.
    pub(crate) start_ms: u64,
    pub(crate) duration_ms: u64,
    /// As it stands in the playlist.
    pub(crate) name: String,
    pub(crate) variant: Variant,
    pub(crate) discontinuity: bool,
    pub(crate) program_date_time: Option<String>,
}

impl Entry {
    /// The first millisecond after it.
    pub(crate) fn end_ms(&self) -> u64 {
        self.start_ms + self.duration_ms
    }
}

/// A playlist that may be followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Playlist {
    /// Name of the piece that every segment of fragmented MP4 needs before it.
    pub(crate) init: Option<String>,
    pub(crate) entries: Vec<Entry>,
    /// Whether the broadcast is over.
    pub(crate) ended: bool,
}

impl Playlist {
    /// Length of it all.
    pub(crate) fn duration_ms(&self) -> u64 {
        self.entries.last().map_or(0, Entry::end_ms)
    }
}

/// Reads a playlist; the error says what is wrong with it.
pub(super) fn parse(bytes: &[u8]) -> Result<Playlist, String> {
    bounded(bytes)?;
    let playlist = m3u8_rs::parse_media_playlist_res(bytes).map_err(|_| "it is no media playlist".to_owned())?;
    if playlist.segments.len() > MOST_SEGMENTS {
        return Err(format!("it has {} segments, more than {MOST_SEGMENTS}", playlist.segments.len()));
    }
    if playlist.segments.is_empty() {
        return Err("it has no segments".to_owned());
    }
    let init = init(&playlist)?;
    let mut entries = Vec::with_capacity(playlist.segments.len());
    let mut start_ms = 0;
    for (index, segment) in (0_u64..).zip(&playlist.segments) {
        let told = |reason: String| format!("segment {index}: {reason}");
        let refuse = |reason: String| Err(told(reason));
        if let Some(range) = &segment.byte_range {
            return refuse(format!("byte ranges ({} bytes) are not supported", range.length));
        }
        if segment.key.as_ref().is_some_and(|key| key.method != KeyMethod::None) {
            return refuse("it is encrypted".to_owned());
        }
        if !(segment.duration > 0.0 && segment.duration <= LONGEST_SEGMENT_S) {
            return refuse(format!("a length of {} s is not possible", segment.duration));
        }
        let name = checked(&segment.uri).map_err(told)?;
        let duration_ms = (segment.duration * 1000.0).round() as u64;
        let time = segment.program_date_time.map(|time| time.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true));
        entries.push(Entry {
            index,
            start_ms,
            duration_ms,
            variant: variant(&name),
            name,
            discontinuity: segment.discontinuity && index > 0,
            program_date_time: time,
        });
        start_ms += duration_ms;
    }
    Ok(Playlist { init, entries, ended: playlist.end_list })
}

/// Refuses what no parser should have to look at.
pub(super) fn bounded(bytes: &[u8]) -> Result<(), String> {
    if bytes.len() > LARGEST {
        return Err(format!("it has more than {LARGEST} bytes"));
    }
    if !bytes.starts_with(b"#EXTM3U") {
        return Err("it does not begin with #EXTM3U".to_owned());
    }
    if std::str::from_utf8(bytes).is_err() {
        return Err("it is not UTF-8".to_owned());
    }
    let mut lines = 0;
    for line in bytes.split(|byte| *byte == b'\n') {
        lines += 1;
        if lines > MOST_LINES {
            return Err(format!("it has more than {MOST_LINES} lines"));
        }
        if line.len() > LONGEST_LINE {
            return Err(format!("line {lines} has more than {LONGEST_LINE} bytes"));
        }
    }
    Ok(())
}

/// The one initialisation piece; several would mean several encodings in one recording.
fn init(playlist: &MediaPlaylist) -> Result<Option<String>, String> {
    let mut found = None;
    for map in playlist.segments.iter().filter_map(|segment| segment.map.as_ref()) {
        if map.byte_range.is_some() {
            return Err("its EXT-X-MAP has a byte range, which is not supported".to_owned());
        }
        let name = checked(&map.uri).map_err(|reason| format!("EXT-X-MAP: {reason}"))?;
        match &found {
            None => found = Some(name),
            Some(earlier) if *earlier == name => {}
            Some(_) => return Err("it has more than one EXT-X-MAP, which is not supported".to_owned()),
        }
    }
    Ok(found)
}

/// A name of a file beside the playlist and nothing else: no folder, no host, no scheme, no escapes.
fn checked(uri: &str) -> Result<String, String> {
    let shown = || uri.chars().take(80).collect::<String>();
    let (name, query) = uri.split_once('?').map_or((uri, None), |(name, query)| (name, Some(query)));
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let known = [".ts", ".mp4", ".m4s"].iter().any(|ending| name.ends_with(ending));
    let plain_name = name.len() <= LONGEST_NAME && name.bytes().all(plain) && !name.starts_with('.') && known;
    // Some old broadcasts name parts of larger files so; the answer is that part.
    let plain_query = query.is_none_or(|query| {
        let allowed = |b: u8| b.is_ascii_digit() || b.is_ascii_lowercase() || matches!(b, b'_' | b'=' | b'&');
        query.len() <= LONGEST_NAME && query.bytes().all(allowed)
    });
    if plain_name && plain_query {
        return Ok(uri.to_owned());
    }
    Err(format!("{:?} is not the plain name of a .ts, .mp4 or .m4s file", shown()))
}

fn variant(name: &str) -> Variant {
    match name {
        name if name.contains("-unmuted") => Variant::Unmuted,
        name if name.contains("-muted") => Variant::Muted,
        _ => Variant::Original,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#ID3-EQUIV-TDTG:2023-09-23T17:37:06\n\
                        #EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-TWITCH-ELAPSED-SECS:0.000\n\
                        #EXT-X-TWITCH-TOTAL-SECS:35.500\n";

    fn with(rest: &str) -> Result<Playlist, String> {
        parse(format!("{HEAD}{rest}").as_bytes())
    }

    #[test]
    fn segments_have_times_names_and_variants() {
        let playlist = with(
            "#EXTINF:10.000,\n0.ts\n#EXTINF:10.000,\n1-muted.ts\n#EXT-X-DISCONTINUITY\n\
             #EXT-X-PROGRAM-DATE-TIME:2023-09-23T19:37:26.5+02:00\n#EXTINF:5.508,\n2-unmuted.ts\n#EXTINF:10.000,\n\
             transmux-0000000000-AbCd.ts?start_offset=0&end_offset=257935\n#EXT-X-ENDLIST\n",
        )
        .unwrap();
        assert!(playlist.ended && playlist.init.is_none());
        assert_eq!(playlist.duration_ms(), 35_508);
        let found: Vec<_> = playlist
            .entries
            .iter()
            .map(|it| {
                (it.start_ms, it.name.as_str(), it.variant.name(), it.discontinuity, it.program_date_time.as_deref())
            })
            .collect();
        let transmux = "transmux-0000000000-AbCd.ts?start_offset=0&end_offset=257935";
        assert_eq!(
            found,
            [
                (0, "0.ts", "original", false, None),
                (10_000, "1-muted.ts", "muted", false, None),
                (20_000, "2-unmuted.ts", "unmuted", true, Some("2023-09-23T17:37:26.500Z")),
                (25_508, transmux, "original", false, None),
            ]
        );
        assert!(!with("#EXTINF:10.000,\n0.ts\n").unwrap().ended);
    }

    #[test]
    fn fragmented_mp4_has_one_initialisation_piece() {
        let playlist = with("#EXT-X-MAP:URI=\"init-0.mp4\"\n#EXTINF:10.000,\n0.mp4\n#EXT-X-ENDLIST\n").unwrap();
        assert_eq!(playlist.init.as_deref(), Some("init-0.mp4"));
        let two = "#EXT-X-MAP:URI=\"a.mp4\"\n#EXTINF:10,\n0.mp4\n#EXT-X-MAP:URI=\"b.mp4\"\n#EXTINF:10,\n1.mp4\n";
        assert!(with(two).unwrap_err().contains("more than one"));
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for uri in [
            "../../x.ts",
            "..%2fx.ts",
            "/etc/passwd",
            "a/b.ts",
            "a\\b.ts",
            ".hidden.ts",
            "file:///etc/passwd",
            "https://evil.example/x.ts",
            "//evil.example/x.ts",
            "concat:a.ts|b.ts",
            "x.ts#y",
            "x.ts?url=https://evil.example",
            "x.sh",
            "x.m3u8",
            "\u{202e}st.x",
            "x\u{0}.ts",
        ] {
            let found = with(&format!("#EXTINF:10.000,\n{uri}\n#EXT-X-ENDLIST\n"));
            assert!(found.is_err(), "{uri:?}: {found:?}");
        }
    }

    #[test]
    fn what_is_not_followed_is_refused_with_the_reason() {
        for (rest, expect) in [
            ("#EXT-X-KEY:METHOD=AES-128,URI=\"https://k.example/\"\n#EXTINF:10.0,\n0.ts\n", "encrypted"),
            ("#EXT-X-BYTERANGE:10@0\n#EXTINF:10.0,\n0.ts\n", "byte ranges"),
            ("#EXTINF:0,\n0.ts\n", "not possible"),
            ("#EXTINF:nan,\n0.ts\n", "segment 0"),
            ("#EXTINF:99999999,\n0.ts\n", "not possible"),
            ("#EXT-X-ENDLIST\n", "no segments"),
            ("", "no segments"),
        ] {
            let found = with(rest).unwrap_err();
            assert!(found.contains(expect) || found == "it is no media playlist", "{rest}: {found}");
        }
        assert!(parse(b"<html>").unwrap_err().contains("#EXTM3U"));
        assert!(parse(b"#EXTM3U\n\xff").unwrap_err().contains("UTF-8"));
        assert!(with(&"\n".repeat(MOST_LINES)).unwrap_err().contains("lines"));
        assert!(with(&"x".repeat(LONGEST_LINE + 1)).unwrap_err().contains("line 9 has more"));
    }
}
