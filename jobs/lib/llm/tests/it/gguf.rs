//! Damaged and hostile model files: refused, never a panic, never a wild allocation.

use llm::{DeviceChoice, Gguf, GgufError, Model};
use proptest::prelude::*;

use crate::tiny;

/// Reads everything a caller would read.
fn read(bytes: Vec<u8>) -> Result<(), String> {
    let gguf = Gguf::parse(bytes).map_err(|error| error.to_string())?;
    let _ = gguf.vocabulary();
    let config = gguf.config().map_err(|error| error.to_string())?;
    // The real limits allow models larger than a test should load.
    if config.layers * config.hidden * config.feed_forward < 1 << 24 {
        let compute = DeviceChoice::Cpu.open().expect("the CPU");
        Model::load(&gguf, &compute).map_err(|error| error.to_string())?;
    }
    Ok(())
}

#[test]
fn the_tiny_model_is_read_as_written() {
    let gguf = Gguf::parse(tiny::file()).expect("a readable file");
    let config = gguf.config().expect("a configuration");
    assert_eq!((config.hidden, config.vocabulary, config.layers), (tiny::HIDDEN, tiny::VOCABULARY, 2));
    assert_eq!((config.heads, config.kv_heads, config.head_size), (4, 2, 16));
    let vocabulary = gguf.vocabulary().expect("a vocabulary");
    assert_eq!(vocabulary.tokens[95], "t95");
    assert_eq!(vocabulary.merges, [("t".to_owned(), "1".to_owned())]);
    assert_eq!((vocabulary.bos, vocabulary.eos), (None, Some(2)));
    read(tiny::file()).expect("a loadable model");
}

#[test]
fn every_truncation_is_an_error() {
    let whole = tiny::file();
    for length in (0..whole.len()).step_by(97).chain(whole.len() - 64..whole.len() - 40) {
        assert!(read(whole[..length].to_vec()).is_err(), "cut at {length}");
    }
}

#[test]
fn announced_sizes_are_not_believed() {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend(0_u64.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(b"k\x09\0\0\0\x04\0\0\0");
    bytes.extend(u64::MAX.to_le_bytes());
    assert!(matches!(Gguf::parse(bytes), Err(GgufError::Truncated { .. })));
    assert!(matches!(Gguf::parse(b"GGML\x03\0\0\0".to_vec()), Err(GgufError::Magic { .. })));
    assert!(matches!(Gguf::parse(b"GGUF\x01\0\0\0".to_vec()), Err(GgufError::Version { found: 1 })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn mutated_files_never_panic(places in prop::collection::vec((0_usize..4000, any::<u8>()), 1..8)) {
        let mut bytes = tiny::file();
        for (place, value) in places {
            bytes[place] = value;
        }
        let _ = read(bytes);
    }

    #[test]
    fn arbitrary_bytes_never_panic(tail in prop::collection::vec(any::<u8>(), 0..512)) {
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend(tail);
        prop_assert!(read(bytes).is_err());
    }
}
