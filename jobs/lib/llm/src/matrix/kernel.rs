//! The one inner loop of every matrix product: 32 columns at a time, each output a single chain of fused
//! multiply-adds in the order of the inner index.
//!
//! Because the chain never depends on the vector width, on the number of rows or on the number of threads, a product
//! has the same bits on every machine, and a row has the same bits alone as in a batch.

/// Outputs computed side by side, and the width of a panel.
pub(crate) const LANES: usize = 32;

/// `out[r][lane] += sum over k of x[r][k] * panel[k][lane]`, for `rows` rows of `x` that lie `stride` apart.
///
/// `panel` holds `inner` rows of [`LANES`] values, `out` holds `rows` rows of them.
pub(crate) fn accumulate(x: &[f32], stride: usize, rows: usize, inner: usize, panel: &[f32], out: &mut [f32]) {
    assert!(inner <= stride && panel.len() >= inner * LANES && out.len() == rows * LANES);
    assert!(rows == 0 || x.len() >= (rows - 1) * stride + inner);
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the feature was just found and the lengths were just checked.
            return unsafe { wide::product(x, stride, rows, inner, panel, out) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: as above.
            return unsafe { narrow::product(x, stride, rows, inner, panel, out) };
        }
    }
    portable(x, stride, rows, inner, panel, out);
}

/// The meaning of [`accumulate`], and its implementation where no vector unit is known.
fn portable(x: &[f32], stride: usize, rows: usize, inner: usize, panel: &[f32], out: &mut [f32]) {
    for (row, sums) in out.chunks_exact_mut(LANES).enumerate().take(rows) {
        let x = &x[row * stride..row * stride + inner];
        for (&value, weights) in x.iter().zip(panel.chunks_exact(LANES)) {
            for (sum, &weight) in sums.iter_mut().zip(weights) {
                *sum = value.mul_add(weight, *sum);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
macro_rules! kernel {
    ($module:ident, $feature:literal, $vector:ident, $vectors:literal, [$($block:literal),+],
     $load:ident, $store:ident, $set:ident, $fma:ident) => {
        mod $module {
            use std::arch::x86_64::{$fma, $load, $set, $store, $vector};

            use super::LANES;

            const WIDTH: usize = LANES / $vectors;

            /// SAFETY: the caller has checked the lengths (see `accumulate`) and the CPU feature.
            #[target_feature(enable = $feature)]
            unsafe fn block<const ROWS: usize>(
                x: *const f32,
                stride: usize,
                inner: usize,
                panel: *const f32,
                out: *mut f32,
            ) {
                unsafe {
                    let mut sums: [[$vector; $vectors]; ROWS] = [[$set(0.0); $vectors]; ROWS];
                    for (row, sums) in sums.iter_mut().enumerate() {
                        for (part, sum) in sums.iter_mut().enumerate() {
                            *sum = $load(out.add(row * LANES + part * WIDTH));
                        }
                    }
                    for k in 0..inner {
                        let mut weights = [$set(0.0); $vectors];
                        for (part, weight) in weights.iter_mut().enumerate() {
                            *weight = $load(panel.add(k * LANES + part * WIDTH));
                        }
                        for (row, sums) in sums.iter_mut().enumerate() {
                            let value = $set(*x.add(row * stride + k));
                            for (sum, weight) in sums.iter_mut().zip(weights) {
                                *sum = $fma(value, weight, *sum);
                            }
                        }
                    }
                    for (row, sums) in sums.iter().enumerate() {
                        for (part, sum) in sums.iter().enumerate() {
                            $store(out.add(row * LANES + part * WIDTH), *sum);
                        }
                    }
                }
            }

            /// SAFETY: as `block`.
            #[target_feature(enable = $feature)]
            pub(super) unsafe fn product(
                x: &[f32],
                stride: usize,
                rows: usize,
                inner: usize,
                panel: &[f32],
                out: &mut [f32],
            ) {
                let (x, panel, out) = (x.as_ptr(), panel.as_ptr(), out.as_mut_ptr());
                let mut row = 0;
                $(
                    while rows - row >= $block {
                        unsafe { block::<$block>(x.add(row * stride), stride, inner, panel, out.add(row * LANES)) };
                        row += $block;
                    }
                )+
            }
        }
    };
}

// 24 of 32 registers hold sums, or 12 of 16; the rest hold the weights and the broadcast value.
#[cfg(target_arch = "x86_64")]
kernel!(wide, "avx512f", __m512, 2, [12, 6, 3, 1], _mm512_loadu_ps, _mm512_storeu_ps, _mm512_set1_ps, _mm512_fmadd_ps);
#[cfg(target_arch = "x86_64")]
kernel!(narrow, "avx2,fma", __m256, 4, [2, 1], _mm256_loadu_ps, _mm256_storeu_ps, _mm256_set1_ps, _mm256_fmadd_ps);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_has_the_bits_of_the_portable_loop() {
        let (inner, stride) = (37, 41);
        let number = |i: usize| ((i * 2_654_435_761) % 1_000_003) as f32 / 500_001.5 - 1.0;
        for rows in [0, 1, 2, 3, 7, 12, 29] {
            let x: Vec<f32> = (0..rows * stride).map(number).collect();
            let panel: Vec<f32> = (0..inner * LANES).map(|i| number(i + 7)).collect();
            let start: Vec<f32> = (0..rows * LANES).map(|i| number(i + 99)).collect();
            let run = |product: &dyn Fn(&mut [f32])| {
                let mut out = start.clone();
                product(&mut out);
                out.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
            };
            let expected = run(&|out| portable(&x, stride, rows, inner, &panel, out));
            assert_eq!(run(&|out| accumulate(&x, stride, rows, inner, &panel, out)), expected, "{rows} rows");
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                // SAFETY: the feature was just found; the lengths are those `accumulate` has checked.
                let narrow = run(&|out| unsafe { narrow::product(&x, stride, rows, inner, &panel, out) });
                assert_eq!(narrow, expected, "{rows} rows");
            }
        }
    }
}
