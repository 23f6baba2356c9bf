//! The command line of `eval`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args as ClapArgs, Parser, Subcommand};
use ids::{IdError, Name};
use job::{Completions, Flags, HasFlags};
use llm::DeviceChoice;
use store::Versioned;

/// Measure an adapter on held-out broadcasts, hold it to a gate, and promote it when it passed
#[derive(Debug, Parser)]
#[command(name = "eval", version, after_help = EXAMPLES)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
    /// The flags every command has
    #[command(flatten)]
    pub flags: Flags,
}

const EXAMPLES: &str = "\
EXAMPLES
  Does the newest version of the adapter `demo` pass? (measures it first when that was not done)
    eval gate demo
  Is version 2 no worse than version 1?
    eval gate demo@2 --baseline demo@1
  Put it where servers of the channel `stable` find it
    eval promote demo --channel stable
  Read how it answers
    eval report demo -o demo.html
  Gate with other rules
    eval pack > rules.toml; eval gate demo --config rules.toml

EXIT CODES
  0 done, passed   1 the gate refuses, or there is no passed gate to promote on   2 trouble   130 interrupted";

/// What `eval` does.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Measure an adapter, whatever comes out
    Run(RunArgs),
    /// Measure an adapter and say whether it passes: exit code 0 or 1
    Gate(RunArgs),
    /// Sign an adapter into a channel; only after its gate passed with the same options
    Promote(PromoteArgs),
    /// Write an evaluation as one HTML page
    Report(ReportArgs),
    /// List every promotion and whether it is to be believed
    Releases,
    /// Print the gate's rules and settings with their defaults, as a file for --config
    Pack,
    /// Print a completion script
    Completions(Completions),
}

/// What is measured against what.
#[derive(Debug, Clone, ClapArgs)]
pub struct RunArgs {
    /// The adapter, newest version unless given
    #[arg(value_name = "ADAPTER[@V]")]
    pub adapter: Versioned,
    /// What it is compared with: the base model, or another adapter of the same base
    #[arg(long, value_name = "ADAPTER[@V]|base", default_value = "base")]
    pub baseline: Baseline,
    /// The dataset whose held-out split is used [default: the one the adapter was trained on]
    #[arg(long, value_name = "NAME[@V]")]
    pub dataset: Option<Versioned>,
    /// Rules and settings that differ from the defaults, TOML (`eval pack` prints all)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: DeviceChoice,
}

/// The options of `eval promote`.
#[derive(Debug, Clone, ClapArgs)]
pub struct PromoteArgs {
    /// What was measured
    #[command(flatten)]
    pub run: RunArgs,
    /// The channel that servers load from
    #[arg(long, value_name = "NAME")]
    pub channel: Name,
}

/// The options of `eval report`.
#[derive(Debug, Clone, ClapArgs)]
pub struct ReportArgs {
    /// What was measured
    #[command(flatten)]
    pub run: RunArgs,
    /// The file to write
    #[arg(short, long, value_name = "FILE.html")]
    pub output: PathBuf,
}

/// What an adapter is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Baseline {
    /// The base model without an adapter.
    Base,
    /// Another adapter.
    Adapter(Versioned),
}

impl FromStr for Baseline {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        if text == "base" { Ok(Self::Base) } else { text.parse().map(Self::Adapter) }
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base => f.write_str("base"),
            Self::Adapter(adapter) => adapter.fmt(f),
        }
    }
}

impl HasFlags for Args {
    fn flags(&self) -> &Flags {
        &self.flags
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_the_documented_one() {
        Args::command().debug_assert();
        let parse = |line: &str| Args::try_parse_from(line.split(' '));
        let Command::Gate(options) = parse("eval gate demo@2 --baseline demo@1").unwrap().command else {
            panic!("not a gate");
        };
        assert_eq!((options.adapter.to_string(), options.baseline.to_string()), ("demo@2".into(), "demo@1".into()));
        let Command::Promote(options) = parse("eval promote demo --channel stable").unwrap().command else {
            panic!("not a promotion");
        };
        assert_eq!((options.channel.as_str(), options.run.baseline), ("stable", Baseline::Base));
        for bad in [
            "eval",
            "eval run",
            "eval promote demo",
            "eval gate De",
            "eval gate demo --baseline a@0",
            "eval report demo",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
