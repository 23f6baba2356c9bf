//! Reads a file ahead of whoever parses it, on a thread of its own, which takes the digest of the bytes too.

use std::io::{self, BufRead, Cursor, Read};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use ids::Digest;

use super::bytes::Hashing;

/// Bytes that are read at once.
const BLOCK: u64 = 1 << 18;

/// Blocks that wait at most.
const WAITING: usize = 8;

/// The bytes of a file.
pub(super) struct Ahead<'scope> {
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: Cursor<Vec<u8>>,
    /// Where a block goes that was read, to be filled again.
    empty: Sender<Vec<u8>>,
    reader: ScopedJoinHandle<'scope, Digest>,
}

impl<'scope> Ahead<'scope> {
    /// Begins to read `source`.
    pub(super) fn start<R: Read + Send + 'scope>(scope: &'scope Scope<'scope, '_>, source: R) -> Self {
        let (give, blocks) = sync_channel(WAITING);
        let (empty, used) = channel::<Vec<u8>>();
        let reader = scope.spawn(move || {
            let mut source = Hashing::new(source);
            loop {
                let mut block = used.try_recv().unwrap_or_default();
                block.clear();
                // Until it is full, however little comes at once.
                let read = match source.by_ref().take(BLOCK).read_to_end(&mut block) {
                    Ok(0) => break,
                    outcome => outcome.map(|_| block),
                };
                let last = read.is_err();
                // Nobody listens any more when the parser gave up.
                if give.send(read).is_err() || last {
                    break;
                }
            }
            source.digest()
        });
        Self { blocks, block: Cursor::default(), empty, reader }
    }

    /// The digest of the whole file; what nobody asked for yet is read.
    pub(super) fn finish(self) -> io::Result<Digest> {
        self.blocks.iter().try_for_each(|block| block.map(drop))?;
        self.reader.join().or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl BufRead for Ahead<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // Until a block has something; the thread is gone when all is read.
        while self.block.fill_buf()?.is_empty()
            && let Ok(block) = self.blocks.recv()
        {
            let block = std::mem::replace(&mut self.block, Cursor::new(block?));
            // The thread may be gone already.
            let _ = self.empty.send(block.into_inner());
        }
        self.block.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.block.consume(count);
    }
}

impl Read for Ahead<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}
