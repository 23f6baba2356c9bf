//! Fixtures, real servers and sample streams for tests.
//!
//! Everything here serves tests, so a missing real part is a panic that says how to get it: a test fails, it never
//! skips. Only [`sample::write`] is used outside tests, by the binary that makes the sample stream, and returns errors.

pub mod azure;
pub mod big_chat;
pub mod bin;
pub mod broadcast;
pub mod cutting;
pub mod models;
pub mod port;
pub mod process;
mod random;
pub mod recording;
pub mod s3;
pub mod sample;
mod temp_store;
pub mod twitch;
pub mod webdav;

pub use temp_store::TempStore;
