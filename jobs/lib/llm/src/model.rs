//! The frozen decoder: weights in their blocks, and the walk through its layers.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};

use crate::attention::{Cache, Positions};
use crate::config::ModelConfig;
use crate::device::Compute;
use crate::error::{ModelError, RunError};
use crate::gguf::{Gguf, GgufError};
use crate::layer::{Layer, LayerAdapter, Norm};
use crate::lora::{Adapter, Linear};
use crate::matrix::Matrix;
use crate::qlinear::{Weight, qlinear};

/// A Llama-family decoder on its device. Cloning shares the weights.
#[derive(Clone)]
pub struct Model {
    inner: Arc<Frozen>,
}

struct Frozen {
    config: ModelConfig,
    compute: Compute,
    /// Token embeddings; looked up on the host whatever the device.
    embedding: Arc<Matrix>,
    layers: Vec<Layer>,
    final_norm: Norm,
    /// The output head; the embedding itself where the file has no other.
    head: Weight,
}

impl Model {
    /// Takes the weights of a model file to the device. The file can be dropped afterwards.
    pub fn load(gguf: &Gguf, compute: &Compute) -> Result<Model, ModelError> {
        let config = gguf.config()?;
        let embedding = Arc::new(matrix(gguf, "token_embd.weight", config.vocabulary, config.hidden, None)?);
        let head = if gguf.has_tensor("output.weight") {
            Arc::new(matrix(gguf, "output.weight", config.vocabulary, config.hidden, None)?)
        } else {
            Arc::clone(&embedding)
        };
        let norm = |name: &str| Ok(Norm::new(vector(gguf, name, config.hidden)?, &config, compute));
        let layers = (0..config.layers)
            .map(|layer| {
                let mut weights = Vec::with_capacity(Linear::ALL.len());
                for linear in Linear::ALL {
                    let (rows, columns) = linear.shape(&config);
                    let name = format!("blk.{layer}.{}.weight", linear.gguf_name());
                    let rotated = matches!(linear, Linear::Query | Linear::Key).then_some(config.head_size);
                    weights.push(Weight::new(Arc::new(matrix(gguf, &name, rows, columns, rotated)?), compute));
                }
                Ok(Layer {
                    attention_norm: norm(&format!("blk.{layer}.attn_norm.weight"))?,
                    feed_forward_norm: norm(&format!("blk.{layer}.ffn_norm.weight"))?,
                    weights,
                })
            })
            .collect::<Result<Vec<_>, GgufError>>()?;
        let final_norm = norm("output_norm.weight")?;
        let head = Weight::new(head, compute);
        let inner = Frozen { config, compute: compute.clone(), embedding, layers, final_norm, head };
        Ok(Model { inner: Arc::new(inner) })
    }

    /// The decoder's shape and constants.
    pub fn config(&self) -> &ModelConfig {
        &self.inner.config
    }

    /// The device the model is on.
    pub fn compute(&self) -> &Compute {
        &self.inner.compute
    }

    pub(crate) fn layers(&self) -> &[Layer] {
        &self.inner.layers
    }

    pub(crate) fn head(&self) -> &Weight {
        &self.inner.head
    }

    pub(crate) fn final_norm(&self, x: Tensor<2>) -> Tensor<2> {
        self.inner.final_norm.apply(x)
    }

    /// Refuses what the model cannot run.
    pub(crate) fn check(&self, ids: &[u32], adapter: Option<&Adapter>) -> Result<(), RunError> {
        let config = self.config();
        if ids.is_empty() {
            return Err(RunError::Empty);
        }
        if ids.len() > config.context {
            return Err(RunError::Context { tokens: ids.len(), context: config.context });
        }
        if let Some(position) = ids.iter().position(|&id| id as usize >= config.vocabulary) {
            return Err(RunError::Token { id: ids[position], position, vocabulary: config.vocabulary });
        }
        if adapter.is_some_and(|adapter| !adapter.fits(config)) {
            return Err(RunError::Adapter);
        }
        Ok(())
    }

    /// Embeddings `[ids, hidden]` of ids that were checked.
    pub(crate) fn embed(&self, ids: &[u32]) -> Tensor<2> {
        let values: Vec<f32> = ids.iter().flat_map(|&id| self.inner.embedding.row(id as usize)).collect();
        let shape = [ids.len(), self.config().hidden];
        Tensor::from_data(TensorData::new(values, shape), &self.inner.compute.device)
    }

    /// The residual stream after the last layer, for sequences that lie one after the other in `ids` and do not see
    /// each other. `keep` sees the input of every layer.
    pub(crate) fn hidden(
        &self,
        adapter: Option<&Adapter>,
        ids: &[u32],
        sequences: &[Range<usize>],
        mut keep: impl FnMut(&Tensor<2>),
    ) -> Tensor<2> {
        let positions = Positions::of_sequences(self.config(), sequences, &self.inner.compute);
        let mut x = self.embed(ids);
        for (index, layer) in self.layers().iter().enumerate() {
            keep(&x);
            let adapter = adapter.map(|adapter| LayerAdapter::of(adapter, index));
            x = layer.forward(x, adapter.as_ref(), &positions);
        }
        x
    }

    /// The residual stream of new tokens after those already in the cache.
    pub(crate) fn hidden_cached(
        &self,
        adapter: Option<&Adapter>,
        ids: &[u32],
        cache: &mut Cache,
    ) -> Result<Tensor<2>, RunError> {
        let positions = Positions::after(self.config(), cache.length(), ids.len(), &self.inner.compute);
        let mut x = self.embed(ids);
        for (index, layer) in self.layers().iter().enumerate() {
            let adapter = adapter.map(|adapter| LayerAdapter::of(adapter, index));
            x = layer.forward_cached(x, adapter.as_ref(), &positions, cache.layer(index))?;
        }
        cache.advance(ids.len());
        Ok(x)
    }

    /// Logits `[n, vocabulary]`, flat, of rows of the residual stream `[n, hidden]`.
    pub(crate) fn logits(&self, x: Tensor<2>) -> Result<Vec<f32>, RunError> {
        values(qlinear(self.final_norm(x), self.head()))
    }
}

/// Reads a tensor back to the host.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, RunError> {
    let data = tensor.try_into_data().map_err(|error| RunError::Device { reason: error.to_string() })?;
    data.try_into_vec().map_err(|error| RunError::Device { reason: error.to_string() })
}

/// Reads a matrix. GGUF interleaves the two halves of every rotated head (`rotated` is the head size); the rows are
/// put back into the order of the original model, which is also the order adapters are stored in.
fn matrix(gguf: &Gguf, name: &str, rows: usize, columns: usize, rotated: Option<usize>) -> Result<Matrix, GgufError> {
    let tensor = gguf.tensor(name, &[columns, rows])?;
    let order = |row: usize| match rotated {
        None => row,
        Some(size) => {
            let (head, within) = (row / size, row % size);
            head * size + within % (size / 2) * 2 + within / (size / 2)
        }
    };
    Matrix::pack(tensor.format, tensor.bytes, rows, columns, order)
        .map_err(|_| GgufError::NotFinite { name: name.to_owned() })
}

fn vector(gguf: &Gguf, name: &str, length: usize) -> Result<Vec<f32>, GgufError> {
    let tensor = gguf.tensor(name, &[length])?;
    let matrix = Matrix::pack(tensor.format, tensor.bytes, 1, length, |row| row)
        .map_err(|_| GgufError::NotFinite { name: name.to_owned() })?;
    Ok(matrix.row(0))
}
