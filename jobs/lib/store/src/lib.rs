//! Object store: layout, create-only commit, checked Parquet.
