//! Reads GGUF model files (versions 2 and 3) without trusting a single number in them.
//!
//! The layout is the one in ggml's `docs/gguf.md`: a header of typed metadata, a table of tensors, then their bytes,
//! each at an aligned offset.

mod error;
mod reader;

use std::collections::BTreeMap;

use crate::config::ModelConfig;
use crate::matrix::Format;
use reader::Reader;

pub use error::GgufError;
pub use reader::Value;

const MAX_TENSORS: u64 = 1 << 16;
const MAX_KEYS: u64 = 1 << 16;
const MAX_DIMENSIONS: u32 = 4;

/// A model file whose header has been read and whose tensors are known to lie inside it.
pub struct Gguf {
    bytes: Vec<u8>,
    metadata: BTreeMap<String, Value>,
    tensors: BTreeMap<String, TensorInfo>,
}

struct TensorInfo {
    dimensions: Vec<u64>,
    kind: u32,
    start: usize,
}

/// The raw blocks of one tensor.
pub(crate) struct TensorBlocks<'a> {
    pub(crate) format: Format,
    pub(crate) bytes: &'a [u8],
}

impl Gguf {
    /// Reads the header and checks that every tensor lies inside `bytes`.
    pub fn parse(bytes: Vec<u8>) -> Result<Gguf, GgufError> {
        let mut reader = Reader::new(&bytes);
        let mut magic = [0; 4];
        magic.copy_from_slice(reader.take(4)?);
        if &magic != b"GGUF" {
            return Err(GgufError::Magic { found: magic });
        }
        let version = reader.u32()?;
        if !(2..=3).contains(&version) {
            return Err(GgufError::Version { found: version });
        }
        let tensor_count = count(&mut reader, "tensor count", MAX_TENSORS)?;
        let key_count = count(&mut reader, "metadata count", MAX_KEYS)?;
        let mut metadata = BTreeMap::new();
        for _ in 0..key_count {
            let key = reader.text()?;
            let value = reader.value()?;
            if metadata.insert(key.clone(), value).is_some() {
                return Err(GgufError::Duplicate { name: key });
            }
        }
        let mut tensors = BTreeMap::new();
        let mut offsets = Vec::new();
        for _ in 0..tensor_count {
            let (name, info, offset) = tensor_info(&mut reader)?;
            offsets.push((name.clone(), offset));
            if tensors.insert(name.clone(), info).is_some() {
                return Err(GgufError::Duplicate { name });
            }
        }
        let alignment = match metadata.get("general.alignment") {
            None => 32,
            Some(Value::Unsigned(n)) if n.is_power_of_two() && *n <= 1 << 20 => *n,
            Some(_) => {
                return Err(GgufError::Key {
                    key: "general.alignment".to_owned(),
                    expected: "a power of two up to 2^20",
                });
            }
        };
        // Nothing above can overflow: the position is at most the file's length.
        let data_start = (reader.position() as u64).next_multiple_of(alignment);
        for (name, offset) in offsets {
            let start = data_start.checked_add(offset).and_then(|s| usize::try_from(s).ok());
            match (tensors.get_mut(&name), start) {
                (Some(info), Some(start)) if start <= bytes.len() => info.start = start,
                _ => return Err(GgufError::TensorRange { name }),
            }
        }
        Ok(Gguf { bytes, metadata, tensors })
    }

    /// The decoder's shape and constants.
    pub fn config(&self) -> Result<ModelConfig, GgufError> {
        ModelConfig::from_gguf(self)
    }

    /// The byte-level BPE vocabulary the file carries.
    pub fn vocabulary(&self) -> Result<prompt::Vocabulary, GgufError> {
        let model = self.text("tokenizer.ggml.model")?;
        if model != "gpt2" {
            return Err(GgufError::Setting {
                key: "tokenizer.ggml.model".to_owned(),
                found: model.to_owned(),
                reason: "only byte-level BPE (gpt2) is supported; use a model with such a tokenizer",
            });
        }
        let merges = self.texts("tokenizer.ggml.merges")?;
        let merges = merges
            .map(|merge| {
                let pair = merge.split_once(' ').ok_or_else(|| GgufError::Setting {
                    key: "tokenizer.ggml.merges".to_owned(),
                    found: merge.to_owned(),
                    reason: "a merge is two texts with a space between them",
                })?;
                Ok((pair.0.to_owned(), pair.1.to_owned()))
            })
            .collect::<Result<_, GgufError>>()?;
        let tokens: Vec<String> = self.texts("tokenizer.ggml.tokens")?.map(str::to_owned).collect();
        let special = |key: &str| match self.metadata.get(key) {
            None => Ok(None),
            Some(Value::Unsigned(id)) if *id < tokens.len() as u64 => Ok(Some(*id as u32)),
            Some(_) => Err(GgufError::Key { key: key.to_owned(), expected: "the id of a token" }),
        };
        let (bos, eos) = (special("tokenizer.ggml.bos_token_id")?, special("tokenizer.ggml.eos_token_id")?);
        let control = match self.metadata.get("tokenizer.ggml.token_type") {
            Some(Value::Array(types)) => (0..tokens.len() as u32)
                .zip(types)
                .filter(|(_, kind)| matches!(kind, Value::Unsigned(3)))
                .map(|(id, _)| id)
                .collect(),
            _ => Vec::new(),
        };
        Ok(prompt::Vocabulary {
            tokens,
            merges,
            pre_tokenizer: self.text("tokenizer.ggml.pre")?.to_owned(),
            control,
            bos,
            eos,
            add_bos: matches!(self.metadata.get("tokenizer.ggml.add_bos_token"), Some(Value::Flag(true))),
        })
    }

    /// The metadata value under `key`, if there is one.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.metadata.get(key)
    }

    pub(crate) fn text(&self, key: &str) -> Result<&str, GgufError> {
        match self.metadata.get(key) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(GgufError::Key { key: key.to_owned(), expected: "a string" }),
        }
    }

    pub(crate) fn unsigned(&self, key: &str) -> Result<u64, GgufError> {
        match self.metadata.get(key) {
            Some(Value::Unsigned(number)) => Ok(*number),
            _ => Err(GgufError::Key { key: key.to_owned(), expected: "a non-negative integer" }),
        }
    }

    pub(crate) fn float(&self, key: &str) -> Result<f64, GgufError> {
        match self.metadata.get(key) {
            Some(Value::Float(number)) => Ok(*number),
            _ => Err(GgufError::Key { key: key.to_owned(), expected: "a float" }),
        }
    }

    fn texts(&self, key: &str) -> Result<impl Iterator<Item = &str>, GgufError> {
        let wrong = || GgufError::Key { key: key.to_owned(), expected: "an array of strings" };
        let Some(Value::Array(values)) = self.metadata.get(key) else { return Err(wrong()) };
        if !values.iter().all(|value| matches!(value, Value::Text(_))) {
            return Err(wrong());
        }
        Ok(values.iter().filter_map(|value| match value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        }))
    }

    pub(crate) fn has_tensor(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    pub(crate) fn dimensions(&self, name: &str) -> Result<&[u64], GgufError> {
        let info = self.tensors.get(name).ok_or_else(|| GgufError::TensorMissing { name: name.to_owned() })?;
        Ok(&info.dimensions)
    }

    /// The blocks of a tensor that must have exactly these dimensions, fastest first.
    pub(crate) fn tensor(&self, name: &str, expected: &[usize]) -> Result<TensorBlocks<'_>, GgufError> {
        let info = self.tensors.get(name).ok_or_else(|| GgufError::TensorMissing { name: name.to_owned() })?;
        let expected: Vec<u64> = expected.iter().map(|&n| n as u64).collect();
        if info.dimensions != expected {
            return Err(GgufError::TensorShape { name: name.to_owned(), found: info.dimensions.clone(), expected });
        }
        let format = Format::from_ggml(info.kind)
            .ok_or_else(|| GgufError::TensorType { name: name.to_owned(), found: info.kind })?;
        let range_error = || GgufError::TensorRange { name: name.to_owned() };
        let columns = usize::try_from(expected.first().copied().unwrap_or(1)).map_err(|_| range_error())?;
        let row = format.row_bytes(columns).ok_or_else(|| GgufError::Setting {
            key: name.to_owned(),
            found: columns.to_string(),
            reason: "a row must be whole blocks",
        })?;
        let length = expected[1..]
            .iter()
            .try_fold(row, |size, &n| size.checked_mul(usize::try_from(n).ok()?))
            .ok_or_else(range_error)?;
        let end = info.start.checked_add(length).ok_or_else(range_error)?;
        let bytes = self.bytes.get(info.start..end).ok_or_else(range_error)?;
        Ok(TensorBlocks { format, bytes })
    }
}

fn count(reader: &mut Reader<'_>, what: &'static str, limit: u64) -> Result<u64, GgufError> {
    let offset = reader.position();
    let found = reader.u64()?;
    if found > limit {
        return Err(GgufError::TooLarge { what, offset, found, limit });
    }
    Ok(found)
}

fn tensor_info(reader: &mut Reader<'_>) -> Result<(String, TensorInfo, u64), GgufError> {
    let name = reader.text()?;
    let offset = reader.position();
    let rank = reader.u32()?;
    if rank == 0 || rank > MAX_DIMENSIONS {
        return Err(GgufError::TooLarge {
            what: "tensor rank",
            offset,
            found: rank.into(),
            limit: MAX_DIMENSIONS.into(),
        });
    }
    let dimensions = (0..rank).map(|_| reader.u64()).collect::<Result<Vec<_>, _>>()?;
    let kind = reader.u32()?;
    let start = reader.u64()?;
    Ok((name, TensorInfo { dimensions, kind, start: 0 }, start))
}
