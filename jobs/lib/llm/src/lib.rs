//! Decoder, quantised linear op, LoRA, checkpoints and generation.
//!
//! In reading order: a model file (`gguf`, `config`), its weights in their blocks (`matrix`, `qlinear`, `widen`), the
//! decoder (`model`, `layer`, `attention`) and what it is made of (`host`, `functions`, `numerics`), adapters (`lora`), and the three uses: `score`, `generate` and `train`.
//! Nothing outside this crate knows which tensor library is underneath.

mod attention;
mod config;
mod device;
mod error;
mod functions;
mod generate;
mod gguf;
mod host;
mod layer;
mod lora;
mod matrix;
mod model;
mod numerics;
mod optimiser;
mod qlinear;
mod sampling;
mod schedule;
mod score;
mod train;
mod widen;

pub use config::ModelConfig;
pub use device::{Compute, DeviceChoice, DeviceError, set_threads};
pub use error::{ModelError, RunError};
pub use generate::{Generated, StopReason, generate};
pub use gguf::{Gguf, GgufError, Value};
pub use lora::{Adapter, AdapterError, Linear, LoraConfig};
pub use model::Model;
pub use sampling::Sampling;
pub use schedule::TrainConfig;
pub use score::{logits, token_nlls};
pub use train::{Example, StepReport, TrainError, Trainer, loss_and_gradients};
