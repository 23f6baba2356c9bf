//! Table `train_metric`: the course of a training run.

crate::table::table! {
    /// One measurement of one optimiser step.
    "train_metric" v 1 => TrainMetric {
        /// Optimiser step, from 1; 0 is before training.
        step: i64,
        /// `train` or `val`.
        split: String,
        /// Mean negative log-likelihood of a reply token, nats.
        loss: f64,
        /// Reply tokens the loss is a mean of.
        tokens: i64,
        /// Learning rate of the step; null for val.
        learning_rate: Option<f64>,
        /// Norm of the gradient before clipping; null for val.
        grad_norm: Option<f64>,
    }
}
