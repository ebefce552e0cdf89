//! Adapters and the device that is opened on one of them.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wgpu::{
    Adapter, AdapterInfo, Backends, Device, DeviceType, Features, Instance, InstanceDescriptor, InstanceFlags, Queue,
};

use super::cache::Cache;
use super::description::{CPU, DISCRETE, Description};
use crate::error::{Error, Result};

/// How long a submission may take by default before it counts as hung: ten times what the slowest known software device
/// needs.
const PATIENCE: Duration = Duration::from_secs(300);

/// The most bytes of a buffer, where a device allows more.
const MOST_BYTES: u64 = 1 << 30;

fn describe(index: usize, info: &AdapterInfo) -> Description {
    Description {
        index,
        name: info.name.clone(),
        kind: match info.device_type {
            DeviceType::DiscreteGpu => DISCRETE,
            DeviceType::IntegratedGpu => "integrated GPU",
            DeviceType::VirtualGpu => "virtual GPU",
            DeviceType::Cpu => CPU,
            DeviceType::Other => "other",
        },
        backend: info.backend.to_string(),
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_string(),
    }
}

fn rank(info: &AdapterInfo) -> usize {
    match info.device_type {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    }
}

fn adapters() -> Vec<Adapter> {
    let instance = Instance::new(InstanceDescriptor {
        backends: Backends::PRIMARY,
        flags: InstanceFlags::empty(),
        ..InstanceDescriptor::new_without_display_handle()
    });
    pollster::block_on(instance.enumerate_adapters(Backends::PRIMARY))
}

/// All adapters, and the index of the default one: the first discrete GPU, otherwise the first integrated or virtual
/// one, otherwise whatever is available.
pub fn list() -> (Vec<Description>, Option<usize>) {
    described(&adapters())
}

fn described(adapters: &[Adapter]) -> (Vec<Description>, Option<usize>) {
    let infos: Vec<_> = adapters.iter().map(Adapter::get_info).collect();
    let best = (0..infos.len()).min_by_key(|&index| (rank(&infos[index]), index));
    let descriptions = infos.iter().enumerate().map(|(index, info)| describe(index, info));
    (descriptions.collect(), best)
}

/// The error on a machine without an adapter.
pub fn no_adapter() -> Error {
    Error::gpu("no GPU adapter found: there is no Vulkan, Metal or DirectX 12 driver").hint(
        "install the GPU's driver (on Linux also the Vulkan loader, libvulkan1), or use --engine cpu, which needs neither",
    )
}

/// An open device.
pub struct Gpu {
    pub(crate) device: Device,
    pub(crate) queue: Queue,
    /// What it is.
    pub description: Description,
    /// The first error that was reported outside of any call.
    fault: Arc<Mutex<Option<String>>>,
    patience: Duration,
    info: AdapterInfo,
    cache: Option<Cache>,
    /// Whether the shaders check every index.
    pub(super) checks_indices: bool,
}

impl Gpu {
    /// Opens the adapter with this index, name or part of a name; without either, the default one of [`list`].
    ///
    /// # Errors
    /// There is no adapter, none of them matches, or it cannot be opened with wgpu's default limits.
    pub fn open(wanted: Option<&str>) -> Result<Self> {
        let mut adapters = adapters();
        let (descriptions, best) = described(&adapters);
        let listed = || {
            let lines: Vec<String> = descriptions.iter().map(ToString::to_string).collect();
            lines.join("; ")
        };
        let Some(best) = best else {
            return Err(no_adapter());
        };
        let index = match wanted {
            None => best,
            Some(wanted) => {
                let lower = wanted.to_lowercase();
                let by_index = wanted.parse().ok().filter(|index| *index < descriptions.len());
                let by_name = || descriptions.iter().position(|d| d.name.to_lowercase().contains(&lower));
                by_index.or_else(by_name).ok_or_else(|| {
                    Error::usage(format!("there is no adapter `{wanted}`"))
                        .at("--adapter")
                        .hint(format!(
                            "use the index of one of these, or part of its name: {}",
                            listed()
                        ))
                })?
            }
        };
        let adapter = adapters.swap_remove(index);
        let info = adapter.get_info();
        let description = describe(index, &info);
        // What saves time, and what tells where it goes, where an adapter has it.
        let limits = adapter.limits();
        let wanted = Features::PIPELINE_CACHE | Features::TIMESTAMP_QUERY;
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            required_features: adapter.features() & wanted,
            label: Some("meva"),
            required_limits: wgpu::Limits {
                // For many seeds; all else stays within what every device has.
                max_storage_buffer_binding_size: limits.max_storage_buffer_binding_size.min(MOST_BYTES),
                max_buffer_size: limits.max_buffer_size.min(MOST_BYTES),
                ..wgpu::Limits::default()
            },
            ..Default::default()
        }))
        .map_err(|error| {
            Error::gpu(format!("cannot open {description}: {error}"))
                .hint("choose another adapter with --adapter, or use --engine cpu")
                .because(error)
        })?;
        let fault = Arc::new(Mutex::new(None));
        let note = |fault: &Arc<Mutex<Option<String>>>| {
            let fault = Arc::clone(fault);
            move |what: String| {
                if let Ok(mut fault) = fault.lock() {
                    fault.get_or_insert(what);
                }
            }
        };
        let (lost, uncaptured) = (note(&fault), note(&fault));
        device.set_device_lost_callback(move |reason, message| {
            lost(format!("the device was lost ({reason:?}): {message}"))
        });
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| uncaptured(error.to_string())));
        Ok(Gpu {
            device,
            queue,
            description,
            fault,
            patience: PATIENCE,
            info,
            cache: None,
            checks_indices: false,
        })
    }

    /// The same device, which keeps compiled shaders in a directory, by default in the user's cache directory, and finds
    /// them there. A damaged or foreign file is ignored.
    #[must_use]
    pub fn with_cache(self, directory: Option<&Path>) -> Self {
        let directory = directory.map(Path::to_path_buf).or_else(Cache::directory);
        let cache = directory.and_then(|directory| Cache::open(&self.device, &self.info, &directory));
        Gpu { cache, ..self }
    }

    /// The same device, with shaders that check every index, as untrusted ones would have to. The results have the same
    /// bits, unless the driver contracts; the checks cost a third of the time.
    #[must_use]
    pub fn with_index_checks(self) -> Self {
        Gpu {
            checks_indices: true,
            ..self
        }
    }

    /// Where compiled pipelines are found.
    pub(super) fn cache(&self) -> Option<&wgpu::PipelineCache> {
        self.cache.as_ref().map(Cache::pipelines)
    }

    /// Keeps compiled pipelines for the next run, if there is a place for them.
    pub(super) fn store_cache(&self) {
        if let Some(cache) = &self.cache {
            cache.store();
        }
    }

    /// Nanoseconds of a tick of the device's clock, if it has one.
    pub(super) fn timestamp_period(&self) -> Option<f64> {
        let has_clock = self.device.features().contains(Features::TIMESTAMP_QUERY);
        has_clock.then(|| f64::from(self.queue.get_timestamp_period()))
    }

    /// The same device, on which a submission counts as hung when it takes longer than `patience`. The default is 5 minutes.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Gpu { patience, ..self }
    }

    /// The most bytes of a buffer that shaders can see.
    pub fn binds(&self) -> u64 {
        self.device.limits().max_storage_buffer_binding_size
    }

    /// Gives up the device, as happens when a driver is reset or a GPU unplugged: work in progress fails, and so does
    /// everything that follows.
    pub fn destroy(&self) {
        self.device.destroy();
    }

    /// Waits until everything that was submitted is done.
    pub(crate) fn wait(&self) -> Result<()> {
        self.wait_for(None)
    }

    /// Waits until a submission is done, by default the last.
    pub(crate) fn wait_for(&self, submission: Option<wgpu::SubmissionIndex>) -> Result<()> {
        let polled = self.device.poll(wgpu::PollType::Wait {
            submission_index: submission,
            timeout: Some(self.patience),
        });
        if matches!(polled, Err(wgpu::PollError::WrongSubmissionIndex(..))) {
            // What was submitted never arrived: let the device say why.
            let _ = self.device.poll(wgpu::PollType::Poll);
        }
        let fault = self.fault.lock().ok().and_then(|fault| fault.clone());
        match (fault, polled) {
            (Some(what), _) => Err(self.failed(&what)),
            (None, Err(wgpu::PollError::Timeout)) => Err(self.failed(&format!("no answer in {:?}", self.patience))),
            (None, Err(error)) => Err(self.failed(&format!("the device was lost: {error}"))),
            (None, Ok(_)) => Ok(()),
        }
    }

    /// The error for something that went wrong on this device.
    pub(crate) fn failed(&self, what: &str) -> Error {
        Error::gpu(format!("the GPU failed: {} ({})", what.trim(), self.description))
            .hint("the last saved state is kept: continue with `meva train --resume DIR`, with either engine")
    }

    /// Reads part of a buffer that was created with `COPY_SRC`.
    pub(crate) fn read(&self, buffer: &wgpu::Buffer, start: u64, bytes: u64) -> Result<Vec<f32>> {
        let staging = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("readback"),
            size: bytes,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(buffer, start, &staging, 0, bytes);
        self.queue.submit([encoder.finish()]);
        let (sender, receiver) = std::sync::mpsc::channel();
        staging.map_async(wgpu::MapMode::Read, .., move |result| drop(sender.send(result)));
        self.wait()?;
        match receiver.recv() {
            Ok(Ok(())) => {}
            other => return Err(self.failed(&format!("cannot read results: {other:?}"))),
        }
        let view = staging
            .get_mapped_range(..)
            .map_err(|error| self.failed(&error.to_string()))?;
        Ok(bytemuck::pod_collect_to_vec(&view))
    }
}
