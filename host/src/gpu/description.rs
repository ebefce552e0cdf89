//! How adapters are told apart.

use std::fmt;

use serde_json::{Value, json};

/// The type of drivers that compute on the CPU.
pub(super) const CPU: &str = "CPU";
/// The type of adapters that have memory of their own.
pub(super) const DISCRETE: &str = "discrete GPU";
/// The backend through Vulkan.
pub(super) const VULKAN: &str = "vulkan";

/// What distinguishes an adapter from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its index in the list, as accepted by `--adapter`.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// `discrete GPU`, `integrated GPU`, `virtual GPU`, `CPU` or `other`.
    pub kind: &'static str,
    /// `vulkan`, `metal` or `dx12`.
    pub backend: String,
    /// The driver with its version.
    pub driver: String,
}

impl Description {
    /// Whether it is a driver that computes on the CPU.
    pub fn is_software(&self) -> bool {
        self.kind == CPU
    }

    /// The same as a JSON object.
    pub fn json(&self) -> Value {
        json!({
            "index": self.index,
            "name": self.name,
            "kind": self.kind,
            "backend": self.backend,
            "driver": self.driver,
        })
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Description {
            index,
            name,
            kind,
            backend,
            driver,
        } = self;
        write!(f, "{index}: {name} ({kind}, {backend}, {driver})")
    }
}
