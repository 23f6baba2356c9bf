//! What cannot be heard is refused in words; what is short or strange is not a crash.

use std::path::Path;

use asr::{AsrError, Recognizer, Timing, Vad};

use crate::{digest, model, recognizer};

#[test]
fn wrong_models_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let speech = model(&digest("tiny.en"));
    let cut = folder.path().join("cut.bin");
    let bytes = std::fs::read(&speech).expect("the model");
    std::fs::write(&cut, &bytes[..bytes.len() / 3]).expect("a file");
    let empty = folder.path().join("empty.bin");
    std::fs::write(&empty, b"").expect("a file");
    for path in [Path::new("/nowhere/model.bin"), &cut, &empty, folder.path()] {
        let error = Recognizer::load(path, "tiny.en", Timing::Precise, 1).expect_err("not a model");
        assert!(matches!(error, AsrError::Load { kind: "speech", .. }), "{error}");
    }
    for path in [Path::new("/nowhere/model.bin"), &empty] {
        let error = Vad::load(path).expect_err("not a model");
        assert!(matches!(error, AsrError::Load { kind: "voice activity", .. }), "{error}");
    }
    assert!(matches!(Recognizer::load(&speech, "huge", Timing::Precise, 1), Err(AsrError::Model { .. })));
}

#[test]
fn odd_input_is_refused_or_heard_as_nothing() {
    let recognizer = recognizer();
    assert_eq!(recognizer.recognize(&[], "en", None).expect("nothing").words, []);
    // Far below the 100 ms that whisper.cpp needs.
    assert!(recognizer.recognize(&[0.1; 7], "en", None).is_ok());
    let loud: Vec<f32> = (0..24_000).map(|at| if at % 2 == 0 { 1e9 } else { f32::NAN }).collect();
    assert!(recognizer.recognize(&loud, "en", None).is_ok());
    let long = vec![0.0; 480_001];
    assert!(matches!(recognizer.recognize(&long, "en", None), Err(AsrError::TooLong { limit_ms: 30_000, .. })));
    for language in ["de", "xx", "", "e\0n", "auto"] {
        let error = recognizer.recognize(&[0.0; 16_000], language, None).expect_err("an unknown language");
        assert!(matches!(error, AsrError::Language { .. }), "{language:?}: {error}");
    }
    // A prompt of any length is taken; of one that is too long, the end.
    assert!(recognizer.recognize(&[0.0; 16_000], "en", Some(&"🐉".repeat(8_000))).is_ok());
    assert_eq!(recognizer.used_of("Doug, Malenia."), "Doug, Malenia.");
    let prompt = format!("{}Doug, Malenia.", "many words before it ".repeat(200));
    let used = recognizer.used_of(&prompt);
    assert!(used.len() > 500 && used.len() < prompt.len() && prompt.ends_with(used), "{used}");
    assert!(["many ", "words ", "before ", "it "].iter().any(|word| used.starts_with(word)), "{used}");
    for odd in [
        "",
        "  ",
        "a\0b",
        "🐉🐉",
        &"🐉".repeat(8_000),
        &"\u{301}".repeat(3_000),
        &"a".repeat(30_000),
        &" ".repeat(30_000),
    ] {
        assert!(odd.ends_with(recognizer.used_of(odd)));
    }
    assert_eq!(recognizer.detect_language(&long[..16_000]).expect("a language"), ("en".to_owned(), 1.0));
}
