//! What can be wrong with a model file, said so that its owner knows what to do.

use thiserror::Error;

/// Why a GGUF file cannot be used.
#[derive(Debug, Error)]
pub enum GgufError {
    /// The first four bytes are something else.
    #[error("not a GGUF file (it starts with {found:02x?}); give the path of a .gguf model")]
    Magic {
        /// The bytes found in place of `GGUF`.
        found: [u8; 4],
    },
    /// A container version this reader does not know.
    #[error("GGUF version {found} is not supported; convert the model with a current tool (versions 2 and 3 are read)")]
    Version {
        /// The version the file states.
        found: u32,
    },
    /// The file ends before something it announces.
    #[error("the file ends early: {wanted} bytes wanted at byte {offset}; download the model again")]
    Truncated {
        /// Where the missing bytes should begin.
        offset: usize,
        /// How many were announced.
        wanted: u64,
    },
    /// A count or length above what this reader will allocate.
    #[error("{what} at byte {offset} announces {found}, above the limit of {limit}; the file is damaged or hostile")]
    TooLarge {
        /// What the number counts.
        what: &'static str,
        /// Where it stands.
        offset: usize,
        /// The number found.
        found: u64,
        /// The largest accepted.
        limit: u64,
    },
    /// A string that is not UTF-8.
    #[error("the string at byte {offset} is not UTF-8; download the model again")]
    Text {
        /// Where the string begins.
        offset: usize,
        /// What the decoder said.
        source: std::string::FromUtf8Error,
    },
    /// A metadata value of unknown type, or arrays nested too deeply.
    #[error("unknown metadata type {found} at byte {offset}; the file is damaged or newer than this program")]
    ValueType {
        /// Where the value begins.
        offset: usize,
        /// The type number found.
        found: u32,
    },
    /// Two metadata keys or two tensors of one name.
    #[error("`{name}` occurs twice; the file is damaged")]
    Duplicate {
        /// The repeated name.
        name: String,
    },
    /// A metadata key that must be there is not, or has the wrong type.
    #[error("metadata `{key}` is missing or is not {expected}; convert the model with a current tool")]
    Key {
        /// The key looked for.
        key: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A metadata value that contradicts the others or the limits.
    #[error("metadata `{key}` = {found} is not usable: {reason}")]
    Setting {
        /// The offending key.
        key: String,
        /// Its value.
        found: String,
        /// Why it is refused.
        reason: &'static str,
    },
    /// A model family this crate has no decoder for.
    #[error("model family `{found}` is not supported; use a Llama-family model (general.architecture = llama)")]
    Architecture {
        /// `general.architecture` of the file.
        found: String,
    },
    /// A tensor the model needs is not in the file.
    #[error("tensor `{name}` is missing; the file is incomplete")]
    TensorMissing {
        /// The tensor's name.
        name: String,
    },
    /// A tensor whose element type is not read.
    #[error(
        "tensor `{name}` has type {found}, which is not supported; quantise the model to Q4_0, Q4_1, Q5_0, Q8_0, Q4_K, Q6_K, F16 or F32"
    )]
    TensorType {
        /// The tensor's name.
        name: String,
        /// GGML type number.
        found: u32,
    },
    /// A tensor of an unexpected shape.
    #[error("tensor `{name}` has shape {found:?}, expected {expected:?} (fastest dimension first)")]
    TensorShape {
        /// The tensor's name.
        name: String,
        /// Dimensions in the file, fastest first.
        found: Vec<u64>,
        /// Dimensions the configuration asks for.
        expected: Vec<u64>,
    },
    /// A tensor whose bytes lie outside the file.
    #[error("tensor `{name}` lies outside the file; download the model again")]
    TensorRange {
        /// The tensor's name.
        name: String,
    },
    /// A weight that is infinite or not a number.
    #[error("tensor `{name}` holds a value that is not finite; download the model again")]
    NotFinite {
        /// The tensor's name.
        name: String,
    },
}
