//! The Azure Blob server tests run against: a real one, started by `ci/azure run -- COMMAND`.

use std::env;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// A store of its own in the test server's container, as `--store` takes it: `azblob://CONTAINER/PREFIX/...`. No two
/// calls get the same prefix.
///
/// `ci/azure run -- COMMAND` sets `DOUGPT_TEST_AZURE` to `azblob://CONTAINER/PREFIX`, and the variables the store reads:
/// `AZURE_STORAGE_ENDPOINT`, `AZURE_STORAGE_ACCOUNT_NAME`, `AZURE_STORAGE_ACCOUNT_KEY`.
///
/// # Panics
/// When one of them is missing.
pub fn store(test: &str) -> String {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    for name in ["AZURE_STORAGE_ENDPOINT", "AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY"] {
        variable(name);
    }
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    format!("{}/{test}-{}-{call}", variable("DOUGPT_TEST_AZURE"), process::id())
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the test under `ci/azure run -- COMMAND`"))
}
