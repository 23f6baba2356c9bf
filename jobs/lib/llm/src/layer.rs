//! One transformer layer: RMSNorm, grouped-query attention with rotary positions, and a SwiGLU feed-forward block.

use burn::tensor::{Tensor, activation};

use crate::attention::{LayerCache, Positions};
use crate::config::ModelConfig;
use crate::lora::{Adapter, Linear, Pair};
use crate::qlinear::{Weight, qlinear};

/// The frozen weights of a layer.
pub(crate) struct Layer {
    pub(crate) attention_norm: Tensor<1>,
    pub(crate) feed_forward_norm: Tensor<1>,
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
    pub(crate) fn forward(
        &self,
        x: Tensor<2>,
        adapter: Option<&LayerAdapter>,
        positions: &Positions,
        config: &ModelConfig,
    ) -> Tensor<2> {
        let (q, k, v) = self.heads(&x, adapter, config);
        let mixed = positions.attend(q, k, v);
        self.finish(x, mixed, adapter, config)
    }

    /// The layer on new tokens behind those in the cache.
    pub(crate) fn forward_cached(
        &self,
        x: Tensor<2>,
        adapter: Option<&LayerAdapter>,
        positions: &Positions,
        config: &ModelConfig,
        cache: &mut LayerCache,
    ) -> Tensor<2> {
        let (q, k, v) = self.heads(&x, adapter, config);
        let mixed = positions.attend_cached(q, k, v, cache);
        self.finish(x, mixed, adapter, config)
    }

    /// Queries, keys and values, `[n, heads, head size]`.
    fn heads(
        &self,
        x: &Tensor<2>,
        adapter: Option<&LayerAdapter>,
        config: &ModelConfig,
    ) -> (Tensor<3>, Tensor<3>, Tensor<3>) {
        let rows = x.dims()[0];
        let x = rms_norm(x.clone(), &self.attention_norm, config);
        let head = |linear, heads| self.linear(x.clone(), linear, adapter).reshape([rows, heads, config.head_size]);
        (head(Linear::Query, config.heads), head(Linear::Key, config.kv_heads), head(Linear::Value, config.kv_heads))
    }

    fn finish(
        &self,
        x: Tensor<2>,
        mixed: Tensor<2>,
        adapter: Option<&LayerAdapter>,
        config: &ModelConfig,
    ) -> Tensor<2> {
        let x = x + self.linear(mixed, Linear::Output, adapter);
        let normal = rms_norm(x.clone(), &self.feed_forward_norm, config);
        let gate = self.linear(normal.clone(), Linear::Gate, adapter);
        let up = self.linear(normal, Linear::Up, adapter);
        x + self.linear(activation::silu(gate) * up, Linear::Down, adapter)
    }

    fn linear(&self, x: Tensor<2>, linear: Linear, adapter: Option<&LayerAdapter>) -> Tensor<2> {
        let index = linear as usize;
        let y = qlinear(x.clone(), &self.weights[index]);
        match adapter {
            None => y,
            Some(adapter) => {
                let Pair { a, b } = &adapter.pairs[index];
                let inner = x.matmul(a.clone().transpose()) * adapter.scale;
                y + inner.matmul(b.clone().transpose())
            }
        }
    }
}

/// `x / sqrt(mean(x^2) + epsilon) * weight` (Zhang and Sennrich 2019).
pub(crate) fn rms_norm(x: Tensor<2>, weight: &Tensor<1>, config: &ModelConfig) -> Tensor<2> {
    let weight = if x.is_autodiff() { weight.clone().autodiff() } else { weight.clone() };
    let mean = x.clone().powi_scalar(2).mean_dim(1);
    x * (mean + config.norm_epsilon).sqrt().recip() * weight.unsqueeze()
}
