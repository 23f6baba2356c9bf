//! The command line as typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use job::{Completions, Flags, HasFlags};
use store::Versioned;

const EXAMPLES: &str = "\
Examples:
  audit run
  audit run --dataset demo --audit reply_in_two_splits
  audit sql \"SELECT filter, count(*) FROM dropped GROUP BY filter ORDER BY 2 DESC\"
  audit sql -f question.sql --format csv
  audit sql --report drops
  audit lineage r-0123456789abcdef
  audit verify

Every table of schemas/ can be asked, with one more column ahead: the run that wrote the row. `audit sql \"SHOW TABLES\"`
lists them. Exit code 1 means that an audit found rows, or that something is damaged.";

/// SQL over everything in a store, where a reply came from, and whether all is as it was written
#[derive(Debug, Parser)]
#[command(name = "audit", version, after_help = EXAMPLES)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
    /// The common flags
    #[command(flatten)]
    pub flags: Flags,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the audits: each is a query for what contradicts a rule, no row is a pass
    Run {
        /// Look only at this dataset and the runs it rests on
        #[arg(long, value_name = "NAME[@V]")]
        dataset: Option<Versioned>,
        /// Only this audit; may be given more than once [default: all]
        #[arg(long = "audit", value_name = "NAME")]
        audits: Vec<String>,
    },
    /// Answer one query; nothing can be changed by it
    Sql {
        /// The query
        #[arg(required_unless_present_any = ["file", "report"])]
        query: Option<String>,
        /// A file with the query
        #[arg(short, long, conflicts_with = "query")]
        file: Option<PathBuf>,
        /// A report that comes with the program: datasets, drops, replies, runs
        #[arg(long, conflicts_with_all = ["query", "file"])]
        report: Option<String>,
        /// How the rows are written [default: table, or json with --json]
        #[arg(long, value_enum)]
        format: Option<Format>,
    },
    /// Everything a reply, an example or a chat message comes from, down to the source of the broadcast
    Lineage {
        /// A reply id, an example id or a message id
        id: String,
    },
    /// Read every object of the store again and compare it with what its name and its manifests promise
    Verify,
    /// Print a shell completion script
    Completions(Completions),
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading
    Table,
    /// With a header, quoted where needed
    Csv,
    /// One JSON object a line
    Json,
}

impl HasFlags for Args {
    fn flags(&self) -> &Flags {
        &self.flags
    }
}
