//! A whole file: its encoding, its compression, its shape; the same however many threads read it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| assert_eq!(ingest_fuzz::chat(bytes, 1), ingest_fuzz::chat(bytes, 3)));
