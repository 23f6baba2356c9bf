//! What all targets share, as far as cubecl-cuda names it.

/// Device features an LLVM build would have to give up.
pub mod lowered_features {
    use cubecl_core::ir::DeviceProperties;

    /// The kind of GPU.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum GpuTarget {
        /// NVIDIA.
        Nvptx,
    }

    /// Takes nothing away: cubecl-cuda calls this only when it compiles with LLVM.
    pub fn restrict_features(_: &mut DeviceProperties, _: GpuTarget) {}
}
