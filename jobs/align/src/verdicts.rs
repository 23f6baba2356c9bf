//! Takes in what a person judged on the QA page: checked, and kept as a run of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;

use anyhow::{Context, ensure};
use bytes::Bytes;
use ids::{Digest, RunId, VodKey};
use job::{Job, Question};
use serde::{Deserialize, Serialize};
use store::{Run, Store};

use crate::args;
use crate::inputs::Inputs;
use crate::qa::clips::{self, Clip, Kind};
use crate::qa::page::{FORMAT, SLIDER_MS};

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

/// How often the chat of a piece fits what is said in it. Only pieces that chance chose count: those that the lag rests on
/// fit more often. A piece of which it cannot be told says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Pieces that fit.
    pub fits: u32,
    /// Pieces that count.
    pub pieces: u32,
    /// Lower end of the 95 % interval of the share (Wilson 1927).
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Accuracy {
    /// The accuracy by some verdicts.
    pub fn of(clips: &[Judged]) -> Self {
        let counts = |clip: &&Judged| clip.kind == Why::Random && clip.verdict != Judgement::Unclear;
        let verdicts: Vec<_> = clips.iter().filter(counts).map(|clip| clip.verdict).collect();
        let fits = verdicts.iter().filter(|verdict| **verdict == Judgement::Fits).count();
        let (fits, pieces) =
            (u32::try_from(fits).unwrap_or(u32::MAX), u32::try_from(verdicts.len()).unwrap_or(u32::MAX));
        let (low, high) = wilson(f64::from(fits), f64::from(pieces));
        Self { fits, pieces, low, high }
    }
}

impl fmt::Display for Accuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fits, pieces, low, high } = self;
        if *pieces == 0 {
            return f.write_str("accuracy unknown: no piece of those that chance chose was judged");
        }
        let percent = |share: f64| (share * 100.0).round();
        let share = percent(f64::from(*fits) / f64::from(*pieces));
        write!(
            f,
            "accuracy {share} % (95 % {} to {} %, {pieces} pieces chosen by chance)",
            percent(*low),
            percent(*high)
        )
    }
}

/// The 95 % interval of a share, to three decimals.
fn wilson(hits: f64, count: f64) -> (f64, f64) {
    const Z: f64 = 1.959_964;
    if count <= 0.0 {
        return (0.0, 1.0);
    }
    let (share, square) = (hits / count, Z * Z);
    let centre = share + square / (2.0 * count);
    let spread = Z * (share * (1.0 - share) / count + square / (4.0 * count * count)).sqrt();
    let end = |sign: f64| ((centre + sign * spread) / (1.0 + square / count) * 1_000.0).round() / 1_000.0;
    (end(-1.0).max(0.0), end(1.0).min(1.0))
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
    let inputs = Inputs::find(job, store, &arguments.vod, wanted).await?;
    let aligned = inputs.aligned(store).await?;
    let rows = inputs.rows(store).await?;
    let stretches = inputs.pieces(job, &rows)?;
    let shown = clips::choose(&rows, &stretches, inputs.seed("qa"));
    let saved = read(&bytes, &inputs.vod, &aligned.id(), &shown)
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

/// What persons judged an alignment to be, by every page of it that was taken in.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn judged(store: &Store, aligned: &Run) -> anyhow::Result<Vec<Accuracy>> {
    let mut found = Vec::new();
    for run in store.runs("align").await? {
        if run.manifest.key.inputs.get("align") == Some(&aligned.digest)
            && let Some(accuracy) = run.manifest.facts.get("accuracy")
        {
            found.push(serde_json::from_value(accuracy.clone()).context("a run of verdicts has no accuracy")?);
        }
    }
    Ok(found)
}

/// Reads and checks a qa.json about that VOD and run, whose page shows the pieces `shown`.
///
/// # Errors
/// When it is too large, not of that format, about something else, or judges pieces that the page does not have.
pub fn read(bytes: &[u8], vod: &VodKey, run: &RunId, shown: &[Clip]) -> anyhow::Result<Saved> {
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
        read(text, &"file/demo-1".parse().unwrap(), &run, &shown).map_err(|error| format!("{error:#}"))
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
    fn accuracy_is_that_of_pieces_nobody_chose() {
        let judged = |kind, verdict| Judged { from_ms: 0, to_ms: 1, kind, verdict };
        let mut clips = vec![judged(Why::Evidence, Judgement::Late), judged(Why::Random, Judgement::Unclear)];
        assert_eq!(Accuracy::of(&clips), Accuracy { fits: 0, pieces: 0, low: 0.0, high: 1.0 });
        clips.extend((0..10).map(|n| judged(Why::Random, if n < 8 { Judgement::Fits } else { Judgement::Unrelated })));
        // Newcombe 1998, table I, gives 0.4902 and 0.9433 for 8 of 10.
        let found = Accuracy::of(&clips);
        assert_eq!(found, Accuracy { fits: 8, pieces: 10, low: 0.49, high: 0.943 });
        assert_eq!(found.to_string(), "accuracy 80 % (95 % 49 to 94 %, 10 pieces chosen by chance)");
        assert_eq!((wilson(0.0, 10.0).0, wilson(10.0, 10.0).1), (0.0, 1.0));
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
