//! Playlists of both kinds, as usher and the content network send them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| ingest::fuzzing::playlist(bytes));
