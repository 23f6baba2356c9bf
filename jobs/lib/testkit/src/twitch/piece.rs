//! Encodes the short pieces of media that whole broadcasts are made of, and keeps them beside the build's other output.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};
use std::{env, fs};

use super::fmp4;
use super::scenario::{Container, Sound};
use super::ts;

/// What distinguishes one piece from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Recipe {
    pub(super) container: Container,
    /// `None` is silence.
    pub(super) sound: Option<Sound>,
    pub(super) picture: bool,
    pub(super) segment_seconds: u64,
}

/// A piece ready to be cut.
pub(super) enum Piece {
    Ts(ts::Stream),
    Fmp4(fmp4::File),
}

impl Recipe {
    /// Seconds after which the media repeats: whole segments, and whole AAC frames of 1024 samples at 48 kHz, which
    /// eight seconds are.
    fn cycle_seconds(&self) -> u64 {
        let step = (1..).map(|n| n * self.segment_seconds.max(1)).find(|seconds| seconds % 8 == 0).unwrap_or(8);
        // Silence has to repeat as the sound does; speech takes as long as the sample broadcast and some more.
        let least = if self.sound == Some(Sound::Tones) || self.sound.is_none() { 1 } else { 112 };
        step * u64::div_ceil(least, step)
    }

    fn arguments(&self) -> Vec<String> {
        let seconds = self.cycle_seconds();
        let mut arguments: Vec<String> = words("-v error -nostdin -y");
        match self.sound {
            Some(Sound::Tones) => {
                arguments.extend(words("-f lavfi -i sine=frequency=330:beep_factor=4:sample_rate=48000"))
            }
            None => arguments.extend(words("-f lavfi -i anullsrc=sample_rate=48000:channel_layout=mono")),
            Some(Sound::Speech) => {
                let sample = crate::sample::dir().join("demo-1.mkv");
                arguments.extend(["-i".to_owned(), sample.display().to_string()]);
            }
        }
        if self.picture {
            arguments.extend(words("-f lavfi -i testsrc=size=284x160:rate=5"));
        }
        if self.sound == Some(Sound::Speech) {
            let size = seconds * 48_000;
            arguments.extend(words("-filter:a"));
            arguments.push(format!("aresample=48000,apad=whole_len={size},aloop=loop=2:size={size}"));
        }
        arguments.extend(words("-map 0:a -c:a aac -b:a 48k -ac 1 -flags:a +bitexact"));
        if self.picture {
            arguments
                .extend(words("-map 1:v -c:v mpeg2video -b:v 100k -bf 0 -sc_threshold 1000000000 -flags:v +bitexact"));
            // A picture that stands alone at every second, hence at every cut.
            arguments.extend(words("-g 5"));
        }
        // One second over two cycles, so that the second has an end.
        arguments.extend(words("-threads 1 -map_metadata -1 -fflags +bitexact -t"));
        arguments.push((2 * seconds + 1).to_string());
        arguments.extend(match self.container {
            // Without delay there is one frame to a PES packet, so that sound and silence are cut at the same frames.
            // Times begin where ffmpeg lets them by itself: those of a real broadcast do not begin at zero either.
            Container::Ts => words("-muxdelay 0 -output_ts_offset 1.4 -pes_payload_size 0 -f mpegts"),
            Container::Fmp4 => words("-movflags +empty_moov+default_base_moof+frag_every_frame+skip_trailer -f mp4"),
        });
        arguments
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

impl Piece {
    /// The initialisation segment.
    pub(super) fn init(&self) -> Option<Vec<u8>> {
        match self {
            Piece::Ts(_) => None,
            Piece::Fmp4(file) => Some(file.init.clone()),
        }
    }

    /// One segment.
    pub(super) fn segment(&self, index: usize, length_ms: u64) -> Vec<u8> {
        match self {
            Piece::Ts(stream) => stream.segment(index, length_ms),
            Piece::Fmp4(file) => file.segment(index, length_ms),
        }
    }
}

/// The piece of that recipe: from memory, else from its file, else from ffmpeg.
///
/// # Panics
/// When ffmpeg is missing or fails, or when what it made cannot be cut.
pub(super) fn piece(recipe: Recipe) -> Arc<Piece> {
    static PIECES: OnceLock<Mutex<BTreeMap<Recipe, Arc<Piece>>>> = OnceLock::new();
    // Held while ffmpeg runs: whoever wants the same piece waits for it.
    let mut pieces = super::lock(PIECES.get_or_init(Mutex::default));
    let make = || {
        let bytes = bytes(&recipe);
        let (cycle, segment) = (recipe.cycle_seconds(), recipe.segment_seconds);
        let piece = match recipe.container {
            Container::Ts => ts::Stream::cut(&bytes, cycle, segment).map(Piece::Ts),
            Container::Fmp4 => fmp4::File::cut(&bytes, cycle, segment).map(Piece::Fmp4),
        };
        Arc::new(piece.unwrap_or_else(|| panic!("cannot cut what ffmpeg made of {recipe:?}")))
    };
    pieces.entry(recipe).or_insert_with(make).clone()
}

fn bytes(recipe: &Recipe) -> Vec<u8> {
    let arguments = recipe.arguments();
    let extension = if recipe.container == Container::Ts { "ts" } else { "mp4" };
    let name = format!("{}.{extension}", super::hex(&arguments.join("\n"), 24));
    let folder = folder();
    let file = folder.join(name);
    if let Ok(bytes) = fs::read(&file) {
        return bytes;
    }
    // Written beside its place and then moved there: tests in other processes may want the same at the same time.
    let fresh = tempfile::Builder::new().suffix(&format!(".{extension}")).tempfile_in(&folder);
    let fresh = fresh.unwrap_or_else(|error| panic!("cannot write to {}: {error}", folder.display()));
    let program = env::var_os("DOUGPT_FFMPEG").unwrap_or_else(|| "ffmpeg".into());
    crate::process::output(Command::new(program).args(&arguments).arg(fresh.path())).expect_code(0);
    let bytes = fs::read(fresh.path()).unwrap_or_else(|error| panic!("cannot read what ffmpeg wrote: {error}"));
    fresh.persist(&file).unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
    bytes
}

/// A folder beside the running executable; the temporary folder when that cannot be written.
fn folder() -> PathBuf {
    let executable = env::current_exe().unwrap_or_default();
    let beside = crate::bin::profile_folder(&executable).join("fake-twitch-media");
    let is_writable = |folder: &Path| fs::create_dir_all(folder).is_ok() && tempfile::tempfile_in(folder).is_ok();
    if is_writable(&beside) {
        return beside;
    }
    let other = env::temp_dir().join("dougpt-fake-twitch-media");
    fs::create_dir_all(&other).unwrap_or_else(|error| panic!("cannot make {}: {error}", other.display()));
    other
}
