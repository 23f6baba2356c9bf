//! What a GPU would run agrees with the kernels of the CPU, on logits, generation and gradients.

use llm::{Adapter, Compute, LoraConfig, Sampling, generate, logits, loss_and_gradients};

use crate::{tiny, training};

fn close(name: &str, left: &[f32], right: &[f32]) {
    assert_eq!(left.len(), right.len(), "{name}");
    let largest = left.iter().fold(1e-3_f32, |largest, value| largest.max(value.abs()));
    for (index, (left, right)) in left.iter().zip(right).enumerate() {
        assert!((left - right).abs() < 1e-4 * largest, "{name}[{index}]: {left} and {right}");
    }
}

#[test]
fn tensor_operations_agree_with_the_kernels() {
    let kernels = tiny::model();
    let tensors = tiny::model_on(&Compute::tensor_operations());
    let adapter = training::warm_adapter(&kernels);
    let bytes = adapter.to_safetensors();
    let lora: &LoraConfig = adapter.config();
    let moved = Adapter::from_safetensors(&bytes, tensors.config(), lora, tensors.compute()).expect("the adapter");

    let ids: Vec<u32> = (0..23).map(|i| i * 4 + 1).collect();
    let found = logits(&tensors, Some(&moved), &ids).expect("logits");
    close("logits", &logits(&kernels, Some(&adapter), &ids).expect("logits"), &found);

    let sampling = Sampling::greedy(12, vec![]);
    let expected = generate(&kernels, Some(&adapter), &ids, &sampling, &mut |_| true).expect("a continuation");
    let found = generate(&tensors, Some(&moved), &ids, &sampling, &mut |_| true).expect("a continuation");
    assert_eq!(found, expected);

    let (loss, expected) = loss_and_gradients(&kernels, &adapter, &training::batch()).expect("gradients");
    let (found_loss, found) = loss_and_gradients(&tensors, &moved, &training::batch()).expect("gradients");
    assert!((loss - found_loss).abs() < 1e-5);
    for (index, (expected, found)) in expected.iter().zip(&found).enumerate() {
        close(&format!("gradient {index}"), expected, found);
    }
}
