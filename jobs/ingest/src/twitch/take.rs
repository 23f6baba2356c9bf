//! Takes in one broadcast: asks what there is, fetches what the store has not, and commits it as one run.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use bytes::Bytes;
use ids::Digest;
use job::{Done, Job, Question};
use schemas::Segment;
use serde_json::{Value, json};
use store::{Run, RunWriter, Store, StoreError};

use super::comments::{self, Chat};
use super::gql::Gql;
use super::offer::{self, Offer, OfferedMedia};
use super::playlist::{Entry, Playlist};
use super::segments::{self, Fetched, Options, Piece};
use super::stage::Stage;
use super::usher::Rendition;
use super::video::Video;
use super::{TwitchError, write};
use crate::chat::Export;
use crate::fetch;
use crate::net::{Hosts, Net};
use crate::params::{ChatFrom, Remote};
use crate::source_file::SourceFile;
use crate::{LOGIC_VERSION, NAME};
use job::Scratch;

/// Takes in the broadcast that `params` name, unless it is as the newest generation has it.
///
/// # Errors
/// When Twitch does not give it, or the store fails. What was fetched until then is kept for the next attempt.
pub(crate) async fn run(params: &Remote, job: &Job) -> anyhow::Result<Done> {
    let net = Hosts::twitch().and_then(|hosts| Net::new(hosts, params.patience));
    let net = net.map_err(|error| TwitchError::from(error).classified())?;
    let gql = Gql::new(net.clone(), params.token.clone(), params.retries).map_err(TwitchError::classified)?;
    let chat = match &params.chat {
        ChatFrom::Export(input) => Some(SourceFile::of(input, "chat", fetch::CHAT, job).await?),
        ChatFrom::Twitch | ChatFrom::Nowhere => None,
    };
    let offer = Offer::ask(&net, &gql, params, chat).await.map_err(TwitchError::classified)?;
    // Opened, and made where there is none, only when there is something to take in.
    let store = job.store().await?;
    let vod = &params.broadcast.vod;
    let known = match store.vod(vod).await? {
        Some(newest) if !params.refresh => readable(store.run(NAME, &newest.run_id).await)?,
        _ => None,
    };
    if let Some(run) = &known
        && store.lacking(run).await?.is_empty()
        && offer.is_that_of(run, &gql, params, store).await?
    {
        return Ok(Done { run: run.clone(), worked: false });
    }
    let mut inputs = offer.digests()?;
    let mut fetch = Fetch { net, gql, params, job, store, known, stages: Vec::new() };
    let taken = fetch.all(offer).await?;
    inputs.extend(taken.digests());
    let question =
        Question { logic_version: LOGIC_VERSION, params: offer::asked(params), inputs, models: BTreeMap::new() };
    let work = async |run: &mut RunWriter<'_>| write::write(taken, params, job, run).await;
    let done = job.run_once(question, work).await?;
    store.add_generation(vod, &done.run, &job.now()).await?;
    for stage in fetch.stages {
        stage.end().await?;
    }
    Ok(done)
}

/// A run, unless it is damaged: then it is made again.
fn readable<T>(outcome: Result<T, StoreError>) -> anyhow::Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(StoreError::Missing { .. } | StoreError::Invalid { .. } | StoreError::Damaged { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// All that a run is made of.
pub(super) struct TakenBroadcast {
    pub(super) video: Video,
    pub(super) media: Option<TakenMedia>,
    pub(super) chat: Option<TakenChat>,
}

pub(super) struct TakenMedia {
    pub(super) rendition: Rendition,
    pub(super) playlist: Playlist,
    pub(super) fetched: Fetched,
    /// What is taken of the broadcast, ms.
    pub(super) range: (u64, u64),
    /// The list of its segments, as a document.
    pub(super) document: Bytes,
}

pub(super) struct TakenChat {
    pub(super) file: SourceFile,
    pub(super) export: Export,
    pub(super) possible_loss_s: Vec<i64>,
}

impl TakenBroadcast {
    /// Digests of what was fetched, by the names that the inputs of a run have.
    fn digests(&self) -> impl Iterator<Item = (String, Digest)> + use<> {
        let media = self.media.as_ref().map(|media| ("media".to_owned(), Digest::of(&media.document)));
        let chat = self.chat.as_ref().map(|chat| ("chat".to_owned(), chat.file.digest));
        [media, chat].into_iter().flatten()
    }
}

/// One fetch of a broadcast.
struct Fetch<'a> {
    net: Net,
    gql: Gql,
    params: &'a Remote,
    job: &'a Job,
    store: &'a Store,
    /// The newest generation, if its segments may be used again.
    known: Option<Run>,
    /// What the fetch keeps while it goes on.
    stages: Vec<Stage<'a>>,
}

impl Fetch<'_> {
    async fn all(&mut self, offer: Offer) -> anyhow::Result<TakenBroadcast> {
        let length_s = offer.length_s();
        if let Some((from, _)) = self.params.broadcast.range
            && from / 1000 >= u64::try_from(length_s).unwrap_or(0)
        {
            bail!("--from leaves nothing of {}: it has {length_s} s", self.params.broadcast.vod);
        }
        // The chat first: it is small, may be gone first, and is read before hours of media are fetched in vain.
        let chat = match (&self.params.chat, offer.chat) {
            (ChatFrom::Twitch, _) => Some(self.chat(&offer.video, length_s).await?),
            (ChatFrom::Export(_) | ChatFrom::Nowhere, Some(file)) => {
                let export = file.filled_export(&self.params.broadcast.vod, self.threads())?;
                Some(TakenChat { file, export, possible_loss_s: Vec::new() })
            }
            (ChatFrom::Export(_) | ChatFrom::Nowhere, None) => None,
        };
        let media = match offer.media {
            None => None,
            Some(media) => Some(self.media(media).await?),
        };
        Ok(TakenBroadcast { video: offer.video, media, chat })
    }

    fn threads(&self) -> usize {
        self.job.flags().thread_count()
    }

    async fn chat(&mut self, video: &Video, length_s: i64) -> anyhow::Result<TakenChat> {
        let vod = &self.params.broadcast.vod;
        // A cut needs the messages of its last, unfinished second too; the exact cut is made by milliseconds later.
        let seconds = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX) / 1000;
        let span = self.params.broadcast.range.map_or((0, None), |(from, to)| {
            (seconds(from), Some(seconds(to).saturating_add(1)).filter(|to| *to < length_s))
        });
        let key = json!({ "stage": "chat", "vod": vod, "from_s": span.0, "to_s": span.1 });
        let stage = Stage::open(self.store, &key).await?;
        let progress = self.job.progress(&format!("{NAME} {vod} chat"), comments::ranges(span, length_s));
        let options = (self.params.connections, self.params.retries, length_s, &progress);
        let Chat { nodes, possible_loss_s } = comments::fetch(&self.gql, &vod.id, span, &stage, options).await?;
        self.stages.push(stage);
        let document = Value::from_iter([("video", export_video(video)), ("comments", Value::Array(nodes))]);
        let bytes = manifest::value_to_canonical_json(&document)?;
        let file = Scratch::new("chat.json")?;
        std::fs::write(file.path(), &bytes).context("the fetched chat cannot be written to the temporary folder")?;
        let name = format!("of {vod}").into();
        let file = SourceFile::fetched(file, name, Digest::of(&bytes), bytes.len() as u64)?;
        let mut export = file.export(vod, self.threads())?;
        // Without a message the document does not tell what it is.
        export.format = "twitch/gql".to_owned();
        Ok(TakenChat { file, export, possible_loss_s: possible_loss_s.into_iter().collect() })
    }

    async fn media(&mut self, OfferedMedia { rendition, base, playlist }: OfferedMedia) -> anyhow::Result<TakenMedia> {
        let (params, vod) = (self.params, &self.params.broadcast.vod);
        let (from, to) = params.broadcast.range.unwrap_or((0, u64::MAX));
        let range = (from, to.min(playlist.duration_ms()));
        let inside = |entry: &&Entry| entry.start_ms < range.1 && entry.end_ms() > range.0;
        let entries: Vec<_> = playlist.entries.iter().filter(inside).cloned().collect();
        if entries.is_empty() {
            bail!("--from and --to leave nothing of {vod}: it has {} ms", playlist.duration_ms());
        }
        let digest = Digest::of(&manifest::to_canonical_json(&playlist)?);
        let key = json!({ "stage": "media", "vod": vod, "rendition": rendition.name, "playlist": digest });
        let stage = Stage::open(self.store, &key).await?;
        let known = self.known_segments(&rendition).await?;
        let progress = self.job.progress(&format!("{NAME} {vod} media"), entries.len() as u64);
        let options = Options {
            connections: params.connections,
            retries: params.retries,
            max_gaps: params.max_gaps,
            bandwidth: rendition.bandwidth,
        };
        let from = (&base, &playlist);
        let task = (&vod.id, options, &progress);
        let fetched = segments::fetch(&self.net, from, &entries, (&stage, &known), task).await?;
        self.stages.push(stage);
        let document = document(&fetched, range)?;
        Ok(TakenMedia { rendition, playlist, fetched, range, document })
    }

    /// Digests of the segments of the newest generation by name, if they are of the same rendition.
    async fn known_segments(&self, rendition: &Rendition) -> anyhow::Result<BTreeMap<String, Digest>> {
        let has_it =
            |run: &&Run| run.manifest.facts.get("rendition").and_then(Value::as_str) == Some(rendition.name.as_str());
        let Some(run) = self.known.as_ref().filter(has_it) else { return Ok(BTreeMap::new()) };
        let rows = readable(self.store.rows::<Segment>(run).await)?.unwrap_or_default();
        Ok(rows.into_iter().filter_map(|row| Some((row.name, row.digest?))).collect())
    }
}

/// The video as the API's own object has it, for whoever reads the chat document elsewhere.
fn export_video(video: &Video) -> Value {
    json!({
        "id": video.id,
        "title": video.title,
        "createdAt": video.created_at,
        "lengthSeconds": video.length_seconds,
        "owner": { "id": video.channel_id, "login": video.channel, "displayName": video.channel_name },
    })
}

/// The list of what was fetched: what "the media" of the broadcast is, by digest.
fn document(fetched: &Fetched, (from, to): (u64, u64)) -> anyhow::Result<Bytes> {
    let segments: Vec<_> = fetched
        .pieces
        .iter()
        .map(|Piece { entry, outcome }| {
            let blob = outcome.as_ref().ok();
            json!({
                "name": entry.name,
                "start_ms": entry.start_ms,
                "duration_ms": entry.duration_ms,
                "discontinuity": entry.discontinuity,
                "digest": blob.map(|blob| blob.digest),
                "size": blob.map(|blob| blob.size),
                "gap": outcome.as_ref().err().map(|gap| gap.name()),
            })
        })
        .collect();
    let init = fetched.init.map(|blob| json!({ "digest": blob.digest, "size": blob.size }));
    let document = json!({ "from_ms": from, "to_ms": to, "init": init, "segments": segments });
    Ok(manifest::to_canonical_json(&document)?.into())
}
