//! SmolLM2-135M-Instruct against the logits and the greedy text of another engine running the same weights in single
//! precision (`smollm2_f32.json`).

use std::path::PathBuf;

use llm::{DeviceChoice, Gguf, Model, Sampling, StopReason, generate, logits, token_nlls};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    model_sha256: String,
    prompts: Vec<Prompt>,
    greedy: Greedy,
}

#[derive(Deserialize)]
struct Prompt {
    ids: Vec<u32>,
    top5: Vec<(u32, f32)>,
}

#[derive(Deserialize)]
struct Greedy {
    ids: Vec<u32>,
    continuation: Vec<u32>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("smollm2_f32.json")).expect("the fixture is JSON")
}

/// The real model; its absence fails the test.
fn smollm2(reference: &Reference) -> (Gguf, Model) {
    let cache = std::env::var_os("DOUGPT_MODEL_CACHE").map(PathBuf::from).unwrap_or_else(|| {
        let home = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = home.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
        home.expect("HOME is set").join("dougpt/models")
    });
    let path = cache.join(&reference.model_sha256);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; run `ci/models` first", path.display());
    });
    let gguf = Gguf::parse(bytes).expect("a readable model");
    let model = Model::load(&gguf, &DeviceChoice::Cpu.open().expect("the CPU")).expect("a loadable model");
    (gguf, model)
}

#[test]
fn smollm2_has_the_logits_and_the_greedy_text_of_the_reference() {
    let reference = reference();
    let (gguf, model) = smollm2(&reference);

    let vocabulary = gguf.vocabulary().expect("a vocabulary");
    assert_eq!((vocabulary.tokens.len(), vocabulary.merges.len()), (49_152, 48_900));
    assert_eq!((vocabulary.bos, vocabulary.eos, vocabulary.add_bos), (Some(1), Some(2), false));
    assert_eq!(vocabulary.pre_tokenizer, "smollm");
    assert!(vocabulary.control.contains(&1) && vocabulary.control.contains(&2));

    for (index, prompt) in reference.prompts.iter().enumerate() {
        let found = logits(&model, None, &prompt.ids).expect("logits");
        let mut order: Vec<u32> = (0..found.len() as u32).collect();
        order.sort_by(|a, b| found[*b as usize].total_cmp(&found[*a as usize]));
        for (place, &(id, expected)) in prompt.top5.iter().enumerate() {
            let difference = (found[id as usize] - expected).abs();
            assert!(difference < 2e-3, "prompt {index}: logit of {id} is {}, not {expected}", found[id as usize]);
            assert_eq!(order[place], id, "prompt {index}: place {place}");
        }
    }

    // Through the cache.
    let mut streamed = Vec::new();
    let sampling = Sampling::greedy(reference.greedy.continuation.len(), Vec::new());
    let generated = generate(&model, None, &reference.greedy.ids, &sampling, &mut |id| {
        streamed.push(id);
        true
    })
    .expect("a continuation");
    assert_eq!(generated.ids, reference.greedy.continuation);
    assert_eq!(streamed, generated.ids);
    assert_eq!(generated.reason, StopReason::Length);

    // In one pass without it: the reference continuation is the argmax after every prefix if and only if each of its
    // tokens is likelier than any other, which the last logits and the likelihoods together show.
    let whole = [&reference.greedy.ids[..], &reference.greedy.continuation].concat();
    for length in [reference.greedy.ids.len(), whole.len() - 24, whole.len() - 1] {
        let found = logits(&model, None, &whole[..length]).expect("logits");
        let best = found.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).expect("logits").0;
        assert_eq!(best as u32, whole[length], "after {length} tokens");
    }

    // Likelihoods on labelled tokens only are those of the full softmax.
    let mask: Vec<bool> = (0..whole.len()).map(|index| index >= whole.len() - 5).collect();
    let nlls = token_nlls(&model, None, &whole, &mask).expect("likelihoods");
    for (nll, length) in nlls.iter().zip(whole.len() - 5..) {
        let found = logits(&model, None, &whole[..length]).expect("logits");
        let largest = f64::from(found.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let total: f64 = found.iter().map(|&logit| (f64::from(logit) - largest).exp()).sum();
        let expected = total.ln() + largest - f64::from(found[whole[length] as usize]);
        assert!((f64::from(*nll) - expected).abs() < 1e-4, "token {length}: {nll} is not {expected}");
    }
}
