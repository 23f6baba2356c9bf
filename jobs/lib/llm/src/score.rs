//! What a model thinks of given tokens: next-token logits and the negative log-likelihood of labelled ones.

use rayon::prelude::*;

use burn::tensor::{Int, Tensor, TensorData};

use crate::error::RunError;
use crate::lora::Adapter;
use crate::model::Model;
use crate::numerics::cross_entropy;

/// Rows the head computes at once, which bounds the memory for logits.
pub(crate) const HEAD_ROWS: usize = 64;

/// Logits of the token after the last of `ids`, one per token of the vocabulary.
pub fn logits(model: &Model, adapter: Option<&Adapter>, ids: &[u32]) -> Result<Vec<f32>, RunError> {
    model.check(ids, adapter)?;
    let whole = 0..ids.len();
    let hidden = model.hidden(adapter, ids, &[whole], |_| {});
    finite(model.logits(hidden.slice_dim(0, ids.len() - 1..ids.len()))?)
}

/// `-log p` of every token whose mask is set, in order; token `i` is predicted from those before it.
pub fn token_nlls(model: &Model, adapter: Option<&Adapter>, ids: &[u32], mask: &[bool]) -> Result<Vec<f32>, RunError> {
    model.check(ids, adapter)?;
    let labels = labels(ids, mask)?;
    let whole = 0..ids.len();
    let hidden = model.hidden(adapter, ids, &[whole], |_| {});
    let mut out = Vec::with_capacity(labels.len());
    for part in labels.chunks(HEAD_ROWS) {
        let rows: Vec<usize> = part.iter().map(|label| label.row).collect();
        let mut logits = model.logits(pick(&hidden, &rows))?;
        let vocabulary = model.config().vocabulary;
        let nlls: Vec<f32> = logits
            .par_chunks_mut(vocabulary)
            .zip(part)
            .map(|(logits, label)| cross_entropy(logits, label.id as usize, None))
            .collect();
        out.extend(nlls);
    }
    finite(out)
}

/// A row of the residual stream and the token it must predict.
pub(crate) struct Label {
    pub(crate) row: usize,
    pub(crate) id: u32,
}

/// The labels of a sequence; the first token cannot be one.
pub(crate) fn labels(ids: &[u32], mask: &[bool]) -> Result<Vec<Label>, RunError> {
    if mask.len() != ids.len() || mask.first() == Some(&true) {
        return Err(RunError::Mask { mask: mask.len(), ids: ids.len() });
    }
    let labelled = ids.iter().zip(mask).enumerate().filter(|(_, (_, set))| **set);
    Ok(labelled.map(|(index, (&id, _))| Label { row: index - 1, id }).collect())
}

/// The rows of `x` with these indices.
pub(crate) fn pick(x: &Tensor<2>, rows: &[usize]) -> Tensor<2> {
    let indices: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
    let indices = Tensor::<1, Int>::from_data(TensorData::new(indices, [rows.len()]), &x.device());
    x.clone().select(0, indices)
}

fn finite(values: Vec<f32>) -> Result<Vec<f32>, RunError> {
    if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(RunError::NotFinite) }
}
