//! Low-rank adapters (LoRA, Hu et al. 2021): for each linear `y = x W^T + (alpha / rank) (x A^T) B^T`, where only `A`
//! and `B` are trained.

use burn::tensor::{Device, Tensor, TensorData};
use rand::RngCore;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::Serialize;
use thiserror::Error;

use crate::config::ModelConfig;
use crate::device::Compute;

const MAX_RANK: usize = 1024;

/// The seven linears of a layer, in the order an adapter stores them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linear {
    /// Queries of the attention.
    Query,
    /// Keys of the attention.
    Key,
    /// Values of the attention.
    Value,
    /// Output of the attention.
    Output,
    /// Gate of the feed-forward block.
    Gate,
    /// Input of the feed-forward block.
    Up,
    /// Output of the feed-forward block.
    Down,
}

impl Linear {
    /// All seven.
    pub const ALL: [Linear; 7] =
        [Linear::Query, Linear::Key, Linear::Value, Linear::Output, Linear::Gate, Linear::Up, Linear::Down];

    /// Name inside a layer, as Hugging Face and PEFT write it.
    pub fn peft_name(self) -> &'static str {
        match self {
            Linear::Query => "self_attn.q_proj",
            Linear::Key => "self_attn.k_proj",
            Linear::Value => "self_attn.v_proj",
            Linear::Output => "self_attn.o_proj",
            Linear::Gate => "mlp.gate_proj",
            Linear::Up => "mlp.up_proj",
            Linear::Down => "mlp.down_proj",
        }
    }

    /// Name inside a block, as GGUF writes it.
    pub fn gguf_name(self) -> &'static str {
        match self {
            Linear::Query => "attn_q",
            Linear::Key => "attn_k",
            Linear::Value => "attn_v",
            Linear::Output => "attn_output",
            Linear::Gate => "ffn_gate",
            Linear::Up => "ffn_up",
            Linear::Down => "ffn_down",
        }
    }

    /// Outputs and inputs in a model of this configuration.
    pub fn shape(self, config: &ModelConfig) -> (usize, usize) {
        let (heads, kv) = (config.heads * config.head_size, config.kv_heads * config.head_size);
        match self {
            Linear::Query => (heads, config.hidden),
            Linear::Key | Linear::Value => (kv, config.hidden),
            Linear::Output => (config.hidden, heads),
            Linear::Gate | Linear::Up => (config.feed_forward, config.hidden),
            Linear::Down => (config.hidden, config.feed_forward),
        }
    }
}

/// How an adapter is made.
#[derive(Debug, Clone, PartialEq)]
pub struct LoraConfig {
    /// Inner width of each pair, 1 to 1024.
    pub rank: usize,
    /// The adapter's output is multiplied by `alpha / rank`.
    pub alpha: f32,
    /// Seeds the initial `A`.
    pub seed: u64,
}

/// Why an adapter cannot be made or read.
#[derive(Debug, Error)]
pub enum AdapterError {
    /// A rank or alpha outside its range.
    #[error("adapter setting {name} = {found} is not usable; {expected}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        found: f64,
        /// What it should be.
        expected: &'static str,
    },
    /// The bytes are not a safetensors file.
    #[error("the adapter is not a readable safetensors file; train it again")]
    Format(#[source] safetensors::SafeTensorError),
    /// A tensor is missing, or has the wrong shape or element type.
    #[error(
        "adapter tensor `{name}` is missing or is not F32 of shape {expected:?}; was it trained on another base or rank?"
    )]
    Tensor {
        /// The tensor's name.
        name: String,
        /// The shape it should have.
        expected: Vec<usize>,
    },
    /// A tensor nobody asked for.
    #[error("the adapter holds {found} tensors where {expected} belong; was it trained on another base?")]
    Strangers {
        /// Tensors in the file.
        found: usize,
        /// Tensors an adapter of this model has.
        expected: usize,
    },
    /// A weight that is infinite or not a number.
    #[error("adapter tensor `{name}` holds a value that is not finite; train it again")]
    NotFinite {
        /// The tensor's name.
        name: String,
    },
}

/// `A` `[rank, inputs]` and `B` `[outputs, rank]` of one linear.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) a: Tensor<2>,
    pub(crate) b: Tensor<2>,
}

/// `A` and `B` for all seven linears of every layer, in single precision.
#[derive(Debug, Clone)]
pub struct Adapter {
    pub(crate) config: LoraConfig,
    pub(crate) layers: Vec<[Pair; 7]>,
}

/// Name and shape of one adapter tensor.
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) shape: [usize; 2],
}

fn peft_name(layer: usize, linear: Linear, side: &str) -> String {
    format!("base_model.model.model.layers.{layer}.{}.lora_{side}.weight", linear.peft_name())
}

/// Every tensor of an adapter: layer by layer, linear by linear, `A` before `B`. All code that walks an adapter walks
/// it in this order.
pub(crate) fn slots(model: &ModelConfig, rank: usize) -> impl Iterator<Item = Slot> + '_ {
    (0..model.layers).flat_map(move |layer| {
        Linear::ALL.into_iter().flat_map(move |linear| {
            let (outputs, inputs) = linear.shape(model);
            [
                Slot { name: peft_name(layer, linear, "A"), shape: [rank, inputs] },
                Slot { name: peft_name(layer, linear, "B"), shape: [outputs, rank] },
            ]
        })
    })
}

impl LoraConfig {
    pub(crate) fn check(&self) -> Result<(), AdapterError> {
        if self.rank == 0 || self.rank > MAX_RANK {
            let expected = "use a rank from 1 to 1024";
            return Err(AdapterError::Setting { name: "rank", found: self.rank as f64, expected });
        }
        if !(self.alpha.is_finite() && self.alpha > 0.0) {
            let expected = "use a positive number, commonly twice the rank";
            return Err(AdapterError::Setting { name: "alpha", found: self.alpha.into(), expected });
        }
        Ok(())
    }

    /// What the adapter's output is multiplied by.
    pub(crate) fn scale(&self) -> f32 {
        self.alpha / self.rank as f32
    }
}

impl Adapter {
    /// A fresh adapter that changes nothing yet: `A` uniform in ±1/√inputs (Kaiming, as PEFT does), `B` zero.
    pub fn init(model: &ModelConfig, lora: &LoraConfig, compute: &Compute) -> Result<Adapter, AdapterError> {
        lora.check()?;
        // Each tensor draws from its own stream, so a layer's start does not depend on the layers before it.
        let values = slots(model, lora.rank).enumerate().map(|(index, slot)| {
            let count = slot.shape[0] * slot.shape[1];
            if index % 2 == 1 {
                return vec![0.0; count];
            }
            let mut random = ChaCha8Rng::seed_from_u64(lora.seed);
            random.set_stream(index as u64);
            let bound = 1.0 / (slot.shape[1] as f32).sqrt();
            (0..count).map(|_| ((random.next_u32() >> 8) as f32 / 8_388_608.0 - 1.0) * bound).collect()
        });
        Ok(Adapter::from_values(model, lora, values, &compute.device))
    }

    /// Builds the tensors from values in the order of [`slots`].
    pub(crate) fn from_values(
        model: &ModelConfig,
        lora: &LoraConfig,
        values: impl Iterator<Item = Vec<f32>>,
        device: &Device,
    ) -> Adapter {
        let mut tensors = slots(model, lora.rank)
            .zip(values)
            .map(|(slot, values)| Tensor::<2>::from_data(TensorData::new(values, slot.shape), device));
        let mut layers = Vec::with_capacity(model.layers);
        while let (Some(a), Some(b)) = (tensors.next(), tensors.next()) {
            let first = Pair { a, b };
            let mut rest = || match (tensors.next(), tensors.next()) {
                (Some(a), Some(b)) => Pair { a, b },
                // `slots` gives fourteen tensors per layer, so this pair is always there.
                _ => first.clone(),
            };
            let rest = [rest(), rest(), rest(), rest(), rest(), rest()];
            let [k, v, o, gate, up, down] = rest;
            layers.push([first, k, v, o, gate, up, down]);
        }
        Adapter { config: lora.clone(), layers }
    }

    /// The values of every tensor, in the order of [`slots`].
    pub(crate) fn values(&self) -> Vec<Vec<f32>> {
        let tensors = self.layers.iter().flatten().flat_map(|pair| [pair.a.clone(), pair.b.clone()]);
        // Adapter tensors are made from f32 values above, so reading them back as f32 cannot fail.
        tensors.map(|tensor| tensor.into_data().try_into_vec().unwrap_or_default()).collect()
    }

    /// How the adapter was made.
    pub fn config(&self) -> &LoraConfig {
        &self.config
    }

    pub(crate) fn fits(&self, model: &ModelConfig) -> bool {
        let mut shapes = self.layers.iter().flatten().flat_map(|pair| [pair.a.dims(), pair.b.dims()]);
        slots(model, self.config.rank).all(|slot| shapes.next() == Some(slot.shape)) && shapes.next().is_none()
    }

    /// The names and shapes of its tensors, in the order of [`slots`].
    pub(crate) fn own_slots(&self) -> Vec<Slot> {
        let layers = self.layers.iter().enumerate();
        let pairs = layers.flat_map(|(layer, pairs)| pairs.iter().zip(Linear::ALL).map(move |pair| (layer, pair)));
        pairs
            .flat_map(|(layer, (pair, linear))| {
                [
                    Slot { name: peft_name(layer, linear, "A"), shape: pair.a.dims() },
                    Slot { name: peft_name(layer, linear, "B"), shape: pair.b.dims() },
                ]
            })
            .collect()
    }

    /// The adapter as PEFT's `adapter_model.safetensors`; equal adapters give equal bytes.
    pub fn to_safetensors(&self) -> Vec<u8> {
        let values = self.values();
        write_tensors(self.own_slots().into_iter().zip(&values).map(|(slot, values)| Stored::floats(slot, values)))
    }

    /// Reads what [`Adapter::to_safetensors`] wrote, or PEFT itself for the same modules.
    pub fn from_safetensors(
        bytes: &[u8],
        model: &ModelConfig,
        lora: &LoraConfig,
        compute: &Compute,
    ) -> Result<Adapter, AdapterError> {
        lora.check()?;
        let file = SafeTensors::deserialize(bytes).map_err(AdapterError::Format)?;
        let expected = model.layers * 14;
        if file.len() != expected {
            return Err(AdapterError::Strangers { found: file.len(), expected });
        }
        let values = slots(model, lora.rank)
            .map(|slot| read_tensor(&file, &slot.name, &slot.shape))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Adapter::from_values(model, lora, values.into_iter(), &compute.device))
    }

    /// PEFT's `adapter_config.json` for an adapter of the model named `base`; deterministic.
    pub fn config_json(lora: &LoraConfig, base: &str) -> String {
        let mut modules: Vec<&str> =
            Linear::ALL.iter().map(|linear| linear.peft_name().rsplit('.').next().unwrap_or_default()).collect();
        modules.sort_unstable();
        let config = PeftConfig {
            base_model_name_or_path: base,
            bias: "none",
            fan_in_fan_out: false,
            inference_mode: true,
            init_lora_weights: true,
            lora_alpha: if lora.alpha.fract() == 0.0 && lora.alpha.abs() < 1e9 {
                (lora.alpha as i64).into()
            } else {
                f64::from(lora.alpha).into()
            },
            lora_dropout: 0.0,
            peft_type: "LORA",
            r: lora.rank,
            target_modules: modules,
            task_type: "CAUSAL_LM",
            use_rslora: false,
        };
        // A struct of plain fields always has a JSON form.
        serde_json::to_string_pretty(&config).unwrap_or_default() + "\n"
    }
}

#[derive(Serialize)]
struct PeftConfig<'a> {
    base_model_name_or_path: &'a str,
    bias: &'a str,
    fan_in_fan_out: bool,
    inference_mode: bool,
    init_lora_weights: bool,
    lora_alpha: serde_json::Value,
    lora_dropout: f64,
    peft_type: &'a str,
    r: usize,
    target_modules: Vec<&'a str>,
    task_type: &'a str,
    use_rslora: bool,
}

/// A tensor on its way into a safetensors file.
pub(crate) struct Stored {
    pub(crate) name: String,
    pub(crate) kind: Dtype,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

impl Stored {
    pub(crate) fn floats(slot: Slot, values: &[f32]) -> Stored {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Stored { name: slot.name, kind: Dtype::F32, shape: slot.shape.to_vec(), bytes }
    }
}

/// Tensors as safetensors bytes, which depend on nothing but the tensors.
pub(crate) fn write_tensors(tensors: impl Iterator<Item = Stored>) -> Vec<u8> {
    let tensors: Vec<Stored> = tensors.collect();
    let views = tensors.iter().filter_map(|tensor| {
        let view = TensorView::new(tensor.kind, tensor.shape.clone(), &tensor.bytes).ok()?;
        Some((tensor.name.as_str(), view))
    });
    // It fails only on a header above 100 MB, which a million tensors would need.
    safetensors::serialize(views, None).unwrap_or_default()
}

/// One F32 tensor of exactly this shape, all finite.
pub(crate) fn read_tensor(file: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>, AdapterError> {
    let view = file.tensor(name).ok().filter(|view| view.dtype() == Dtype::F32 && view.shape() == shape);
    let view = view.ok_or_else(|| AdapterError::Tensor { name: name.to_owned(), expected: shape.to_vec() })?;
    let values: Vec<f32> = view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    if values.iter().all(|value| value.is_finite()) {
        return Ok(values);
    }
    Err(AdapterError::NotFinite { name: name.to_owned() })
}
