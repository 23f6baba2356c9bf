//! One broadcast or many: of many, one that cannot be taken in does not stop the others.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::{Context, bail};
use ids::VodKey;
use job::{Done, Exit, Failure, Job};
use serde_json::{Value, json};

use crate::args::Take;
use crate::newest::{self, Newest};
use crate::params::Remote;
use crate::{Input, NAME, Origin, Params, take, text_file, twitch};

/// Longest list that is read, bytes.
const LONGEST_LIST: u64 = 16 << 20;

/// Takes in everything that the arguments name.
///
/// # Errors
/// Of a single broadcast its own; of many only what makes all of them senseless.
pub(crate) async fn take_in(take: &Take, job: &Job) -> anyhow::Result<Exit> {
    let takes = listed(take)?;
    if let [only] = takes.as_slice() {
        let (name, done) = one(only, job).await?;
        job.print(&line(&name, &done), &done.json())?;
        return Ok(Exit::Done);
    }
    let mut results = Vec::new();
    for take in &takes {
        let name = take.vod.first().cloned().unwrap_or_default();
        let outcome = one(take, job).await;
        match &outcome {
            Ok((name, done)) if !job.flags().json => job.print(&line(name, done), &Value::Null)?,
            Ok(_) => {}
            Err(error) => job.say(&format!("{NAME} {name}: {error:#}")),
        }
        results.push((name, outcome));
    }
    let failed = results.iter().filter(|(_, outcome)| outcome.is_err()).count();
    job.print(&table(&results)?, &json!({ "vods": results.iter().map(value).collect::<Vec<_>>(), "failed": failed }))?;
    Ok(if failed == 0 { Exit::Done } else { Exit::Trouble })
}

/// One set of arguments for each broadcast.
fn listed(take: &Take) -> anyhow::Result<Vec<Take>> {
    let named = take.vod.iter().chain(&take.vods);
    let single = |vod: &String| Take { vod: vec![vod.clone()], vods: Vec::new(), ..take.clone() };
    let mut takes: Vec<_> = named.map(single).collect();
    if takes.len() > 1
        && (take.id.is_some() || take.chat.is_some() || take.title.is_some() || take.started_at.is_some())
    {
        bail!("--id, --chat, --title and --started-at belong to one broadcast; run the command once for each --vod");
    }
    if let Some(path) = &take.from_file {
        let text = text_file::read(path, "list", LONGEST_LIST)?;
        let mut seen = BTreeSet::new();
        for text in text.lines().map(str::trim) {
            // The same line again asks for nothing new.
            if text.is_empty() || text.starts_with('#') || !seen.insert(text) {
                continue;
            }
            let (vod, chat) = text.split_once('\t').map_or((text, None), |(vod, chat)| (vod, Some(chat.trim().into())));
            let vod = vod.trim().to_owned();
            takes.push(Take { vod: vec![vod], chat, from_file: None, ..take.clone() });
        }
        if takes.is_empty() {
            bail!("{} lists nothing; write one id, URL or file:PATH a line", path.display());
        }
    }
    Ok(takes)
}

/// Takes in one broadcast; its name in the store and the run. Says when the VOD is less than it was.
async fn one(take: &Take, job: &Job) -> anyhow::Result<(String, Done)> {
    let vod = take.vod.first().context("nothing to take in; give --vod")?;
    let (vod, before, done) = match Origin::parse(vod)? {
        Origin::File(path) => file(take, Input::File(path), job).await?,
        Origin::Url(source) => file(take, Input::Url(source), job).await?,
        Origin::Twitch(id) => {
            if vod.contains("?t=") || vod.contains("&t=") {
                job.say(&format!(
                    "{NAME} twitch/{id}: the time in the URL is left out; --from takes what comes after one"
                ));
            }
            let params = Remote::new(take, id)?;
            let vod = params.broadcast.vod.clone();
            let before = newest::of(&vod, job).await;
            (vod, before, twitch::run(&params, job).await?)
        }
    };
    if let Some(before) = before {
        newest::compare(&vod, &before, &done, job).await?;
    }
    Ok((vod.to_string(), done))
}

async fn file(take: &Take, media: Input, job: &Job) -> anyhow::Result<(VodKey, Option<Newest>, Done)> {
    let params = Params::new(take, media)?;
    let vod = params.broadcast.vod.clone();
    if params.chat.is_none() && !take.media_only {
        job.say(&format!(
            "{NAME} {vod}: no chat is taken in; --chat FILE names one, --media-only says that there is none"
        ));
    }
    let before = newest::of(&vod, job).await;
    Ok((vod, before, take::run(&params, job).await?))
}

fn count(done: &Done, name: &str) -> u64 {
    done.run.manifest.counts.get(name).copied().unwrap_or_default()
}

fn line(vod: &str, done: &Done) -> String {
    let mut detail = format!("{} messages, {} problems", count(done, "rows"), count(done, "problems"));
    if let Some(format) = done.run.manifest.facts.get("chat_format").and_then(Value::as_str) {
        detail.push_str(&format!(", chat is {format}"));
    }
    let number = |fact: &str| done.run.manifest.facts.get(fact).and_then(Value::as_u64).unwrap_or_default();
    for (count, what) in [(number("gaps"), "segments missing"), (number("muted_segments"), "segments muted")] {
        if count > 0 {
            detail.push_str(&format!(", {count} {what}"));
        }
    }
    done.line(NAME, vod, &detail)
}

type Outcome = anyhow::Result<(String, Done)>;

/// The summary of many.
fn table(results: &[(String, Outcome)]) -> anyhow::Result<String> {
    let mut text = format!("{:<28} {:<13} {:>9} {:>9}  {}\n", "VOD", "RESULT", "MESSAGES", "PROBLEMS", "RUN OR REASON");
    for (name, outcome) in results {
        match outcome {
            Ok((vod, done)) => {
                let state = if done.worked { "done" } else { "already done" };
                let (messages, problems) = (count(done, "rows"), count(done, "problems"));
                writeln!(text, "{vod:<28} {state:<13} {messages:>9} {problems:>9}  {}", done.run.id())?;
            }
            Err(error) => writeln!(text, "{name:<28} {:<13} {:>9} {:>9}  {error}", "failed", "", "")?,
        }
    }
    Ok(text)
}

fn value((name, outcome): &(String, Outcome)) -> Value {
    match outcome {
        Ok((vod, done)) => {
            let mut value = done.json();
            if let Some(object) = value.as_object_mut() {
                object.insert("vod".to_owned(), json!(vod));
            }
            value
        }
        Err(error) => json!({ "vod": name, "error": format!("{error:#}"), "kind": Failure::kind_of(error) }),
    }
}
