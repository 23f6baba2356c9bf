//! The `dataset` command.
fn main() {}
