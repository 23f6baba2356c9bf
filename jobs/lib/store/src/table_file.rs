//! A table part that is written row by row to a local file, for tables larger than memory.
//!
//! The bytes are those that [`RunWriter::table`](crate::RunWriter::table) gives for the same rows.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path as FilePath, PathBuf};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use bytes::Bytes;
use ids::{Digest, Hasher, RunId};
use manifest::TableOutput;
use object_store::path::Path;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use schemas::Row;

use crate::tables::{ROW_GROUP, properties};
use crate::{Store, StoreError, layout};

/// Rows that are held as structs before they become Arrow columns, which are a fifth of the size.
const HELD: usize = 4096;

/// Rows on their way into a local file.
pub struct TableFile<R: Row> {
    path: PathBuf,
    writer: ArrowWriter<Hashing>,
    held: Vec<R>,
    batches: Vec<RecordBatch>,
    rows: u64,
}

/// A file that takes the digest of what is written to it.
struct Hashing {
    file: BufWriter<File>,
    hasher: Hasher,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl<R: Row> TableFile<R> {
    /// A table without rows in a new file at `path`.
    ///
    /// # Errors
    /// [`StoreError::File`] when the file cannot be made.
    pub fn create(path: &FilePath) -> Result<Self, StoreError> {
        let file = File::create_new(path).map_err(|source| StoreError::File { path: path.to_owned(), source })?;
        let sink = Hashing { file: BufWriter::new(file), hasher: Hasher::default() };
        let writer = properties()
            .and_then(|properties| ArrowWriter::try_new(sink, R::TABLE.schema(), Some(properties)))
            .map_err(|source| StoreError::Parquet { path: path.display().to_string(), source })?;
        Ok(Self { path: path.to_owned(), writer, held: Vec::with_capacity(HELD), batches: Vec::new(), rows: 0 })
    }

    /// Appends a row.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn push(&mut self, row: R) -> Result<(), StoreError> {
        self.held.push(row);
        self.rows += 1;
        if self.held.len() == HELD {
            self.columns()?;
        }
        // The library ends a row group by itself at the same number of rows.
        if self.rows.is_multiple_of(ROW_GROUP as u64) { self.group() } else { Ok(()) }
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    fn parquet(&self, source: ParquetError) -> StoreError {
        StoreError::Parquet { path: self.path.display().to_string(), source }
    }

    fn columns(&mut self) -> Result<(), StoreError> {
        if !self.held.is_empty() {
            let schema = |source| StoreError::Schema { path: self.path.display().to_string(), source };
            self.batches.push(R::to_batch(&self.held).map_err(schema)?);
            self.held.clear();
        }
        Ok(())
    }

    /// Writes what was gathered as one batch, for that is what decides where pages end.
    fn group(&mut self) -> Result<(), StoreError> {
        self.columns()?;
        if self.batches.is_empty() {
            return Ok(());
        }
        let whole = concat_batches(&R::TABLE.schema(), &self.batches)
            .map_err(|error| self.parquet(ParquetError::ArrowError(error.to_string())))?;
        self.batches.clear();
        self.writer.write(&whole).map_err(|source| self.parquet(source))
    }

    /// Ends the file: where it is, its size and its digest.
    fn finish(mut self) -> Result<Written, StoreError> {
        self.group()?;
        let path = self.path;
        let parquet = |source| StoreError::Parquet { path: path.display().to_string(), source };
        let Hashing { mut file, hasher } = self.writer.into_inner().map_err(parquet)?;
        file.flush().map_err(|source| StoreError::File { path: path.clone(), source })?;
        Ok(Written { path, rows: self.rows, size: hasher.length(), digest: hasher.digest() })
    }
}

/// A finished file.
struct Written {
    path: PathBuf,
    rows: u64,
    size: u64,
    digest: Digest,
}

impl Store {
    /// Copies a finished file to where the part of `run` lies.
    ///
    /// As with blobs, a part beyond 64 MiB is uploaded in pieces, which no store makes create-only. One that is there
    /// already is compared instead; two writers of one run write the same bytes.
    pub(crate) async fn put_table_file<R: Row>(
        &self,
        run: &RunId,
        table: TableFile<R>,
    ) -> Result<TableOutput, StoreError> {
        let written = table.finish()?;
        let path = layout::table_part(R::TABLE, run);
        self.put_file(&path, &written).await?;
        Ok(TableOutput {
            table: R::TABLE.name.to_owned(),
            version: R::TABLE.version,
            path: path.to_string(),
            rows: written.rows,
            size: written.size,
            digest: written.digest,
        })
    }

    async fn put_file(&self, path: &Path, written: &Written) -> Result<(), StoreError> {
        let file = |source| StoreError::File { path: written.path.clone(), source };
        if written.size <= crate::blob::ONE_REQUEST {
            let bytes = Bytes::from(std::fs::read(&written.path).map_err(file)?);
            return self.create(path, bytes).await.map(drop);
        }
        if let Some(size) = self.size(path).await? {
            return match size == written.size && self.digest(path).await? == written.digest {
                true => Ok(()),
                false => Err(StoreError::Differs { path: path.to_string() }),
            };
        }
        self.upload(path, &written.path, &written.digest).await
    }
}
