//! The `models` command.
fn main() {}
