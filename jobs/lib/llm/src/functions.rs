//! The functions of a layer on the host, with their gradients: RMSNorm, the gated activation, and the low-rank branch.

use std::sync::Arc;

use rayon::prelude::*;

use crate::host::{HostFunction, View};
use crate::matrix::Matrix;
use crate::matrix::dense::{times, times_transposed, transpose};
use crate::numerics::{exp, sum};

/// Values one thread takes at a time in elementwise functions.
const PART: usize = 4096;

/// `x W^T` with a frozen `W`, or `x W` if `turned`.
#[derive(Debug)]
pub(crate) struct FrozenProduct {
    pub(crate) matrix: Arc<Matrix>,
    pub(crate) turned: bool,
}

impl FrozenProduct {
    fn product(&self, x: &[f32], turned: bool) -> Vec<f32> {
        if turned { self.matrix.product_back(x) } else { self.matrix.product(x) }
    }
}

impl HostFunction for FrozenProduct {
    fn forward(&self, inputs: &[View<'_>]) -> (Vec<f32>, [usize; 2]) {
        let width = if self.turned { self.matrix.columns() } else { self.matrix.rows() };
        (self.product(inputs[0].values, self.turned), [inputs[0].shape[0], width])
    }

    fn backward(&self, _: &[View<'_>], gradient: View<'_>) -> Vec<Vec<f32>> {
        vec![self.product(gradient.values, !self.turned)]
    }
}

/// `x / sqrt(mean(x^2) + epsilon) * weight`, row by row (Zhang and Sennrich 2019).
#[derive(Debug)]
pub(crate) struct RmsNorm {
    pub(crate) weight: Vec<f32>,
    pub(crate) epsilon: f32,
}

impl RmsNorm {
    fn reciprocal(&self, x: &[f32]) -> f32 {
        1.0 / (sum(x.iter().map(|x| x * x)) / x.len() as f32 + self.epsilon).sqrt()
    }
}

impl HostFunction for RmsNorm {
    fn forward(&self, inputs: &[View<'_>]) -> (Vec<f32>, [usize; 2]) {
        let x = inputs[0];
        let width = self.weight.len();
        let mut out = vec![0.0; x.values.len()];
        out.par_chunks_mut(width).zip(x.values.par_chunks(width)).for_each(|(out, x)| {
            let reciprocal = self.reciprocal(x);
            for ((out, x), weight) in out.iter_mut().zip(x).zip(&self.weight) {
                *out = x * reciprocal * weight;
            }
        });
        (out, x.shape)
    }

    fn backward(&self, inputs: &[View<'_>], gradient: View<'_>) -> Vec<Vec<f32>> {
        let width = self.weight.len();
        let mut out = vec![0.0; gradient.values.len()];
        let rows = inputs[0].values.par_chunks(width).zip(gradient.values.par_chunks(width));
        out.par_chunks_mut(width).zip(rows).for_each(|(out, (x, gradient))| {
            let reciprocal = self.reciprocal(x);
            let weighted = gradient.iter().zip(&self.weight).zip(x).map(|((g, w), x)| g * w * x);
            let along = sum(weighted) * reciprocal * reciprocal / width as f32;
            for (((out, x), gradient), weight) in out.iter_mut().zip(x).zip(gradient).zip(&self.weight) {
                *out = (gradient * weight - x * along) * reciprocal;
            }
        });
        vec![out]
    }
}

/// `silu(gate) * up` (SwiGLU, Shazeer 2020).
#[derive(Debug)]
pub(crate) struct Gated;

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

impl HostFunction for Gated {
    fn forward(&self, inputs: &[View<'_>]) -> (Vec<f32>, [usize; 2]) {
        let (gate, up) = (inputs[0], inputs[1]);
        let mut out = vec![0.0; gate.values.len()];
        let parts = gate.values.par_chunks(PART).zip(up.values.par_chunks(PART));
        out.par_chunks_mut(PART).zip(parts).for_each(|(out, (gate, up))| {
            for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
                *out = gate * sigmoid(*gate) * up;
            }
        });
        (out, gate.shape)
    }

    fn backward(&self, inputs: &[View<'_>], gradient: View<'_>) -> Vec<Vec<f32>> {
        let (gate, up) = (inputs[0].values, inputs[1].values);
        let (mut to_gate, mut to_up) = (vec![0.0; gate.len()], vec![0.0; gate.len()]);
        let parts = gate.par_chunks(PART).zip(up.par_chunks(PART)).zip(gradient.values.par_chunks(PART));
        let outs = to_gate.par_chunks_mut(PART).zip(to_up.par_chunks_mut(PART));
        outs.zip(parts).for_each(|((to_gate, to_up), ((gate, up), gradient))| {
            let inputs = gate.iter().zip(up).zip(gradient);
            for ((to_gate, to_up), ((gate, up), gradient)) in to_gate.iter_mut().zip(to_up).zip(inputs) {
                let open = sigmoid(*gate);
                *to_gate = gradient * up * open * (1.0 + gate * (1.0 - open));
                *to_up = gradient * gate * open;
            }
        });
        vec![to_gate, to_up]
    }
}

/// `scale (x A^T) B^T`, the trained branch beside a frozen linear.
#[derive(Debug)]
pub(crate) struct LowRank {
    pub(crate) scale: f32,
}

impl LowRank {
    fn inner(&self, x: View<'_>, a: View<'_>) -> Vec<f32> {
        self.scaled(times_transposed(x.values, a.values, x.shape[1]))
    }

    fn scaled(&self, mut values: Vec<f32>) -> Vec<f32> {
        for value in &mut values {
            *value *= self.scale;
        }
        values
    }
}

impl HostFunction for LowRank {
    fn forward(&self, inputs: &[View<'_>]) -> (Vec<f32>, [usize; 2]) {
        let (x, a, b) = (inputs[0], inputs[1], inputs[2]);
        let inner = self.inner(x, a);
        (times_transposed(&inner, b.values, b.shape[1]), [x.shape[0], b.shape[0]])
    }

    fn backward(&self, inputs: &[View<'_>], gradient: View<'_>) -> Vec<Vec<f32>> {
        let (x, a, b) = (inputs[0], inputs[1], inputs[2]);
        let (count, outputs, rank) = (x.shape[0], b.shape[0], b.shape[1]);
        let inner = self.inner(x, a);
        let to_inner = self.scaled(times(gradient.values, b.values, outputs));
        let to_x = times(&to_inner, a.values, rank);
        let to_a = times(&transpose(&to_inner, rank), x.values, count);
        // The long side across, so that lanes are full; turned afterwards.
        let to_b = times(&transpose(&inner, rank), gradient.values, count);
        vec![to_x, to_a, transpose(&to_b, outputs)]
    }
}
