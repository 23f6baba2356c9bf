//! Takes in what a person judged on the QA page: checked, and kept as a run of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use ids::{Digest, Name, RunId, VodKey};
use job::{Job, Question};
use schemas::Vod;
use serde::{Deserialize, Serialize};

use crate::args;
use crate::inputs::Inputs;
use crate::qa::page::{FORMAT, SLIDER_MS};

/// No page saves more than this, bytes.
const LARGEST: u64 = 1 << 20;
/// No page has more pieces than this.
const MOST_CLIPS: usize = 64;

/// A qa.json as the page saves it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// Which format.
    pub format: String,
    /// The VOD that was judged.
    pub vod: VodKey,
    /// The align run that was judged.
    pub run_id: RunId,
    /// The lag that the page showed, ms.
    pub lag_ms: i64,
    /// What the person added to the lag with the slider, ms.
    pub offset_ms: i64,
    /// What was said about each piece.
    pub clips: Vec<Judged>,
}

/// One judged piece.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// Start, ms from the start of the VOD.
    pub from_ms: i64,
    /// End, ms from the start of the VOD.
    pub to_ms: i64,
    /// Why it was on the page.
    pub kind: Why,
    /// What was said.
    pub verdict: Judgement,
}

/// Why a piece was on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The lag rests on it.
    Evidence,
    /// By chance.
    Random,
}

/// What a person said about a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// Speech and chat belong together.
    Fits,
    /// Chat is shown before what it answers.
    Early,
    /// Chat is shown too long after what it answers.
    Late,
    /// It cannot be told.
    Unclear,
}

/// What a run of verdicts was asked. Not called `vod`, so that nobody takes it for an alignment of that VOD.
#[derive(Debug, Serialize)]
struct Params {
    verdicts_for: VodKey,
}

/// Runs `align verdicts`.
pub(crate) async fn command(arguments: &args::Verdicts, model: &Name, job: &Job) -> anyhow::Result<()> {
    let path = arguments.import.display();
    let mut bytes = Vec::new();
    let file = std::fs::File::open(&arguments.import).with_context(|| format!("cannot open {path}"))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {path}"))?;
    let store = job.store().await?;
    let inputs = Inputs::find(job, store, &arguments.vod, model).await?;
    let aligned = inputs.aligned(store).await?;
    let vods: Vec<Vod> = store.rows(&inputs.ingest).await?;
    let duration_ms = vods.first().map_or(0, |vod| vod.duration_ms);
    let saved = read(&bytes, &inputs.vod, &aligned.id(), duration_ms)
        .with_context(|| format!("{path} is not what the page of {} saved", inputs.vod))?;
    let question = Question {
        logic_version: crate::LOGIC_VERSION,
        params: Job::params(&Params { verdicts_for: inputs.vod.clone() })?,
        inputs: BTreeMap::from([("align".to_owned(), aligned.digest), ("verdicts".to_owned(), Digest::of(&bytes))]),
        models: BTreeMap::new(),
    };
    let mut counts = BTreeMap::new();
    for clip in &saved.clips {
        *counts.entry(clip.verdict).or_insert(0_usize) += 1;
    }
    let done = job
        .run_once(question, async |run| {
            run.blob("verdicts", Bytes::from(bytes), "application/json").await?;
            run.count("judged", saved.clips.len());
            run.fact("verdicts", &counts)?;
            run.fact("offset_ms", saved.offset_ms)?;
            Ok(())
        })
        .await?;
    let fits = counts.get(&Judgement::Fits).copied().unwrap_or(0);
    let detail = format!("{} judged, {fits} fit", saved.clips.len());
    job.print(&done.line("align verdicts", &inputs.vod.to_string(), &detail), &done.json())
}

/// Reads and checks a qa.json about that VOD and run.
///
/// # Errors
/// When it is too large, not of that format, about something else, or judges pieces that no page has.
pub fn read(bytes: &[u8], vod: &VodKey, run: &RunId, duration_ms: i64) -> anyhow::Result<Saved> {
    ensure!(bytes.len() as u64 <= LARGEST, "it has more than {LARGEST} bytes");
    let saved: Saved = serde_json::from_slice(bytes).context("it is not JSON of that form")?;
    ensure!(saved.format == FORMAT, "its format is {:?}, known is {FORMAT:?}", saved.format);
    ensure!(saved.vod == *vod, "it judges {}", saved.vod);
    ensure!(
        saved.run_id == *run,
        "it judges run {}, and the newest is {run}; write the page anew with `align qa`",
        saved.run_id
    );
    ensure!((-SLIDER_MS..=SLIDER_MS).contains(&saved.offset_ms), "offset_ms {} is beyond the slider", saved.offset_ms);
    ensure!(saved.clips.len() <= MOST_CLIPS, "it judges {} pieces", saved.clips.len());
    ensure!(!saved.clips.is_empty(), "it judges nothing; choose a verdict for at least one piece");
    let mut seen = BTreeSet::new();
    for clip in &saved.clips {
        let inside = 0 <= clip.from_ms && clip.from_ms < clip.to_ms && clip.to_ms <= duration_ms;
        if !inside || !seen.insert(clip.from_ms) {
            bail!("the piece from {} ms to {} ms is not on the page", clip.from_ms, clip.to_ms);
        }
    }
    Ok(saved)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = r#"{"format":"dougpt-qa-1","vod":"file/demo-1","run_id":"5fbf53f4b110323e3be1e49028f61f3d857ea9475201c04f89cb1871bd85adf4","lag_ms":3200,"offset_ms":-100,"clips":[{"from_ms":0,"to_ms":15000,"kind":"evidence","verdict":"fits"},{"from_ms":15000,"to_ms":30000,"kind":"random","verdict":"late"}]}"#;

    fn check(text: &[u8]) -> Result<Saved, String> {
        let run = "5fbf53f4b110323e3be1e49028f61f3d857ea9475201c04f89cb1871bd85adf4".parse().unwrap();
        read(text, &"file/demo-1".parse().unwrap(), &run, 60_000).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn only_a_page_of_this_run_is_taken() {
        assert_eq!(check(GOOD.as_bytes()).unwrap().clips.len(), 2);
        for (from, to, reason) in [
            ("dougpt-qa-1", "dougpt-qa-2", "its format"),
            ("file/demo-1", "file/demo-2", "it judges file/demo-2"),
            ("5fbf", "5fbe", "write the page anew"),
            (":-100", ":-10100", "beyond the slider"),
            ("30000", "70000", "not on the page"),
            ("\"from_ms\":15000", "\"from_ms\":0", "not on the page"),
            ("late", "perfect", "not JSON of that form"),
            ("lag_ms", "lag", "not JSON of that form"),
        ] {
            let error = check(GOOD.replace(from, to).as_bytes()).unwrap_err();
            assert!(error.contains(reason), "{from} -> {to}: {error}");
        }
        assert!(check(&vec![b' '; 1 << 21]).unwrap_err().contains("bytes"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(position in 0..GOOD.len(), byte in any::<u8>(), cut in 0..GOOD.len()) {
            let mut bytes = GOOD.as_bytes().to_vec();
            bytes[position] = byte;
            let _ = check(&bytes);
            let _ = check(&bytes[..cut]);
        }
    }
}
