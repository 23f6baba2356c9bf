//! Causal grouped-query attention with rotary positions, over whole sequences or behind a cache.

use std::ops::Range;

use burn::tensor::{Tensor, TensorData, activation};

use crate::config::ModelConfig;
use crate::device::Compute;

/// Where the rows of a batch stand: which rows form a sequence, and the rotation of each row.
pub(crate) struct Positions {
    sequences: Vec<Range<usize>>,
    /// `[n, 1, head size / 2]`.
    cosines: Tensor<3>,
    sines: Tensor<3>,
    /// Additive masks `[1, queries, keys]`, one per sequence.
    masks: Vec<Tensor<3>>,
}

impl Positions {
    /// Sequences that lie one after the other, each from position 0.
    pub(crate) fn of_sequences(config: &ModelConfig, sequences: &[Range<usize>], compute: &Compute) -> Positions {
        let positions = sequences.iter().flat_map(|sequence| 0..sequence.len());
        let (cosines, sines) = rotations(config, positions, compute);
        let masks = sequences.iter().map(|sequence| mask(sequence.len(), sequence.len(), compute)).collect();
        Positions { sequences: sequences.to_vec(), cosines, sines, masks }
    }

    /// One sequence that goes on at position `past`.
    pub(crate) fn after(config: &ModelConfig, past: usize, count: usize, compute: &Compute) -> Positions {
        let (cosines, sines) = rotations(config, past..past + count, compute);
        let masks = vec![mask(count, past + count, compute)];
        Positions { sequences: std::iter::once(0..count).collect(), cosines, sines, masks }
    }

    /// The same for tensors of a gradient graph.
    pub(crate) fn tracked(self) -> Positions {
        Positions {
            sequences: self.sequences,
            cosines: self.cosines.autodiff(),
            sines: self.sines.autodiff(),
            masks: self.masks.into_iter().map(Tensor::autodiff).collect(),
        }
    }

    /// `[n, heads, size]` to `[n, heads * size]`; each row sees its own sequence up to itself.
    pub(crate) fn attend(&self, q: Tensor<3>, k: Tensor<3>, v: Tensor<3>) -> Tensor<2> {
        let (q, k) = (self.rotate(q), self.rotate(k));
        let [_, heads, size] = q.dims();
        let mixed = self.sequences.iter().zip(&self.masks).map(|(rows, mask)| {
            let part = |tensor: &Tensor<3>| tensor.clone().slice_dim(0, rows.clone()).swap_dims(0, 1);
            attend(part(&q), part(&k), part(&v), mask.clone()).reshape([rows.len(), heads * size])
        });
        Tensor::cat(mixed.collect(), 0)
    }

    /// As [`Positions::attend`], for one sequence behind a cache, which is filled.
    pub(crate) fn attend_cached(&self, q: Tensor<3>, k: Tensor<3>, v: Tensor<3>, cache: &mut LayerCache) -> Tensor<2> {
        let (q, k) = (self.rotate(q), self.rotate(k));
        let [count, heads, size] = q.dims();
        let (k, v) = cache.append(k.swap_dims(0, 1), v.swap_dims(0, 1));
        attend(q.swap_dims(0, 1), k, v, self.masks[0].clone()).reshape([count, heads * size])
    }

    /// Rotates the two halves of every head against each other (Su et al. 2021, in the layout of the original models).
    fn rotate(&self, x: Tensor<3>) -> Tensor<3> {
        let half = x.dims()[2] / 2;
        let (first, second) = (x.clone().narrow(2, 0, half), x.narrow(2, half, half));
        let (cosines, sines) = (self.cosines.clone(), self.sines.clone());
        Tensor::cat(
            vec![first.clone() * cosines.clone() - second.clone() * sines.clone(), second * cosines + first * sines],
            2,
        )
    }
}

/// `q` `[heads, n, size]`, `k` and `v` `[kv heads, t, size]`, to `[n, heads, size]`.
fn attend(q: Tensor<3>, k: Tensor<3>, v: Tensor<3>, mask: Tensor<3>) -> Tensor<3> {
    let ([heads, n, size], [kv_heads, t, _]) = (q.dims(), k.dims());
    // The query heads of one key head are further rows of it, so keys are never copied.
    let q = q.reshape([kv_heads, heads / kv_heads * n, size]) * (1.0 / (size as f64).sqrt());
    let scores = q.matmul(k.transpose()).reshape([heads, n, t]) + mask;
    let weights = activation::softmax(scores, 2).reshape([kv_heads, heads / kv_heads * n, t]);
    weights.matmul(v).reshape([heads, n, size]).swap_dims(0, 1)
}

/// The last query sees every key, the one before it one less, and so on.
fn mask(queries: usize, keys: usize, compute: &Compute) -> Tensor<3> {
    let hidden = |query: usize, key: usize| if key + queries > query + keys { f32::NEG_INFINITY } else { 0.0 };
    let values: Vec<f32> = (0..queries).flat_map(|query| (0..keys).map(move |key| hidden(query, key))).collect();
    Tensor::from_data(TensorData::new(values, [1, queries, keys]), &compute.device)
}

fn rotations(
    config: &ModelConfig,
    positions: impl Iterator<Item = usize>,
    compute: &Compute,
) -> (Tensor<3>, Tensor<3>) {
    let half = config.head_size / 2;
    let rates: Vec<f64> = (0..half).map(|i| config.rope_base.powf(-2.0 * i as f64 / config.head_size as f64)).collect();
    let (mut cosines, mut sines) = (Vec::new(), Vec::new());
    for position in positions {
        for rate in &rates {
            let angle = position as f64 * rate;
            cosines.push(angle.cos() as f32);
            sines.push(angle.sin() as f32);
        }
    }
    let tensor = |values: Vec<f32>| {
        let shape = [values.len() / half, 1, half];
        Tensor::from_data(TensorData::new(values, shape), &compute.device)
    };
    (tensor(cosines), tensor(sines))
}

/// Keys and values of all layers, allocated once.
pub(crate) struct Cache {
    layers: Vec<LayerCache>,
    length: usize,
}

/// Keys and values `[kv heads, capacity, size]` of one layer.
pub(crate) struct LayerCache {
    // Taken out while they are written, so that they are written in place.
    stores: Option<(Tensor<3>, Tensor<3>)>,
    length: usize,
}

impl Cache {
    pub(crate) fn new(config: &ModelConfig, capacity: usize, compute: &Compute) -> Cache {
        let store = || Tensor::zeros([config.kv_heads, capacity, config.head_size], &compute.device);
        let layers = (0..config.layers).map(|_| LayerCache { stores: Some((store(), store())), length: 0 });
        Cache { layers: layers.collect(), length: 0 }
    }

    pub(crate) fn length(&self) -> usize {
        self.length
    }

    pub(crate) fn layer(&mut self, index: usize) -> &mut LayerCache {
        &mut self.layers[index]
    }

    pub(crate) fn advance(&mut self, count: usize) {
        self.length += count;
    }
}

impl LayerCache {
    /// Writes new keys and values `[kv heads, n, size]` and gives all of them back.
    fn append(&mut self, k: Tensor<3>, v: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
        let [heads, count, size] = k.dims();
        let end = self.length + count;
        let place = [0..heads, self.length..end, 0..size];
        self.length = end;
        let Some((keys, values)) = self.stores.take() else { return (k, v) };
        let (keys, values) = (keys.slice_assign(place.clone(), k), values.slice_assign(place, v));
        let seen = |store: &Tensor<3>| store.clone().slice([0..heads, 0..end, 0..size]);
        let out = (seen(&keys), seen(&values));
        self.stores = Some((keys, values));
        out
    }
}
