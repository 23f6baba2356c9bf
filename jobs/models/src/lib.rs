//! Pinned model files: list, pull, import.
