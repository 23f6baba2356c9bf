//! The tables of a run: the row of the VOD, and the rows of its chat, which pass one at a time through files.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use ids::Digest;
use schemas::{ChatMessage, Media, Problem, Segment, Span, Vod};
use store::{RunWriter, StoreError, TableFile};

use crate::chat::{self, Export, Finished, Sink, Video};
use crate::params::Broadcast;
use job::Scratch;

/// All that the tables of a run are made of.
pub(crate) struct Taken<'a> {
    pub(crate) broadcast: &'a Broadcast,
    /// What its source says about it.
    pub(crate) video: Video,
    pub(crate) export: Option<Export>,
    pub(crate) media: Vec<Media>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) spans: Vec<Span>,
    /// Length of its sound, if media was taken in.
    pub(crate) duration_ms: Option<i64>,
    /// Of the media as it was given, of the sound, of the chat as it was given.
    pub(crate) media_digest: Option<Digest>,
    pub(crate) audio_digest: Option<Digest>,
    pub(crate) chat_digest: Option<Digest>,
}

impl Taken<'_> {
    /// Writes every table.
    pub(crate) async fn write(self, run: &mut RunWriter<'_>) -> anyhow::Result<()> {
        let vod = self.vod()?;
        run.fact("vod", &self.broadcast.vod)?;
        run.fact("title", &vod.title)?;
        run.fact("started_at", &vod.started_at)?;
        run.fact("duration_ms", vod.duration_ms)?;
        run.count("messages", usize::try_from(vod.messages)?);
        run.table::<Vod>(&[vod]).await?;
        run.table::<Media>(&self.media).await?;
        run.table::<Segment>(&self.segments).await?;
        run.table::<Span>(&self.spans).await?;
        match self.export {
            Some(export) => ChatTables::write(export, self.broadcast)?.commit(run).await,
            None => {
                run.count("rows", 0);
                run.count("problems", 0);
                run.table::<ChatMessage>(&[]).await?;
                Ok(run.table::<Problem>(&[]).await?)
            }
        }
    }

    fn vod(&self) -> anyhow::Result<Vod> {
        let Broadcast { vod, source, started_at, title, .. } = self.broadcast;
        let started_at = started_at.as_ref().or(self.video.started_at.as_ref());
        Ok(Vod {
            platform: vod.platform,
            vod_id: vod.id.clone(),
            source: source.clone(),
            title: title.clone().or_else(|| self.video.title.clone()),
            channel: self.video.channel.clone(),
            // A cut begins later than the broadcast.
            started_at: started_at.and_then(|time| chat::to_utc(time, self.broadcast.start_ms())),
            duration_ms: self.duration_ms.or(self.video.length_ms).unwrap_or(0),
            media_digest: self.media_digest,
            audio_digest: self.audio_digest,
            chat_digest: self.chat_digest,
            chat_format: self.export.as_ref().map(|export| export.format.clone()),
            messages: i64::try_from(self.export.as_ref().map_or(0, |export| export.messages))?,
        })
    }
}

/// Rows and problems of one chat, in files that are gone when this is.
struct ChatTables {
    rows: TableFile<ChatMessage>,
    problems: TableFile<Problem>,
    format: String,
    repaired: u64,
    finished: Finished,
    _files: [Scratch; 2],
}

/// Rows on their way to the thread that writes them, and the problems.
struct Growing {
    held: Vec<ChatMessage>,
    rows: SyncSender<Vec<ChatMessage>>,
    problems: TableFile<Problem>,
}

/// Rows that are handed over together.
const TOGETHER: usize = 1024;

/// Why a row is not taken any more: the thread that writes them failed, and says why itself.
#[derive(Debug, thiserror::Error)]
#[error("the rows of the chat could not be written")]
struct WriterGone;

impl Growing {
    fn hand_over(&mut self) -> anyhow::Result<()> {
        let held = std::mem::replace(&mut self.held, Vec::with_capacity(TOGETHER));
        Ok(self.rows.send(held).map_err(|_| WriterGone)?)
    }
}

impl Sink for Growing {
    type Error = anyhow::Error;

    fn row(&mut self, row: &ChatMessage) -> anyhow::Result<()> {
        self.held.push(row.clone());
        if self.held.len() == TOGETHER { self.hand_over() } else { Ok(()) }
    }

    fn problem(&mut self, problem: Problem) -> anyhow::Result<()> {
        Ok(self.problems.push(problem)?)
    }
}

impl ChatTables {
    /// Writes the files. Rows become columns on a thread of their own, which is as much work as reading them.
    fn write(export: Export, broadcast: &Broadcast) -> anyhow::Result<Self> {
        let files = [Scratch::new("chat_message.parquet")?, Scratch::new("problem.parquet")?];
        let mut table = TableFile::create(files[0].path())?;
        let (format, repaired) = (export.format.clone(), export.repaired);
        let (give, take) = sync_channel::<Vec<ChatMessage>>(8);
        let mut sink = Growing { held: Vec::new(), rows: give, problems: TableFile::create(files[1].path())? };
        let (finished, problems, rows) = thread::scope(|scope| {
            let writer = scope.spawn(move || {
                take.into_iter().flatten().try_for_each(|row| table.push(row))?;
                Ok::<_, StoreError>(table)
            });
            let finished = export.finish(broadcast.started_at.as_deref(), broadcast.range, &mut sink);
            let finished = finished.and_then(|finished| sink.hand_over().map(|()| finished));
            let Growing { rows, problems, .. } = sink;
            drop(rows);
            // Its reason comes first: without it nobody would know why the rows were not taken.
            let rows = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            anyhow::Ok((finished?, problems, rows))
        })?;
        Ok(Self { rows, problems, format, repaired, finished, _files: files })
    }

    /// Takes the files into the run.
    async fn commit(self, run: &mut RunWriter<'_>) -> anyhow::Result<()> {
        let finished = self.finished;
        run.fact("chat_format", self.format)?;
        run.fact("repaired_messages", self.repaired)?;
        run.fact("problem_reasons", finished.reasons)?;
        run.fact("restorations", finished.restorations)?;
        run.fact("deleted_messages", finished.deleted)?;
        run.fact("clock_shift_segments", finished.clock_shifts)?;
        run.fact("clock_zone_ms", finished.zone_ms)?;
        run.fact("chat_late_ms", finished.late_ms)?;
        run.count("rows", usize::try_from(self.rows.rows())?);
        run.count("problems", usize::try_from(self.problems.rows())?);
        run.table_file(self.rows).await?;
        run.table_file(self.problems).await?;
        Ok(())
    }
}
