//! The `eval` command.
fn main() {}
