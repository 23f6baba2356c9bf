//! Utterances and chat to offset_segment, aligned_turn and the QA page.
