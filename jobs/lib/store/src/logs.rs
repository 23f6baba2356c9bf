//! Logs: Parquet files that grow by whole files, one server's after another.

use ids::Name;
use object_store::path::Path;
use schemas::InferLog;

use crate::objects::Created;
use crate::{Store, StoreError, tables};

/// No log file may be larger: 1 GiB.
const LIMIT: u64 = 1 << 30;

impl Store {
    /// Writes `rows` as the next log file of `server` on `day` (`YYYY-MM-DD`).
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn append_infer_log(&self, day: &str, server: &Name, rows: &[InferLog]) -> Result<String, StoreError> {
        let folder = Path::from(format!("logs/infer/date={day}"));
        let prefix = format!("{server}-");
        let taken = self.files(&folder).await?;
        let numbers =
            taken.iter().filter_map(|file| file.strip_prefix(&prefix)?.strip_suffix(".parquet")?.parse::<u64>().ok());
        let mut number = numbers.max().map_or(1, |number| number + 1);
        loop {
            // Fixed width, so that the order of names is the order of writing.
            let path = Path::from(format!("{folder}/{prefix}{number:08}.parquet"));
            let bytes = tables::encode(rows, path.as_ref())?;
            if self.try_create(&path, bytes).await? == Created::New {
                return Ok(path.to_string());
            }
            number += 1;
        }
    }

    /// Every logged row, by file name and then in the order written.
    ///
    /// # Errors
    /// When a file cannot be read as the table `infer_log`.
    pub async fn infer_log(&self) -> Result<Vec<InferLog>, StoreError> {
        let mut rows = Vec::new();
        for (path, _) in self.list("logs/infer").await? {
            let bytes = self.get(&Path::from(path.as_str()), LIMIT).await?;
            rows.extend(tables::decode::<InferLog>(bytes, &path)?);
        }
        Ok(rows)
    }
}
