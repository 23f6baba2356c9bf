//! Token ids against a reference implementation, and what the tokenizer refuses.

use prompt::{PromptError, Tokenizer, Vocabulary, normalise};
use proptest::prelude::*;

use crate::{RENDERER, bytes_only};

/// Texts and the ids llama.cpp gives them with special-token parsing off (cyllama 0.2.18, ggml b64739e).
const REFERENCE: &str = include_str!("../smollm2_tokens.json");

#[derive(serde::Deserialize)]
struct Row {
    text: String,
    ids: Vec<u32>,
}

#[test]
fn ids_are_those_of_the_reference() {
    let rows: Vec<Row> = serde_json::from_str(REFERENCE).unwrap();
    assert_eq!(rows.len(), 23);
    for Row { text, ids } in rows {
        assert_eq!(RENDERER.tokenizer().encode(&text).unwrap(), ids, "{text:?}");
        assert_eq!(RENDERER.tokenizer().decode(&ids), text);
    }
}

#[test]
fn control_tokens_come_by_name_only() {
    let tokenizer = RENDERER.tokenizer();
    assert_eq!(tokenizer.control("<|im_end|>"), Some(2));
    assert_eq!(tokenizer.control("hello"), None);
    let ids = tokenizer.encode("<|im_end|>").unwrap();
    assert!(!ids.contains(&2) && ids.len() > 1, "{ids:?}");
    assert_eq!(tokenizer.decode(&ids), "<|im_end|>");
    assert_eq!(tokenizer.decode(&[1, 2, 49_151, 49_152, u32::MAX]), tokenizer.decode(&[49_151]));
}

#[test]
fn what_has_no_token_becomes_a_visible_mark() {
    let tokenizer = RENDERER.tokenizer();
    let check = |text, expect| assert_eq!(tokenizer.decode(&tokenizer.encode(text).unwrap()), expect);
    check("a\u{4}b", "a\u{FFFD}b");
    check("\u{50000}", "\u{FFFD}");
    check("\u{1F600}", "\u{1F600}");
}

/// Changes the small vocabulary and expects a refusal that says `reason`.
fn check(change: impl FnOnce(&mut Vocabulary), reason: &str) {
    let mut vocabulary = bytes_only();
    change(&mut vocabulary);
    let error = Tokenizer::new(&vocabulary).unwrap_err();
    assert!(error.to_string().contains(reason), "{error} should say {reason}");
}

#[test]
fn contradictions_are_refused() {
    assert_eq!(Tokenizer::new(&bytes_only()).unwrap().encode("ab ba").unwrap(), [256, 32, 98, 97]);
    check(|v| v.tokens.clear(), "0 tokens");
    check(|v| v.control.push(259), "special token 259");
    check(|v| v.bos = Some(u32::MAX), "special token 4294967295");
    check(|v| v.eos = Some(259), "special token 259");
    check(|v| v.tokens[256] = "a".to_owned(), "\"a\" stands in it twice");
    check(|v| v.tokens[65] = "AA".to_owned(), "0x41");
    check(|v| v.merges.push(("x".to_owned(), "y".to_owned())), "merge rules");
    check(|v| v.merges.push(("<|im_end|>".to_owned(), "a".to_owned())), "merge rules");
    check(|v| v.pre_tokenizer = "bert".to_owned(), "\"bert\"");
}

#[test]
fn a_merge_can_never_make_a_control_token() {
    // A hostile model file: its merges build a control token out of letters.
    let hostile = Vocabulary { control: vec![256, 257, 258], ..bytes_only() };
    assert!(matches!(Tokenizer::new(&hostile), Err(PromptError::Merges(_))));
}

#[test]
fn the_digest_covers_the_whole_vocabulary() {
    let digest = |change: fn(&mut Vocabulary)| {
        let mut vocabulary = bytes_only();
        change(&mut vocabulary);
        Tokenizer::new(&vocabulary).unwrap().digest()
    };
    let changes: [fn(&mut Vocabulary); 8] = [
        |_| {},
        |v| v.tokens.push("zz".to_owned()),
        |v| v.merges.clear(),
        |v| v.pre_tokenizer = "smollm".to_owned(),
        |v| v.control.truncate(1),
        |v| v.bos = Some(257),
        |v| v.eos = None,
        |v| v.add_bos = true,
    ];
    let digests: std::collections::BTreeSet<_> = changes.map(digest).into();
    assert_eq!(digests.len(), changes.len());
    assert_eq!(digest(|_| {}), digest(|v| v.control.reverse()), "the order of control tokens means nothing");
}

#[test]
fn every_family_gives_its_text_back() {
    for family in ["smollm", "gpt-2", "llama-bpe", "qwen2"] {
        let tokenizer = Tokenizer::new(&Vocabulary { pre_tokenizer: family.to_owned(), ..bytes_only() }).unwrap();
        let text = "I'LL be 12345!\r\n  ab\tcafé 👏 ";
        assert_eq!(tokenizer.decode(&tokenizer.encode(text).unwrap()), text, "{family}");
    }
}

proptest! {
    #[test]
    fn text_comes_back_and_is_never_control(text in "(<\\|im_(start|end)\\|>|<\\|endoftext\\|>|\\PC|[\\x00-\\x7F]|[ '0-9])*") {
        let tokenizer = RENDERER.tokenizer();
        let text = normalise(&text);
        let ids = tokenizer.encode(&text).unwrap();
        prop_assert!(ids.iter().all(|&id| id > 16), "{ids:?}");
        prop_assert_eq!(tokenizer.decode(&ids), text);
    }

    #[test]
    fn any_text_is_survived(text in any::<String>(), ids in any::<Vec<u32>>()) {
        RENDERER.tokenizer().encode(&text).unwrap();
        RENDERER.tokenizer().decode(&ids);
    }

    #[test]
    fn any_vocabulary_is_survived(
        tokens in proptest::collection::vec("\\PC{0,3}", 0..20),
        merges in proptest::collection::vec(("[abc]{0,2}", "[abc]{0,2}"), 0..4),
        special in proptest::collection::vec(0_u32..300, 0..4),
        text in "\\PC{0,20}",
    ) {
        let mut vocabulary = bytes_only();
        vocabulary.tokens.extend(tokens);
        vocabulary.merges.extend(merges);
        vocabulary.control.extend(special);
        if let Ok(tokenizer) = Tokenizer::new(&vocabulary) {
            let decoded = tokenizer.decode(&tokenizer.encode(&text).unwrap());
            prop_assert_eq!(decoded.chars().count(), text.chars().count());
            for (came, given) in decoded.chars().zip(text.chars()) {
                // A control token over a byte takes that byte, and with it every character it is part of.
                let lost = given.to_string().bytes().any(|byte| vocabulary.control.contains(&u32::from(byte)));
                prop_assert!(came == given || lost && came == char::REPLACEMENT_CHARACTER, "{given:?} became {came:?}");
            }
        }
    }
}
