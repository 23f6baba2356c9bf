//! Writes a long recording with known speech: `recording OUT.wav MINUTES [PATTERN]`.
//!
//! The pattern says what the minutes sound like, again and again: `s` speech, `m` music, `-` silence. Without one all is speech.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use testkit::recording::{Sound, write};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [to, minutes] => plan(minutes, "s").map(|plan| (to, plan)),
        [to, minutes, pattern] => plan(minutes, pattern).map(|plan| (to, plan)),
        _ => None,
    };
    let Some((to, minutes)) = asked else {
        let _ = writeln!(std::io::stderr(), "usage: recording OUT.wav MINUTES [PATTERN]");
        return ExitCode::from(2);
    };
    write(Path::new(to), &minutes);
    ExitCode::SUCCESS
}

fn plan(minutes: &str, pattern: &str) -> Option<Vec<Sound>> {
    let sound = |letter| match letter {
        's' => Some(Sound::Speech),
        'm' => Some(Sound::Music),
        '-' => Some(Sound::Silence),
        _ => None,
    };
    let pattern: Vec<Sound> = pattern.chars().map(sound).collect::<Option<_>>()?;
    (!pattern.is_empty()).then(|| pattern.iter().copied().cycle().take(minutes.parse().unwrap_or(0)).collect())
}
