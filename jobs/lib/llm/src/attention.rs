//! Causal grouped-query attention with rotary positions, over whole sequences or behind a cache.

mod host;
mod tensors;

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use crate::config::ModelConfig;
use crate::device::Compute;
use crate::error::RunError;
use crate::host::apply3;
use crate::model::values;
use host::Attention;
use tensors::{Store, Tables};

/// The rotation of every row: cosines and sines `[n, head size / 2]`.
#[derive(Debug, Clone)]
pub(crate) struct Rotations {
    cosines: Vec<f32>,
    sines: Vec<f32>,
    half: usize,
}

impl Rotations {
    fn new(config: &ModelConfig, positions: impl Iterator<Item = usize>) -> Rotations {
        let half = config.head_size / 2;
        let rates: Vec<f64> =
            (0..half).map(|i| config.rope_base.powf(-2.0 * i as f64 / config.head_size as f64)).collect();
        let (mut cosines, mut sines) = (Vec::new(), Vec::new());
        for position in positions {
            for rate in &rates {
                let angle = position as f64 * rate;
                cosines.push(angle.cos() as f32);
                sines.push(angle.sin() as f32);
            }
        }
        Rotations { cosines, sines, half }
    }

    /// Rotates the two halves of every head of `[n, heads * size]` against each other (Su et al. 2021, in the layout
    /// of the original models), forwards or, with `sign` -1, back.
    fn turn(&self, values: &mut [f32], heads: usize, sign: f32) {
        let half = self.half;
        let angles = self.cosines.chunks_exact(half).zip(self.sines.chunks_exact(half));
        for (row, (cosines, sines)) in values.chunks_exact_mut(heads * 2 * half).zip(angles) {
            for head in row.chunks_exact_mut(2 * half) {
                let (first, second) = head.split_at_mut(half);
                for ((first, second), (cosine, sine)) in first.iter_mut().zip(second).zip(cosines.iter().zip(sines)) {
                    let (x, y, sine) = (*first, *second, sine * sign);
                    *first = x * cosine - y * sine;
                    *second = y * cosine + x * sine;
                }
            }
        }
    }
}

/// Where the rows of a batch stand: which rows form a sequence, and the rotation of each row.
pub(crate) struct Positions {
    attention: Arc<Attention>,
    /// Only where the kernels do not run.
    tables: Option<Tables>,
}

impl Positions {
    /// Sequences that lie one after the other, each from position 0.
    pub(crate) fn of_sequences(config: &ModelConfig, sequences: &[Range<usize>], compute: &Compute) -> Positions {
        let rotations = Rotations::new(config, sequences.iter().flat_map(|sequence| 0..sequence.len()));
        let shapes = sequences.iter().map(|sequence| (sequence.len(), sequence.len()));
        Positions::new(config, sequences.to_vec(), rotations, shapes, compute)
    }

    /// One sequence that goes on at position `past`.
    pub(crate) fn after(config: &ModelConfig, past: usize, count: usize, compute: &Compute) -> Positions {
        let rotations = Rotations::new(config, past..past + count);
        let whole = std::iter::once(0..count).collect();
        Positions::new(config, whole, rotations, std::iter::once((count, past + count)), compute)
    }

    fn new(
        config: &ModelConfig,
        sequences: Vec<Range<usize>>,
        rotations: Rotations,
        shapes: impl Iterator<Item = (usize, usize)>,
        compute: &Compute,
    ) -> Positions {
        let tables = (!compute.host).then(|| Tables::new(&rotations, shapes, &compute.device));
        let attention = Attention {
            sequences,
            rotations,
            heads: config.heads,
            kv_heads: config.kv_heads,
            head_size: config.head_size,
        };
        Positions { attention: Arc::new(attention), tables }
    }

    /// The same for tensors of a gradient graph.
    pub(crate) fn tracked(self) -> Positions {
        Positions { attention: self.attention, tables: self.tables.map(Tables::tracked) }
    }

    /// Queries, keys and values `[n, heads * size]` to `[n, heads * size]`; each row sees its own sequence up to
    /// itself.
    pub(crate) fn attend(&self, q: Tensor<2>, k: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        match &self.tables {
            None => apply3(Arc::clone(&self.attention) as _, q, k, v),
            Some(tables) => {
                let (q, k, v) = (self.split(q), self.split(k), self.split(v));
                tables.attend(&self.attention.sequences, q, k, v)
            }
        }
    }

    /// As [`Positions::attend`], for one sequence behind a cache, which is filled.
    pub(crate) fn attend_cached(
        &self,
        q: Tensor<2>,
        k: Tensor<2>,
        v: Tensor<2>,
        cache: &mut LayerCache,
    ) -> Result<Tensor<2>, RunError> {
        match (cache, &self.tables) {
            (LayerCache::Device(store), Some(tables)) => {
                Ok(tables.attend_stored(self.split(q), self.split(k), self.split(v), store))
            }
            (LayerCache::Host(store), _) => {
                let (device, shape) = (q.device(), q.dims());
                let mixed = store.attend(&self.attention, values(q)?, values(k)?, values(v)?);
                Ok(Tensor::from_data(TensorData::new(mixed, shape), &device))
            }
            // A cache is made on the device the model is on.
            (LayerCache::Device(_), None) => Err(RunError::Empty),
        }
    }

    fn split(&self, x: Tensor<2>) -> Tensor<3> {
        let [rows, width] = x.dims();
        x.reshape([rows, width / self.attention.head_size, self.attention.head_size])
    }
}

/// Tokens a cache on the host reserves room for; a longer one grows, so that an absurd limit reserves nothing absurd.
const RESERVED: usize = 8192;

/// Keys and values of all layers, allocated once.
pub(crate) struct Cache {
    layers: Vec<LayerCache>,
    length: usize,
}

/// Keys and values of one layer.
pub(crate) enum LayerCache {
    Host(HostStore),
    Device(Box<Store>),
}

/// Keys and values of one layer, for each key head `[tokens, size]`.
pub(crate) struct HostStore {
    heads: Vec<(Vec<f32>, Vec<f32>)>,
}

impl HostStore {
    fn attend(&mut self, attention: &Attention, mut q: Vec<f32>, mut k: Vec<f32>, v: Vec<f32>) -> Vec<f32> {
        let (size, heads, kv_heads) = (attention.head_size, attention.heads, attention.kv_heads);
        attention.rotations.turn(&mut q, heads, 1.0);
        attention.rotations.turn(&mut k, kv_heads, 1.0);
        for (head, (keys, values)) in self.heads.iter_mut().enumerate() {
            keys.extend(k.chunks_exact(size).skip(head).step_by(kv_heads).flatten());
            values.extend(v.chunks_exact(size).skip(head).step_by(kv_heads).flatten());
        }
        let mixed: Vec<Vec<f32>> = (0..heads)
            .into_par_iter()
            .map(|head| {
                let q: Vec<f32> = q.chunks_exact(size).skip(head).step_by(heads).flatten().copied().collect();
                let (keys, values) = &self.heads[head / (heads / kv_heads)];
                host::attend(&q, keys, values, size)
            })
            .collect();
        let rows = q.len() / (heads * size);
        (0..rows).flat_map(|row| mixed.iter().flat_map(move |head| &head[row * size..][..size])).copied().collect()
    }
}

impl Cache {
    pub(crate) fn new(config: &ModelConfig, capacity: usize, compute: &Compute) -> Cache {
        let layer = || {
            if compute.host {
                let room = || Vec::with_capacity(capacity.min(RESERVED) * config.head_size);
                LayerCache::Host(HostStore { heads: (0..config.kv_heads).map(|_| (room(), room())).collect() })
            } else {
                LayerCache::Device(Box::new(Store::new(config.kv_heads, capacity, config.head_size, &compute.device)))
            }
        };
        Cache { layers: (0..config.layers).map(|_| layer()).collect(), length: 0 }
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
