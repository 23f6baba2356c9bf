//! What a VOD's alignment reads: the newest ingest run, the transcript that belongs to it, and their rows.

use anyhow::{Context, ensure};
use ids::{Digest, Hasher, Name, Platform, VodKey};
use job::{Choice, Job, WhichTranscript, only_run};
use manifest::VodGeneration;
use schemas::{ChatMessage, Segment, Vod, Word};
use store::{Run, Store};

use crate::args::Transcript;
use crate::clocks::Clocks;
use crate::estimate::evidence::Evidence;
use crate::pieces::{Piece, pieces};

/// The runs that an alignment of one VOD is made from.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The VOD.
    pub vod: VodKey,
    /// Its newest ingest run.
    pub ingest: Run,
    /// The transcript of that.
    pub transcribe: Run,
}

/// The rows of those runs.
#[derive(Debug)]
pub struct Rows {
    /// The words, in order.
    pub words: Vec<Word>,
    /// The chat, in order.
    pub chat: Vec<ChatMessage>,
    /// Length of the media, ms.
    pub duration_ms: i64,
    /// What both say about the lag.
    pub evidence: Evidence,
    /// What is known about wall clocks.
    pub clocks: Clocks,
}

impl Inputs {
    /// Finds them for the VOD of that name and a transcript.
    ///
    /// # Errors
    /// When the VOD is unknown, and as [`Inputs::find`].
    pub async fn of(job: &Job, store: &Store, vod: &str, wanted: &Transcript) -> anyhow::Result<Self> {
        Self::find(job, store, &job.vod(store, vod).await?, wanted).await
    }

    /// Finds them for a generation of a VOD and a transcript.
    ///
    /// # Errors
    /// When the VOD was ingested without media or chat, or there is no such transcript of it.
    pub async fn find(
        job: &Job,
        store: &Store,
        generation: &VodGeneration,
        wanted: &Transcript,
    ) -> anyhow::Result<Self> {
        let vod = generation.vod.clone();
        let ingest = job.ingest_run(store, generation).await?;
        for (what, role) in [("media", "audio"), ("chat", "chat")] {
            let there = ingest.manifest.blobs.contains_key(role);
            let source = match vod.platform {
                Platform::File => format!("file:PATH --chat FILE --id {}", vod.id),
                _ => vod.id.to_string(),
            };
            ensure!(there, "{vod} was ingested without {what}; run `ingest --vod {source}` for both");
        }
        let Transcript { model, transcript } = wanted;
        let which = WhichTranscript { model: model.as_ref(), run: transcript.as_deref(), option: "--transcript" };
        let transcribe = which.find(store, generation).await?;
        Ok(Self { vod, ingest, transcribe })
    }

    /// The model that made the transcript.
    ///
    /// # Errors
    /// When its run does not say.
    pub fn model(&self) -> anyhow::Result<Name> {
        let Run { manifest, .. } = &self.transcribe;
        let name = manifest.key.params.get("model").and_then(serde_json::Value::as_str);
        let parsed = name.and_then(|name| name.parse().ok());
        parsed.with_context(|| format!("the transcribe run {} names no model", self.transcribe.id()))
    }

    /// The blob of the VOD's audio.
    ///
    /// # Errors
    /// When the ingest run has none.
    pub fn audio(&self) -> anyhow::Result<Digest> {
        let output = self.ingest.manifest.blobs.get("audio");
        Ok(output.with_context(|| format!("{} has no audio", self.vod))?.digest)
    }

    /// The align run that was made from these inputs.
    ///
    /// # Errors
    /// When there is none yet.
    pub async fn aligned(&self, store: &Store) -> anyhow::Result<Run> {
        let remedy = format!("align --vod {}", self.vod);
        let choice = Choice { remedy: &remedy, option: None, wanted: None };
        only_run(store, "align", &self.vod, choice, |run| {
            let inputs = &run.manifest.key.inputs;
            inputs.get("ingest") == Some(&self.ingest.digest)
                && inputs.get("transcribe") == Some(&self.transcribe.digest)
        })
        .await
    }

    /// Reads the rows.
    ///
    /// # Errors
    /// When a table is missing or damaged.
    pub async fn rows(&self, store: &Store) -> anyhow::Result<Rows> {
        let words: Vec<Word> = store.rows(&self.transcribe).await?;
        let chat: Vec<ChatMessage> = store.rows(&self.ingest).await?;
        let vods: Vec<Vod> = store.rows(&self.ingest).await?;
        let vod = vods.first().with_context(|| format!("{} has no vod row", self.vod))?;
        let duration_ms = vod.duration_ms;
        // A file that was taken in has no segments.
        let served = self.ingest.manifest.tables.contains_key(Segment::TABLE.name);
        let segments: Vec<Segment> = if served { store.rows(&self.ingest).await? } else { Vec::new() };
        let clocks = Clocks::of(vod.started_at.as_deref(), &segments);
        let evidence = Evidence::gather(duration_ms, &words, &chat);
        Ok(Rows { words, chat, duration_ms, evidence, clocks })
    }

    /// The seed of everything that is drawn: the same for the same inputs, on any machine.
    pub fn seed(&self, purpose: &str) -> [u8; 32] {
        let mut hasher = Hasher::default();
        hasher.update(purpose.as_bytes());
        hasher.update(self.ingest.digest.as_bytes());
        hasher.update(self.transcribe.digest.as_bytes());
        *hasher.digest().as_bytes()
    }

    /// The stretches of these rows, each with its lag, on as many threads as the job may use.
    ///
    /// # Errors
    /// When threads cannot be started.
    pub fn pieces(&self, job: &Job, rows: &Rows) -> anyhow::Result<Vec<Piece>> {
        let threads = job.flags().thread_count();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.with_context(|| format!("{threads} threads could not be started; give --threads 1"))?;
        Ok(pool.install(|| pieces(&rows.evidence, self.seed("lag"))))
    }
}
