//! Quantised blocks as integer tensors, widened by tensor operations: the path of every device that is not the CPU.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use crate::matrix::{DeviceCodes, Matrix};

/// A matrix on its device: 4- or 8-bit codes packed in 32-bit integers, or plain weights.
#[derive(Debug, Clone)]
pub(crate) struct DeviceMatrix {
    rows: usize,
    columns: usize,
    codes: Codes,
}

#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one per matrix and it never moves")]
enum Codes {
    /// `[tiles, 32, 4]` words of eight nibbles; scales and minima `[tiles, 1, 32]`.
    Nibbles { words: Tensor<3, Int>, scales: Tensor<3>, minima: Tensor<3> },
    /// `[tiles, 32, 8]` words of four signed bytes; scales `[tiles, 32, 32]` folded to `[tiles * 2, 1, 32]`.
    Bytes { words: Tensor<3, Int>, scales: Tensor<3> },
    /// `[tiles, 32, 32]`.
    Plain(Tensor<3>),
}

impl DeviceMatrix {
    pub(crate) fn new(matrix: &Matrix, device: &Device) -> DeviceMatrix {
        let words = |values: Vec<i32>, width: usize| {
            let tiles = values.len() / (32 * width);
            Tensor::<3, Int>::from_data(TensorData::new(values, [tiles, 32, width]), (device, DType::I32))
        };
        let floats = |values: Vec<f32>, height: usize| {
            let tiles = values.len() / (32 * height);
            Tensor::<3>::from_data(TensorData::new(values, [tiles, height, 32]), device)
        };
        let codes = match matrix.device_codes() {
            DeviceCodes::Nibbles { codes, scales, minima } => {
                Codes::Nibbles { words: words(codes, 4), scales: floats(scales, 1), minima: floats(minima, 1) }
            }
            DeviceCodes::Bytes { codes, scales } => Codes::Bytes { words: words(codes, 8), scales: floats(scales, 1) },
            DeviceCodes::Plain(values) => Codes::Plain(floats(values, 32)),
        };
        DeviceMatrix { rows: matrix.rows(), columns: matrix.columns(), codes }
    }

    /// The dense matrix `[rows, columns]`; alive only as long as its one use.
    pub(crate) fn widen(&self) -> Tensor<2> {
        let tiles: Tensor<3> = match &self.codes {
            Codes::Nibbles { words, scales, minima } => {
                let [count, ..] = words.dims();
                let parts =
                    (0..8).map(|part| words.clone().bitwise_right_shift_scalar(4 * part).bitwise_and_scalar(15));
                // Word w, byte i, nibble n is lane 16 n + 4 w + i.
                let codes = Tensor::stack::<4>(parts.collect(), 3).float();
                let codes = codes.reshape([count * 32, 4, 4, 2]).permute([0, 3, 1, 2]).reshape([count, 32, 32]);
                codes * scales.clone() + minima.clone()
            }
            Codes::Bytes { words, scales } => {
                let [count, ..] = words.dims();
                let parts =
                    (0..4).map(|part| words.clone().bitwise_right_shift_scalar(8 * part).bitwise_and_scalar(255));
                // Word w, byte i is lane 4 w + i; flipping the sign bit and subtracting it again extends the sign.
                let codes = Tensor::stack::<4>(parts.collect(), 3).bitwise_xor_scalar(128).sub_scalar(128).float();
                (codes.reshape([count * 2, 16, 32]) * scales.clone()).reshape([count, 32, 32])
            }
            Codes::Plain(values) => values.clone(),
        };
        let (groups, blocks) = (self.rows.div_ceil(32), self.columns.div_ceil(32));
        tiles
            .reshape([groups, blocks, 32, 32])
            .permute([0, 3, 1, 2])
            .reshape([groups * 32, blocks * 32])
            .slice([0..self.rows, 0..self.columns])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Format;

    #[test]
    fn tensor_operations_widen_to_the_bits_of_the_kernels() {
        let (rows, columns) = (70, 64);
        for (format, block) in [(Format::F32, 128), (Format::Q4_0, 18), (Format::Q4_1, 20), (Format::Q8_0, 34)] {
            let one = half::f16::from_f32(0.37).to_le_bytes();
            let mut bytes: Vec<u8> = (0..rows * 2 * block).map(|i| (i * 131 % 251) as u8).collect();
            for block in bytes.chunks_exact_mut(block) {
                match format {
                    Format::F32 => block.chunks_exact_mut(4).for_each(|b| b[3] = 0x3e),
                    Format::Q4_1 => block[..4].copy_from_slice(&[one[0], one[1], one[0], one[1]]),
                    _ => block[..2].copy_from_slice(&one),
                }
            }
            let matrix = Matrix::pack(format, &bytes, rows, columns, |row| row).expect("finite");
            let expected: Vec<f32> = (0..rows).flat_map(|row| matrix.row(row)).collect();
            let found = DeviceMatrix::new(&matrix, &Device::flex()).widen().into_data();
            assert_eq!(found.try_to_vec::<f32>().expect("f32"), expected, "{format:?}");
        }
    }
}
