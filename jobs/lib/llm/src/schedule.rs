//! The learning rate of every step: a linear warm-up, then half a cosine down to a floor.

/// The settings of a run's optimiser.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainConfig {
    /// The highest learning rate, reached at the end of the warm-up.
    pub peak_lr: f64,
    /// Steps of the warm-up.
    pub warmup_steps: u64,
    /// Steps after which the learning rate has reached its floor.
    pub total_steps: u64,
    /// Decoupled weight decay (AdamW).
    pub weight_decay: f64,
    /// Decay of the first and of the second moment.
    pub betas: (f64, f64),
    /// Gradients are scaled down to this global norm.
    pub clip_norm: f64,
    /// The floor, as a share of the peak.
    pub min_lr_ratio: f64,
}

impl TrainConfig {
    /// The learning rate of step `step`, counted from 0.
    pub fn learning_rate(&self, step: u64) -> f64 {
        if step < self.warmup_steps {
            return self.peak_lr * (step + 1) as f64 / self.warmup_steps as f64;
        }
        let span = self.total_steps.saturating_sub(self.warmup_steps).max(1);
        let progress = ((step - self.warmup_steps) as f64 / span as f64).min(1.0);
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
        self.peak_lr * (self.min_lr_ratio + (1.0 - self.min_lr_ratio) * cosine)
    }

    /// The first setting that makes no sense, with what it should be.
    pub(crate) fn problem(&self) -> Option<(&'static str, f64, &'static str)> {
        let unit = |value: f64| (0.0..1.0).contains(&value);
        let checks = [
            ("peak_lr", self.peak_lr, self.peak_lr > 0.0 && self.peak_lr <= 1.0, "use a number above 0 and up to 1"),
            ("total_steps", self.total_steps as f64, self.total_steps > 0, "train at least one step"),
            (
                "weight_decay",
                self.weight_decay,
                self.weight_decay >= 0.0 && self.weight_decay <= 1.0,
                "use a number from 0 to 1",
            ),
            ("betas.0", self.betas.0, unit(self.betas.0), "use a number from 0 to below 1"),
            ("betas.1", self.betas.1, unit(self.betas.1), "use a number from 0 to below 1"),
            ("clip_norm", self.clip_norm, self.clip_norm > 0.0, "use a positive number"),
            ("min_lr_ratio", self.min_lr_ratio, (0.0..=1.0).contains(&self.min_lr_ratio), "use a number from 0 to 1"),
        ];
        checks.into_iter().find(|check| !check.2).map(|(name, found, _, expected)| (name, found, expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_to_the_peak_and_falls_to_the_floor() {
        let config = TrainConfig {
            peak_lr: 1e-3,
            warmup_steps: 4,
            total_steps: 20,
            weight_decay: 0.0,
            betas: (0.9, 0.999),
            clip_norm: 1.0,
            min_lr_ratio: 0.1,
        };
        let check = |step, expect: f64| {
            let found = config.learning_rate(step);
            assert!((found - expect).abs() < 1e-12, "step {step}: {found} is not {expect}");
        };
        check(0, 0.25e-3);
        check(3, 1e-3);
        check(4, 1e-3);
        check(12, 0.55e-3);
        check(20, 1e-4);
        check(1000, 1e-4);
    }
}
