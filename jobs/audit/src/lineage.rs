//! `audit lineage`: what a reply, an example or a chat message comes from, link by link.
//!
//! A reply comes from all examples of its adapter's dataset; no arithmetic says which mattered. The tree shows the ones
//! most like it, says so, and follows those down to message, words, audio and source.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use engine::Engine;
use job::{Exit, Job};
use serde_json::json;
use sql::Kind;

use crate::tree::Node;

/// Examples shown below a reply.
const MOST_LIKE: usize = 3;

/// One row by column name; null is empty.
type Row = BTreeMap<String, String>;

/// Runs the command.
pub(crate) async fn run(id: &str, job: &Job) -> anyhow::Result<Exit> {
    let context = || format!("the lineage of {id} cannot be read");
    let store = job.store_to_read().await.with_context(context)?;
    let engine = Engine::open(store).await.context("`audit verify` names what is damaged").with_context(context)?;
    let (lines, value) = lineage(&engine, id).await?;
    job.print(&lines, &value)?;
    Ok(Exit::Done)
}

/// The lineage of the reply, example or message `id`, as lines and as JSON.
///
/// # Errors
/// When nothing has that id, or the store cannot be read.
pub async fn lineage(engine: &Engine, id: &str) -> anyhow::Result<(String, serde_json::Value)> {
    let tree = tree(engine, id).await?;
    Ok((tree.lines(), json!({ "id": id, "kind": tree.kind, "lineage": tree })))
}

async fn tree(engine: &Engine, id: &str) -> anyhow::Result<Node> {
    if let Some(row) = rows(engine, "lineage_reply", id).await?.first() {
        return reply(engine, row).await;
    }
    if let Some(node) = example(engine, id, None).await? {
        return Ok(node);
    }
    let fates = rows(engine, "lineage_message", id).await?;
    if fates.is_empty() {
        bail!(
            "nothing in the store is called {id:?}: no logged reply, no example, no chat message of a dataset; \
             `infer logs` shows reply ids, `audit sql \"SELECT example_id, reply FROM example\"` examples"
        );
    }
    let mut node = Node::new("message", id);
    for fate in &fates {
        let dataset = version(fate);
        node = match (get(fate, "fate"), example(engine, get(fate, "detail"), Some(get(fate, "run"))).await?) {
            ("example", Some(example)) => node.from(example.fact("dataset", dataset)),
            _ => node
                .from(Node::new("dropped", get(fate, "detail")).fact("dataset", dataset).fact("run", get(fate, "run"))),
        };
    }
    Ok(node)
}

/// A logged reply.
async fn reply(engine: &Engine, row: &Row) -> anyhow::Result<Node> {
    let release = match get(row, "record_digest") {
        "" => Node::new("release", "none: the channel has no such release"),
        digest => Node::new("release", format!("{} {}", get(row, "channel"), get(row, "release")))
            .fact("record", digest)
            .fact("signed by", get(row, "public_key"))
            .from(run_tree(engine, get(row, "eval_run"), false).await?),
    };
    Ok(Node::new("reply", get(row, "reply_id"))
        .fact("said", get(row, "transcript"))
        .fact("reply", get(row, "reply"))
        .fact("request", get(row, "request_id"))
        .fact("prompt", get(row, "prompt_digest"))
        .fact("renderer", get(row, "renderer_digest"))
        .from(release)
        .from(adapter(engine, row).await?))
}

/// The adapter behind a reply, with its dataset.
async fn adapter(engine: &Engine, row: &Row) -> anyhow::Result<Node> {
    let train = get(row, "train_run");
    let mut node = Node::new("adapter", format!("{}@{}", get(row, "adapter"), get(row, "adapter_version")))
        .fact("weights", get(row, "adapter_digest"))
        .fact("base model", get(row, "base_model"))
        .fact("base digest", get(row, "base_digest"))
        .from(run_tree(engine, train, false).await?);
    let datasets = rows(engine, "lineage_dataset", train).await?;
    for dataset in &datasets {
        let id = get(dataset, "run_id");
        let mut below = Node::new("dataset", version(dataset)).fact(
            "examples",
            format!("{} trained on; the {MOST_LIKE} most like the reply follow", get(dataset, "examples")),
        );
        for example_id in most_like(engine, id, row).await? {
            if let Some(example) = example(engine, &example_id, Some(id)).await? {
                below = below.from(example);
            }
        }
        node = node.from(below.from(run_tree(engine, id, true).await?));
    }
    Ok(node)
}

/// An example, as the dataset run `run` (or whichever has it) holds it; `None` when there is no such example.
async fn example(engine: &Engine, id: &str, run: Option<&str>) -> anyhow::Result<Option<Node>> {
    let rows = rows(engine, "lineage_example", id).await?;
    let Some(row) = rows.iter().find(|row| run.is_none_or(|run| get(row, "run") == run)) else { return Ok(None) };
    let vod = format!("{}/{}", get(row, "platform"), get(row, "vod_id"));
    let message = Node::new("message", get(row, "message_id"))
        .fact("at", format!("{} ms of {vod}, number {}", get(row, "offset_ms"), get(row, "message_ordinal")))
        .fact("text", get(row, "message_text"));
    let words = Node::new("words", format!("{} to {} of {vod}", get(row, "first_word"), get(row, "last_word")))
        .fact("heard", format!("{} to {} ms", get(row, "words_start_ms"), get(row, "words_end_ms")))
        .fact("text", get(row, "transcript"));
    let audio = Node::new("audio", get(row, "audio_digest"))
        .fact("window", format!("{} to {} ms", get(row, "window_start_ms"), get(row, "window_end_ms")));
    let media = Node::new("media", get(row, "media_digest"))
        .fact("source", get(row, "source"))
        .fact("title", get(row, "title"))
        .fact("chat export", get(row, "chat_digest"));
    let node = Node::new("example", id)
        .fact("split", get(row, "split"))
        .fact("author", get(row, "author"))
        .fact("reply", get(row, "reply"))
        .from(message)
        .from(words)
        .from(audio)
        .from(media);
    Ok(Some(node.from(run_tree(engine, get(row, "align_run"), true).await?)))
}

/// A run, with every run it rests on when `all`.
async fn run_tree(engine: &Engine, id: &str, all: bool) -> anyhow::Result<Node> {
    let rows = rows(engine, "lineage_runs", id).await?;
    let mut runs: Vec<(String, Node)> = Vec::new();
    for row in &rows {
        let model = format!("{} {}", get(row, "model"), get(row, "model_digest"));
        let model = model.trim().to_owned();
        match runs.last_mut() {
            // A run has one row for each model.
            Some((known, node)) if known == get(row, "run_id") => node.facts.push(("model", model)),
            _ => runs.push((get(row, "run_id").to_owned(), run_node(row).fact("model", model))),
        }
    }
    let (own, others): (Vec<_>, Vec<_>) = runs.into_iter().partition(|(run, _)| run == id);
    let own = own.into_iter().next().map(|(_, node)| node);
    let mut own = own.unwrap_or_else(|| Node::new("run", id).fact("missing", "the store has no such run"));
    if all {
        own.from = others.into_iter().map(|(_, node)| node).collect();
    }
    Ok(own)
}

fn run_node(row: &Row) -> Node {
    let version = format!("{} (logic {})", get(row, "job_version"), get(row, "logic_version"));
    Node::new("run", format!("{} {}", get(row, "job"), get(row, "run_id")))
        .fact("manifest", get(row, "manifest_digest"))
        .fact("version", version.trim())
        .fact("executable", get(row, "executable_digest"))
        .fact("nix", get(row, "nix_store_path"))
}

/// The examples a reply shares most words with, best first.
async fn most_like(engine: &Engine, dataset: &str, row: &Row) -> anyhow::Result<Vec<String>> {
    let (reply, said) = (words(get(row, "reply")), words(get(row, "transcript")));
    let score = |example: &Row| {
        2 * permille(&reply, &words(get(example, "reply"))) + permille(&said, &words(get(example, "transcript")))
    };
    let examples = rows(engine, "lineage_examples", dataset).await?;
    let mut ranked: Vec<_> =
        examples.iter().map(|example| (std::cmp::Reverse(score(example)), get(example, "example_id"))).collect();
    ranked.sort_unstable();
    Ok(ranked.into_iter().take(MOST_LIKE).map(|(_, id)| id.to_owned()).collect())
}

fn words(text: &str) -> BTreeSet<String> {
    let letters = |character: char| character.is_alphanumeric();
    text.to_lowercase()
        .split(|character| !letters(character))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Jaccard similarity in thousandths.
fn permille(a: &BTreeSet<String>, b: &BTreeSet<String>) -> usize {
    (a.intersection(b).count() * 1000).checked_div(a.union(b).count()).unwrap_or_default()
}

/// The rows of a report about `id`.
async fn rows(engine: &Engine, report: &str, id: &str) -> anyhow::Result<Vec<Row>> {
    let query = sql::named(Kind::Report, report).with_context(|| format!("the report {report} is missing"))?;
    let answer = engine.ask(query.name, query.text, &[("id", id)]).await?;
    let columns: Vec<String> = answer.columns().into_iter().map(str::to_owned).collect();
    let row = |values: Vec<Option<String>>| {
        columns.iter().cloned().zip(values.into_iter().map(Option::unwrap_or_default)).collect()
    };
    Ok(answer.texts()?.into_iter().map(row).collect())
}

fn get<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).map_or("", String::as_str)
}

/// `name@version`, or the run of a dataset that has no name.
fn version(row: &Row) -> String {
    match get(row, "name") {
        "" => "without a name".to_owned(),
        name => format!("{name}@{}", get(row, "version")),
    }
}
