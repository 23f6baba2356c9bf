//! Datasets from rows and from stores: laws, names, the command from runs to files.

mod command;
mod laws;
mod rows;
mod sample;
