//! What one broadcast gives to a dataset: its rows and the runs they come from.

use anyhow::{Context, ensure};
use ids::{Digest, RunId, VodKey};
use job::{Choice, Job, only_run};
use manifest::VodGeneration;
use schemas::{AlignedTurn, ChatMessage, OffsetSegment, Utterance, Vod, Word};
use store::{Run, Store};

/// One broadcast with everything filters and examples are made from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The broadcast.
    pub key: VodKey,
    /// The ingest run.
    pub ingest_run: RunId,
    /// The transcribe run.
    pub transcribe_run: RunId,
    /// The align run.
    pub align_run: RunId,
    /// Its row.
    pub vod: Vod,
    /// Its chat in order.
    pub messages: Vec<ChatMessage>,
    /// Its speech.
    pub utterances: Vec<Utterance>,
    /// Its words.
    pub words: Vec<Word>,
    /// How far chat lags.
    pub segments: Vec<OffsetSegment>,
    /// Each message with what it answers, in order.
    pub turns: Vec<AlignedTurn>,
}

/// The align run of the newest generation of a VOD, if there is one; of several the one whose id begins as one of `chosen`.
///
/// # Errors
/// When several differ in more than their logic version, and none or more than one of them is chosen.
pub async fn align_run(store: &Store, generation: &VodGeneration, chosen: &[String]) -> anyhow::Result<Option<Run>> {
    let belongs = |run: &Run| run.manifest.key.inputs.get("ingest") == Some(&generation.manifest_digest);
    let is_chosen = |run: &Run| chosen.iter().any(|wanted| run.id().to_string().starts_with(wanted));
    let mut runs = store.runs("align").await?;
    runs.retain(belongs);
    if runs.is_empty() {
        return Ok(None);
    }
    let choose = runs.iter().any(is_chosen);
    let remedy = format!("align --vod {}", generation.vod);
    let belongs = |run: &Run| belongs(run) && (!choose || is_chosen(run));
    let choice = Choice { remedy: &remedy, option: Some("--align"), wanted: None };
    only_run(store, "align", &generation.vod, choice, belongs).await.map(Some)
}

/// Reads all rows of a VOD, checked against the digests in the manifests.
///
/// # Errors
/// When a run or a row that the align run rests on is missing or damaged.
pub async fn read(job: &Job, store: &Store, generation: &VodGeneration, align: &Run) -> anyhow::Result<Source> {
    let key = generation.vod.clone();
    let ingest = job.ingest_run(store, generation).await?;
    let transcribed = align.manifest.key.inputs.get("transcribe");
    let transcribed: &Digest =
        transcribed.with_context(|| format!("the align run {} of {key} names no transcribe run", align.id()))?;
    let transcribe = store.run_with_digest("transcribe", transcribed).await?;
    let vods: Vec<Vod> = store.rows(&ingest).await?;
    let vod = vods.into_iter().find(|vod| vod.platform == key.platform && vod.vod_id == key.id);
    let mut source = Source {
        vod: vod.with_context(|| format!("the ingest run {} has no row of {key}", ingest.id()))?,
        key,
        ingest_run: ingest.id(),
        transcribe_run: transcribe.id(),
        align_run: align.id(),
        messages: store.rows(&ingest).await?,
        utterances: store.rows(&transcribe).await?,
        words: store.rows(&transcribe).await?,
        segments: store.rows(align).await?,
        turns: store.rows(align).await?,
    };
    source.messages.sort_by_key(|message| message.ordinal);
    source.turns.sort_by_key(|turn| turn.ordinal);
    ensure!(
        source.turns.iter().map(|turn| &turn.message_id).eq(source.messages.iter().map(|message| &message.message_id)),
        "the align run {} of {} does not have one turn for each message; run `audit verify`",
        source.align_run,
        source.key
    );
    Ok(source)
}
