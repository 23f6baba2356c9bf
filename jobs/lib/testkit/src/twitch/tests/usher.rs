//! Both versions of usher's playlist, the tokens it wants, and playlists of every shape.

use super::client::{get, master_path, media_path};
use crate::twitch::scenario::MutedNames;
use crate::twitch::{SERVING_ID, Scenario, Twitch, USER_IP};

fn lines(text: &str, start: &str) -> Vec<String> {
    text.lines().filter(|line| line.starts_with(start)).map(str::to_owned).collect()
}

#[test]
fn the_first_version_has_media_lines() {
    let twitch = Twitch::start(Scenario::named("short"));
    let text = get(&twitch, &master_path(&twitch, "")).text();
    assert_eq!(
        lines(&text, "#EXT-X-MEDIA")[0],
        "#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"chunked\",NAME=\"1080p60\",AUTOSELECT=NO,DEFAULT=NO"
    );
    assert_eq!(
        lines(&text, "#EXT-X-STREAM-INF"),
        [
            "#EXT-X-STREAM-INF:BANDWIDTH=6312480,CODECS=\"avc1.64002A,mp4a.40.2\",\
             RESOLUTION=1920x1080,VIDEO=\"chunked\",FRAME-RATE=60.000",
            "#EXT-X-STREAM-INF:BANDWIDTH=287320,CODECS=\"avc1.4D000C,mp4a.40.2\",\
             RESOLUTION=284x160,VIDEO=\"160p30\",FRAME-RATE=30.000",
            "#EXT-X-STREAM-INF:BANDWIDTH=211000,CODECS=\"mp4a.40.2\",VIDEO=\"audio_only\"",
        ]
    );
    assert!(text.contains(USER_IP) && text.contains(SERVING_ID));
}

#[test]
fn the_second_version_has_none() {
    let twitch = Twitch::start(Scenario::named("short"));
    let text = get(&twitch, &master_path(&twitch, "v2/")).text();
    assert!(lines(&text, "#EXT-X-MEDIA").is_empty());
    let first = &lines(&text, "#EXT-X-STREAM-INF")[0];
    let end =
        "STABLE-VARIANT-ID=\"1080p60\",IVS-NAME=\"1080p60\",IVS-GROUPS=\"landscape\",IVS-VARIANT-SOURCE=\"source\"";
    assert!(first.ends_with(end), "{first}");
    let folder = Scenario::named("short").folder();
    assert_eq!(lines(&text, "http")[2], format!("{}/{folder}/audio_only/index-dvr.m3u8", twitch.usher_url()));
    let (digits, rest) = folder.split_once('_').expect("a digest and more");
    assert!(digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(rest, "dougbert_demo_40000000001_1695490626");
}

#[test]
fn usher_wants_a_token_and_offers_what_is_asked_for() {
    let twitch = Twitch::start(Scenario::named("short"));
    let path = master_path(&twitch, "v2/");
    assert_eq!(get(&twitch, "/vod/v2/1087079172.m3u8").status, 403);
    assert_eq!(get(&twitch, &path.replace("sig=", "sig=0")).status, 403);
    assert_eq!(get(&twitch, &path.replace("1087079172.m3u8", "5.m3u8")).status, 404);
    let other = path.replace("sig=", "nauthsig=").replace("&token=", "&nauth=");
    assert_eq!(get(&twitch, &other).status, 200);
    let fewer = get(&twitch, &path.replace("allow_audio_only", "x").replace("allow_source", "y")).text();
    assert_eq!(lines(&fewer, "#EXT-X-STREAM-INF").len(), 1);
    let old = Twitch::start(Scenario::named("v1-master"));
    assert_eq!((get(&old, &master_path(&old, "v2/")).status, get(&old, &master_path(&old, "")).status), (404, 200));
    let gone = Twitch::start(Scenario::named("deleted"));
    assert_eq!(get(&gone, "/vod/1087079172.m3u8?sig=x&token=y").status, 404);
}

#[test]
fn a_media_playlist_as_it_is() {
    let twitch = Twitch::start(Scenario::named("short"));
    let text = get(&twitch, &media_path(&twitch, "audio_only")).text();
    let head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#ID3-EQUIV-TDTG:2023-09-23T17:40:11\n\
                #EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-TWITCH-ELAPSED-SECS:0.000\n\
                #EXT-X-TWITCH-TOTAL-SECS:185.000\n#EXTINF:10.000,\n0.ts\n";
    assert!(text.starts_with(head), "{text}");
    assert!(text.contains("#EXTINF:10.000,\n6-muted.ts\n#EXTINF:10.000,\n7-muted.ts\n#EXTINF:10.000,\n8.ts\n"));
    assert!(text.ends_with("#EXTINF:5.000,\n18.ts\n#EXT-X-ENDLIST\n"));
}

#[test]
fn media_playlists_as_they_could_be() {
    let twitch = Twitch::start(Scenario::named("short"));
    let path = media_path(&twitch, "audio_only");
    let with = |edit: fn(&mut Scenario)| {
        twitch.change(|scenario| *scenario = Scenario::named("short"));
        twitch.change(edit);
        get(&twitch, &path).text()
    };
    let text = with(|scenario| scenario.media.program_date_time = true);
    assert_eq!(lines(&text, "#EXT-X-PROGRAM-DATE-TIME")[1], "#EXT-X-PROGRAM-DATE-TIME:2023-09-23T17:37:16.000Z");
    assert!(
        with(|scenario| scenario.media.discontinuities = vec![4])
            .contains("\n3.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:10.000,\n4.ts\n")
    );
    let text = with(|scenario| scenario.media.key = Some("METHOD=AES-128,URI=\"k\"".into()));
    assert!(text.contains("#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n"));
    assert_eq!(lines(&with(|scenario| scenario.media.byte_ranges = true), "#EXT-X-BYTERANGE").len(), 19);
    assert!(with(|scenario| scenario.media.qualities[2].muted_names = MutedNames::Unmuted).contains("6-unmuted.ts"));
    assert!(with(|scenario| scenario.media.padding_bytes = 9000).lines().any(|line| line.len() > 9000));
    assert!(with(|scenario| *scenario = Scenario::named("huge-playlist")).lines().count() > 1_000_000);
    let growing = with(|scenario| *scenario = Scenario::named("growing"));
    assert!(growing.ends_with("\n11.ts\n") && !growing.contains("ENDLIST"));
    let hostile = with(|scenario| *scenario = Scenario::named("hostile-uris"));
    assert!(hostile.contains("\n../../x.ts\n") && hostile.contains("\nfile:///etc/passwd\n"));
}

#[test]
fn a_highlight_has_a_playlist_of_its_own_name() {
    let twitch = Twitch::start(Scenario::named("highlight-shift"));
    assert!(media_path(&twitch, "audio_only").ends_with("/highlight-1087079172.m3u8"));
}
