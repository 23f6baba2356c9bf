//! The shape and constants of a decoder, checked once so that no later code meets an impossible one.

use crate::gguf::{Gguf, GgufError, Value};

/// A Llama-family decoder. All counts are non-zero; `heads` is a multiple of `kv_heads`; `head_size` is even.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelConfig {
    /// Transformer layers.
    pub layers: usize,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Width inside the feed-forward block.
    pub feed_forward: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; each serves `heads / kv_heads` query heads (grouped-query attention).
    pub kv_heads: usize,
    /// Width of one head.
    pub head_size: usize,
    /// Tokens in the vocabulary.
    pub vocabulary: usize,
    /// Longest sequence the model was made for, in tokens.
    pub context: usize,
    /// Added to the mean square in RMSNorm.
    pub norm_epsilon: f64,
    /// Base of the rotary position frequencies.
    pub rope_base: f64,
}

impl ModelConfig {
    pub(crate) fn from_gguf(gguf: &Gguf) -> Result<ModelConfig, GgufError> {
        let family = gguf.text("general.architecture")?;
        if family != "llama" {
            return Err(GgufError::Architecture { found: family.to_owned() });
        }
        let heads = bounded(gguf, "llama.attention.head_count", 1 << 10)?;
        let hidden = bounded(gguf, "llama.embedding_length", 1 << 16)?;
        let kv_heads = match gguf.value("llama.attention.head_count_kv") {
            None => heads,
            Some(_) => bounded(gguf, "llama.attention.head_count_kv", 1 << 10)?,
        };
        let head_size = match gguf.value("llama.attention.key_length") {
            None => hidden / heads,
            Some(_) => bounded(gguf, "llama.attention.key_length", 1 << 12)?,
        };
        let rope = match gguf.value("llama.rope.dimension_count") {
            None => head_size,
            Some(_) => bounded(gguf, "llama.rope.dimension_count", 1 << 12)?,
        };
        let refuse = |key: &str, found: usize, reason| {
            Err(GgufError::Setting { key: key.to_owned(), found: found.to_string(), reason })
        };
        if heads % kv_heads != 0 {
            return refuse("llama.attention.head_count_kv", kv_heads, "it must divide the query heads");
        }
        if head_size == 0 || head_size % 2 != 0 {
            return refuse("llama.attention.key_length", head_size, "heads must be even in width");
        }
        if rope != head_size {
            return refuse("llama.rope.dimension_count", rope, "rotation must cover the whole head");
        }
        if let Some(Value::Text(kind)) = gguf.value("llama.rope.scaling.type")
            && kind != "none"
        {
            return Err(GgufError::Setting {
                key: "llama.rope.scaling.type".to_owned(),
                found: kind.clone(),
                reason: "scaled rotary positions are not supported; use a model without them",
            });
        }
        let embedding = gguf.dimensions("token_embd.weight")?;
        let vocabulary = match embedding {
            [_, rows] if (1..=1 << 20).contains(rows) => *rows as usize,
            _ => {
                return Err(GgufError::TensorShape {
                    name: "token_embd.weight".to_owned(),
                    found: embedding.to_vec(),
                    expected: vec![hidden as u64, 1 << 20],
                });
            }
        };
        Ok(ModelConfig {
            layers: bounded(gguf, "llama.block_count", 1 << 9)?,
            hidden,
            feed_forward: bounded(gguf, "llama.feed_forward_length", 1 << 18)?,
            heads,
            kv_heads,
            head_size,
            vocabulary,
            context: bounded(gguf, "llama.context_length", 1 << 24)?,
            norm_epsilon: positive(gguf, "llama.attention.layer_norm_rms_epsilon", 1.0)?,
            rope_base: match gguf.value("llama.rope.freq_base") {
                None => 10_000.0,
                Some(_) => positive(gguf, "llama.rope.freq_base", 1e12)?,
            },
        })
    }
}

fn bounded(gguf: &Gguf, key: &str, limit: u64) -> Result<usize, GgufError> {
    let found = gguf.unsigned(key)?;
    if found == 0 || found > limit {
        return Err(GgufError::Setting {
            key: key.to_owned(),
            found: found.to_string(),
            reason: "it is zero or absurdly large",
        });
    }
    Ok(found as usize)
}

fn positive(gguf: &Gguf, key: &str, limit: f64) -> Result<f64, GgufError> {
    let found = gguf.float(key)?;
    if found > 0.0 && found <= limit {
        return Ok(found);
    }
    Err(GgufError::Setting {
        key: key.to_owned(),
        found: found.to_string(),
        reason: "it is not a sane positive number",
    })
}
