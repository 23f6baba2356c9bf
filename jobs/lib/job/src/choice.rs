//! One run where there may be several: by how its id begins, else by what tells it from the others.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use ids::VodKey;
use serde_json::Value;
use store::{Run, Store};

/// Characters of an id that tell runs apart.
const SHORT: usize = 12;

/// Longest value of a parameter that is shown, characters.
const LONGEST: usize = 40;

/// How a command comes to one run.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// What makes a run where there is none.
    pub remedy: &'a str,
    /// The option that chooses, if the command has one.
    pub option: Option<&'static str>,
    /// How the id of the run begins, if that option was given.
    pub wanted: Option<&'a str>,
}

/// The one run of `job` about `subject` that `belongs` and is wanted; of several logic versions, the highest.
///
/// # Errors
/// When there is none, or several; the words say what to run, which ids there are and in what they differ.
pub async fn only_run(
    store: &Store,
    job: &str,
    subject: &VodKey,
    choice: Choice<'_>,
    belongs: impl Fn(&Run) -> bool,
) -> anyhow::Result<Run> {
    let Choice { remedy, option, wanted } = choice;
    let mut runs = store.runs(job).await?;
    runs.retain(belongs);
    if let Some(wanted) = wanted {
        let (chosen, others): (Vec<_>, Vec<_>) =
            runs.into_iter().partition(|run| run.id().to_string().starts_with(wanted));
        if chosen.is_empty() && !others.is_empty() {
            let list = told_apart(store, &others).await;
            bail!("no {job} run of {subject} begins with {wanted:?}; there are\n{list}");
        }
        runs = chosen;
    }
    let highest = runs.iter().map(|run| run.manifest.key.logic_version).max();
    runs.retain(|run| Some(run.manifest.key.logic_version) == highest);
    match runs.as_slice() {
        [] => bail!("{subject} has no {job} run; run `{remedy}`"),
        [run] => Ok(run.clone()),
        several => {
            let list = told_apart(store, several).await;
            let choose = option.map(|option| format!("; choose with {option} RUN")).unwrap_or_default();
            bail!("{subject} has {} {job} runs{choose}\n{list}", several.len())
        }
    }
}

/// A line for each run: how its id begins, and the values in which not all of them agree.
async fn told_apart(store: &Store, runs: &[Run]) -> String {
    let mut all = Vec::new();
    for run in runs {
        let mut values = BTreeMap::new();
        // An input is the digest of another run's manifest, which says nothing to a person; its parameters do.
        for (role, digest) in &run.manifest.key.inputs {
            if let Ok(input) = store.run_with_digest(role, digest).await {
                values.extend(parameters(&input));
                values.insert(role.clone(), short(&input));
            }
        }
        values.extend(parameters(run));
        all.push(values);
    }
    let names: BTreeSet<&String> = all.iter().flat_map(BTreeMap::keys).collect();
    let differs =
        |name: &&&String| all.iter().any(|values| values.get(**name) != all.first().and_then(|it| it.get(**name)));
    let names: Vec<_> = names.iter().filter(differs).collect();
    let line = |(run, values): (&Run, &BTreeMap<String, String>)| {
        let value = |name: &&&String| format!("{name} {}", values.get(**name).map_or("none", String::as_str));
        format!("  {}  {}", short(run), names.iter().map(value).collect::<Vec<_>>().join(", "))
    };
    let lines: Vec<_> = runs.iter().zip(&all).map(line).collect();
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

fn short(run: &Run) -> String {
    run.id().to_string().chars().take(SHORT).collect()
}

/// What a run was asked, as short texts by name.
fn parameters(run: &Run) -> BTreeMap<String, String> {
    let Value::Object(params) = &run.manifest.key.params else { return BTreeMap::new() };
    params.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

fn text(value: &Value) -> String {
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-._/".contains(c));
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) if plain(text) && text.len() <= LONGEST => text.clone(),
        // Quoted, which leaves nothing in it that could steer a terminal.
        Value::String(text) if text.chars().count() <= LONGEST => format!("{text:?}"),
        Value::String(text) => format!("{:?}…", text.chars().take(LONGEST).collect::<String>()),
        other => other.to_string().chars().take(LONGEST).collect(),
    }
}

#[cfg(test)]
mod tests {
    use ids::Digest;
    use manifest::RunKey;
    use serde_json::json;

    use super::*;

    async fn add(store: &Store, job: &str, params: Value, inputs: &[(&str, Digest)]) -> Run {
        let inputs = inputs.iter().map(|(role, digest)| ((*role).to_owned(), *digest)).collect();
        let key = RunKey { job: job.to_owned(), logic_version: 1, params, inputs, models: BTreeMap::new() };
        store.begin(key).unwrap().commit().await.unwrap()
    }

    #[tokio::test]
    async fn several_runs_are_told_apart() {
        let store = Store::in_memory();
        let vod: VodKey = "file/x".parse().unwrap();
        let choice = Choice { remedy: "align --vod file/x", option: Some("--align"), wanted: None };
        let find =
            async |choice| only_run(&store, "align", &vod, choice, |_| true).await.map_err(|error| error.to_string());
        assert_eq!(find(choice).await.unwrap_err(), "file/x has no align run; run `align --vod file/x`");

        let params = |timing: &str, prompt: Value| json!({"vod": "file/x", "timing": timing, "prompt": prompt});
        let first = add(&store, "transcribe", params("precise", Value::Null), &[]).await;
        let second = add(&store, "transcribe", params("fast", json!("Doug\u{1b}")), &[]).await;
        let one = add(&store, "align", json!({"vod": "file/x"}), &[("transcribe", first.digest)]).await;
        assert_eq!(find(choice).await.unwrap().id(), one.id());
        let two = add(&store, "align", json!({"vod": "file/x"}), &[("transcribe", second.digest)]).await;

        let error = find(choice).await.unwrap_err();
        assert!(error.starts_with("file/x has 2 align runs; choose with --align RUN\n"), "{error}");
        let line = |run: &Run, rest: &str| format!("  {}  {rest}", short(run));
        let precise = line(&one, &format!("prompt none, timing precise, transcribe {}", short(&first)));
        let fast = line(&two, &format!("prompt \"Doug\\u{{1b}}\", timing fast, transcribe {}", short(&second)));
        assert!(error.lines().any(|line| line == precise) && error.lines().any(|line| line == fast), "{error}");
        let wanted = short(&two);
        assert_eq!(find(Choice { wanted: Some(&wanted), ..choice }).await.unwrap().id(), two.id());
        let error = find(Choice { wanted: Some("zzz"), ..choice }).await.unwrap_err();
        assert!(error.starts_with("no align run of file/x begins with \"zzz\"; there are\n"), "{error}");
    }
}
