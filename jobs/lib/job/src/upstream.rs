//! Finding what a job works on: the VODs a command line names, and the ingest run of one.

use anyhow::{bail, ensure};
use ids::VodKey;
use manifest::VodGeneration;
use store::{Run, Store};

use crate::Job;

impl Job {
    /// The newest generation of every VOD in `wanted` (`platform/id`, or an id alone where only one VOD has it), in that
    /// order and each once; of all VODs, sorted, when `wanted` is empty.
    ///
    /// # Errors
    /// When one is not in the store, an id is not unique, or there is no VOD at all.
    pub async fn vods(&self, store: &Store, wanted: &[String]) -> anyhow::Result<Vec<VodGeneration>> {
        let all = store.vods().await?;
        if wanted.is_empty() {
            ensure!(!all.is_empty(), "the store has no VOD; take one in with `ingest --vod ID`");
            return Ok(all);
        }
        let mut found: Vec<VodGeneration> = Vec::new();
        for text in wanted {
            let generation = named(&all, text)?;
            if !found.contains(generation) {
                found.push(generation.clone());
            }
        }
        Ok(found)
    }

    /// The one VOD that `text` names.
    ///
    /// # Errors
    /// As [`Job::vods`].
    pub async fn vod(&self, store: &Store, text: &str) -> anyhow::Result<VodGeneration> {
        Ok(named(&store.vods().await?, text)?.clone())
    }

    /// The ingest run of a generation, checked against the digest on record.
    ///
    /// # Errors
    /// When the run is missing or is not the one recorded.
    pub async fn ingest_run(&self, store: &Store, generation: &VodGeneration) -> anyhow::Result<Run> {
        let run = store.run("ingest", &generation.run_id).await?;
        ensure!(
            run.digest == generation.manifest_digest,
            "the ingest run {} of {} is not the one on record; run `audit verify`",
            run.id(),
            generation.vod
        );
        Ok(run)
    }
}

fn named<'a>(all: &'a [VodGeneration], text: &str) -> anyhow::Result<&'a VodGeneration> {
    if let Some(found) = text.parse::<VodKey>().ok().and_then(|key| all.iter().find(|known| known.vod == key)) {
        return Ok(found);
    }
    let same: Vec<_> = all.iter().filter(|known| known.vod.id.as_str() == text).collect();
    match same.as_slice() {
        [found] => Ok(found),
        [] => bail!("the store has no VOD {text:?}; `ingest list` shows what it has"),
        several => {
            let keys: Vec<_> = several.iter().map(|known| known.vod.to_string()).collect();
            bail!("{text:?} stands for {}; write the platform too", keys.join(" and "))
        }
    }
}

#[cfg(test)]
mod tests {
    use ids::{Digest, RunId};

    use super::*;

    #[test]
    fn a_vod_is_found_by_key_or_unique_id() {
        let generation = |key: &str| VodGeneration {
            vod: key.parse().unwrap(),
            generation: 1,
            run_id: RunId::new(Digest::of(key.as_bytes())),
            manifest_digest: Digest::of(b""),
            previous: None,
            fetched_at: String::new(),
        };
        let all = ["file/a", "file/123", "twitch/123", "youtube/b"].map(generation);
        let find = |text: &str| named(&all, text).map(|found| found.vod.to_string()).map_err(|error| error.to_string());
        assert_eq!(find("file/a").as_deref(), Ok("file/a"));
        assert_eq!(find("a").as_deref(), Ok("file/a"));
        assert_eq!(find("123").as_deref(), Ok("twitch/123"));
        assert!(find("c").unwrap_err().contains("no VOD \"c\""));
        assert!(find("twitch/a").is_err());
        let twins = ["file/x", "youtube/x"].map(generation);
        assert!(named(&twins, "x").unwrap_err().to_string().contains("file/x and youtube/x"));
    }
}
