//! Media to utterance and word.
