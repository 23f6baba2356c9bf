//! Ingest as its users meet it: exports of every kind, damaged ones, and the command over a real store.

mod clock;
mod command;
mod errors;
mod exports;
mod formats;
mod hostile;
mod interrupted;
mod memory;
mod readers;
mod remote;
mod round_trip;
mod twitch;
mod verifying;
