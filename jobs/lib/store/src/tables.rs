//! Table parts: rows as Parquet with pinned settings, read back against digest and schema.

use std::panic::AssertUnwindSafe;

use bytes::Bytes;
use ids::{Digest, RunId};
use manifest::TableOutput;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use schemas::Row;

use crate::{Store, StoreError, layout};

/// Rows in one row group. Part of the bytes of every table: changing it changes every digest.
pub(crate) const ROW_GROUP: usize = 65_536;

/// No part may be larger: 8 GiB.
pub(crate) const LIMIT: u64 = 8 << 30;

/// The one way Parquet is written here: no times, no version of this program, fixed compression and row groups.
pub(crate) fn properties() -> Result<WriterProperties, ParquetError> {
    Ok(WriterProperties::builder()
        .set_created_by("dougpt".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .build())
}

/// `rows` as the bytes of a Parquet file.
pub(crate) fn encode<R: Row>(rows: &[R], path: &str) -> Result<Bytes, StoreError> {
    let parquet = |source| StoreError::Parquet { path: path.to_owned(), source };
    let mut writer =
        ArrowWriter::try_new(Vec::new(), R::TABLE.schema(), Some(properties().map_err(parquet)?)).map_err(parquet)?;
    for chunk in rows.chunks(ROW_GROUP) {
        let batch = R::to_batch(chunk).map_err(|source| StoreError::Schema { path: path.to_owned(), source })?;
        writer.write(&batch).map_err(parquet)?;
    }
    Ok(Bytes::from(writer.into_inner().map_err(parquet)?))
}

/// The rows in the bytes of a Parquet file.
pub(crate) fn decode<R: Row>(bytes: Bytes, path: &str) -> Result<Vec<R>, StoreError> {
    // The Parquet library asserts some of what a forged footer can break (negative offsets, for one). Such a panic is
    // the file's fault and becomes its error; nothing of ours is left half-changed by it.
    let decoded = std::panic::catch_unwind(AssertUnwindSafe(|| decode_trusting(bytes, path)));
    decoded.unwrap_or_else(|_| {
        let source = ParquetError::General("the metadata contradicts itself".to_owned());
        Err(StoreError::Parquet { path: path.to_owned(), source })
    })
}

fn decode_trusting<R: Row>(bytes: Bytes, path: &str) -> Result<Vec<R>, StoreError> {
    let parquet = |source| StoreError::Parquet { path: path.to_owned(), source };
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(parquet)?.build().map_err(parquet)?;
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.map_err(|error| parquet(ParquetError::ArrowError(error.to_string())))?;
        rows.extend(R::from_batch(&batch).map_err(|source| StoreError::Schema { path: path.to_owned(), source })?);
    }
    Ok(rows)
}

impl Store {
    /// Writes `rows` as the part of `run`.
    pub(crate) async fn put_table<R: Row>(&self, run: &RunId, rows: &[R]) -> Result<TableOutput, StoreError> {
        let path = layout::table_part(R::TABLE, run);
        let bytes = encode(rows, path.as_ref())?;
        let output = TableOutput {
            table: R::TABLE.name.to_owned(),
            version: R::TABLE.version,
            path: path.to_string(),
            rows: rows.len() as u64,
            size: bytes.len() as u64,
            digest: Digest::of(&bytes),
        };
        self.create(&path, bytes).await?;
        Ok(output)
    }

    /// The rows of a table part, checked against the digest in its manifest.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Damaged`], [`StoreError::Schema`], or the backend's failure.
    pub async fn read_table<R: Row>(&self, output: &TableOutput) -> Result<Vec<R>, StoreError> {
        let path = object_store::path::Path::from(output.path.as_str());
        let bytes = self.get(&path, LIMIT).await?;
        let found = Digest::of(&bytes);
        if found != output.digest {
            return Err(StoreError::Damaged { path: output.path.clone(), expected: output.digest, found });
        }
        decode(bytes, &output.path)
    }
}
