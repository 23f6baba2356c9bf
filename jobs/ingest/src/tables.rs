//! The tables of a chat: from an export to two files of rows, one row at a time, and into the run.

use schemas::{ChatMessage, Problem};
use store::{RunWriter, TableFile};

use crate::chat::{Export, Finished, Sink};
use crate::scratch::Scratch;

/// Rows and problems of one chat, in files that are gone when this is.
pub(crate) struct ChatTables {
    rows: TableFile<ChatMessage>,
    problems: TableFile<Problem>,
    format: String,
    repaired: u64,
    finished: Finished,
    _files: [Scratch; 2],
}

/// The files while they grow.
struct Growing {
    rows: TableFile<ChatMessage>,
    problems: TableFile<Problem>,
}

impl Sink for Growing {
    type Error = anyhow::Error;

    fn row(&mut self, row: ChatMessage) -> anyhow::Result<()> {
        Ok(self.rows.push(row)?)
    }

    fn problem(&mut self, problem: Problem) -> anyhow::Result<()> {
        Ok(self.problems.push(problem)?)
    }
}

impl ChatTables {
    /// Writes the files.
    pub(crate) fn write(export: Export, started_at: Option<&str>, range: Option<(u64, u64)>) -> anyhow::Result<Self> {
        let files = [Scratch::new("chat_message.parquet")?, Scratch::new("problem.parquet")?];
        let mut sink =
            Growing { rows: TableFile::create(files[0].path())?, problems: TableFile::create(files[1].path())? };
        let (format, repaired) = (export.format.clone(), export.repaired);
        let finished = export.finish(started_at, range, &mut sink)?;
        Ok(Self { rows: sink.rows, problems: sink.problems, format, repaired, finished, _files: files })
    }

    /// Takes the files into the run.
    pub(crate) async fn commit(self, run: &mut RunWriter<'_>) -> anyhow::Result<()> {
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
