//! Elementary functions with the same bits on every machine, and reductions in a fixed order.
//!
//! The system's `expf` differs between C libraries; this one is plain IEEE arithmetic and vectorises.

/// `e^x` to about two units in the last place (the polynomial of the Cephes library); at most `e^88`, NaN for NaN.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let whole = rounded - ROUND;
    let r = (x - whole * 0.693_359_4) - whole * -2.121_944_4e-4;
    let mut y = 1.987_569_1e-4;
    y = y * r + 1.398_2e-3;
    y = y * r + 8.333_452e-3;
    y = y * r + 4.166_579_6e-2;
    y = y * r + 1.666_666_5e-1;
    y = y * r + 0.5;
    y = y * r * r + r + 1.0;
    let exponent = (rounded.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127)) << 23;
    y * f32::from_bits(exponent)
}

/// Sum in sixteen interleaved chains, joined in a fixed order: vectorises, and does not depend on how.
#[inline(always)]
pub(crate) fn sum(values: impl ExactSizeIterator<Item = f32>) -> f32 {
    let mut chains = [0.0; 16];
    for (index, value) in values.enumerate() {
        chains[index % 16] += value;
    }
    let mut width = 8;
    while width > 0 {
        for lane in 0..width {
            chains[lane] += chains[lane + width];
        }
        width /= 2;
    }
    chains[0]
}

/// `-log softmax(logits)[label]`, and the gradient of it in place of the logits if wanted.
pub(crate) fn cross_entropy(logits: &mut [f32], label: usize, gradient: Option<f32>) -> f32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let target = logits.get(label).copied().unwrap_or(f32::NAN);
    for logit in logits.iter_mut() {
        *logit = exp(*logit - largest);
    }
    let mut total = 0.0_f64;
    for part in logits.chunks(64) {
        total += f64::from(sum(part.iter().copied()));
    }
    if let Some(weight) = gradient {
        let scale = weight / total as f32;
        for logit in logits.iter_mut() {
            *logit *= scale;
        }
        if let Some(target) = logits.get_mut(label) {
            *target -= weight;
        }
    }
    (total.ln() - (f64::from(target) - f64::from(largest))) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_close_to_the_exact_one() {
        for step in -8700..8800 {
            let x = step as f32 / 100.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 3e-7, "{x}");
        }
        assert!(exp(f32::NAN).is_nan());
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn cross_entropy_is_the_log_softmax_and_its_gradient_sums_to_zero() {
        let mut logits = [1.0, 2.0, 3.5, -4.0];
        let exact: f64 = logits.iter().map(|&l| f64::from(l).exp()).sum::<f64>().ln() - 2.0;
        let loss = cross_entropy(&mut logits, 1, Some(0.5));
        assert!((f64::from(loss) - exact).abs() < 1e-6);
        assert!(logits.iter().sum::<f32>().abs() < 1e-6 && logits[1] < 0.0);
    }
}
