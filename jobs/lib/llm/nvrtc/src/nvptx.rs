//! The part of the NVIDIA target that cubecl-cuda names whichever compiler runs.

/// Versions of NVIDIA's virtual instruction set.
pub mod ptx_version {
    use std::convert::Infallible;
    use std::fmt;

    /// A version to emit; nothing is emitted, so there is none.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct PtxVersion(Infallible);

    impl PtxVersion {
        /// The version for a driver: none, which stands for "the compiler's default".
        pub fn for_driver(_: i32) -> Option<Self> {
            None
        }
    }

    impl fmt::Display for PtxVersion {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self.0 {}
        }
    }
}
