//! The `ingest` command.
fn main() {}
