//! The S3 server tests run against: a real one, started by `ci/s3 run -- COMMAND`.

use std::env;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// A store of its own in the test server's bucket, as `--store` takes it: `s3://BUCKET/PREFIX/...`. No two calls get the
/// same prefix.
///
/// `ci/s3 run -- COMMAND` sets `DOUGPT_TEST_S3` to `s3://BUCKET/PREFIX`, and the variables every S3 client reads: `AWS_ENDPOINT`,
/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ALLOW_HTTP`. They pass to the jobs a test starts.
///
/// # Panics
/// When one of the first four variables is missing.
pub fn store(test: &str) -> String {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let bucket = variable("DOUGPT_TEST_S3");
    assert!(
        bucket.starts_with("s3://"),
        "DOUGPT_TEST_S3 is {bucket}, which is no s3:// URL: run the test under `ci/s3 run -- COMMAND`"
    );
    for name in ["AWS_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        variable(name);
    }
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    format!("{}/{test}-{}-{call}", bucket.trim_end_matches('/'), process::id())
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the test under `ci/s3 run -- COMMAND`"))
}
