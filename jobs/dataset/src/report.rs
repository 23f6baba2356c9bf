//! `dataset report`: one page on what was kept, what was dropped and why, with samples of both.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use job::{Job, Output};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use schemas::{ChatMessage, Dropped, Example, Tag};
use serde_json::json;
use sql::Kind;
use store::{Named, Run, Store, Versioned};

/// Rows shown of the examples, and of each filter's drops.
const EXAMPLES_SHOWN: usize = 24;
const DROPS_SHOWN: usize = 8;

const STYLE: &str = include_str!("report.css");

/// Everything the page shows.
struct Content {
    name: String,
    run: Run,
    examples: Vec<Example>,
    tags: Vec<Tag>,
    dropped: Vec<Dropped>,
    /// Texts of the chat by broadcast and message id.
    texts: BTreeMap<(String, String), String>,
}

/// Writes the page about `dataset` to the file `output`.
pub(crate) async fn write(dataset: &Versioned, output: &Path, job: &Job) -> anyhow::Result<()> {
    let store = job.store_to_read().await?;
    let (record, run) = store.named(Named::Dataset, dataset).await?;
    let content = Content {
        name: format!("{}@{}", record.name, record.version),
        examples: store.rows(&run).await?,
        tags: store.rows(&run).await?,
        dropped: store.rows(&run).await?,
        texts: texts(store, &run).await?,
        run,
    };
    let page = page(&content).into_string();
    Output::write(output, page.as_bytes())?;
    let text = format!("dataset {}: report written to {}", content.name, output.display());
    job.print(
        &text,
        &json!({ "dataset": record.name, "version": record.version, "page": output.display().to_string() }),
    )
}

/// The chat of every broadcast that went in.
async fn texts(store: &Store, run: &Run) -> anyhow::Result<BTreeMap<(String, String), String>> {
    let mut texts = BTreeMap::new();
    for digest in run.manifest.key.inputs.values() {
        let align = store.run_with_digest("align", digest).await?;
        let ingest = align.manifest.key.inputs.get("ingest");
        let ingest = ingest.with_context(|| format!("the align run {} names no ingest run", align.id()))?;
        let ingest = store.run_with_digest("ingest", ingest).await?;
        for message in store.rows::<ChatMessage>(&ingest).await? {
            let vod = format!("{}/{}", message.platform, message.vod_id);
            texts.insert((vod, message.message_id), message.text);
        }
    }
    Ok(texts)
}

fn page(content: &Content) -> Markup {
    let turns = content.examples.len() + content.dropped.len();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { "Dataset " (content.name) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { "Dataset " (content.name) }
                    p.facts {
                        (turns) " turns, " b { (content.examples.len()) } " examples, "
                        (content.dropped.len()) " dropped. Run " code { (content.run.id().to_string()) }
                    }
                    h2 { "Splits" }
                    (splits(&content.examples))
                    h2 { "Broadcasts" }
                    (broadcasts(content))
                    h2 { "Filters, caps and leaks" }
                    p { "A message may have several tags; it is dropped by the first." }
                    (filters(content, turns))
                    h2 { "Examples" }
                    (examples(&content.examples))
                    h2 { "Dropped" }
                    (drops(content))
                }
            }
        }
    }
}

/// A bar of `count` out of `all`, with the share in words for those who do not see it.
fn bar(count: usize, all: usize) -> Markup {
    let share = (count * 1000).checked_div(all).unwrap_or_default();
    let percent = format!("{}.{} %", share / 10, share % 10);
    html! { span.bar { span style=(format!("width:{}.{}%", share / 10, share % 10)) {} } " " (percent) }
}

fn splits(examples: &[Example]) -> Markup {
    let count = |split: &str| examples.iter().filter(|example| example.split == split).count();
    html! {
        table {
            tr { th { "split" } th.number { "examples" } th { "share" } }
            @for split in ["train", "val", "test"] {
                tr { td { (split) } td.number { (count(split)) } td { (bar(count(split), examples.len())) } }
            }
        }
    }
}

fn broadcasts(content: &Content) -> Markup {
    // Split, examples, dropped.
    let mut rows: BTreeMap<String, (&str, usize, usize)> = BTreeMap::new();
    for example in &content.examples {
        let row = rows.entry(format!("{}/{}", example.platform, example.vod_id)).or_default();
        (row.0, row.1) = (&example.split, row.1 + 1);
    }
    for dropped in &content.dropped {
        rows.entry(format!("{}/{}", dropped.platform, dropped.vod_id)).or_default().2 += 1;
    }
    html! {
        table {
            tr { th { "broadcast" } th { "split" } th.number { "examples" } th.number { "dropped" } th { "kept" } }
            @for (vod, (split, kept, dropped)) in &rows {
                tr {
                    td { (vod) } td { (split) } td.number { (kept) } td.number { (dropped) }
                    td { (bar(*kept, kept + dropped)) }
                }
            }
        }
    }
}

fn filters(content: &Content, turns: usize) -> Markup {
    // Tagged, dropped.
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    content.tags.iter().for_each(|tag| counts.entry(&tag.filter).or_default().0 += 1);
    content.dropped.iter().for_each(|dropped| counts.entry(&dropped.filter).or_default().1 += 1);
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|(name, (_, dropped))| (std::cmp::Reverse(*dropped), *name));
    html! {
        table {
            tr { th { "name" } th { "what it finds" } th.number { "tags" } th.number { "dropped" } th { "of all turns" } }
            @for (name, (tagged, dropped)) in rows {
                tr {
                    td { code { (name) } } td { (meaning(name)) } td.number { (tagged) } td.number { (dropped) }
                    td { (bar(dropped, turns)) }
                }
            }
        }
    }
}

/// What a filter or a cap finds, in words.
fn meaning(name: &str) -> &'static str {
    match (sql::named(Kind::Filter, name), name) {
        (Some(query), _) => query.title(),
        (None, crate::prepare::EMPTY) => "Texts of which nothing visible is left.",
        (None, crate::select::USER_CAP) => "More examples of one sender in one broadcast than the cap.",
        (None, crate::select::TEXT_VOD_CAP) => "More examples of one text in one broadcast than the cap.",
        (None, crate::select::TEXT_CAP) => "More examples of one text than the cap.",
        (None, crate::select::LEAK) => "Too similar to an older example in another split.",
        (None, _) => "",
    }
}

/// About `limit` of `rows`, evenly spread.
fn spread<T>(rows: &[T], limit: usize) -> impl Iterator<Item = &T> {
    rows.iter().step_by(rows.len().div_ceil(limit).max(1))
}

fn examples(rows: &[Example]) -> Markup {
    html! {
        @for example in spread(rows, EXAMPLES_SHOWN) {
            article {
                p.facts {
                    (example.split) " · " (example.platform.to_string()) "/" (example.vod_id.to_string()) " · "
                    (clock(example.offset_ms)) " · " code title=(example.example_id.to_string()) { (example.example_id.short()) }
                }
                ul.chat {
                    @for (author, text) in example.chat_authors.iter().zip(&example.chat_texts) {
                        li { b { (author) } ": " (text) }
                    }
                }
                p.said { (example.transcript) }
                p.reply { b { (example.author) } ": " (example.reply) }
            }
        }
    }
}

fn drops(content: &Content) -> Markup {
    let mut by_filter: BTreeMap<&str, Vec<&Dropped>> = BTreeMap::new();
    content.dropped.iter().for_each(|dropped| by_filter.entry(&dropped.filter).or_default().push(dropped));
    let text = |dropped: &Dropped| {
        let key = (format!("{}/{}", dropped.platform, dropped.vod_id), dropped.message_id.clone());
        content.texts.get(&key).cloned().unwrap_or_default()
    };
    html! {
        @for (filter, rows) in &by_filter {
            details {
                summary { code { (filter) } " " (rows.len()) }
                table {
                    tr { th { "text" } th { "reason" } }
                    @for dropped in spread(rows, DROPS_SHOWN) {
                        tr { td.text { (text(dropped)) } td { (dropped.reason) } }
                    }
                }
            }
        }
    }
}

/// Milliseconds as minutes, seconds and tenths.
fn clock(ms: i64) -> String {
    let (sign, ms) = if ms < 0 { ("-", ms.unsigned_abs()) } else { ("", ms.unsigned_abs()) };
    format!("{sign}{}:{:02}.{}", ms / 60_000, ms / 1000 % 60, ms / 100 % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_clocks_are_plain_numbers() {
        assert!(bar(1, 3).into_string().contains("33.3 %"));
        assert!(bar(0, 0).into_string().contains("0.0 %"));
        assert_eq!((clock(61_250), clock(-500)), ("1:01.2".to_owned(), "-0:00.5".to_owned()));
        assert_eq!(spread(&[1, 2, 3, 4, 5], 2).collect::<Vec<_>>(), [&1, &4]);
        assert_eq!(spread::<u8>(&[], 2).count(), 0);
    }
}
