//! Functions on the host as operations of burn: how this crate's kernels enter a gradient graph.
//!
//! burn's own CPU operations are fast, but their sums follow the width of the machine's vectors and its C library's
//! `expf`. The functions built on this module fix the order of every sum, so that a model and a training run have the
//! same bits on every machine.

use std::fmt::Debug;
use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, FlexDevice, TensorMetadata, backend_extension};
use burn::tensor::{Tensor, TensorData};

/// A matrix on the host: row-major values and `[rows, columns]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) shape: [usize; 2],
}

/// A function of one to three matrices, and its gradient.
pub(crate) trait HostFunction: Debug + Send + Sync {
    /// The result and its shape.
    fn forward(&self, inputs: &[View<'_>]) -> (Vec<f32>, [usize; 2]);

    /// The gradient with respect to every input, from the gradient with respect to the result.
    fn backward(&self, inputs: &[View<'_>], gradient: View<'_>) -> Vec<Vec<f32>>;
}

type Function = Arc<dyn HostFunction>;

/// Applies a function of one matrix.
pub(crate) fn apply1(function: Function, a: Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::host1(a.into_dispatch(), function))
}

/// Applies a function of two matrices.
pub(crate) fn apply2(function: Function, a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::host2(a.into_dispatch(), b.into_dispatch(), function))
}

/// Applies a function of three matrices.
pub(crate) fn apply3(function: Function, a: Tensor<2>, b: Tensor<2>, c: Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::host3(a.into_dispatch(), b.into_dispatch(), c.into_dispatch(), function))
}

/// The operations as burn's dispatch sees them.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait HostOperations: Backend {
    fn host1(a: FloatTensor<Self>, function: Function) -> FloatTensor<Self>;
    fn host2(a: FloatTensor<Self>, b: FloatTensor<Self>, function: Function) -> FloatTensor<Self>;
    fn host3(a: FloatTensor<Self>, b: FloatTensor<Self>, c: FloatTensor<Self>, function: Function)
    -> FloatTensor<Self>;
}

/// A backend whose tensors are in the host's memory.
pub(crate) trait Host: Backend {
    fn with<R>(inputs: &[FloatTensor<Self>], run: impl FnOnce(&[View<'_>]) -> R) -> R;
    fn tensor(values: Vec<f32>, shape: [usize; 2]) -> FloatTensor<Self>;
}

impl Host for Flex {
    fn with<R>(inputs: &[FloatTensor<Self>], run: impl FnOnce(&[View<'_>]) -> R) -> R {
        let inputs: Vec<_> = inputs.iter().map(|input| input.to_contiguous()).collect();
        let views: Vec<View<'_>> = inputs
            .iter()
            .map(|input| {
                let shape = input.shape();
                // Every tensor of this crate is f32, so the slice is always there.
                View { values: input.as_slice().unwrap_or_default(), shape: [shape[0], shape[1]] }
            })
            .collect();
        run(&views)
    }

    fn tensor(values: Vec<f32>, shape: [usize; 2]) -> FloatTensor<Self> {
        Self::float_from_data(TensorData::new(values, shape), &FlexDevice)
    }
}

fn run<B: Host>(inputs: &[FloatTensor<B>], function: &Function) -> FloatTensor<B> {
    let (values, shape) = B::with(inputs, |views| function.forward(views));
    B::tensor(values, shape)
}

impl HostOperations for Flex {
    fn host1(a: FloatTensor<Self>, function: Function) -> FloatTensor<Self> {
        run::<Flex>(&[a], &function)
    }

    fn host2(a: FloatTensor<Self>, b: FloatTensor<Self>, function: Function) -> FloatTensor<Self> {
        run::<Flex>(&[a, b], &function)
    }

    fn host3(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        function: Function,
    ) -> FloatTensor<Self> {
        run::<Flex>(&[a, b, c], &function)
    }
}

impl<B: HostOperations + Host, C: CheckpointStrategy> HostOperations for Autodiff<B, C> {
    fn host1(a: FloatTensor<Self>, function: Function) -> FloatTensor<Self> {
        track::<B, C, 1>([a], function)
    }

    fn host2(a: FloatTensor<Self>, b: FloatTensor<Self>, function: Function) -> FloatTensor<Self> {
        track::<B, C, 2>([a, b], function)
    }

    fn host3(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        c: FloatTensor<Self>,
        function: Function,
    ) -> FloatTensor<Self> {
        track::<B, C, 3>([a, b, c], function)
    }
}

/// Runs a function and leaves its gradient in the graph.
fn track<B: Host, C: CheckpointStrategy, const N: usize>(
    inputs: [FloatTensor<Autodiff<B, C>>; N],
    function: Function,
) -> FloatTensor<Autodiff<B, C>> {
    #[derive(Debug)]
    struct Gradient;

    impl<B: Host, const N: usize> Backward<B, N> for Gradient {
        type State = (Vec<FloatTensor<B>>, Function);

        fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
            let (mut tensors, function) = ops.state;
            tensors.push(gradients.consume::<B>(&ops.node));
            let found = B::with(&tensors, |views| match views.split_last() {
                Some((gradient, inputs)) => function.backward(inputs, *gradient),
                None => Vec::new(),
            });
            for ((parent, input), gradient) in ops.parents.into_iter().zip(&tensors).zip(found) {
                if let Some(parent) = parent {
                    let shape = input.shape();
                    gradients.register::<B>(parent.id, B::tensor(gradient, [shape[0], shape[1]]));
                }
            }
        }
    }

    let mut tensors = Vec::with_capacity(N);
    let nodes = inputs.map(|input| {
        let (tensor, node) = input.into_parts();
        tensors.push(tensor);
        node
    });
    let out = run::<B>(&tensors, &function);
    match Backward::<B, N>::prepare::<C>(Gradient, nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish((tensors, function), out),
        OpsKind::UnTracked(prepared) => prepared.finish(out),
    }
}
