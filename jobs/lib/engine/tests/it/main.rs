//! The engine over stores and rows, and every SQL file on cases that pass and cases that do not.

mod engine;
mod slt;
mod tables;
