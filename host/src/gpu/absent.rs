//! Stand-ins for a device in a build without the feature `gpu`: types without values, so that code which takes one
//! compiles but can never be called.

/// No adapters.
pub mod device {
    use std::convert::Infallible;

    use crate::error::{Error, Result};
    use crate::gpu::Description;

    /// An open device; without the feature `gpu` there is none.
    pub struct Gpu {
        /// What it is.
        pub description: Description,
        pub(super) never: Infallible,
    }

    impl Gpu {
        /// Always an error: the feature `gpu` is not compiled in.
        ///
        /// # Errors
        /// Always.
        pub fn open(_: Option<&str>) -> Result<Self> {
            Err(no_adapter())
        }

        /// Cannot be called: there is no device.
        pub fn binds(&self) -> u64 {
            match self.never {}
        }

        /// Cannot be called: there is no device.
        #[must_use]
        pub fn with_cache(self, _: Option<&std::path::Path>) -> Self {
            match self.never {}
        }
    }

    /// No adapters, hence no default.
    pub fn list() -> (Vec<Description>, Option<usize>) {
        (Vec::new(), None)
    }

    /// The error of a build without the feature `gpu`.
    pub fn no_adapter() -> Error {
        Error::usage("this build of meva cannot use a GPU: its feature `gpu` is off")
            .hint("build meva with `--features gpu`, or use --engine cpu")
    }
}

/// No formulas on a device.
pub mod probe {
    use std::sync::Arc;

    use super::device::Gpu;
    use crate::error::Result;
    use crate::gpu::Plan;

    /// Cannot be called: there is no device.
    ///
    /// # Errors
    /// None.
    pub fn probe(gpu: &Arc<Gpu>, _: &Plan, _: &[f32], _: &[f32], _: &[[u128; 2]]) -> Result<Vec<f32>> {
        match gpu.never {}
    }
}

/// No steps of the optimiser on a device.
pub mod optimize {
    use std::sync::Arc;

    use super::device::Gpu;
    use crate::error::Result;
    use crate::gpu::{OptimizerStep, Plan};

    /// Cannot be called: there is no device.
    ///
    /// # Errors
    /// None.
    pub fn optimize(gpu: &Arc<Gpu>, _: &Plan, _: &[f32], _: &[f32], _: &OptimizerStep) -> Result<Vec<f32>> {
        match gpu.never {}
    }
}

/// No updates on a device.
pub mod updater {
    use std::convert::Infallible;
    use std::sync::Arc;

    use super::device::Gpu;
    use crate::error::Result;
    use crate::gpu::{OptimizerStep, OuterDraws, Plan, Profile};

    /// Algorithm 1 on a device; without the feature `gpu` there is none.
    pub struct Updater(Infallible);

    impl Updater {
        /// Cannot be called: there is no device.
        ///
        /// # Errors
        /// None.
        pub fn new(gpu: Arc<Gpu>, _: Plan, _: usize) -> Result<Self> {
            match gpu.never {}
        }

        /// Cannot be called: there is no device.
        pub fn at_once(&self) -> usize {
            match self.0 {}
        }

        /// Cannot be called: there is no device.
        pub fn set_state(&self, _: usize, _: &[f32]) {
            match self.0 {}
        }

        /// Cannot be called: there is no device.
        ///
        /// # Errors
        /// None.
        pub fn state(&self, _: usize) -> Result<Vec<f32>> {
            match self.0 {}
        }

        /// Cannot be called: there is no device.
        ///
        /// # Errors
        /// None.
        pub fn run(&mut self, _: &[OuterDraws], _: &[OptimizerStep]) -> Result<Vec<f32>> {
            match self.0 {}
        }

        /// Cannot be called: there is no device.
        ///
        /// # Errors
        /// None.
        pub fn profile(&mut self, _: &[OuterDraws], _: &[OptimizerStep]) -> Result<Profile> {
            match self.0 {}
        }
    }
}
