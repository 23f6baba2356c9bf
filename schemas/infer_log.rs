//! Table `infer_log`: what was asked of a released adapter and what left the machine's model.

use ids::{Digest, Name, RunId};

crate::table::table! {
    /// One event of a server or of a single reply.
    "infer_log" v 1 => InferLog {
        /// When, ms since 1970 UTC.
        at_ms: i64,
        /// `reply`, `refused`, `failed` or `parity_mismatch`.
        event: String,
        /// The request.
        request_id: String,
        /// The reply, if there was one.
        reply_id: Option<String>,
        /// Which way it came: `cli`, `reply`, `chat_completions`.
        route: String,
        /// The release channel.
        channel: Name,
        /// Position of the release in its channel.
        release: i64,
        /// The adapter's name.
        adapter: Name,
        /// The training run that made the adapter.
        train_run: RunId,
        /// Digest of the adapter's weights.
        adapter_digest: Digest,
        /// Digest of the base model's file.
        base_digest: Digest,
        /// Digest of prompt spec and tokenizer.
        renderer_digest: Digest,
        /// Digest of the prompt's token ids.
        prompt_digest: Option<Digest>,
        /// What the streamer had said, as it reached the model.
        transcript: Option<String>,
        /// The answer as it was sent.
        reply: Option<String>,
        /// Tokens of the prompt.
        prompt_tokens: i64,
        /// Tokens that were generated.
        reply_tokens: i64,
        /// What the guard did with the input: allow, mask or block.
        guard_input: String,
        /// What the guard did with the output: allow, mask or block; null if there was none.
        guard_output: Option<String>,
        /// What the guard found, as category:rule.
        findings: Vec<String>,
        /// Whether the prompt was rendered again the way training does.
        parity_checked: bool,
        /// Whether that gave other tokens.
        parity_mismatch: bool,
        /// Sampling seed.
        seed: i64,
        /// From the arrival of the request to its end, ms.
        latency_ms: i64,
        /// HTTP status, 0 on the command line.
        status: i64,
    }
}
