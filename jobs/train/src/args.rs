//! The command line of `train`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use ids::Name;
use job::{Completions, Flags, HasFlags};
use llm::DeviceChoice;
use store::Versioned;

/// Train a LoRA adapter on a dataset over a frozen 4-bit base model
#[derive(Debug, Parser)]
#[command(name = "train", version, subcommand_negates_reqs = true, after_help = EXAMPLES)]
pub struct Args {
    /// What to train
    #[command(flatten)]
    pub run: Option<RunArgs>,
    /// Another command
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The flags every command has
    #[command(flatten)]
    pub flags: Flags,
}

const EXAMPLES: &str = "\
EXAMPLES
  Train the adapter `demo` on the newest version of the dataset `demo`
    train --dataset demo --base smollm2-135m-instruct --name demo
  See every setting with its default
    train config > train.toml
  Go on with a run that was stopped (the same command; --resume insists that there is something to resume)
    train --dataset demo --base smollm2-135m-instruct --name demo --resume
  Write the adapter as PEFT files
    train export demo --format peft -o demo-adapter

EXIT CODES
  0 done   2 trouble (bad input, I/O, a loss that diverges)   130 interrupted";

/// The options of a training run.
#[derive(Debug, Clone, ClapArgs)]
pub struct RunArgs {
    /// The dataset, newest version unless given
    #[arg(long, value_name = "NAME[@V]")]
    pub dataset: Versioned,
    /// The base model (`models list` shows the names)
    #[arg(long, value_name = "MODEL")]
    pub base: Name,
    /// The name the adapter gets a new version of
    #[arg(long, value_name = "ADAPTER")]
    pub name: Name,
    /// Settings that differ from the defaults, TOML (`train config` prints all)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// auto, cpu, cuda or cuda:N [default: auto]
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<DeviceChoice>,
    /// Fail unless an interrupted run is there to go on with; without it such a run is gone on with all the same
    #[arg(long)]
    pub resume: bool,
}

/// What else `train` does.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List every adapter with its versions
    List,
    /// Print every setting with its default, as a file for --config
    Config,
    /// Write an adapter as files
    Export(ExportArgs),
    /// Print a completion script
    Completions(Completions),
}

/// The options of `train export`.
#[derive(Debug, Clone, ClapArgs)]
pub struct ExportArgs {
    /// The adapter, newest version unless given
    #[arg(value_name = "ADAPTER[@V]")]
    pub adapter: Versioned,
    /// The layout of the files
    #[arg(long, value_enum)]
    pub format: Format,
    /// The folder to write to; made if it is not there
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
}

/// How an adapter is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// adapter_model.safetensors and adapter_config.json, as Hugging Face PEFT reads them
    Peft,
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
    fn a_run_and_the_other_commands_are_told_apart() {
        Args::command().debug_assert();
        let parse = |line: &str| Args::try_parse_from(line.split(' '));
        let run = parse("train --dataset demo@2 --base tiny --name a --device cuda:1").unwrap();
        let options = run.run.unwrap();
        assert_eq!((options.dataset.to_string(), options.device), ("demo@2".to_owned(), Some(DeviceChoice::Cuda(1))));
        let list = parse("train --store x list").unwrap();
        assert!(list.run.is_none() && matches!(list.command, Some(Command::List)));
        for bad in [
            "train",
            "train --dataset demo",
            "train --dataset demo --base tiny",
            "train --dataset Demo --base tiny --name a",
            "train --dataset demo --base tiny --name a --device gpu",
            "train export demo -o x",
            "train export demo --format onnx -o x",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
