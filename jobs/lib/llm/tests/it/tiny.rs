//! Tiny random Llama models in GGUF, written here so that the reader under test is not its own witness.

use llm::{Compute, DeviceChoice, Gguf, Model};

pub(crate) const HIDDEN: usize = 64;
pub(crate) const VOCABULARY: usize = 96;
const FEED_FORWARD: usize = 96;
const LAYERS: usize = 2;
const HEADS: u32 = 4;
const KV_HEADS: u32 = 2;
const HEAD_SIZE: usize = HIDDEN / HEADS as usize;

/// A number generator for weights; nothing else needs to know it.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

#[derive(Default)]
struct Writer {
    metadata: Vec<u8>,
    keys: u64,
    table: Vec<u8>,
    tensors: u64,
    data: Vec<u8>,
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

impl Writer {
    fn key(&mut self, key: &str, kind: u32, value: &[u8]) {
        text(&mut self.metadata, key);
        self.metadata.extend(kind.to_le_bytes());
        self.metadata.extend(value);
        self.keys += 1;
    }

    fn string(&mut self, key: &str, value: &str) {
        let mut bytes = Vec::new();
        text(&mut bytes, value);
        self.key(key, 8, &bytes);
    }

    fn strings(&mut self, key: &str, values: &[String]) {
        let mut bytes = 8_u32.to_le_bytes().to_vec();
        bytes.extend((values.len() as u64).to_le_bytes());
        for value in values {
            text(&mut bytes, value);
        }
        self.key(key, 9, &bytes);
    }

    fn number(&mut self, key: &str, value: u32) {
        self.key(key, 4, &value.to_le_bytes());
    }

    fn tensor(&mut self, name: &str, dimensions: &[usize], kind: u32, data: &[u8]) {
        text(&mut self.table, name);
        self.table.extend((dimensions.len() as u32).to_le_bytes());
        for &dimension in dimensions {
            self.table.extend((dimension as u64).to_le_bytes());
        }
        self.table.extend(kind.to_le_bytes());
        self.table.extend((self.data.len() as u64).to_le_bytes());
        self.data.extend(data);
        self.data.resize(self.data.len().next_multiple_of(32), 0);
        self.tensors += 1;
    }

    fn finish(self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(3_u32.to_le_bytes());
        out.extend(self.tensors.to_le_bytes());
        out.extend(self.keys.to_le_bytes());
        out.extend(self.metadata);
        out.extend(self.table);
        out.resize(out.len().next_multiple_of(32), 0);
        out.extend(self.data);
        out
    }
}

/// Random weights of about unit gain, in Q8_0 (`kind` 8) or Q4_1 (3).
fn weights(random: &mut Random, rows: usize, columns: usize, kind: u32) -> Vec<u8> {
    let half = |value: f32| half::f16::from_f32(value).to_le_bytes();
    let gain = 1.0 / (columns as f32).sqrt();
    let mut out = Vec::new();
    for _ in 0..rows * columns / 32 {
        let codes: Vec<u8> = (0..32).map(|_| random.next() as u8).collect();
        match kind {
            8 => {
                out.extend(half(gain / 74.0));
                out.extend(&codes);
            }
            _ => {
                out.extend(half(gain / 4.6));
                out.extend(half(-7.5 * gain / 4.6));
                out.extend(&codes[..16]);
            }
        }
    }
    out
}

/// A model file of two layers.
pub(crate) fn file() -> Vec<u8> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut out = Writer::default();
    out.string("general.architecture", "llama");
    out.number("llama.block_count", LAYERS as u32);
    out.number("llama.context_length", 128);
    out.number("llama.embedding_length", HIDDEN as u32);
    out.number("llama.feed_forward_length", FEED_FORWARD as u32);
    out.number("llama.attention.head_count", HEADS);
    out.number("llama.attention.head_count_kv", KV_HEADS);
    out.number("llama.rope.dimension_count", HEAD_SIZE as u32);
    out.key("llama.attention.layer_norm_rms_epsilon", 6, &1e-5_f32.to_le_bytes());
    out.key("llama.rope.freq_base", 6, &10_000_f32.to_le_bytes());
    out.string("tokenizer.ggml.model", "gpt2");
    out.string("tokenizer.ggml.pre", "smollm");
    out.strings("tokenizer.ggml.tokens", &(0..VOCABULARY).map(|id| format!("t{id}")).collect::<Vec<_>>());
    out.strings("tokenizer.ggml.merges", &["t 1".to_owned()]);
    out.number("tokenizer.ggml.eos_token_id", 2);
    let kv = KV_HEADS as usize * HEAD_SIZE;
    let embedding = weights(&mut random, VOCABULARY, HIDDEN, 8);
    out.tensor("token_embd.weight", &[HIDDEN, VOCABULARY], 8, &embedding);
    let norm = |random: &mut Random| -> Vec<u8> {
        (0..HIDDEN).flat_map(|_| (1.0 + 0.2 * random.unit()).to_le_bytes()).collect()
    };
    for layer in 0..LAYERS {
        for (name, rows, columns) in [
            ("attn_q", HIDDEN, HIDDEN),
            ("attn_k", kv, HIDDEN),
            ("attn_v", kv, HIDDEN),
            ("attn_output", HIDDEN, HIDDEN),
            ("ffn_gate", FEED_FORWARD, HIDDEN),
            ("ffn_up", FEED_FORWARD, HIDDEN),
            ("ffn_down", HIDDEN, FEED_FORWARD),
        ] {
            let data = weights(&mut random, rows, columns, 3);
            out.tensor(&format!("blk.{layer}.{name}.weight"), &[columns, rows], 3, &data);
        }
        for name in ["attn_norm", "ffn_norm"] {
            out.tensor(&format!("blk.{layer}.{name}.weight"), &[HIDDEN], 0, &norm(&mut random));
        }
    }
    out.tensor("output_norm.weight", &[HIDDEN], 0, &norm(&mut random));
    out.finish()
}

/// The model of [`file`] on the CPU.
pub(crate) fn model() -> Model {
    model_on(&DeviceChoice::Cpu.open().expect("the CPU"))
}

/// The model of [`file`] on a device.
pub(crate) fn model_on(compute: &Compute) -> Model {
    let gguf = Gguf::parse(file()).expect("a readable file");
    Model::load(&gguf, compute).expect("a loadable model")
}
