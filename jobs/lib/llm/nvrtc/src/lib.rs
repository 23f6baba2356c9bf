//! The items of `cubecl-llvm` that cubecl-cuda names, without LLVM: asked to compile, it refuses and says why.
//!
//! A compiled module cannot exist here, which its type says; whatever cubecl-cuda does with one is dead code.

pub mod nvptx;
pub mod shared;

use std::convert::Infallible;
use std::ffi::c_char;
use std::fmt;

use cubecl_core::ir::nvidia::SmArch;
use cubecl_core::prelude::KernelDefinition;
use cubecl_environment::backtrace::BackTrace;
use cubecl_runtime::compiler::{CompilationError, Compiler};
use cubecl_runtime::kernel::BufferIOAttr;

/// The machine a compiler would compile for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LlvmTarget {
    /// The host; no runtime of this build asks for it.
    #[default]
    Cpu,
    /// NVIDIA's virtual instruction set.
    Nvptx,
}

/// The compiler that is not there.
#[derive(Clone, Debug, Default)]
pub struct PlironCompiler {
    /// What it was asked to compile for.
    pub target: LlvmTarget,
}

/// What cubecl-cuda tells the compiler about the device.
#[derive(Clone, Debug, Default)]
pub struct PlironOptions {
    /// Architecture of an AMD device.
    pub arch: Option<String>,
    /// Architecture of an NVIDIA device.
    pub sm_arch: Option<SmArch>,
    /// Newest PTX version the driver loads.
    pub ptx_version: Option<nvptx::ptx_version::PtxVersion>,
    /// Whether launch parameters are grid constants.
    pub grid_constants: bool,
}

/// A compiled module; there is none.
#[derive(Clone, Debug)]
pub struct NvptxModule {
    /// Assembled text, ended by a NUL.
    pub ptx: Vec<c_char>,
    /// Name of the kernel.
    pub entrypoint: String,
    /// Intermediate text, for logs.
    pub ir: String,
    /// Bytes of shared memory a launch reserves.
    pub shared_memory_size: usize,
    /// What the kernel does with each buffer.
    pub io: Vec<BufferIOAttr>,
    never: Infallible,
}

/// What compiling would give.
#[derive(Clone, Debug)]
pub enum PlironArtifact {
    /// A module for an NVIDIA device.
    NvptxCode(NvptxModule),
}

impl fmt::Display for PlironArtifact {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PlironArtifact::NvptxCode(module) = self;
        match module.never {}
    }
}

impl Compiler for PlironCompiler {
    type Representation = PlironArtifact;
    type CompilationOptions = PlironOptions;

    fn compile(&mut self, _: KernelDefinition, _: &PlironOptions) -> Result<PlironArtifact, CompilationError> {
        Err(CompilationError::Generic {
            reason: "this build compiles CUDA kernels with NVRTC and has no LLVM; build with the feature cubecl/cuda-cpp"
                .to_owned(),
            backtrace: BackTrace::capture(),
        })
    }

    fn extension(&self) -> &'static str {
        "ll"
    }

    fn lang_tag(&self) -> &'static str {
        "llvm"
    }
}
