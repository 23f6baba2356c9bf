//! Where tensors live: chosen by name, opened once, never guessed by a library's default.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Device;
use thiserror::Error;

/// What the user asked for: `auto`, `cpu`, `cuda` or `cuda:N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first usable GPU, else the CPU.
    Auto,
    /// The CPU; its results have the same bits on every run and with any number of threads.
    Cpu,
    /// The GPU with this index; its results are not promised to the bit.
    Cuda(usize),
}

/// Why a device cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeviceError {
    /// The name is none of the known ones.
    #[error("unknown device `{name}`; use auto, cpu, cuda or cuda:N")]
    Name {
        /// What was given.
        name: String,
    },
    /// The program was built without the `cuda` feature.
    #[error("this program was built without CUDA; use --device cpu, or build it with `--features cuda`")]
    NotBuilt,
    /// No driver, no GPU, or fewer GPUs than the index asks for.
    #[error("there is no CUDA device {index} ({found} found); check that `nvidia-smi` lists it, or use --device cpu")]
    Missing {
        /// The index asked for.
        index: usize,
        /// How many the driver lists.
        found: usize,
    },
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(name: &str) -> Result<Self, DeviceError> {
        match name {
            "auto" => Ok(DeviceChoice::Auto),
            "cpu" => Ok(DeviceChoice::Cpu),
            "cuda" => Ok(DeviceChoice::Cuda(0)),
            _ => name
                .strip_prefix("cuda:")
                .and_then(|index| index.parse().ok())
                .map(DeviceChoice::Cuda)
                .ok_or_else(|| DeviceError::Name { name: name.to_owned() }),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceChoice::Auto => f.write_str("auto"),
            DeviceChoice::Cpu => f.write_str("cpu"),
            DeviceChoice::Cuda(0) => f.write_str("cuda"),
            DeviceChoice::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

/// An opened device.
#[derive(Debug, Clone)]
pub struct Compute {
    pub(crate) device: Device,
    /// Whether the kernels of this crate run (CPU), or burn's tensor operations in their place.
    pub(crate) host: bool,
    name: String,
}

impl DeviceChoice {
    /// Opens the device. Nothing is allocated on it yet.
    pub fn open(self) -> Result<Compute, DeviceError> {
        match self {
            DeviceChoice::Cpu => Ok(Compute::cpu()),
            DeviceChoice::Auto => Ok(cuda(0).unwrap_or_else(|_| Compute::cpu())),
            DeviceChoice::Cuda(index) => cuda(index),
        }
    }
}

impl Compute {
    fn cpu() -> Compute {
        Compute { device: Device::flex(), host: true, name: "cpu".to_owned() }
    }

    /// The CPU, running the tensor operations a GPU would run in place of this crate's kernels. Slow; it exists so that
    /// the two can be compared on a machine without a GPU.
    pub fn tensor_operations() -> Compute {
        Compute { device: Device::flex(), host: false, name: "cpu-tensors".to_owned() }
    }

    /// `cpu` or `cuda:N`, for logs and run records.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Asks the driver what it has instead of opening a device blindly, which would panic on another thread.
#[cfg(feature = "cuda")]
fn cuda(index: usize) -> Result<Compute, DeviceError> {
    let devices = Device::enumerate(burn::tensor::DeviceType::Cuda).into_vec();
    let found = devices.len();
    let device = devices.into_iter().nth(index).ok_or(DeviceError::Missing { index, found })?;
    Ok(Compute { device, host: false, name: format!("cuda:{index}") })
}

#[cfg(not(feature = "cuda"))]
fn cuda(_index: usize) -> Result<Compute, DeviceError> {
    Err(DeviceError::NotBuilt)
}

/// Sets how many threads the CPU kernels use. The first call in a process counts; results never depend on it.
pub fn set_threads(count: usize) {
    // A second call finds the pool already built, which is what the first caller wanted.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(count).build_global();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_strangers_are_refused() {
        for name in ["auto", "cpu", "cuda", "cuda:3"] {
            assert_eq!(name.parse::<DeviceChoice>().expect(name).to_string(), name);
        }
        for name in ["", "CPU", "cuda:", "cuda:-1", "cuda:x", "gpu"] {
            assert!(name.parse::<DeviceChoice>().is_err(), "{name}");
        }
    }

    #[test]
    fn a_missing_gpu_is_an_error_and_not_a_panic() {
        assert!(DeviceChoice::Cuda(63).open().is_err());
        assert!(DeviceChoice::Auto.open().is_ok());
    }
}
