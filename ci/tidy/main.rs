//! The rules of the repository as tests: who may depend on whom, and what every file looks like.

mod dependencies;
mod files;
