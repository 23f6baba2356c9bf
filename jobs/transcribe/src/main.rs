//! The `transcribe` command.
fn main() {}
