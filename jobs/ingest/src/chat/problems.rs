//! Problems in the order in which they come, in a temporary file when there are too many.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};

use ids::VodKey;
use schemas::Problem;

use super::error::ChatError;
use super::wire;

/// Bytes of problems that stay in memory.
const HELD: usize = 4 << 20;

/// All problems of a file.
#[derive(Default)]
pub(super) struct Problems {
    bytes: Vec<u8>,
    file: Option<File>,
    /// How many there are, by reason.
    pub(super) reasons: BTreeMap<String, u64>,
    /// The first one's position and detail.
    pub(super) first: Option<(i64, String)>,
}

impl Problems {
    /// Takes one more.
    pub(super) fn push(&mut self, problem: &Problem) -> Result<(), ChatError> {
        *self.reasons.entry(problem.reason.clone()).or_default() += 1;
        self.first.get_or_insert_with(|| (problem.position, problem.detail.clone()));
        let mut row = Vec::new();
        wire::put_problem(problem, &mut wire::Writer::default(), &mut row);
        self.bytes.extend_from_slice(&(row.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(&row);
        if self.bytes.len() >= HELD { self.spill().map_err(ChatError::temporary) } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        file.write_all(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }

    /// Gives all of them to `sink`.
    pub(super) fn each<E: From<ChatError>>(
        self,
        vod: &VodKey,
        mut sink: impl FnMut(Problem) -> Result<(), E>,
    ) -> Result<(), E> {
        let written: Box<dyn Read> = match self.file {
            Some(mut file) => {
                file.rewind().map_err(ChatError::temporary)?;
                Box::new(BufReader::new(file).chain(self.bytes.as_slice()))
            }
            None => Box::new(self.bytes.as_slice()),
        };
        let mut written = written;
        let mut row = Vec::new();
        for _ in 0..self.reasons.values().sum() {
            let mut length = [0; 8];
            written.read_exact(&mut length).map_err(ChatError::temporary)?;
            row.clear();
            written.by_ref().take(u64::from_le_bytes(length)).read_to_end(&mut row).map_err(ChatError::temporary)?;
            let mut problem = Problem {
                platform: vod.platform,
                vod_id: vod.id.clone(),
                input: String::new(),
                position: 0,
                reason: String::new(),
                detail: String::new(),
                raw: String::new(),
            };
            let filled = wire::fill_problem(&mut problem, &row);
            filled.ok_or_else(|| ChatError::temporary(io::ErrorKind::UnexpectedEof.into()))?;
            sink(problem)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_problems_come_back_in_order() {
        let vod: VodKey = "file/x".parse().unwrap();
        let problem = |position| Problem {
            platform: vod.platform,
            vod_id: vod.id.clone(),
            input: "chat".into(),
            position,
            reason: ["a", "b"][position as usize % 2].into(),
            detail: "d".repeat(200),
            raw: "r".repeat(500),
        };
        let mut problems = Problems::default();
        (0..9000).for_each(|position| problems.push(&problem(position)).unwrap());
        assert!(problems.file.is_some() && problems.reasons == [("a".into(), 4500), ("b".into(), 4500)].into());
        let mut found = Vec::new();
        let keep = |problem| {
            found.push(problem);
            Ok::<(), ChatError>(())
        };
        problems.each(&vod, keep).unwrap();
        assert!(found == (0..9000).map(problem).collect::<Vec<_>>());
    }
}
