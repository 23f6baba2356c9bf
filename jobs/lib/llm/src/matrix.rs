//! A frozen weight matrix that stays in its quantised blocks, and the two products training and inference need of it.

pub(crate) mod dense;
mod format;
mod kernel;
mod spread;
mod tile;

use rayon::prelude::*;

pub(crate) use format::Format;
use format::{BLOCK, RowBlock};
pub(crate) use kernel::LANES;
use tile::{Layout, Parts, TILE};

/// Tiles widened before they are used: 16 KiB of weights, half of a first-level cache.
const TILES_AT_ONCE: usize = 4;

/// A matrix `[rows, columns]` (outputs by inputs), quantised. Only a few tiles of it are ever dense.
pub struct Matrix {
    rows: usize,
    columns: usize,
    layout: Layout,
    /// Tiles in order of row group, then column block.
    tiles: Vec<u8>,
}

impl std::fmt::Debug for Matrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Matrix[{}, {}] {:?}, {} bytes", self.rows, self.columns, self.layout, self.tiles.len())
    }
}

/// The codes of a matrix as a device without this crate's kernels takes them, tile by tile.
pub(crate) enum DeviceCodes {
    /// Eight nibbles to a word; one scale and one minimum per row of a tile.
    Nibbles { codes: Vec<i32>, scales: Vec<f32>, minima: Vec<f32> },
    /// Four signed bytes to a word; two scales per row of a tile, the first of all rows before the second.
    Bytes { codes: Vec<i32>, scales: Vec<f32> },
    /// Weights, `[k][lane]`.
    Plain(Vec<f32>),
}

/// A weight was infinite or not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotFinite;

impl Matrix {
    /// Turns the blocks of a file into tiles. Row `r` of the matrix is row `order(r)` of the file.
    pub(crate) fn pack(
        format: Format,
        bytes: &[u8],
        rows: usize,
        columns: usize,
        order: impl Fn(usize) -> usize + Sync,
    ) -> Result<Matrix, NotFinite> {
        let layout = Layout::of(format);
        let row_bytes = bytes.len() / rows.max(1);
        let group_bytes = columns.div_ceil(BLOCK) * layout.bytes();
        let mut tiles = vec![0; rows.div_ceil(LANES) * group_bytes];
        tiles.par_chunks_mut(group_bytes.max(1)).enumerate().try_for_each(|(group, tiles)| {
            for lane in 0..LANES.min(rows - group * LANES) {
                let row = order(group * LANES + lane);
                let row = &bytes[row * row_bytes..][..row_bytes];
                for (block, tile) in tiles.chunks_exact_mut(layout.bytes()).enumerate() {
                    let block = RowBlock::read(format, row, block);
                    if !block.is_finite() {
                        return Err(NotFinite);
                    }
                    layout.write(tile, lane, &block);
                }
            }
            Ok(())
        })?;
        Ok(Matrix { rows, columns, layout, tiles })
    }

    /// Outputs.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs.
    pub fn columns(&self) -> usize {
        self.columns
    }

    fn blocks(&self) -> usize {
        self.columns.div_ceil(BLOCK)
    }

    fn widen(&self, group: usize, block: usize, out: &mut [f32; TILE]) {
        let bytes = self.layout.bytes();
        let tile = (group * self.blocks() + block) * bytes;
        self.layout.widen(&self.tiles[tile..tile + bytes], out);
    }

    /// A copy of the codes for another device.
    pub(crate) fn device_codes(&self) -> DeviceCodes {
        let mut words = Vec::new();
        let (mut first, mut second, mut plain) = (Vec::new(), Vec::new(), Vec::new());
        for tile in self.tiles.chunks_exact(self.layout.bytes()) {
            match self.layout.parts(tile) {
                Parts::Nibbles { codes, scales, minima } => {
                    words.extend(codes.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)));
                    first.extend(scales);
                    second.extend(minima);
                }
                Parts::Bytes { codes, scales } => {
                    words.extend(codes.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)));
                    first.extend(scales.as_flattened());
                }
                Parts::Plain => {
                    let mut dense = [0.0; TILE];
                    self.layout.widen(tile, &mut dense);
                    plain.extend(dense);
                }
            }
        }
        match self.layout {
            Layout::NibbleScale | Layout::NibbleMin | Layout::NibbleWide => {
                DeviceCodes::Nibbles { codes: words, scales: first, minima: second }
            }
            Layout::Byte | Layout::ByteWide => DeviceCodes::Bytes { codes: words, scales: first },
            Layout::Half | Layout::Single => DeviceCodes::Plain(plain),
        }
    }

    /// Row `row`, dense.
    pub(crate) fn row(&self, row: usize) -> Vec<f32> {
        let mut tile = [0.0; TILE];
        let mut out = Vec::with_capacity(self.blocks() * BLOCK);
        for block in 0..self.blocks() {
            self.widen(row / LANES, block, &mut tile);
            out.extend(tile.iter().skip(row % LANES).step_by(LANES));
        }
        out.truncate(self.columns);
        out
    }

    /// `x W^T`: `x` is `[count, columns]`, the result `[count, rows]`.
    pub(crate) fn product(&self, x: &[f32]) -> Vec<f32> {
        let count = x.len() / self.columns;
        let panels = panels(self.rows, count, |group, out| {
            let mut dense = [0.0; TILES_AT_ONCE * TILE];
            for first in (0..self.blocks()).step_by(TILES_AT_ONCE) {
                let last = (first + TILES_AT_ONCE).min(self.blocks());
                for (block, tile) in (first..last).zip(dense.as_chunks_mut().0) {
                    self.widen(group, block, tile);
                }
                let start = first * BLOCK;
                let inner = (last * BLOCK).min(self.columns) - start;
                kernel::accumulate(x.get(start..).unwrap_or(&[]), self.columns, count, inner, &dense, out);
            }
        });
        interleave(&panels, self.rows, count)
    }

    /// `g W`: `g` is `[count, rows]`, the result `[count, columns]`; the way gradients flow back.
    pub(crate) fn product_back(&self, g: &[f32]) -> Vec<f32> {
        let count = g.len() / self.rows;
        let groups = self.rows.div_ceil(LANES);
        let panels = panels(self.columns, count, |block, out| {
            let mut tile = [0.0; TILE];
            let mut dense = [0.0; TILES_AT_ONCE * TILE];
            for first in (0..groups).step_by(TILES_AT_ONCE) {
                let last = (first + TILES_AT_ONCE).min(groups);
                for (group, turned) in (first..last).zip(dense.chunks_exact_mut(TILE)) {
                    self.widen(group, block, &mut tile);
                    for (lane, turned) in turned.chunks_exact_mut(LANES).enumerate() {
                        for (k, value) in turned.iter_mut().enumerate() {
                            *value = tile[k * LANES + lane];
                        }
                    }
                }
                let start = first * LANES;
                let inner = (last * LANES).min(self.rows) - start;
                kernel::accumulate(g.get(start..).unwrap_or(&[]), self.rows, count, inner, &dense, out);
            }
        });
        interleave(&panels, self.columns, count)
    }
}

/// Fills one panel `[count, LANES]` per 32 output columns, in parallel.
fn panels(columns: usize, count: usize, fill: impl Fn(usize, &mut [f32]) + Sync) -> Vec<f32> {
    let mut panels = vec![0.0; columns.div_ceil(LANES) * count * LANES];
    panels.par_chunks_mut((count * LANES).max(1)).enumerate().for_each(|(panel, out)| {
        // Fresh memory is one shared page of zeros; reading it before it is written would cost a second page fault.
        out.fill(0.0);
        fill(panel, out);
    });
    panels
}

/// Rows put together by one thread at a time.
const ROWS_AT_ONCE: usize = 32;

/// Panels to rows: `[panel][count][LANES]` to `[count][columns]`.
fn interleave(panels: &[f32], columns: usize, count: usize) -> Vec<f32> {
    if count == 1 {
        return panels[..columns].to_vec();
    }
    let mut out = vec![0.0; columns * count];
    out.par_chunks_mut((ROWS_AT_ONCE * columns).max(1)).enumerate().for_each(|(part, out)| {
        for (panel, values) in panels.chunks_exact((count * LANES).max(1)).enumerate() {
            let start = panel * LANES;
            let width = LANES.min(columns - start);
            let values = values.chunks_exact(LANES).skip(part * ROWS_AT_ONCE);
            for (row, values) in out.chunks_exact_mut(columns).zip(values) {
                row[start..start + width].copy_from_slice(&values[..width]);
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudo-random blocks of a format with sane scales.
    fn sample(format: Format, rows: usize, columns: usize) -> Vec<u8> {
        let mut state = 12_345_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u32
        };
        let row_bytes = format.row_bytes(columns).expect("whole blocks");
        let mut bytes: Vec<u8> = (0..rows * row_bytes).map(|_| next() as u8).collect();
        let mut scale = |at: &mut [u8]| {
            let value = half::f16::from_f32((next() % 2000) as f32 / 1000.0 - 1.0);
            at.copy_from_slice(&value.to_le_bytes());
        };
        match format {
            Format::F32 => bytes.chunks_exact_mut(4).for_each(|b| {
                b[..2].fill(0);
                let mut half_bytes = [0; 2];
                scale(&mut half_bytes);
                b.copy_from_slice(&half::f16::from_le_bytes(half_bytes).to_f32().to_le_bytes());
            }),
            Format::F16 => bytes.chunks_exact_mut(2).for_each(&mut scale),
            Format::Q4_0 => bytes.chunks_exact_mut(18).for_each(|b| scale(&mut b[..2])),
            Format::Q5_0 => bytes.chunks_exact_mut(22).for_each(|b| scale(&mut b[..2])),
            Format::Q8_0 => bytes.chunks_exact_mut(34).for_each(|b| scale(&mut b[..2])),
            Format::Q4_1 => bytes.chunks_exact_mut(20).for_each(|b| b[..4].chunks_exact_mut(2).for_each(&mut scale)),
            Format::Q4K => bytes.chunks_exact_mut(144).for_each(|b| b[..4].chunks_exact_mut(2).for_each(&mut scale)),
            Format::Q6K => bytes.chunks_exact_mut(210).for_each(|b| scale(&mut b[208..])),
        }
        bytes
    }

    #[test]
    fn products_are_those_of_the_dense_matrix() {
        let formats = [
            (Format::F32, 50),
            (Format::F16, 33),
            (Format::Q4_0, 64),
            (Format::Q4_1, 160),
            (Format::Q5_0, 96),
            (Format::Q8_0, 32),
            (Format::Q4K, 512),
            (Format::Q6K, 256),
        ];
        for (format, columns) in formats {
            let rows = 150;
            let bytes = sample(format, rows, columns);
            let order = |row: usize| (row * 7) % rows;
            let matrix = Matrix::pack(format, &bytes, rows, columns, order).expect("finite");
            let row_bytes = format.row_bytes(columns).expect("whole blocks");
            let dense: Vec<Vec<f32>> = (0..rows)
                .map(|row| {
                    let row = &bytes[order(row) * row_bytes..][..row_bytes];
                    (0..columns).map(|k| RowBlock::read(format, row, k / BLOCK).weight(format, k % BLOCK)).collect()
                })
                .collect();
            for count in [1, 5, 40] {
                let x: Vec<f32> = (0..count * columns).map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0).collect();
                let g: Vec<f32> = (0..count * rows).map(|i| ((i * 53) % 97) as f32 / 48.0 - 1.0).collect();
                let chain = |a: &[f32], b: &mut dyn Iterator<Item = f32>| {
                    a.iter().zip(b).fold(0.0_f32, |sum, (a, b)| a.mul_add(b, sum))
                };
                let mut forward = Vec::new();
                let mut back = Vec::new();
                for i in 0..count {
                    for row in &dense {
                        forward.push(chain(&x[i * columns..][..columns], &mut row.iter().copied()));
                    }
                    for k in 0..columns {
                        back.push(chain(&g[i * rows..][..rows], &mut dense.iter().map(|row| row[k])));
                    }
                }
                assert!(matrix.product(&x) == forward, "{format:?} x{count} forward");
                assert!(matrix.product_back(&g) == back, "{format:?} x{count} back");
            }
            assert_eq!(matrix.row(77), dense[77], "{format:?}");
        }
    }

    #[test]
    fn a_scale_that_is_not_finite_is_refused() {
        let mut bytes = sample(Format::Q8_0, 3, 32);
        bytes[34..36].copy_from_slice(&half::f16::NAN.to_le_bytes());
        assert!(Matrix::pack(Format::Q8_0, &bytes, 3, 32, |row| row).is_err());
    }
}
