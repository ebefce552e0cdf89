//! What a plan chooses for a device.

use super::description::{DISCRETE, VULKAN};
use super::device::Gpu;
use super::memory::Memory;
use super::plan::Plan;

impl Plan {
    /// The same plan with what makes it faster on this device, if it is a GPU.
    ///
    /// Only Vulkan's drivers may contract: those of Metal and DirectX would also reassociate. Only a GPU with memory of its own
    /// records, if that does not take more at once than it binds, and through Vulkan, whose threads can write parts of a vector each.
    #[must_use]
    pub fn on(self, gpu: &Gpu) -> Self {
        let description = &gpu.description;
        let recording = Plan {
            recorded: self.form.is_none() && description.backend == VULKAN && description.kind == DISCRETE,
            contracts: description.backend == VULKAN && !description.is_software(),
            ..self
        };
        Plan {
            recorded: recording.recorded && Memory::can_record(&recording, gpu.binds()),
            ..recording
        }
    }
}
