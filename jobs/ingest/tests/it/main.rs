//! Ingest as its users meet it: exports of every kind, damaged ones, and the command over a real store.

mod command;
mod errors;
mod exports;
mod hostile;
mod interrupted;
mod readers;
mod remote;
mod verifying;
