//! Examples to a LoRA adapter and its metrics.
