//! Chat files of any size, written as a stream: to measure and to bound what reading them costs.

use std::io::{self, Write};

/// What may be asked of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BigChat {
    /// The size at which it stops, bytes.
    pub bytes: u64,
    /// Whether offsets are written in whole seconds.
    pub whole_seconds: bool,
    /// Whether comments are in another order than that of time.
    pub shuffled: bool,
}

/// What messages are made of; most of them are short.
const WORDS: &[&str] = &[
    "a", "is", "no", "go", "the", "that", "plank", "fence", "gate", "what", "left", "again", "really", "hammer",
    "paint", "nail", "Kappa", "KEKW", "lol", "LUL", "brush", "yes", "why", "green", "blue", "crooked",
];

/// Milliseconds between messages: a busy chat.
const EVERY_MS: u64 = 17;

impl BigChat {
    /// Writes a file in TwitchDownloader's shape 1.4 and returns how many comments it has. The same question gives the
    /// same bytes.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn twitchdownloader(self, out: &mut impl Write) -> io::Result<u64> {
        let mut size = 0;
        let mut line = String::from(
            "{\"FileInfo\":{\"Version\":{\"Major\":1,\"Minor\":4,\"Patch\":0},\"CreatedAt\":\"2025-03-02T00:00:00Z\"},\
             \"streamer\":{\"name\":\"Fencer\",\"login\":\"fencer\",\"id\":900},\"video\":{\"title\":\"Painting\",\
             \"id\":\"77\",\"created_at\":\"2025-03-01T00:00:00Z\",\"start\":0.0,\"end\":90000.0,\"length\":90000.0},\
             \"comments\":[\n",
        );
        let mut count = 0;
        while size < self.bytes {
            if count > 0 {
                line.push_str(",\n");
            }
            self.comment(count, &mut line);
            out.write_all(line.as_bytes())?;
            size += line.len() as u64;
            line.clear();
            count += 1;
        }
        out.write_all(b"\n],\"embeddedData\":null}\n")?;
        out.flush()?;
        Ok(count)
    }

    fn comment(self, number: u64, line: &mut String) {
        let mixed = mix(number);
        // Shuffled means: far from where it belongs, and each place is taken once.
        let place = if self.shuffled { number ^ 0x3_5555 } else { number };
        let ms = place * EVERY_MS;
        let offset = match self.whole_seconds {
            true => (ms / 1000).to_string(),
            false => format!("{}.{:03}", ms / 1000, ms % 1000),
        };
        let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        let clock =
            format!("2025-03-{:02}T{:02}:{minutes:02}:{seconds:02}.{:03}Z", 1 + hours / 24, hours % 24, ms % 1000);
        let viewer = mixed % 50_021;
        let words: Vec<_> =
            (0..2 + mixed % 9).map(|at| WORDS[(mix(mixed ^ at) % WORDS.len() as u64) as usize]).collect();
        let body = words.join(" ");
        let id = format!("{:08x}-{:04x}-4000-8000-{number:012x}", mixed >> 32, mixed & 0xffff);
        line.push_str(&format!(
            "{{\"_id\":\"{id}\",\"created_at\":\"{clock}\",\"channel_id\":\"900\",\"content_type\":\"video\",\
             \"content_id\":\"77\",\"content_offset_seconds\":{offset},\"commenter\":{{\"display_name\":\"Viewer{viewer}\",\
             \"_id\":\"{}\",\"name\":\"viewer{viewer}\",\"bio\":null,\"created_at\":\"2020-01-01T00:00:00Z\",\
             \"updated_at\":\"2020-01-01T00:00:00Z\",\"logo\":null}},\"message\":{{\"body\":\"{body}\",\"bits_spent\":0,\
             \"fragments\":[{{\"text\":\"{body}\",\"emoticon\":null}}],\"user_badges\":[{{\"_id\":\"subscriber\",\
             \"version\":\"{}\"}}],\"user_color\":\"#1E90FF\",\"emoticons\":[]}}}}",
            viewer + 1000,
            mixed % 60,
        ));
    }
}

/// SplitMix64's mixing of a number.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn files_are_json_of_the_size_and_the_same_again() {
        for whole_seconds in [false, true] {
            let big = BigChat { bytes: 100_000, whole_seconds, shuffled: true };
            let (mut first, mut second) = (Vec::new(), Vec::new());
            let count = big.twitchdownloader(&mut first).unwrap();
            assert_eq!(big.twitchdownloader(&mut second).unwrap(), count);
            assert!(first == second && (100_000..101_000).contains(&first.len()));
            let value: serde_json::Value = serde_json::from_slice(&first).unwrap();
            let comments = value["comments"].as_array().unwrap();
            assert_eq!(comments.len() as u64, count);
            let ids: BTreeSet<_> = comments.iter().map(|comment| comment["_id"].as_str().unwrap()).collect();
            assert_eq!(ids.len() as u64, count);
        }
    }
}
