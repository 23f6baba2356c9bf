//! A tile is 32 weights of 32 rows, still in their codes, turned so that the same weight of all rows lies together:
//! a vector unit then widens a tile as fast as it can read it.

use half::f16;

use super::format::{BLOCK, Format, RowBlock};
use super::kernel::LANES;
use super::spread;

/// Weights in a tile.
pub(super) const TILE: usize = BLOCK * LANES;

/// How a tile lays out its codes and its parameters (one per row, or two).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// 4-bit codes, half scales; the minimum is minus eight scales.
    NibbleScale,
    /// 4-bit codes, half scales, half minima.
    NibbleMin,
    /// 4-bit codes, single scales and minima.
    NibbleWide,
    /// 8-bit signed codes, half scales.
    Byte,
    /// 8-bit signed codes, two single scales per row.
    ByteWide,
    /// Halves.
    Half,
    /// Singles.
    Single,
}

impl Layout {
    pub(super) fn of(format: Format) -> Layout {
        match format {
            Format::F32 => Layout::Single,
            Format::F16 => Layout::Half,
            Format::Q4_0 => Layout::NibbleScale,
            Format::Q4_1 => Layout::NibbleMin,
            Format::Q5_0 | Format::Q8_0 => Layout::Byte,
            Format::Q4K => Layout::NibbleWide,
            Format::Q6K => Layout::ByteWide,
        }
    }

    /// Bytes of the parameters in front of the codes.
    fn parameters(self) -> usize {
        match self {
            Layout::NibbleScale | Layout::Byte => 2 * LANES,
            Layout::NibbleMin => 4 * LANES,
            Layout::NibbleWide | Layout::ByteWide => 8 * LANES,
            Layout::Half | Layout::Single => 0,
        }
    }

    /// Bytes of a tile.
    pub(super) fn bytes(self) -> usize {
        let codes = match self {
            Layout::NibbleScale | Layout::NibbleMin | Layout::NibbleWide => TILE / 2,
            Layout::Byte | Layout::ByteWide => TILE,
            Layout::Half => 2 * TILE,
            Layout::Single => 4 * TILE,
        };
        self.parameters() + codes
    }

    /// Writes one row's block into its lane of a tile that is zero there.
    pub(super) fn write(self, tile: &mut [u8], lane: usize, block: &RowBlock) {
        let (parameters, codes) = tile.split_at_mut(self.parameters());
        let mut put_half = |index: usize, value: f32| {
            parameters[2 * index..2 * index + 2].copy_from_slice(&f16::from_f32(value).to_le_bytes());
        };
        match self {
            Layout::NibbleScale | Layout::Byte => put_half(lane, block.scales[0]),
            Layout::NibbleMin => {
                put_half(lane, block.scales[0]);
                put_half(LANES + lane, block.min);
            }
            Layout::NibbleWide | Layout::ByteWide => {
                let second = if self == Layout::NibbleWide { block.min } else { block.scales[1] };
                for (index, value) in [(lane, block.scales[0]), (LANES + lane, second)] {
                    parameters[4 * index..4 * index + 4].copy_from_slice(&value.to_le_bytes());
                }
            }
            Layout::Half | Layout::Single => {}
        }
        for k in 0..BLOCK {
            match self {
                Layout::NibbleScale | Layout::NibbleMin | Layout::NibbleWide => {
                    codes[k * LANES / 2 + lane % 16] |= block.codes[k] << (lane / 16 * 4);
                }
                Layout::Byte | Layout::ByteWide => codes[k * LANES + lane] = block.codes[k],
                Layout::Half => {
                    let at = 2 * (k * LANES + lane);
                    codes[at..at + 2].copy_from_slice(&f16::from_f32(block.plain[k]).to_le_bytes());
                }
                Layout::Single => {
                    let at = 4 * (k * LANES + lane);
                    codes[at..at + 4].copy_from_slice(&block.plain[k].to_le_bytes());
                }
            }
        }
    }

    /// The codes and the parameters of a tile, as singles.
    pub(super) fn parts(self, tile: &[u8]) -> Parts<'_> {
        let (parameters, codes) = tile.split_at(self.parameters());
        match self {
            Layout::NibbleScale => {
                let scales = halves(parameters);
                Parts::Nibbles { codes, scales, minima: scales.map(|scale| -8.0 * scale) }
            }
            Layout::NibbleMin => {
                Parts::Nibbles { codes, scales: halves(parameters), minima: halves(&parameters[2 * LANES..]) }
            }
            Layout::NibbleWide => {
                Parts::Nibbles { codes, scales: singles(parameters), minima: singles(&parameters[4 * LANES..]) }
            }
            Layout::Byte => Parts::Bytes { codes, scales: [halves(parameters); 2] },
            Layout::ByteWide => {
                Parts::Bytes { codes, scales: [singles(parameters), singles(&parameters[4 * LANES..])] }
            }
            Layout::Half | Layout::Single => Parts::Plain,
        }
    }

    /// Widens a tile: `out[k][lane]`.
    pub(super) fn widen(self, tile: &[u8], out: &mut [f32; TILE]) {
        match self.parts(tile) {
            Parts::Nibbles { codes, scales, minima } => spread::nibbles(codes, &scales, &minima, out),
            Parts::Bytes { codes, scales: [first, second] } => {
                let (codes, out) = (codes.split_at(TILE / 2), out.split_at_mut(TILE / 2));
                spread::bytes(codes.0, &first, out.0);
                spread::bytes(codes.1, &second, out.1);
            }
            Parts::Plain => {
                let width = tile.len() / BLOCK;
                for (out, codes) in out.chunks_exact_mut(LANES).zip(tile.chunks_exact(width)) {
                    out.copy_from_slice(&if self == Layout::Half { halves(codes) } else { singles(codes) });
                }
            }
        }
    }
}

/// A tile taken apart.
pub(super) enum Parts<'a> {
    Nibbles { codes: &'a [u8], scales: [f32; LANES], minima: [f32; LANES] },
    Bytes { codes: &'a [u8], scales: [[f32; LANES]; 2] },
    Plain,
}

fn halves(bytes: &[u8]) -> [f32; LANES] {
    let mut out = [0.0; LANES];
    let bytes: &[[u8; 2]] = bytes.as_chunks().0;
    for (out, &bytes) in out.iter_mut().zip(bytes) {
        // A finite half is a single with the exponent moved; multiplying by 2^112 moves it, subnormals included.
        // Halves that are not finite were refused when the matrix was packed.
        let bits = u32::from(u16::from_le_bytes(bytes));
        let magnitude = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
        *out = f32::from_bits(magnitude.to_bits() | (bits & 0x8000) << 16);
    }
    out
}

fn singles(bytes: &[u8]) -> [f32; LANES] {
    let mut out = [0.0; LANES];
    let bytes: &[[u8; 4]] = bytes.as_chunks().0;
    for (out, &bytes) in out.iter_mut().zip(bytes) {
        *out = f32::from_le_bytes(bytes);
    }
    out
}
