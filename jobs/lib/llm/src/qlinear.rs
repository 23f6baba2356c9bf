//! The quantised linear operation: `y = x W^T` with a frozen `W` that is never dense.
//!
//! On the CPU it runs the kernels of `matrix`; its gradient with respect to `x` is the same operation with `W` turned,
//! and `W` has none. On any other device the blocks live there as integers and one matrix at a time is widened by
//! tensor operations.

use std::sync::Arc;

use burn::tensor::Tensor;

use crate::device::Compute;
use crate::functions::FrozenProduct;
use crate::host::apply1;
use crate::matrix::Matrix;
use crate::widen::DeviceMatrix;

/// A frozen weight where its device wants it.
#[derive(Debug, Clone)]
pub(crate) enum Weight {
    /// Tiles for the CPU kernels.
    Host(Arc<Matrix>),
    /// Integers for tensor operations.
    Device(Box<DeviceMatrix>),
}

impl Weight {
    pub(crate) fn new(matrix: Arc<Matrix>, compute: &Compute) -> Weight {
        if compute.host {
            Weight::Host(matrix)
        } else {
            Weight::Device(Box::new(DeviceMatrix::new(&matrix, &compute.device)))
        }
    }
}

/// `x W^T`: `[n, inputs]` to `[n, outputs]`.
pub(crate) fn qlinear(x: Tensor<2>, weight: &Weight) -> Tensor<2> {
    match weight {
        Weight::Host(matrix) => product(x, matrix, false),
        Weight::Device(matrix) => {
            let dense = matrix.widen();
            let dense = if x.is_autodiff() { dense.autodiff() } else { dense };
            x.matmul(dense.transpose())
        }
    }
}

/// `g W`: the gradient of [`qlinear`] with respect to `x`, from `[n, outputs]` to `[n, inputs]`.
pub(crate) fn qlinear_back(g: Tensor<2>, weight: &Weight) -> Tensor<2> {
    match weight {
        Weight::Host(matrix) => product(g, matrix, true),
        Weight::Device(matrix) => g.matmul(matrix.widen()),
    }
}

fn product(x: Tensor<2>, matrix: &Arc<Matrix>, turned: bool) -> Tensor<2> {
    apply1(Arc::new(FrozenProduct { matrix: Arc::clone(matrix), turned }), x)
}
