//! Compiled stages, kept between runs in the user's cache directory.
//!
//! A file holds the CRC-32 of what follows, then the driver's data, which wgpu checks again for the adapter and the
//! driver's version. A file that is missing, damaged or of another driver is ignored, and so is a directory that cannot be
//! written: a cache only saves time.

use std::fs;
use std::path::{Path, PathBuf};

use wgpu::{AdapterInfo, Device, Features, PipelineCache, PipelineCacheDescriptor};

use crate::files::write_atomically;

/// What has been compiled on a device, and the file that it is kept in.
pub(super) struct Cache {
    pipelines: PipelineCache,
    path: PathBuf,
    /// What was read.
    data: Vec<u8>,
}

impl Cache {
    /// The user's directory for what a program can make again.
    pub fn directory() -> Option<PathBuf> {
        Some(dirs::cache_dir()?.join("meva"))
    }

    /// The cache of a device in a directory, if the device can have one.
    pub fn open(device: &Device, info: &AdapterInfo, directory: &Path) -> Option<Self> {
        if !device.features().contains(Features::PIPELINE_CACHE) {
            return None;
        }
        let path = directory.join(wgpu::util::pipeline_cache_key(info)?);
        let data = fs::read(&path)
            .ok()
            .and_then(|bytes| unseal(&bytes))
            .unwrap_or_default();
        // SAFETY: the data is what `store` has written, as its checksum says; wgpu and the driver check whether it is theirs.
        let pipelines = unsafe {
            device.create_pipeline_cache(&PipelineCacheDescriptor {
                label: Some("meva"),
                data: (!data.is_empty()).then_some(&data),
                fallback: true,
            })
        };
        Some(Cache { pipelines, path, data })
    }

    /// For the creation of pipelines.
    pub fn pipelines(&self) -> &PipelineCache {
        &self.pipelines
    }

    /// Keeps what has been compiled, if it is more than what was read.
    pub fn store(&self) {
        let Some(data) = self.pipelines.get_data() else { return };
        if data == self.data {
            return;
        }
        if let Some(directory) = self.path.parent() {
            // Whatever goes wrong here costs the next run a second at most.
            let _ = fs::create_dir_all(directory).is_ok() && write_atomically(&self.path, &seal(&data)).is_ok();
        }
    }
}

fn seal(data: &[u8]) -> Vec<u8> {
    [&crc32fast::hash(data).to_le_bytes()[..], data].concat()
}

/// The data, unless it is damaged.
fn unseal(bytes: &[u8]) -> Option<Vec<u8>> {
    let (checksum, data) = bytes.split_first_chunk()?;
    (u32::from_le_bytes(*checksum) == crc32fast::hash(data)).then(|| data.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_data_is_ignored() {
        let sealed = seal(b"pipelines");
        assert_eq!(unseal(&sealed).as_deref(), Some(&b"pipelines"[..]));
        for byte in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[byte] ^= 1;
            assert_eq!(unseal(&damaged), None);
            assert_eq!(unseal(&sealed[..byte]), None);
        }
    }
}
