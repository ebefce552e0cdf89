//! Pipelines and bindings of the stages.

use wgpu::{BindGroup, Buffer, BufferUsages, ComputePipeline};

use super::device::Gpu;
use super::plan::Plan;
use super::stage::Stage;
use crate::error::Result;

/// Dynamic offsets of uniforms are multiples of this many bytes under wgpu's default limits.
pub(super) const UNIFORM_STRIDE: usize = 256;

/// How a stage uses a buffer.
#[derive(Clone, Copy)]
pub(super) enum Access {
    Read,
    Write,
}
use Access::{Read, Write};

/// The first storage binding of a stage, and how it uses its buffers.
fn bindings(stage: Stage) -> (u32, &'static [Access]) {
    match stage {
        Stage::RollOut => (2, &[Read, Read, Write, Read, Write, Write, Read, Write]),
        Stage::Bootstrap => (2, &[Read, Read, Read, Read, Write]),
        Stage::FormTargets => (4, &[Read, Read, Write, Write]),
        Stage::VjpParameters => (2, &[Read, Read, Read, Read, Read, Write, Write, Write]),
        Stage::Cola => (2, &[Read, Read, Read, Write, Write, Write, Write]),
        Stage::DenseVjpWeight => (2, &[Read, Read, Read, Read, Write]),
        Stage::AdamW => (2, &[Write, Write, Read, Read, Write]),
        Stage::Probe => (2, &[Read, Read, Read, Write, Read]),
    }
}

/// Compiles a stage for a plan.
pub(super) fn pipeline(gpu: &Gpu, stage: Stage, plan: &Plan) -> Result<(ComputePipeline, wgpu::BindGroupLayout)> {
    let (first, accesses) = bindings(stage);
    let entry = |binding, ty, has_dynamic_offset| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset,
            min_binding_size: None,
        },
        count: None,
    };
    let uniform = wgpu::BufferBindingType::Uniform;
    let mut entries = vec![entry(0, uniform, true), entry(1, uniform, true)];
    entries.extend((first..).zip(accesses).map(|(binding, access)| {
        let read_only = matches!(access, Read);
        entry(binding, wgpu::BufferBindingType::Storage { read_only }, false)
    }));
    let device = &gpu.device;
    let label = Some(stage.name());
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label,
        entries: &entries,
    });
    let source = wgpu::ShaderSource::Wgsl(stage.source(plan)?.into());
    let checks = wgpu::ShaderRuntimeChecks {
        // Counters that end every loop after 2^64 iterations would prevent compilers from unrolling.
        force_loop_bounding: false,
        ..if gpu.checks_indices {
            wgpu::ShaderRuntimeChecks::checked()
        } else {
            wgpu::ShaderRuntimeChecks::unchecked()
        }
    };
    // SAFETY: all loops terminate, since their bounds are constants of the plan, or uniforms that the updater writes. No index
    // leaves its array: each is a sum of products of workgroup and thread numbers, loop counters and constants, all below
    // what the sizes in `Memory` were computed from, and dispatches have no more workgroups than there are items. Tests
    // compare the bits of runs with and without checks.
    let module = unsafe { device.create_shader_module_trusted(wgpu::ShaderModuleDescriptor { label, source }, checks) };
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label,
        layout: Some(&device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label,
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        })),
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions {
            // Every stage writes before it reads.
            zero_initialize_workgroup_memory: false,
            ..Default::default()
        },
        cache: gpu.cache(),
    });
    Ok((pipeline, layout))
}

/// A buffer with these bytes.
pub(super) fn filled(gpu: &Gpu, label: &str, bytes: &[u8], usage: BufferUsages) -> Buffer {
    let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size: bytes.len() as u64,
        usage: usage | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    gpu.queue.write_buffer(&buffer, 0, bytes);
    buffer
}

/// Binds buffers to a stage's storage bindings, in order.
pub(super) fn bind(
    gpu: &Gpu,
    stage: Stage,
    layout: &wgpu::BindGroupLayout,
    [now, slice]: [&Buffer; 2],
    buffers: &[&Buffer],
) -> BindGroup {
    let entry = |binding, resource| wgpu::BindGroupEntry { binding, resource };
    let uniform = |buffer| {
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer,
            offset: 0,
            size: std::num::NonZeroU64::new(32),
        })
    };
    let mut entries = vec![entry(0, uniform(now)), entry(1, uniform(slice))];
    entries.extend(
        (bindings(stage).0..)
            .zip(buffers)
            .map(|(binding, buffer)| entry(binding, buffer.as_entire_binding())),
    );
    gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout,
        entries: &entries,
    })
}
