//! One transformer layer: RMSNorm, grouped-query attention with rotary positions, and a SwiGLU feed-forward block.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData, activation};

use crate::attention::{LayerCache, Positions};
use crate::config::ModelConfig;
use crate::device::Compute;
use crate::error::RunError;
use crate::functions::{Gated, LowRank, RmsNorm};
use crate::host::{apply1, apply2, apply3};
use crate::lora::{Adapter, Linear, Pair};
use crate::qlinear::{Weight, qlinear};

/// The frozen weights of a layer.
pub(crate) struct Layer {
    pub(crate) attention_norm: Norm,
    pub(crate) feed_forward_norm: Norm,
    /// In the order of [`Linear::ALL`].
    pub(crate) weights: Vec<Weight>,
}

/// The trained weights of a layer.
pub(crate) struct LayerAdapter {
    pub(crate) pairs: [Pair; 7],
    pub(crate) scale: f32,
}

impl LayerAdapter {
    pub(crate) fn of(adapter: &Adapter, layer: usize) -> LayerAdapter {
        LayerAdapter { pairs: adapter.layers[layer].clone(), scale: adapter.config.scale() }
    }

    /// The same weights as leaves of a gradient graph.
    pub(crate) fn tracked(&self) -> LayerAdapter {
        let track = |tensor: &Tensor<2>| tensor.clone().autodiff().require_grad();
        let pairs = self.pairs.each_ref().map(|pair| Pair { a: track(&pair.a), b: track(&pair.b) });
        LayerAdapter { pairs, scale: self.scale }
    }
}

impl Layer {
    /// The layer on whole sequences: `[n, hidden]` to `[n, hidden]`.
    pub(crate) fn forward(&self, x: Tensor<2>, adapter: Option<&LayerAdapter>, positions: &Positions) -> Tensor<2> {
        let (q, k, v) = self.heads(&x, adapter);
        let mixed = positions.attend(q, k, v);
        self.finish(x, mixed, adapter)
    }

    /// The layer on new tokens behind those in the cache.
    pub(crate) fn forward_cached(
        &self,
        x: Tensor<2>,
        adapter: Option<&LayerAdapter>,
        positions: &Positions,
        cache: &mut LayerCache,
    ) -> Result<Tensor<2>, RunError> {
        let (q, k, v) = self.heads(&x, adapter);
        let mixed = positions.attend_cached(q, k, v, cache)?;
        Ok(self.finish(x, mixed, adapter))
    }

    /// Queries, keys and values, `[n, heads * head size]`.
    fn heads(&self, x: &Tensor<2>, adapter: Option<&LayerAdapter>) -> (Tensor<2>, Tensor<2>, Tensor<2>) {
        let x = self.attention_norm.apply(x.clone());
        let head = |linear| self.linear(x.clone(), linear, adapter);
        (head(Linear::Query), head(Linear::Key), head(Linear::Value))
    }

    fn finish(&self, x: Tensor<2>, mixed: Tensor<2>, adapter: Option<&LayerAdapter>) -> Tensor<2> {
        let x = x + self.linear(mixed, Linear::Output, adapter);
        let normal = self.feed_forward_norm.apply(x.clone());
        let gate = self.linear(normal.clone(), Linear::Gate, adapter);
        let up = self.linear(normal, Linear::Up, adapter);
        let gated = match &self.weights[0] {
            Weight::Host(_) => apply2(Arc::new(Gated), gate, up),
            Weight::Device(_) => activation::silu(gate) * up,
        };
        x + self.linear(gated, Linear::Down, adapter)
    }

    fn linear(&self, x: Tensor<2>, linear: Linear, adapter: Option<&LayerAdapter>) -> Tensor<2> {
        let weight = &self.weights[linear as usize];
        let y = qlinear(x.clone(), weight);
        let Some(adapter) = adapter else { return y };
        let Pair { a, b } = adapter.pairs[linear as usize].clone();
        y + match weight {
            Weight::Host(_) => apply3(Arc::new(LowRank { scale: adapter.scale }), x, a, b),
            Weight::Device(_) => (x.matmul(a.transpose()) * adapter.scale).matmul(b.transpose()),
        }
    }
}

/// An RMSNorm where its device wants it.
pub(crate) enum Norm {
    /// For the kernels.
    Host(Arc<RmsNorm>),
    /// For tensor operations: the weight and epsilon.
    Device(Box<Tensor<1>>, f64),
}

impl Norm {
    pub(crate) fn new(weight: Vec<f32>, config: &ModelConfig, compute: &Compute) -> Norm {
        if compute.host {
            return Norm::Host(Arc::new(RmsNorm { weight, epsilon: config.norm_epsilon as f32 }));
        }
        let shape = [weight.len()];
        let weight = Tensor::from_data(TensorData::new(weight, shape), &compute.device);
        Norm::Device(Box::new(weight), config.norm_epsilon)
    }

    /// `x / sqrt(mean(x^2) + epsilon) * weight`.
    pub(crate) fn apply(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Norm::Host(function) => apply1(Arc::clone(function) as _, x),
            Norm::Device(weight, epsilon) => {
                let weight = Tensor::clone(weight);
                let weight = if x.is_autodiff() { weight.autodiff() } else { weight };
                let mean = x.clone().powi_scalar(2).mean_dim(1);
                x * (mean + *epsilon).sqrt().recip() * weight.unsqueeze()
            }
        }
    }
}
