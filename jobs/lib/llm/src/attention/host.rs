//! Attention on the host, head by head, with every sum in a fixed order.

use std::ops::Range;

use rayon::prelude::*;

use super::Rotations;
use crate::host::{HostFunction, View};
use crate::matrix::dense::{times, times_transposed, transpose};
use crate::numerics::{exp, sum};

/// Causal attention of sequences that lie one after the other, rotary positions included.
#[derive(Debug)]
pub(crate) struct Attention {
    pub(crate) sequences: Vec<Range<usize>>,
    pub(crate) rotations: Rotations,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_size: usize,
}

/// The rows of one head, dense: `[rows, size]`.
fn gather(values: &[f32], rows: Range<usize>, head: usize, heads: usize, size: usize) -> Vec<f32> {
    rows.flat_map(|row| &values[(row * heads + head) * size..][..size]).copied().collect()
}

/// The reverse of [`gather`].
fn scatter(out: &mut [f32], part: &[f32], rows: Range<usize>, head: usize, heads: usize, size: usize) {
    for (row, part) in rows.zip(part.chunks_exact(size)) {
        out[(row * heads + head) * size..][..size].copy_from_slice(part);
    }
}

/// Causal softmax in place: row `i` of `[queries, keys]` sees all keys but the last `queries - 1 - i`.
fn softmax(scores: &mut [f32], queries: usize, keys: usize, scale: f32) {
    for (query, row) in scores.chunks_exact_mut(keys).enumerate() {
        let (seen, hidden) = row.split_at_mut(keys + query + 1 - queries);
        let largest = seen.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for score in seen.iter_mut() {
            *score = exp((*score - largest) * scale);
        }
        let total = sum(seen.iter().copied());
        for score in seen.iter_mut() {
            *score /= total;
        }
        hidden.fill(0.0);
    }
}

/// One head: `q` `[queries, size]` against all keys and values `[keys, size]`.
pub(super) fn attend(q: &[f32], k: &[f32], v: &[f32], size: usize) -> Vec<f32> {
    let weights = weigh(q, k, size);
    times(&weights, v, k.len() / size)
}

fn weigh(q: &[f32], k: &[f32], size: usize) -> Vec<f32> {
    let mut weights = times_transposed(q, k, size);
    softmax(&mut weights, q.len() / size, k.len() / size, 1.0 / (size as f32).sqrt());
    weights
}

impl Attention {
    fn group(&self) -> usize {
        self.heads / self.kv_heads
    }

    /// Every sequence with every head.
    fn parts(&self) -> Vec<(Range<usize>, usize)> {
        let heads = |rows: &Range<usize>| {
            let rows = rows.clone();
            (0..self.heads).map(move |head| (rows.clone(), head))
        };
        self.sequences.iter().flat_map(heads).collect()
    }
}

impl HostFunction for Attention {
    fn forward(&self, inputs: &[View<'_>]) -> (Vec<f32>, [usize; 2]) {
        let size = self.head_size;
        let (mut q, mut k, v) = (inputs[0].values.to_vec(), inputs[1].values.to_vec(), inputs[2].values);
        self.rotations.turn(&mut q, self.heads, 1.0);
        self.rotations.turn(&mut k, self.kv_heads, 1.0);
        let parts = self.parts();
        let mixed: Vec<Vec<f32>> = parts
            .par_iter()
            .map(|(rows, head)| {
                let kv_head = head / self.group();
                let q = gather(&q, rows.clone(), *head, self.heads, size);
                let k = gather(&k, rows.clone(), kv_head, self.kv_heads, size);
                let v = gather(v, rows.clone(), kv_head, self.kv_heads, size);
                attend(&q, &k, &v, size)
            })
            .collect();
        let mut out = vec![0.0; q.len()];
        for ((rows, head), mixed) in parts.iter().zip(&mixed) {
            scatter(&mut out, mixed, rows.clone(), *head, self.heads, size);
        }
        (out, inputs[0].shape)
    }

    fn backward(&self, inputs: &[View<'_>], gradient: View<'_>) -> Vec<Vec<f32>> {
        let size = self.head_size;
        let scale = 1.0 / (size as f32).sqrt();
        let (mut q, mut k, v) = (inputs[0].values.to_vec(), inputs[1].values.to_vec(), inputs[2].values);
        self.rotations.turn(&mut q, self.heads, 1.0);
        self.rotations.turn(&mut k, self.kv_heads, 1.0);
        let parts = self.parts();
        let found: Vec<[Vec<f32>; 3]> = parts
            .par_iter()
            .map(|(rows, head)| {
                let kv_head = head / self.group();
                let count = rows.len();
                let q = gather(&q, rows.clone(), *head, self.heads, size);
                let k = gather(&k, rows.clone(), kv_head, self.kv_heads, size);
                let v = gather(v, rows.clone(), kv_head, self.kv_heads, size);
                let gradient = gather(gradient.values, rows.clone(), *head, self.heads, size);
                let weights = weigh(&q, &k, size);
                let mut scores = times_transposed(&gradient, &v, size);
                for (scores, weights) in scores.chunks_exact_mut(count).zip(weights.chunks_exact(count)) {
                    let mean = sum(scores.iter().zip(weights).map(|(score, weight)| score * weight));
                    for (score, weight) in scores.iter_mut().zip(weights) {
                        *score = (*score - mean) * weight * scale;
                    }
                }
                [
                    times(&scores, &k, count),
                    times(&transpose(&scores, count), &q, count),
                    times(&transpose(&weights, count), &gradient, count),
                ]
            })
            .collect();
        let (mut to_q, mut to_k, mut to_v) = (vec![0.0; q.len()], vec![0.0; k.len()], vec![0.0; v.len()]);
        for ((rows, head), [part_q, part_k, part_v]) in parts.iter().zip(&found) {
            scatter(&mut to_q, part_q, rows.clone(), *head, self.heads, size);
            // Query heads that share a key head add up, in the order of the heads.
            for (out, part) in [(&mut to_k, part_k), (&mut to_v, part_v)] {
                for (row, part) in rows.clone().zip(part.chunks_exact(size)) {
                    let at = (row * self.kv_heads + head / self.group()) * size;
                    for (out, part) in out[at..at + size].iter_mut().zip(part) {
                        *out += part;
                    }
                }
            }
        }
        self.rotations.turn(&mut to_q, self.heads, -1.0);
        self.rotations.turn(&mut to_k, self.kv_heads, -1.0);
        vec![to_q, to_k, to_v]
    }
}
