//! AdamW (Loshchilov and Hutter 2019) on the host, in single precision and in one fixed order.
//!
//! An adapter is small, so moving its gradients to the host costs little, and every device then shares one optimiser
//! whose state can be saved and restored to the bit.

use crate::schedule::TrainConfig;

const EPSILON: f32 = 1e-8;

/// First and second moments of every value of an adapter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moments {
    pub(crate) first: Vec<Vec<f32>>,
    pub(crate) second: Vec<Vec<f32>>,
}

impl Moments {
    pub(crate) fn zero(like: &[Vec<f32>]) -> Moments {
        let zero: Vec<Vec<f32>> = like.iter().map(|values| vec![0.0; values.len()]).collect();
        Moments { first: zero.clone(), second: zero }
    }

    /// One update; `step` counts from 0, `shrink` multiplies the gradients (clipping).
    pub(crate) fn update(
        &mut self,
        values: &mut [Vec<f32>],
        gradients: &[Vec<f32>],
        shrink: f32,
        step: u64,
        config: &TrainConfig,
    ) {
        let rate = config.learning_rate(step);
        let (beta1, beta2) = (config.betas.0 as f32, config.betas.1 as f32);
        let correct = |beta: f64| (1.0 - power(beta, step + 1)) as f32;
        let (correct1, correct2) = (correct(config.betas.0), correct(config.betas.1));
        let (rate, decay) = (rate as f32, (1.0 - rate * config.weight_decay) as f32);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((values, gradients), (first, second)) in values.iter_mut().zip(gradients).zip(moments) {
            let moments = first.iter_mut().zip(second);
            for ((value, &gradient), (first, second)) in values.iter_mut().zip(gradients).zip(moments) {
                let gradient = gradient * shrink;
                *first = beta1 * *first + (1.0 - beta1) * gradient;
                *second = beta2 * *second + (1.0 - beta2) * gradient * gradient;
                let step = (*first / correct1) / ((*second / correct2).sqrt() + EPSILON);
                *value = *value * decay - rate * step;
            }
        }
    }
}

/// Global norm of all gradients, added up in order in double precision.
pub(crate) fn norm(gradients: &[Vec<f32>]) -> f64 {
    gradients.iter().flatten().map(|&gradient| f64::from(gradient) * f64::from(gradient)).sum::<f64>().sqrt()
}

/// `base^exponent` by squaring; the library's own may round differently from build to build.
fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut out = 1.0;
    while exponent > 0 {
        if exponent % 2 == 1 {
            out *= base;
        }
        base *= base;
        exponent /= 2;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_moves_every_value_by_the_learning_rate() {
        let config = TrainConfig {
            peak_lr: 0.1,
            warmup_steps: 0,
            total_steps: 10,
            weight_decay: 0.0,
            betas: (0.9, 0.999),
            clip_norm: 1.0,
            min_lr_ratio: 0.0,
        };
        let mut values = vec![vec![1.0_f32, -2.0]];
        Moments::zero(&values.clone()).update(&mut values, &[vec![0.5, -3.0]], 1.0, 0, &config);
        assert!((values[0][0] - 0.9).abs() < 1e-6 && (values[0][1] + 1.9).abs() < 1e-6, "{values:?}");
    }
}
