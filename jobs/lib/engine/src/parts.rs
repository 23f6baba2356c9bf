//! A table as the union of the Parquet parts that committed runs name, and of no other file.
//!
//! A listing of the table's folder would also find the part of a run that never committed; so the parts come from the
//! manifests, with their sizes, and nothing is listed.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;

/// One Parquet file of a table.
pub(crate) struct Part {
    /// Object path in the store.
    pub(crate) path: String,
    /// Size, bytes.
    pub(crate) size: u64,
    /// The value of the table's first column in every row of this part.
    pub(crate) label: String,
}

/// A table over parts, with the column that tells them apart ahead of the declared ones.
pub(crate) struct Parts {
    schema: SchemaRef,
    file: SchemaRef,
    parts: Vec<Part>,
    objects: ObjectStoreUrl,
}

impl Parts {
    pub(crate) fn new(label: &str, file: SchemaRef, parts: Vec<Part>, objects: ObjectStoreUrl) -> Self {
        Self { schema: with_label(label, &file), file, parts, objects }
    }
}

/// `file` with the text column `label` ahead.
pub(crate) fn with_label(label: &str, file: &Schema) -> SchemaRef {
    let ahead = Arc::new(Field::new(label, DataType::Utf8, false));
    Arc::new(Schema::new(std::iter::once(ahead).chain(file.fields().iter().cloned()).collect::<Vec<_>>()))
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("parts", &self.parts.len()).finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for Parts {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns = self.file.fields().len();
        let wanted = projection.cloned().unwrap_or_else(|| (0..=columns).collect());
        if self.parts.is_empty() {
            return Ok(Arc::new(EmptyExec::new(Arc::new(self.schema.project(&wanted)?))));
        }
        // The label is the first column here; below, a column that is not in the file is the last one.
        let below = wanted.iter().map(|&index| if index == 0 { columns } else { index - 1 }).collect();
        let label = Arc::new(self.schema.field(0).clone());
        let source = ParquetSource::new(
            TableSchema::builder(Arc::clone(&self.file)).with_table_partition_cols(vec![label]).build(),
        );
        let config = FileScanConfigBuilder::new(self.objects.clone(), Arc::new(source))
            .with_file_groups(self.groups(state.config().target_partitions()))
            .with_projection_indices(Some(below))?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

impl Parts {
    /// The parts dealt out to at most `partitions` groups, in order.
    fn groups(&self, partitions: usize) -> Vec<FileGroup> {
        let size = self.parts.len().div_ceil(partitions.max(1));
        let group = |parts: &[Part]| {
            let files = parts.iter().map(|part| {
                PartitionedFile::new(part.path.clone(), part.size)
                    .with_partition_values(vec![ScalarValue::Utf8(Some(part.label.clone()))])
            });
            FileGroup::new(files.collect())
        };
        self.parts.chunks(size.max(1)).map(group).collect()
    }
}
