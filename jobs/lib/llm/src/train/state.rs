//! A training run as bytes, from which it goes on to the bit.
//!
//! One safetensors file: the adapter under its own names, its moments under `first.` and `second.` before them, and
//! the scalars as tensors of one element.

use safetensors::{Dtype, SafeTensors};

use super::{TrainError, Trainer, check};
use crate::lora::{Adapter, AdapterError, LoraConfig, Slot, Stored, read_tensor, slots, write_tensors};
use crate::model::Model;
use crate::optimiser::Moments;
use crate::schedule::TrainConfig;

impl Trainer {
    /// Everything needed to go on: adapter, moments, step and guard.
    pub fn state(&self) -> Vec<u8> {
        let named = |prefix: &'static str, values: &[Vec<f32>]| -> Vec<Stored> {
            let slots = self.adapter.own_slots().into_iter().zip(values);
            slots
                .map(|(slot, values)| {
                    Stored::floats(Slot { name: format!("{prefix}{}", slot.name), shape: slot.shape }, values)
                })
                .collect()
        };
        let lora = &self.adapter.config;
        let scalars = [
            scalar("step", Dtype::U64, self.step.to_le_bytes()),
            scalar("mean_loss", Dtype::F64, self.mean_loss.to_le_bytes()),
            scalar("lora.rank", Dtype::U64, (lora.rank as u64).to_le_bytes()),
            scalar("lora.alpha", Dtype::F64, f64::from(lora.alpha).to_le_bytes()),
            scalar("lora.seed", Dtype::U64, lora.seed.to_le_bytes()),
        ];
        let tensors = named("", &self.values)
            .into_iter()
            .chain(named("first.", &self.moments.first))
            .chain(named("second.", &self.moments.second))
            .chain(scalars);
        write_tensors(tensors)
    }

    /// Goes on from a saved state. The configuration must be that of the run, or the schedule will differ.
    pub fn restore(model: &Model, bytes: &[u8], config: TrainConfig) -> Result<Trainer, TrainError> {
        check(&config)?;
        let file = SafeTensors::deserialize(bytes).map_err(AdapterError::Format)?;
        let lora = LoraConfig {
            rank: usize::try_from(u64::from_le_bytes(read_scalar(&file, "lora.rank", Dtype::U64)?)).unwrap_or(0),
            alpha: f64::from_le_bytes(read_scalar(&file, "lora.alpha", Dtype::F64)?) as f32,
            seed: u64::from_le_bytes(read_scalar(&file, "lora.seed", Dtype::U64)?),
        };
        lora.check()?;
        let read = |prefix: &str| {
            slots(model.config(), lora.rank)
                .map(|slot| read_tensor(&file, &format!("{prefix}{}", slot.name), &slot.shape))
                .collect::<Result<Vec<_>, _>>()
        };
        let values = read("")?;
        let moments = Moments { first: read("first.")?, second: read("second.")? };
        let device = &model.compute().device;
        let adapter = Adapter::from_values(model.config(), &lora, values.iter().cloned(), device);
        Ok(Trainer {
            model: model.clone(),
            config,
            adapter,
            values,
            moments,
            step: u64::from_le_bytes(read_scalar(&file, "step", Dtype::U64)?),
            mean_loss: f64::from_le_bytes(read_scalar(&file, "mean_loss", Dtype::F64)?),
        })
    }
}

fn scalar(name: &str, kind: Dtype, bytes: [u8; 8]) -> Stored {
    Stored { name: name.to_owned(), kind, shape: vec![1], bytes: bytes.to_vec() }
}

fn read_scalar(file: &SafeTensors<'_>, name: &str, kind: Dtype) -> Result<[u8; 8], AdapterError> {
    let missing = || AdapterError::Tensor { name: name.to_owned(), expected: vec![1] };
    let view = file.tensor(name).map_err(|_| missing())?;
    if view.dtype() != kind {
        return Err(missing());
    }
    view.data().try_into().map_err(|_| missing())
}
