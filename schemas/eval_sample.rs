//! Table `eval_sample`: what adapter and baseline made of each held-out example.

use ids::{Digest, Platform, VodId};

crate::table::table! {
    /// One held-out example under one system.
    "eval_sample" v 1 => EvalSample {
        /// `candidate` or `baseline`.
        system: String,
        /// The held-out example.
        example_id: Digest,
        /// Where the broadcast was published.
        platform: Platform,
        /// Its id there.
        vod_id: VodId,
        /// Summed negative log-likelihood of the true reply, nats.
        nll: f64,
        /// Tokens of the true reply.
        tokens: i64,
        /// Digest of the prompt's token ids.
        prompt_digest: Digest,
        /// What the system answered; null where nothing was generated.
        reply: Option<String>,
        /// Toxicity of that answer, 0 to 1.
        toxicity: Option<f64>,
        /// What the guard did with it: allow, mask or block.
        guard: Option<String>,
    }
}
