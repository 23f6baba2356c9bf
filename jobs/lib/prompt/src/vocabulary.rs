//! The vocabulary of a language model as plain data, so that the model file's reader and the tokenizer meet without
//! knowing each other.

/// What a byte-level BPE tokenizer needs, as a GGUF file or a tokenizer.json states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    /// Token texts in the tokenizer's own byte-to-unicode alphabet; the index is the token id.
    pub tokens: Vec<String>,
    /// Merge rules, most important first.
    pub merges: Vec<(String, String)>,
    /// Which pre-tokenizer splits the text (`tokenizer.ggml.pre`), e.g. `smollm`.
    pub pre_tokenizer: String,
    /// Ids of control tokens such as `<|im_start|>`; text can never produce them.
    pub control: Vec<u32>,
    /// Beginning-of-sequence token, if the model has one.
    pub bos: Option<u32>,
    /// End-of-sequence token, if the model has one.
    pub eos: Option<u32>,
    /// Whether a sequence is meant to begin with `bos`.
    pub add_bos: bool,
}
