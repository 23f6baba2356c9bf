//! The loss of a batch and its gradient with respect to every adapter tensor.

use std::ops::Range;

use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use super::{Example, TrainError};
use crate::attention::Positions;
use crate::layer::LayerAdapter;
use crate::lora::Adapter;
use crate::model::{Model, values};
use crate::numerics::cross_entropy;
use crate::qlinear::{qlinear, qlinear_back};
use crate::score::{HEAD_ROWS, Label, labels, pick};

/// Tokens run through the model at once; larger batches are cut into parts whose gradients are added in order.
const TOKENS_AT_ONCE: usize = 1024;

/// The outcome of a batch.
pub(super) struct Found {
    /// Mean over the labelled tokens.
    pub(super) loss: f64,
    pub(super) labels: usize,
    /// In the order of `lora::slots`.
    pub(super) gradients: Vec<Vec<f32>>,
}

pub(super) fn of_batch(model: &Model, adapter: &Adapter, batch: &[Example]) -> Result<Found, TrainError> {
    let mut total = 0;
    for (index, example) in batch.iter().enumerate() {
        let found = model.check(&example.ids, Some(adapter)).and_then(|()| labels(&example.ids, &example.mask));
        total += found.map_err(|source| TrainError::Example { index, source })?.len();
    }
    if total == 0 {
        return Err(TrainError::NoLabels);
    }
    let mut out = Found { loss: 0.0, labels: total, gradients: Vec::new() };
    let mut rest = batch;
    while !rest.is_empty() {
        let mut tokens = 0;
        let fitting = rest.iter().take_while(|example| {
            tokens += example.ids.len();
            tokens <= TOKENS_AT_ONCE
        });
        let (part, later) = rest.split_at(fitting.count().max(1));
        rest = later;
        let (loss, gradients) = of_part(model, adapter, part, 1.0 / total as f32)?;
        out.loss += loss / total as f64;
        if out.gradients.is_empty() {
            out.gradients = gradients;
        } else {
            for (sum, values) in out.gradients.iter_mut().flatten().zip(gradients.iter().flatten()) {
                *sum += values;
            }
        }
    }
    Ok(out)
}

/// Sum of the losses of a few examples, and the gradient of that sum times `weight`.
fn of_part(
    model: &Model,
    adapter: &Adapter,
    part: &[Example],
    weight: f32,
) -> Result<(f64, Vec<Vec<f32>>), TrainError> {
    let mut ids = Vec::new();
    let mut sequences: Vec<Range<usize>> = Vec::new();
    let mut targets = Vec::new();
    for example in part {
        let start = ids.len();
        ids.extend(&example.ids);
        sequences.push(start..ids.len());
        let own = labels(&example.ids, &example.mask)?;
        targets.extend(own.into_iter().map(|label| Label { row: label.row + start, id: label.id }));
    }
    let mut inputs = Vec::with_capacity(model.layers().len());
    let hidden = model.hidden(Some(adapter), &ids, &sequences, |input| inputs.push(input.clone()));
    let (loss, mut upstream) = head(model, hidden, &targets, weight)?;

    let positions = Positions::of_sequences(model.config(), &sequences, model.compute()).tracked();
    let mut gradients = Vec::with_capacity(inputs.len() * 14);
    for (index, layer) in model.layers().iter().enumerate().rev() {
        // `hidden` pushed exactly one input per layer.
        let Some(input) = inputs.pop() else { break };
        let input = input.autodiff().require_grad();
        let adapter = LayerAdapter::of(adapter, index).tracked();
        let output = layer.forward(input.clone(), Some(&adapter), &positions);
        let mut found = (output * upstream.clone().autodiff()).sum().backward();
        // From the last tensor to the first, so that one reversal at the end gives the order of `slots`.
        for pair in adapter.pairs.iter().rev() {
            for tensor in [&pair.b, &pair.a] {
                let gradient = tensor.grad_remove(&mut found).unwrap_or_else(|| tensor.clone().inner().zeros_like());
                gradients.push(values(gradient)?);
            }
        }
        if let Some(next) = input.grad_remove(&mut found) {
            upstream = next;
        }
    }
    gradients.reverse();
    Ok((loss, gradients))
}

/// Sum of the label losses, and its gradient times `weight` with respect to the residual stream.
fn head(model: &Model, hidden: Tensor<2>, targets: &[Label], weight: f32) -> Result<(f64, Tensor<2>), TrainError> {
    let [rows, width] = hidden.dims();
    let vocabulary = model.config().vocabulary;
    let mut upstream = vec![0.0; rows * width];
    let mut loss = 0.0;
    for part in targets.chunks(HEAD_ROWS) {
        let picked: Vec<usize> = part.iter().map(|label| label.row).collect();
        let input = pick(&hidden, &picked).autodiff().require_grad();
        let normal = model.final_norm(input.clone());
        let mut logits = values(qlinear(normal.clone().inner(), model.head()))?;
        let losses: Vec<f32> = logits
            .par_chunks_mut(vocabulary)
            .zip(part)
            .map(|(logits, label)| cross_entropy(logits, label.id as usize, Some(weight)))
            .collect();
        loss += losses.iter().map(|&loss| f64::from(loss)).sum::<f64>();
        let logits = Tensor::<2>::from_data(TensorData::new(logits, [part.len(), vocabulary]), &hidden.device());
        let back = qlinear_back(logits, model.head());
        let mut found = (normal * back.autodiff()).sum().backward();
        let Some(gradient) = input.grad_remove(&mut found) else { continue };
        // Every row predicts one token, so no row is written twice.
        for (row, gradient) in picked.iter().zip(values(gradient)?.chunks_exact(width)) {
            upstream[row * width..][..width].copy_from_slice(gradient);
        }
    }
    Ok((loss, Tensor::from_data(TensorData::new(upstream, [rows, width]), &hidden.device())))
}
