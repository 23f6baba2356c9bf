//! The quantised linear operation: `y = x W^T` with a frozen `W` that is never dense.
//!
//! On the CPU it is one custom operation of burn's backend extension, running the kernels of `matrix`; its gradient
//! with respect to `x` is the same operation with `W` turned, and `W` has none. On any other device the blocks live
//! there as integers and one matrix at a time is widened by tensor operations.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, FlexDevice, TensorMetadata, backend_extension};
use burn::tensor::{Tensor, TensorData};

use crate::device::Compute;
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
    Tensor::from_dispatch(Dispatch::frozen_product(x.into_dispatch(), Arc::clone(matrix), turned))
}

/// The operation as burn's dispatch sees it.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait FrozenProduct: Backend {
    /// `x W^T`, or `x W` if `turned`.
    fn frozen_product(x: FloatTensor<Self>, matrix: Arc<Matrix>, turned: bool) -> FloatTensor<Self>;
}

impl FrozenProduct for Flex {
    fn frozen_product(x: FloatTensor<Self>, matrix: Arc<Matrix>, turned: bool) -> FloatTensor<Self> {
        let rows = x.shape()[0];
        let x = x.to_contiguous();
        // Every tensor of this crate is f32, so the slice is always there.
        let values: &[f32] = x.as_slice().unwrap_or_default();
        let (out, width) = if turned {
            (matrix.product_back(values), matrix.columns())
        } else {
            (matrix.product(values), matrix.rows())
        };
        Self::float_from_data(TensorData::new(out, [rows, width]), &FlexDevice)
    }
}

impl<B: FrozenProduct, C: CheckpointStrategy> FrozenProduct for Autodiff<B, C> {
    fn frozen_product(x: FloatTensor<Self>, matrix: Arc<Matrix>, turned: bool) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Turn;

        impl<B: FrozenProduct> Backward<B, 1> for Turn {
            type State = (Arc<Matrix>, bool);

            fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
                let [parent] = ops.parents;
                let g = gradients.consume::<B>(&ops.node);
                if let Some(parent) = parent {
                    let (matrix, turned) = ops.state;
                    gradients.register::<B>(parent.id, B::frozen_product(g, matrix, !turned));
                }
            }
        }

        let (x, node) = x.into_parts();
        let out = B::frozen_product(x, Arc::clone(&matrix), turned);
        match Turn.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((matrix, turned), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }
}
