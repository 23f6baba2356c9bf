//! Products of dense matrices with the same fixed order of sums as those of frozen ones.

use rayon::prelude::*;

use super::kernel::{LANES, accumulate};

/// Rows given to one thread at a time; a fixed number, though no result depends on it.
const ROWS: usize = 48;

/// `a b^T`: `a` is `[m, inner]`, `b` is `[n, inner]`.
pub(crate) fn times_transposed(a: &[f32], b: &[f32], inner: usize) -> Vec<f32> {
    let columns = b.len() / inner;
    let mut panels = vec![0.0; columns.div_ceil(LANES) * inner * LANES];
    for (panel, rows) in panels.chunks_exact_mut(inner * LANES).zip(b.chunks(inner * LANES)) {
        for (lane, row) in rows.chunks_exact(inner).enumerate() {
            for (k, value) in row.iter().enumerate() {
                panel[k * LANES + lane] = *value;
            }
        }
    }
    multiply(a, inner, &panels, columns)
}

/// `a b`: `a` is `[m, inner]`, `b` is `[inner, columns]`.
pub(crate) fn times(a: &[f32], b: &[f32], inner: usize) -> Vec<f32> {
    let columns = b.len() / inner;
    let mut panels = vec![0.0; columns.div_ceil(LANES) * inner * LANES];
    for (index, panel) in panels.chunks_exact_mut(inner * LANES).enumerate() {
        let start = index * LANES;
        let width = LANES.min(columns - start);
        for (out, row) in panel.chunks_exact_mut(LANES).zip(b.chunks_exact(columns)) {
            out[..width].copy_from_slice(&row[start..start + width]);
        }
    }
    multiply(a, inner, &panels, columns)
}

/// `[rows, columns]` to `[columns, rows]`.
pub(crate) fn transpose(values: &[f32], columns: usize) -> Vec<f32> {
    let rows = values.len() / columns;
    let mut out = vec![0.0; values.len()];
    for (i, row) in values.chunks_exact(columns).enumerate() {
        for (j, value) in row.iter().enumerate() {
            out[j * rows + i] = *value;
        }
    }
    out
}

fn multiply(a: &[f32], inner: usize, panels: &[f32], columns: usize) -> Vec<f32> {
    let mut out = vec![0.0; a.len() / inner * columns];
    out.par_chunks_mut(ROWS * columns).zip(a.par_chunks(ROWS * inner)).for_each(|(out, a)| {
        let rows = a.len() / inner;
        let mut sums = [0.0; ROWS * LANES];
        for (index, panel) in panels.chunks_exact(inner * LANES).enumerate() {
            let sums = &mut sums[..rows * LANES];
            sums.fill(0.0);
            accumulate(a, inner, rows, inner, panel, sums);
            let start = index * LANES;
            let width = LANES.min(columns - start);
            for (out, sums) in out.chunks_exact_mut(columns).zip(sums.chunks_exact(LANES)) {
                out[start..start + width].copy_from_slice(&sums[..width]);
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_chains_in_the_order_of_the_inner_index() {
        let (m, inner, n) = (101, 37, 45);
        let a: Vec<f32> = (0..m * inner).map(|i| ((i * 29) % 83) as f32 / 40.0 - 1.0).collect();
        let b: Vec<f32> = (0..n * inner).map(|i| ((i * 31) % 79) as f32 / 39.0 - 1.0).collect();
        let chain =
            |i: usize, j: usize| (0..inner).fold(0.0_f32, |sum, k| a[i * inner + k].mul_add(b[j * inner + k], sum));
        let expected: Vec<f32> = (0..m * n).map(|index| chain(index / n, index % n)).collect();
        assert_eq!(times_transposed(&a, &b, inner), expected);
        assert_eq!(times(&a, &transpose(&b, inner), inner), expected);
    }
}
