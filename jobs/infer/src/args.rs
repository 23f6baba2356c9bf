//! The command line of `infer`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use ids::Name;
use job::{Completions, Flags, HasFlags};
use llm::{DeviceChoice, Sampling};
use prompt::ChatLine;

use crate::rate::Rate;
use crate::since::Since;

/// Reply like the chat: from a promoted adapter, on the command line or over HTTP
#[derive(Debug, Parser)]
#[command(name = "infer", version, after_help = EXAMPLES)]
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
  What would chat say to this?
    infer reply --context 'look at that, the penguin is riding the elevator again'
  The same with recent chat lines, as one JSON line with digests and the reply's id
    infer reply --context 'we are so back' --chat 'ann: no way' --chat 'bob: LUL' --json
  What would chat say to the last 30 seconds of a recording?
    infer reply --audio clip.mp4
  Serve on this machine, then open http://127.0.0.1:8017 or use any OpenAI client with base URL http://127.0.0.1:8017/v1
    infer serve
  Serve other machines; every request but /livez and /readyz needs a key of the file (one a line)
    infer serve --addr 0.0.0.0:8017 --api-key-file keys.txt
  What was answered in the last two hours
    infer logs --since 2h
  Where a reply came from
    audit lineage r-0123456789abcdef

Only what `eval promote` put into the channel can be loaded: signatures ($DOUGPT_TRUSTED_KEYS), the evaluation's verdict
and every digest are checked at the start, and there is no flag to go around that.

EXIT CODES
  0 done   1 the guard let no reply pass   2 trouble (nothing promoted, a digest or signature that does not fit, I/O)";

/// What `infer` does.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Print one reply
    Reply(Box<ReplyArgs>),
    /// Serve replies over HTTP until SIGTERM or Ctrl-C
    Serve(Box<ServeArgs>),
    /// Print what was asked and answered
    Logs(LogsArgs),
    /// Print a completion script
    Completions(Completions),
}

/// Which release to load, and onto what.
#[derive(Debug, Clone, ClapArgs)]
pub struct LoadArgs {
    /// The release channel whose newest adapter replies
    #[arg(long, value_name = "NAME", default_value = "stable")]
    pub channel: Name,
    /// Where the model runs: auto, cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: DeviceChoice,
    /// The channel name the prompt shows [default: the one most training examples have]
    #[arg(long, value_name = "NAME")]
    pub streamer: Option<String>,
    /// Log digests only, not what was said
    #[arg(long)]
    pub no_log_text: bool,
}

/// The options of `infer reply`.
#[derive(Debug, Clone, ClapArgs)]
pub struct ReplyArgs {
    /// What the streamer just said
    #[arg(long, value_name = "TEXT", required_unless_present = "audio", conflicts_with = "audio")]
    pub context: Option<String>,
    /// A recording; the speech in its last 30 seconds is the context
    #[arg(long, value_name = "FILE")]
    pub audio: Option<PathBuf>,
    /// A recent chat line, AUTHOR: TEXT or TEXT; again for each, oldest first
    #[arg(long = "chat", value_name = "LINE", value_parser = chat_line)]
    pub chat: Vec<ChatLine>,
    /// Seed of the reply [default: from the prompt, so the same question has the same reply]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// 0 for the likeliest words, up to 2 for the wildest
    #[arg(long, value_name = "NUMBER", default_value_t = Sampling::TEMPERATURE)]
    pub temperature: f32,
    /// Draw from the likeliest tokens that together have this probability
    #[arg(long, value_name = "NUMBER", default_value_t = Sampling::TOP_P)]
    pub top_p: f32,
    /// Most tokens of the reply [default: what the prompt spec allows]
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<usize>,
    /// Which release
    #[command(flatten)]
    pub load: LoadArgs,
}

/// The options of `infer serve`.
#[derive(Debug, Clone, ClapArgs)]
pub struct ServeArgs {
    /// Address to listen on; port 0 takes a free one. Beyond this machine only with --api-key-file
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8017")]
    pub addr: SocketAddr,
    /// Ask for `Authorization: Bearer KEY` with a key of this file (one a line, # comments) on all but /livez, /readyz
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
    /// Requests to /v1 for each key or, without keys, each peer address: COUNT/s, COUNT/min or COUNT/h
    #[arg(long, value_name = "RATE", default_value = "60/min")]
    pub rate: Rate,
    /// Requests that may wait for the model; more are answered 429
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub queue: u16,
    /// Connections at once; more wait to be accepted
    #[arg(long, value_name = "N", default_value = "512", value_parser = clap::value_parser!(u16).range(1..))]
    pub connections: u16,
    /// Longest time for a whole request, waiting included, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u16).range(1..=600))]
    pub deadline: u16,
    /// Percent of requests whose prompt is rendered again the way training does, and compared
    #[arg(long, value_name = "PERCENT", default_value = "5", value_parser = percent)]
    pub shadow_share: f64,
    /// Which release
    #[command(flatten)]
    pub load: LoadArgs,
}

/// The options of `infer logs`.
#[derive(Debug, Clone, ClapArgs)]
pub struct LogsArgs {
    /// Only rows since then: RFC 3339 (2026-01-31T12:00:00Z), or how long ago (90s, 15m, 2h, 7d)
    #[arg(long, value_name = "T")]
    pub since: Option<Since>,
    /// How to print the rows; --json is the same as --format json
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The columns that matter, aligned
    Table,
    /// Every column, one JSON array
    Json,
    /// Every column, comma separated, with a head line
    Csv,
}

impl HasFlags for Args {
    fn flags(&self) -> &Flags {
        &self.flags
    }
}

/// `AUTHOR: TEXT`, where the author is one word, or a text alone.
fn chat_line(line: &str) -> Result<ChatLine, String> {
    let (author, text) = match line.split_once(": ") {
        Some((author, text)) if !author.is_empty() && !author.contains(char::is_whitespace) => (author, text),
        _ => ("", line),
    };
    match text.trim().is_empty() {
        true => Err("a chat line needs a text".to_owned()),
        false => Ok(ChatLine { author: author.to_owned(), text: text.to_owned() }),
    }
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').parse::<f64>().ok().filter(|number| (0.0..=100.0).contains(number));
    number.ok_or_else(|| "give a number from 0 to 100".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_contract_of_the_command_line_holds() {
        Args::command().debug_assert();
        let parse = |line: &[&str]| Args::try_parse_from([&["infer"], line].concat());
        for good in [
            &["reply", "--context", "hi"] as &[&str],
            &["reply", "--audio", "x.mp4", "--chat", "a: b", "--chat", "c", "--seed", "1", "--temperature", "0"],
            &["reply", "--channel", "demo", "--context", "hi", "--json", "--store", "x"],
            &["serve"],
            &["serve", "--addr", "127.0.0.1:0", "--channel", "demo", "--rate", "5/s", "--shadow-share", "100"],
            &["logs", "--since", "2h", "--format", "csv"],
            &["completions", "bash"],
        ] {
            assert!(parse(good).is_ok(), "{good:?}");
        }
        for bad in [
            &["reply"] as &[&str],
            &["reply", "--context", "a", "--audio", "b"],
            &["reply", "--context", "a", "--chat", "a:  "],
            &["reply", "--context", "a", "--adapter", "demo"],
            &["reply", "--context", "a", "--channel", "../x"],
            &["serve", "--addr", "8017"],
            &["serve", "--rate", "0/s"],
            &["serve", "--shadow-share", "101"],
            &["serve", "--queue", "0"],
            &["logs", "--since", "yesterday"],
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_chat_line_has_an_author_where_one_word_and_a_colon_begin_it() {
        let check = |line: &str, author: &str, text: &str| {
            let line = chat_line(line).unwrap();
            assert_eq!((line.author.as_str(), line.text.as_str()), (author, text));
        };
        check("ann: hi there", "ann", "hi there");
        check("hi there: you", "", "hi there: you");
        check("gg", "", "gg");
        check("12:30 already", "", "12:30 already");
        assert!(chat_line(" ").is_err());
    }
}
