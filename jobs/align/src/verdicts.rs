//! Takes in what a person judged on the QA page: checked, and kept as a run of its own.

mod accuracy;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;

use anyhow::{Context, ensure};
use bytes::Bytes;
use ids::{Digest, RunId, VodKey};
use job::{Job, Question};
use serde::{Deserialize, Serialize};
use store::{Run, Store};

pub use accuracy::Accuracy;

use crate::args;
use crate::inputs::Inputs;
use crate::qa::clips::{self, Clip, Kind};
use crate::qa::page::{self, FORMAT, SLIDER_MS};
use crate::show::seconds;

/// No page saves more than this, bytes.
const LARGEST: u64 = 1 << 20;

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

impl Why {
    /// The name in qa.json.
    fn name(self) -> &'static str {
        match self {
            Self::Evidence => Kind::Evidence.name(),
            Self::Random => Kind::Random.name(),
        }
    }
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
    /// Chat speaks of something else.
    Unrelated,
    /// It cannot be told.
    Unclear,
}

/// What a run of verdicts was asked. Not called `vod`, so that nobody takes it for an alignment of that VOD.
#[derive(Debug, Serialize)]
struct Params {
    verdicts_for: VodKey,
}

/// Runs `align verdicts`.
pub(crate) async fn command(arguments: &args::Verdicts, wanted: &args::Transcript, job: &Job) -> anyhow::Result<()> {
    let path = arguments.import.display();
    let mut bytes = Vec::new();
    let file = std::fs::File::open(&arguments.import).with_context(|| format!("cannot open {path}"))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {path}"))?;
    let store = job.store().await?;
    let inputs = Inputs::of(job, store, &arguments.vod, wanted).await?;
    let aligned = inputs.aligned(store).await?;
    let rows = inputs.rows(store).await?;
    let stretches = inputs.pieces(job, &rows)?;
    let shown = clips::choose(&rows, &stretches, inputs.seed("qa"));
    let page = Shown { vod: &inputs.vod, run: aligned.id(), lag_ms: page::lag_ms(&stretches), clips: &shown };
    let saved = read(&bytes, &page).with_context(|| format!("{path} is not what the page of {} saved", inputs.vod))?;
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
    let accuracy = Accuracy::of(&saved.clips);
    let done = job
        .run_once(question, async |run| {
            run.blob("verdicts", Bytes::from(bytes), "application/json").await?;
            run.count("judged", saved.clips.len());
            run.fact("verdicts", &counts)?;
            run.fact("offset_ms", saved.offset_ms)?;
            run.fact("accuracy", accuracy)?;
            Ok(())
        })
        .await?;
    let fits = counts.get(&Judgement::Fits).copied().unwrap_or(0);
    let detail = format!("{} judged, {fits} fit, {accuracy}", saved.clips.len());
    job.print(&done.line("align verdicts", &inputs.vod.to_string(), &detail), &done.json())
}

/// What a person judged an alignment to be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Opinion {
    /// How often chat fits.
    #[serde(flatten)]
    pub(crate) accuracy: Accuracy,
    /// What was added to the lag, ms.
    pub(crate) offset_ms: i64,
}

impl fmt::Display for Opinion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.accuracy.fmt(f)?;
        match self.offset_ms {
            0 => Ok(()),
            by => write!(f, ", chat moved by {} s", seconds(by)),
        }
    }
}

/// What persons judged an alignment to be, by the pages of it that were taken in. A page that was saved again with more
/// verdicts counts once.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn judged(store: &Store, aligned: &Run) -> anyhow::Result<Vec<Opinion>> {
    let mut pages = Vec::new();
    for run in store.runs("align").await? {
        if run.manifest.key.inputs.get("align") == Some(&aligned.digest)
            && let Some(verdicts) = run.manifest.blobs.get("verdicts")
        {
            let bytes = store.blob(&verdicts.digest).await?;
            let saved = serde_json::from_slice(&bytes);
            pages.push(saved.with_context(|| format!("the verdicts of run {} cannot be read", run.id()))?);
        }
    }
    let opinion = |page: &Saved| Opinion { accuracy: Accuracy::of(&page.clips), offset_ms: page.offset_ms };
    Ok(last_of_each(pages).iter().map(opinion).collect())
}

/// The pages without those all whose verdicts stand in another one.
fn last_of_each(mut pages: Vec<Saved>) -> Vec<Saved> {
    pages.sort_by_key(|page| std::cmp::Reverse(page.clips.len()));
    let mut last: Vec<Saved> = Vec::new();
    for page in pages {
        if !last.iter().any(|other| page.clips.iter().all(|clip| other.clips.contains(clip))) {
            last.push(page);
        }
    }
    last
}

/// What the page of an alignment shows.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The VOD.
    pub vod: &'a VodKey,
    /// The align run.
    pub run: RunId,
    /// The lag, ms.
    pub lag_ms: i64,
    /// The pieces.
    pub clips: &'a [Clip],
}

/// Reads and checks a qa.json that has to be saved by that page.
///
/// # Errors
/// When it is too large, not of that format, about something else, or judges pieces that the page does not have.
pub fn read(bytes: &[u8], page: &Shown<'_>) -> anyhow::Result<Saved> {
    let Shown { vod, run, lag_ms, clips: shown } = page;
    ensure!(bytes.len() as u64 <= LARGEST, "it has more than {LARGEST} bytes");
    let saved: Saved = serde_json::from_slice(bytes).context("it is not JSON of that form")?;
    ensure!(saved.format == FORMAT, "its format is {:?}, known is {FORMAT:?}", saved.format);
    ensure!(saved.vod == **vod, "it judges {}", saved.vod);
    ensure!(
        saved.run_id == *run,
        "it judges run {}, and the newest is {run}; write the page anew with `align qa`",
        saved.run_id
    );
    ensure!(saved.lag_ms == *lag_ms, "its lag_ms is {}, and the page shows {lag_ms}", saved.lag_ms);
    ensure!((-SLIDER_MS..=SLIDER_MS).contains(&saved.offset_ms), "offset_ms {} is beyond the slider", saved.offset_ms);
    ensure!(!saved.clips.is_empty(), "it judges nothing; choose a verdict for at least one piece");
    let mut seen = BTreeSet::new();
    for clip in &saved.clips {
        let Judged { from_ms, to_ms, kind, .. } = clip;
        let same = |it: &Clip| (it.from_ms, it.to_ms, it.kind.name()) == (*from_ms, *to_ms, kind.name());
        ensure!(shown.iter().any(same), "the {} piece from {from_ms} ms to {to_ms} ms is not on the page", kind.name());
        ensure!(seen.insert(*from_ms), "the piece from {from_ms} ms to {to_ms} ms is judged twice");
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
        let clip = |from_ms, kind| Clip { from_ms, to_ms: from_ms + 15_000, kind, echoes: 0 };
        let shown = [clip(0, Kind::Evidence), clip(15_000, Kind::Random)];
        let page = Shown { vod: &"file/demo-1".parse().unwrap(), run, lag_ms: 3_200, clips: &shown };
        read(text, &page).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn only_a_page_of_this_run_is_taken() {
        assert_eq!(check(GOOD.as_bytes()).unwrap().clips.len(), 2);
        for (from, to, reason) in [
            ("dougpt-qa-1", "dougpt-qa-2", "its format"),
            ("file/demo-1", "file/demo-2", "it judges file/demo-2"),
            ("5fbf", "5fbe", "write the page anew"),
            ("3200", "3300", "its lag_ms is 3300"),
            (":-100", ":-10100", "beyond the slider"),
            ("30000", "70000", "not on the page"),
            ("\"from_ms\":15000", "\"from_ms\":0", "not on the page"),
            ("random", "evidence", "not on the page"),
            (
                "{\"from_ms\":15000,\"to_ms\":30000,\"kind\":\"random\"",
                "{\"from_ms\":0,\"to_ms\":15000,\"kind\":\"evidence\"",
                "judged twice",
            ),
            ("late", "perfect", "not JSON of that form"),
            ("lag_ms", "lag", "not JSON of that form"),
        ] {
            let error = check(GOOD.replace(from, to).as_bytes()).unwrap_err();
            assert!(error.contains(reason), "{from} -> {to}: {error}");
        }
        assert!(check(&vec![b' '; 1 << 21]).unwrap_err().contains("bytes"));
    }

    #[test]
    fn a_page_that_was_saved_again_counts_once() {
        let all = check(GOOD.as_bytes()).unwrap();
        let first = Saved { clips: all.clips[..1].to_vec(), ..all.clone() };
        let mut other = first.clone();
        other.clips[0].verdict = Judgement::Late;
        assert_eq!(last_of_each(vec![first.clone(), all.clone(), first, all.clone()]), std::slice::from_ref(&all));
        assert_eq!(last_of_each(vec![other.clone(), all.clone()]), [all, other]);
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
