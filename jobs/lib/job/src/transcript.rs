//! Which transcript of a VOD is meant, where it may have several.

use std::collections::BTreeSet;

use anyhow::bail;
use ids::Name;
use manifest::VodGeneration;
use store::{Run, Store};

use crate::{Choice, only_run};

/// The Whisper model of which a transcript is made and meant where none is named.
pub const USUAL_MODEL: &str = "tiny.en";

/// How a command comes to one transcript.
#[derive(Debug, Clone, Copy)]
pub struct WhichTranscript<'a> {
    /// Its model, if that was given.
    pub model: Option<&'a Name>,
    /// How the id of its run begins, if that was given.
    pub run: Option<&'a str>,
    /// The option by which it can be.
    pub option: &'static str,
}

impl WhichTranscript<'_> {
    /// The transcript of that generation. Without a model that of [`USUAL_MODEL`], where there is one, else the only one.
    ///
    /// # Errors
    /// When there is none, or several; the words say what to run, or how to choose.
    pub async fn find(&self, store: &Store, generation: &VodGeneration) -> anyhow::Result<Run> {
        let vod = &generation.vod;
        let of_it = |run: &Run| run.manifest.key.inputs.get("ingest") == Some(&generation.manifest_digest);
        let all: Vec<Run> = store.runs("transcribe").await?.into_iter().filter(of_it).collect();
        let models: BTreeSet<&str> = all.iter().filter_map(model).collect();
        let wanted = match (self.model, self.run) {
            (Some(name), _) => Some(name.as_str()),
            (None, Some(_)) => None,
            (None, None) => Some(USUAL_MODEL).filter(|usual| models.contains(usual)),
        };
        let remedy = match self.model {
            Some(name) => format!("transcribe --vod {vod} --model {name}"),
            None => format!("transcribe --vod {vod}"),
        };
        if let Some(name) = wanted.filter(|name| !models.is_empty() && !models.contains(name)) {
            let there: Vec<_> = models.into_iter().collect();
            bail!("{vod} has no transcript by {name}, only by {}; run `{remedy}`", there.join(" and "));
        }
        let choice = Choice { remedy: &remedy, option: Some(self.option), wanted: self.run };
        let meant = |run: &Run| of_it(run) && wanted.is_none_or(|name| model(run) == Some(name));
        only_run(store, "transcribe", vod, choice, meant).await
    }
}

/// The name of the model that made a transcript.
fn model(run: &Run) -> Option<&str> {
    run.manifest.key.params.get("model").and_then(serde_json::Value::as_str)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ids::{Digest, RunId};
    use manifest::RunKey;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn the_usual_model_is_meant_where_none_is_named() {
        let store = Store::in_memory();
        let generation = VodGeneration {
            vod: "file/x".parse().unwrap(),
            generation: 1,
            run_id: RunId::new(Digest::of(b"run")),
            manifest_digest: Digest::of(b"manifest"),
            previous: None,
            fetched_at: String::new(),
        };
        let add = async |model: &str| {
            let key = RunKey {
                job: "transcribe".to_owned(),
                logic_version: 1,
                params: json!({"vod": "file/x", "model": model}),
                inputs: BTreeMap::from([("ingest".to_owned(), generation.manifest_digest)]),
                models: BTreeMap::new(),
            };
            store.begin(key).unwrap().commit().await.unwrap()
        };
        let find = async |name: Option<&str>, run: Option<&str>| {
            let name = name.map(|name| name.parse::<Name>().unwrap());
            let which = WhichTranscript { model: name.as_ref(), run, option: "--run" };
            let found = which.find(&store, &generation).await;
            found.map(|run| model(&run).unwrap().to_owned()).map_err(|error| error.to_string())
        };
        let none = find(Some("base"), None).await.unwrap_err();
        assert_eq!(none, "file/x has no transcribe run; run `transcribe --vod file/x --model base`");
        let base = add("base").await.id().to_string();
        assert_eq!(find(None, None).await.as_deref(), Ok("base"));
        add("small").await;
        assert!(find(None, None).await.unwrap_err().contains("file/x has 2 transcribe runs; choose with --run RUN"));
        add(USUAL_MODEL).await;
        assert_eq!(find(None, None).await.as_deref(), Ok(USUAL_MODEL));
        assert_eq!(find(None, Some(&base[..12])).await.as_deref(), Ok("base"));
        assert_eq!(find(Some("small"), None).await.as_deref(), Ok("small"));
        assert!(find(Some("small"), Some(&base[..12])).await.unwrap_err().contains("no transcribe run"));
        let other = find(Some("tiny"), None).await.unwrap_err();
        assert!(
            other.starts_with("file/x has no transcript by tiny, only by base and small and tiny.en; run"),
            "{other}"
        );
    }
}
