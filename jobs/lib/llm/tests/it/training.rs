//! The laws of training: right gradients, a falling loss, exact resumption, the same bytes on any number of threads.

use llm::{
    Adapter, Example, LoraConfig, Model, Sampling, TrainConfig, TrainError, Trainer, generate, logits,
    loss_and_gradients, token_nlls,
};

use crate::tiny;

fn lora() -> LoraConfig {
    LoraConfig { rank: 4, alpha: 8.0, seed: 7 }
}

fn settings() -> TrainConfig {
    TrainConfig {
        peak_lr: 1e-2,
        warmup_steps: 2,
        total_steps: 40,
        weight_decay: 0.01,
        betas: (0.9, 0.999),
        clip_norm: 1.0,
        min_lr_ratio: 0.1,
    }
}

/// Three examples of different lengths; prompt, then reply.
pub(crate) fn batch() -> Vec<Example> {
    let example = |length: u32, prompt: u32, step: u32| Example {
        ids: (0..length).map(|i| (i * step + 3) % tiny::VOCABULARY as u32).collect(),
        mask: (0..length).map(|i| i >= prompt).collect(),
    };
    vec![example(12, 5, 7), example(9, 8, 11), example(17, 3, 5)]
}

/// An adapter whose `B` is not zero, so that every tensor has a gradient.
pub(crate) fn warm_adapter(model: &Model) -> Adapter {
    let adapter = Adapter::init(model.config(), &lora(), model.compute()).expect("an adapter");
    let mut trainer = Trainer::new(model, adapter, settings()).expect("a trainer");
    trainer.step(&batch()).expect("a step");
    trainer.adapter().clone()
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let model = tiny::model();
    let adapter = warm_adapter(&model);
    let (loss, gradients) = loss_and_gradients(&model, &adapter, &batch()).expect("gradients");
    assert_eq!(gradients.len(), 2 * 14);

    // The loss of the whole batch is the mean over labelled tokens of every example on its own.
    let mut sum = 0.0;
    let mut labels = 0;
    for example in batch() {
        let nlls = token_nlls(&model, Some(&adapter), &example.ids, &example.mask).expect("likelihoods");
        sum += nlls.iter().map(|&nll| f64::from(nll)).sum::<f64>();
        labels += nlls.len();
    }
    assert!((loss - sum / labels as f64).abs() < 1e-5, "{loss} is not {}", sum / labels as f64);

    // Along each tensor's own gradient the loss rises by the gradient's norm; this checks every value at once.
    let bytes = adapter.to_safetensors();
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let mut names: Vec<&str> = file.names().into_iter().collect();
    names.sort_unstable();
    for name in names {
        let index = slot(name);
        let gradient = &gradients[index];
        let norm = gradient.iter().map(|&g| f64::from(g) * f64::from(g)).sum::<f64>().sqrt();
        assert!(norm > 1e-6, "{name}: gradient is zero");
        let moved = |distance: f64| {
            let tensors = file.iter().map(|(other, view)| {
                let mut data = view.data().to_vec();
                if other == name {
                    for (bytes, g) in data.chunks_exact_mut(4).zip(gradient) {
                        let value = f32::from_le_bytes(bytes.try_into().expect("four bytes"));
                        let value = f64::from(value) + distance * f64::from(*g) / norm;
                        bytes.copy_from_slice(&(value as f32).to_le_bytes());
                    }
                }
                (other.to_owned(), view.shape().to_vec(), data)
            });
            let tensors: Vec<_> = tensors.collect();
            let views = tensors.iter().map(|(name, shape, data)| {
                let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), data);
                (name.as_str(), view.expect("a view"))
            });
            let bytes = safetensors::serialize(views, None).expect("bytes");
            let adapter = Adapter::from_safetensors(&bytes, model.config(), &lora(), model.compute()).expect("one");
            loss_and_gradients(&model, &adapter, &batch()).expect("a loss").0
        };
        let distance = 0.01;
        let slope = (moved(distance) - moved(-distance)) / (2.0 * distance);
        assert!((slope - norm).abs() < 0.01 * norm + 2e-5, "{name}: slope {slope}, gradient {norm}");
    }
}

/// Where the gradient of a named tensor stands.
fn slot(name: &str) -> usize {
    let parts: Vec<&str> = name.split('.').collect();
    let layer: usize = parts[4].parse().expect("a layer");
    let order = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
    let linear = order.iter().position(|&linear| linear == parts[6]).expect("a linear");
    layer * 14 + linear * 2 + usize::from(parts[7] == "lora_B")
}

#[test]
fn the_loss_falls_and_the_adapter_answers_as_trained() {
    let model = tiny::model();
    let fresh = Adapter::init(model.config(), &lora(), model.compute()).expect("an adapter");
    let prompt = &batch()[0].ids[..5];
    let before = logits(&model, None, prompt).expect("logits");
    assert_eq!(logits(&model, Some(&fresh), prompt).expect("logits"), before, "a fresh adapter changes nothing");

    let mut trainer = Trainer::new(&model, fresh, settings()).expect("a trainer");
    let losses: Vec<f64> = (0..40).map(|_| trainer.step(&batch()).expect("a step").loss).collect();
    assert!(losses[39] < 0.3 * losses[0], "{losses:?}");

    let reply = &batch()[0].ids[5..];
    let sampling = Sampling::greedy(reply.len(), vec![]);
    let found = generate(&model, Some(trainer.adapter()), prompt, &sampling, &mut |_| true).expect("a reply");
    assert_eq!(found.ids, reply);
}

#[test]
fn a_resumed_run_has_the_bytes_of_an_unbroken_one() {
    let model = tiny::model();
    let start = || {
        let adapter = Adapter::init(model.config(), &lora(), model.compute()).expect("an adapter");
        Trainer::new(&model, adapter, settings()).expect("a trainer")
    };
    let mut whole = start();
    for _ in 0..4 {
        whole.step(&batch()).expect("a step");
    }
    let mut first = start();
    for _ in 0..2 {
        first.step(&batch()).expect("a step");
    }
    let mut second = Trainer::restore(&model, &first.state(), settings()).expect("the saved state");
    assert_eq!(second.state(), first.state());
    for _ in 0..2 {
        second.step(&batch()).expect("a step");
    }
    assert_eq!(second.steps(), 4);
    assert_eq!(second.state(), whole.state());
    assert_eq!(second.adapter().to_safetensors(), whole.adapter().to_safetensors());
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let model = tiny::model();
            let adapter = Adapter::init(model.config(), &lora(), model.compute()).expect("an adapter");
            let mut trainer = Trainer::new(&model, adapter, settings()).expect("a trainer");
            for _ in 0..3 {
                trainer.step(&batch()).expect("a step");
            }
            trainer.state()
        })
    };
    let one = run(1);
    assert!(run(2) == one && run(5) == one);
}

#[test]
fn any_machine_gives_the_same_bytes() {
    let model = tiny::model();
    let adapter = Adapter::init(model.config(), &lora(), model.compute()).expect("an adapter");
    let mut trainer = Trainer::new(&model, adapter, settings()).expect("a trainer");
    for _ in 0..3 {
        trainer.step(&batch()).expect("a step");
    }
    // FNV-1a: enough to notice a changed bit, and no dependency.
    let bytes = trainer.adapter().to_safetensors();
    let digest = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    assert_eq!(digest, 0xd836_d546_4226_a889, "changes only when the arithmetic of training changes: {digest:#018x}");
}

#[test]
fn an_adapter_file_is_checked_and_keeps_its_bytes() {
    let model = tiny::model();
    let adapter = warm_adapter(&model);
    let bytes = adapter.to_safetensors();
    let read =
        |bytes: &[u8], lora: &LoraConfig| Adapter::from_safetensors(bytes, model.config(), lora, model.compute());
    assert_eq!(read(&bytes, &lora()).expect("the adapter").to_safetensors(), bytes);
    assert!(read(&bytes, &LoraConfig { rank: 8, ..lora() }).is_err(), "another rank");
    assert!(read(&bytes[..bytes.len() - 4], &lora()).is_err(), "cut short");
    assert!(read(b"", &lora()).is_err(), "empty");
    let mut broken = bytes.clone();
    let end = broken.len();
    broken[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(read(&broken, &lora()).is_err(), "not a number");

    let config: serde_json::Value =
        serde_json::from_str(&Adapter::config_json(&lora(), "base")).expect("adapter_config.json is JSON");
    assert_eq!((&config["r"], &config["lora_alpha"]), (&4.into(), &8.into()));
}

#[test]
fn what_cannot_be_trained_is_refused_and_changes_nothing() {
    let model = tiny::model();
    let mut trainer = Trainer::new(&model, warm_adapter(&model), settings()).expect("a trainer");
    let before = trainer.state();
    let good = batch().remove(0);
    let mut check = |batch: &[Example], what: &str| {
        assert!(trainer.step(batch).is_err(), "{what}");
        assert_eq!(trainer.state(), before, "{what}");
    };
    check(&[], "no examples");
    check(&[Example { mask: vec![false; 12], ..good.clone() }], "no labels");
    check(&[Example { mask: vec![true; 12], ..good.clone() }], "the first token as a label");
    check(&[Example { ids: vec![96; 12], ..good.clone() }], "a token outside the vocabulary");
    check(&[Example { ids: vec![1; 200], mask: vec![false; 200] }], "longer than the context");

    let other = Adapter::init(model.config(), &LoraConfig { rank: 0, ..lora() }, model.compute());
    assert!(other.is_err());
    let wrong = TrainConfig { peak_lr: -1.0, ..settings() };
    assert!(matches!(
        Trainer::new(&model, warm_adapter(&model), wrong),
        Err(TrainError::Setting { name: "peak_lr", .. })
    ));
}
