//! Decoder, quantised linear op, LoRA, checkpoints and generation.
