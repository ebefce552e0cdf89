//! How adapters are told apart.

use std::fmt;

use serde_json::{Value, json};

/// An adapter as a user tells it from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its place in the list, for `--adapter`.
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
    /// For machines.
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
