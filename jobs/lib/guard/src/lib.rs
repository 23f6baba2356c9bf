//! Text filters and verdicts, the same for eval and infer.
