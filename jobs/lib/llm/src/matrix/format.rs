//! The block formats of GGUF files and how one block of a row is taken apart (ggml's `ggml-quants.c` is their
//! definition).

use half::f16;

/// Weights per block of a tile; every format is cut into blocks of this many.
pub(crate) const BLOCK: usize = 32;

/// How the weights of a tensor are stored in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    F32,
    F16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q8_0,
    Q4K,
    Q6K,
}

impl Format {
    pub(crate) fn from_ggml(kind: u32) -> Option<Format> {
        Some(match kind {
            0 => Format::F32,
            1 => Format::F16,
            2 => Format::Q4_0,
            3 => Format::Q4_1,
            6 => Format::Q5_0,
            8 => Format::Q8_0,
            12 => Format::Q4K,
            14 => Format::Q6K,
            _ => return None,
        })
    }

    /// Weights and bytes of one block in the file.
    fn block(self) -> (usize, usize) {
        match self {
            Format::F32 => (1, 4),
            Format::F16 => (1, 2),
            Format::Q4_0 => (32, 18),
            Format::Q4_1 => (32, 20),
            Format::Q5_0 => (32, 22),
            Format::Q8_0 => (32, 34),
            Format::Q4K => (256, 144),
            Format::Q6K => (256, 210),
        }
    }

    /// Bytes of a row of `columns` weights; none if they are not whole blocks.
    pub(crate) fn row_bytes(self, columns: usize) -> Option<usize> {
        let (weights, bytes) = self.block();
        columns.is_multiple_of(weights).then_some(())?;
        (columns / weights).checked_mul(bytes)
    }
}

/// The 32 weights of one row in one block: `scale * code + min`, or the weights themselves.
pub(super) struct RowBlock {
    /// Unsigned nibbles, or the bits of signed bytes.
    pub(super) codes: [u8; BLOCK],
    /// Scale of the first and of the second sixteen weights.
    pub(super) scales: [f32; 2],
    pub(super) min: f32,
    /// Only for the formats without codes.
    pub(super) plain: [f32; BLOCK],
}

fn half(bytes: &[u8]) -> f32 {
    f16::from_le_bytes([bytes[0], bytes[1]]).to_f32()
}

impl RowBlock {
    /// Block number `block` of a row. `row` must be as long as [`Format::row_bytes`] says.
    pub(super) fn read(format: Format, row: &[u8], block: usize) -> RowBlock {
        let mut out = RowBlock { codes: [0; BLOCK], scales: [0.0; 2], min: 0.0, plain: [0.0; BLOCK] };
        match format {
            Format::F32 => {
                for (value, bytes) in out.plain.iter_mut().zip(row.chunks_exact(4).skip(block * BLOCK)) {
                    *value = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                }
            }
            Format::F16 => {
                for (value, bytes) in out.plain.iter_mut().zip(row.chunks_exact(2).skip(block * BLOCK)) {
                    *value = half(bytes);
                }
            }
            Format::Q4_0 => {
                let bytes = &row[block * 18..][..18];
                out.scales = [half(bytes); 2];
                // Exact: a half times eight.
                out.min = -8.0 * out.scales[0];
                nibbles(&bytes[2..], &mut out.codes);
            }
            Format::Q4_1 => {
                let bytes = &row[block * 20..][..20];
                out.scales = [half(bytes); 2];
                out.min = half(&bytes[2..]);
                nibbles(&bytes[4..], &mut out.codes);
            }
            Format::Q5_0 => {
                let bytes = &row[block * 22..][..22];
                out.scales = [half(bytes); 2];
                let high = u32::from_le_bytes([bytes[2], bytes[3], bytes[4], bytes[5]]);
                nibbles(&bytes[6..], &mut out.codes);
                for (bit, code) in out.codes.iter_mut().enumerate() {
                    *code = (*code | (((high >> bit) & 1) as u8) << 4).wrapping_sub(16);
                }
            }
            Format::Q8_0 => {
                let bytes = &row[block * 34..][..34];
                out.scales = [half(bytes); 2];
                out.codes.copy_from_slice(&bytes[2..]);
            }
            Format::Q4K => out.read_q4k(&row[block / 8 * 144..][..144], block % 8),
            Format::Q6K => out.read_q6k(&row[block / 8 * 210..][..210], block % 8),
        }
        out
    }

    /// Eight blocks share two halves; their 6-bit scales and minima are packed into twelve bytes.
    fn read_q4k(&mut self, bytes: &[u8], part: usize) {
        let packed = &bytes[4..16];
        let (scale, min) = if part < 4 {
            (packed[part] & 63, packed[part + 4] & 63)
        } else {
            ((packed[part + 4] & 15) | (packed[part - 4] >> 6) << 4, (packed[part + 4] >> 4) | (packed[part] >> 6) << 4)
        };
        self.scales = [half(bytes) * f32::from(scale); 2];
        self.min = -(half(&bytes[2..]) * f32::from(min));
        let pairs = &bytes[16 + part / 2 * 32..][..BLOCK];
        for (code, &pair) in self.codes.iter_mut().zip(pairs) {
            *code = if part.is_multiple_of(2) { pair & 15 } else { pair >> 4 };
        }
    }

    /// Eight blocks share one half; each sixteen weights have a signed 8-bit scale, and codes are split 4 + 2 bits.
    fn read_q6k(&mut self, bytes: &[u8], part: usize) {
        let (side, quarter) = (part / 4, part % 4);
        let low = &bytes[side * 64 + quarter % 2 * 32..][..BLOCK];
        let high = &bytes[128 + side * 32..][..BLOCK];
        let base = half(&bytes[208..]);
        for (which, scale) in self.scales.iter_mut().enumerate() {
            *scale = base * f32::from(bytes[192 + side * 8 + quarter * 2 + which] as i8);
        }
        for (code, (&low, &high)) in self.codes.iter_mut().zip(low.iter().zip(high)) {
            let low = if quarter < 2 { low & 15 } else { low >> 4 };
            *code = (low | ((high >> (2 * quarter)) & 3) << 4).wrapping_sub(32);
        }
    }

    /// Whether every weight of the block is a finite number.
    pub(super) fn is_finite(&self) -> bool {
        let parameters = self.scales.iter().chain(&self.plain);
        self.min.is_finite() && parameters.into_iter().all(|value| value.is_finite())
    }

    /// One weight, for tests and for lookups that are not worth a kernel.
    #[cfg(test)]
    pub(super) fn weight(&self, format: Format, index: usize) -> f32 {
        match format {
            Format::F32 | Format::F16 => self.plain[index],
            Format::Q4_0 | Format::Q4_1 | Format::Q4K => {
                self.scales[index / 16] * f32::from(self.codes[index]) + self.min
            }
            Format::Q5_0 | Format::Q8_0 | Format::Q6K => self.scales[index / 16] * f32::from(self.codes[index] as i8),
        }
    }
}

/// Sixteen bytes: low nibbles are weights 0 to 15, high nibbles the rest.
fn nibbles(bytes: &[u8], codes: &mut [u8; BLOCK]) {
    for (index, &pair) in bytes.iter().enumerate().take(16) {
        codes[index] = pair & 15;
        codes[index + 16] = pair >> 4;
    }
}
