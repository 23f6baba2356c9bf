//! Table `eval_result`: every metric of an evaluation with its verdict.

crate::table::table! {
    /// One metric of one evaluation.
    "eval_result" v 1 => EvalResult {
        /// Name of the metric, e.g. `reply_nll`.
        metric: String,
        /// The adapter's value.
        candidate: Option<f64>,
        /// The baseline's value.
        baseline: Option<f64>,
        /// The value of the true replies, where it has one.
        human: Option<f64>,
        /// Candidate minus baseline, or the distance the gate looks at.
        difference: Option<f64>,
        /// Lower end of its 95 % bootstrap interval.
        low: Option<f64>,
        /// Upper end of its 95 % bootstrap interval.
        high: Option<f64>,
        /// The bound the gate holds it to.
        bound: Option<f64>,
        /// Examples it is computed from.
        count: i64,
        /// `pass`, `fail`, `inconclusive` or `reported`.
        verdict: String,
        /// The rule in words.
        rule: String,
    }
}
