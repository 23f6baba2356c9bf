//! Serves one scenario of the fake Twitch until it is killed, to try `ingest` by hand and to measure it against. A name
//! that ends in `.toml` is a scenario file of one's own.

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
    let scenario = match name.ends_with(".toml") {
        true => read(name),
        false if names.contains(&name) => Ok(Scenario::named(name)),
        false => Err(format!("there is no scenario {name:?}")),
    };
    let (Some(port), Ok(scenario)) = (port, &scenario) else {
        if let Err(reason) = scenario {
            let _ = writeln!(stderr, "fake-twitch: {reason}");
        }
        let _ = writeln!(stderr, "usage: fake-twitch SCENARIO|FILE.toml [--port N]\n\nscenarios:");
        for name in names {
            let _ = writeln!(stderr, "  {name:22} {}", Scenario::named(name).about);
        }
        return ExitCode::from(2);
    };
    let twitch = Twitch::start_at(scenario.clone(), port);
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

fn read(path: &str) -> Result<Scenario, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    toml::from_str(&text).map_err(|error| format!("{path}: {error}"))
}
