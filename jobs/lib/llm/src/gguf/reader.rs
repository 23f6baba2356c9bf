//! A cursor over foreign bytes that checks every length before it believes it.

use super::GgufError;

/// Longest string a header may hold; the longest real ones are chat templates.
const MAX_STRING: u64 = 1 << 20;

/// Most values all arrays of one header may hold together; the largest vocabularies need under a million.
const MAX_VALUES: u64 = 1 << 22;

/// Deepest nesting of arrays; no writer nests at all.
const MAX_DEPTH: usize = 3;

/// One metadata value, with the integer widths folded together.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Any unsigned integer, and any non-negative signed one.
    Unsigned(u64),
    /// A negative integer.
    Negative(i64),
    /// A float of either width.
    Float(f64),
    /// A truth value.
    Flag(bool),
    /// A UTF-8 string.
    Text(String),
    /// An array; the specification lets elements have one type only.
    Array(Vec<Value>),
}

/// A position in a byte slice; every read is bounded by what is left.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    values: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, position: 0, values: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn remaining(&self) -> u64 {
        (self.bytes.len() - self.position) as u64
    }

    pub(super) fn take(&mut self, count: u64) -> Result<&'a [u8], GgufError> {
        if count > self.remaining() {
            return Err(GgufError::Truncated { offset: self.position, wanted: count });
        }
        let start = self.position;
        self.position += count as usize;
        Ok(&self.bytes[start..self.position])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], GgufError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N as u64)?);
        Ok(out)
    }

    pub(super) fn u32(&mut self) -> Result<u32, GgufError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, GgufError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(super) fn text(&mut self) -> Result<String, GgufError> {
        let offset = self.position;
        let length = self.u64()?;
        if length > MAX_STRING {
            return Err(GgufError::TooLarge { what: "string", offset, found: length, limit: MAX_STRING });
        }
        let bytes = self.take(length)?;
        String::from_utf8(bytes.to_vec()).map_err(|source| GgufError::Text { offset, source })
    }

    /// A typed metadata value: its type number, then its bytes.
    pub(super) fn value(&mut self) -> Result<Value, GgufError> {
        let kind = self.u32()?;
        self.value_of(kind, 0)
    }

    fn value_of(&mut self, kind: u32, depth: usize) -> Result<Value, GgufError> {
        let offset = self.position;
        Ok(match kind {
            0 => Value::Unsigned(u8::from_le_bytes(self.array()?).into()),
            1 => signed(i8::from_le_bytes(self.array()?).into()),
            2 => Value::Unsigned(u16::from_le_bytes(self.array()?).into()),
            3 => signed(i16::from_le_bytes(self.array()?).into()),
            4 => Value::Unsigned(self.u32()?.into()),
            5 => signed(i32::from_le_bytes(self.array()?).into()),
            6 => Value::Float(f32::from_le_bytes(self.array()?).into()),
            7 => Value::Flag(u8::from_le_bytes(self.array()?) != 0),
            8 => Value::Text(self.text()?),
            9 if depth < MAX_DEPTH => self.values(depth + 1)?,
            10 => Value::Unsigned(self.u64()?),
            11 => signed(i64::from_le_bytes(self.array()?)),
            12 => Value::Float(f64::from_le_bytes(self.array()?)),
            _ => return Err(GgufError::ValueType { offset, found: kind }),
        })
    }

    fn values(&mut self, depth: usize) -> Result<Value, GgufError> {
        let kind = self.u32()?;
        let offset = self.position;
        let count = self.u64()?;
        let smallest = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            8 | 10..=12 => 8,
            _ => 12,
        };
        if count > self.remaining() / smallest {
            return Err(GgufError::Truncated { offset, wanted: count.saturating_mul(smallest) });
        }
        self.values = self.values.saturating_add(count);
        if self.values > MAX_VALUES {
            return Err(GgufError::TooLarge { what: "array", offset, found: self.values, limit: MAX_VALUES });
        }
        let mut out = Vec::with_capacity(count as usize);
        for _ in 0..count {
            out.push(self.value_of(kind, depth)?);
        }
        Ok(Value::Array(out))
    }
}

fn signed(value: i64) -> Value {
    u64::try_from(value).map_or(Value::Negative(value), Value::Unsigned)
}
