//! A whole file: its encoding, its compression, its shape.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| ingest_fuzz::chat(bytes));
