//! Attention by tensor operations, for devices that are not the CPU.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData, activation};

use super::Rotations;

/// Rotations and masks as tensors.
pub(crate) struct Tables {
    /// `[n, 1, head size / 2]`.
    cosines: Tensor<3>,
    sines: Tensor<3>,
    /// Additive masks `[1, queries, keys]`, one per sequence.
    masks: Vec<Tensor<3>>,
}

impl Tables {
    /// `shapes` are the queries and the keys of every sequence.
    pub(super) fn new(rotations: &Rotations, shapes: impl Iterator<Item = (usize, usize)>, device: &Device) -> Tables {
        let tensor = |values: &[f32]| {
            let shape = [values.len() / rotations.half, 1, rotations.half];
            Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
        };
        Tables {
            cosines: tensor(&rotations.cosines),
            sines: tensor(&rotations.sines),
            masks: shapes.map(|(queries, keys)| mask(queries, keys, device)).collect(),
        }
    }

    /// The same for tensors of a gradient graph.
    pub(super) fn tracked(self) -> Tables {
        Tables {
            cosines: self.cosines.autodiff(),
            sines: self.sines.autodiff(),
            masks: self.masks.into_iter().map(Tensor::autodiff).collect(),
        }
    }

    /// `[n, heads, size]` to `[n, heads * size]`, sequence by sequence.
    pub(super) fn attend(&self, sequences: &[Range<usize>], q: Tensor<3>, k: Tensor<3>, v: Tensor<3>) -> Tensor<2> {
        let (q, k) = (self.rotate(q), self.rotate(k));
        let [_, heads, size] = q.dims();
        let mixed = sequences.iter().zip(&self.masks).map(|(rows, mask)| {
            let part = |tensor: &Tensor<3>| tensor.clone().slice_dim(0, rows.clone()).swap_dims(0, 1);
            attend(part(&q), part(&k), part(&v), mask.clone()).reshape([rows.len(), heads * size])
        });
        Tensor::cat(mixed.collect(), 0)
    }

    /// One sequence behind a store, which is filled.
    pub(super) fn attend_stored(&self, q: Tensor<3>, k: Tensor<3>, v: Tensor<3>, store: &mut Store) -> Tensor<2> {
        let (q, k) = (self.rotate(q), self.rotate(k));
        let [count, heads, size] = q.dims();
        let (k, v) = store.append(k.swap_dims(0, 1), v.swap_dims(0, 1));
        attend(q.swap_dims(0, 1), k, v, self.masks[0].clone()).reshape([count, heads * size])
    }

    /// Rotates the two halves of every head against each other.
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
fn mask(queries: usize, keys: usize, device: &Device) -> Tensor<3> {
    let hidden = |query: usize, key: usize| if key + queries > query + keys { f32::NEG_INFINITY } else { 0.0 };
    let values: Vec<f32> = (0..queries).flat_map(|query| (0..keys).map(move |key| hidden(query, key))).collect();
    Tensor::from_data(TensorData::new(values, [1, queries, keys]), device)
}

/// Keys and values `[kv heads, capacity, size]` of one layer.
pub(crate) struct Store {
    // Taken out while they are written, so that they are written in place.
    tensors: Option<(Tensor<3>, Tensor<3>)>,
    length: usize,
}

impl Store {
    pub(super) fn new(kv_heads: usize, capacity: usize, size: usize, device: &Device) -> Store {
        let zeros = || Tensor::zeros([kv_heads, capacity, size], device);
        Store { tensors: Some((zeros(), zeros())), length: 0 }
    }

    /// Writes new keys and values `[kv heads, n, size]` and gives all of them back.
    fn append(&mut self, k: Tensor<3>, v: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
        let [heads, count, size] = k.dims();
        let end = self.length + count;
        let place = [0..heads, self.length..end, 0..size];
        self.length = end;
        let Some((keys, values)) = self.tensors.take() else { return (k, v) };
        let (keys, values) = (keys.slice_assign(place.clone(), k), values.slice_assign(place, v));
        let seen = |store: &Tensor<3>| store.clone().slice([0..heads, 0..end, 0..size]);
        let out = (seen(&keys), seen(&values));
        self.tensors = Some((keys, values));
        out
    }
}
