//! The playlist of one quality, as good or as hostile as the scenario wants it.

use std::fmt::Write;

use super::clock;
use super::scenario::{BroadcastType, Container, MutedNames, Quality, Scenario, Status};

/// The playlist's file name.
pub(super) fn name(scenario: &Scenario) -> String {
    let vod = &scenario.vod;
    match &scenario.media.playlist {
        Some(name) => name.clone(),
        None if vod.broadcast_type == BroadcastType::Highlight => format!("highlight-{}.m3u8", vod.id),
        None => "index-dvr.m3u8".into(),
    }
}

/// The playlist's text.
pub(super) fn text(scenario: &Scenario, quality: &Quality, origin: &str) -> String {
    let media = &scenario.media;
    let start = clock::parse(&scenario.vod.created_at);
    let listed = scenario.listed();
    let total: u64 = (0..listed).map(|index| scenario.segment_ms(index)).sum();
    let fmp4 = media.container == Container::Fmp4;
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:{}\n#EXT-X-TARGETDURATION:{}\n#ID3-EQUIV-TDTG:{}\n#EXT-X-PLAYLIST-TYPE:EVENT\n\
         #EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-TWITCH-ELAPSED-SECS:0.000\n#EXT-X-TWITCH-TOTAL-SECS:{:.3}\n",
        if fmp4 { 6 } else { 3 },
        media.segment_seconds,
        clock::whole(start + total as i64).trim_end_matches('Z'),
        total as f64 / 1000.0,
    );
    if fmp4 {
        text.push_str("#EXT-X-MAP:URI=\"init-0.mp4\"\n");
    }
    if let Some(key) = &media.key {
        let _ = writeln!(text, "#EXT-X-KEY:{key}");
    }
    if media.padding_bytes > 0 {
        let _ = writeln!(text, "#{}", "x".repeat(media.padding_bytes));
    }
    for line in 0..media.padding_lines {
        let _ = writeln!(text, "# padding {line}");
    }
    let mut at_ms = 0;
    for index in 0..listed {
        let ms = scenario.segment_ms(index);
        if media.discontinuities.contains(&index) {
            text.push_str("#EXT-X-DISCONTINUITY\n");
        }
        if media.program_date_time {
            let _ = writeln!(text, "#EXT-X-PROGRAM-DATE-TIME:{}", clock::with_millis(start + at_ms as i64));
        }
        let _ = writeln!(text, "#EXTINF:{:.3},", ms as f64 / 1000.0);
        if media.byte_ranges {
            let _ = writeln!(text, "#EXT-X-BYTERANGE:1880@{}", index * 1880);
        }
        let _ = writeln!(text, "{}", uri(scenario, quality, index, origin));
        at_ms += ms;
    }
    if media.ended.unwrap_or(scenario.vod.status == Status::Recorded) {
        text.push_str("#EXT-X-ENDLIST\n");
    }
    text
}

fn uri(scenario: &Scenario, quality: &Quality, index: usize, origin: &str) -> String {
    if let Some(other) = scenario.media.uris.iter().find(|other| other.index == index) {
        return other.uri.replace("{origin}", origin);
    }
    let suffix = match (scenario.is_muted(index), quality.muted_names) {
        (false, _) | (true, MutedNames::Plain) => "",
        (true, MutedNames::Muted) => "-muted",
        (true, MutedNames::Unmuted) => "-unmuted",
    };
    let extension = if scenario.media.container == Container::Fmp4 { "mp4" } else { "ts" };
    format!("{index}{suffix}.{extension}")
}
