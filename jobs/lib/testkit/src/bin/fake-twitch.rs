//! Serves one scenario of the fake Twitch until it is killed, to try `ingest` by hand and to measure it against.

use std::io::Write;
use std::process::ExitCode;

use testkit::twitch::{Scenario, Twitch};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (name, port) = match arguments.as_slice() {
        [name] => (*name, Some(0)),
        [name, "--port", port] => (*name, port.parse().ok()),
        _ => ("", None),
    };
    let names = Scenario::names();
    let mut stderr = std::io::stderr();
    let Some(port) = port.filter(|_| names.contains(&name)) else {
        let _ = writeln!(stderr, "usage: fake-twitch SCENARIO [--port N]\n\nscenarios:");
        for name in names {
            let _ = writeln!(stderr, "  {name:22} {}", Scenario::named(name).about);
        }
        return ExitCode::from(2);
    };
    let twitch = Twitch::start_at(Scenario::named(name), port);
    let mut stdout = std::io::stdout();
    for (variable, value) in twitch.environment() {
        let _ = writeln!(stdout, "export {variable}={value}");
    }
    for quality in twitch.scenario().media.qualities.iter() {
        let _ = writeln!(stdout, "# {}", twitch.playlist_url(&quality.id));
    }
    let _ = stdout.flush();
    loop {
        std::thread::park();
    }
}
