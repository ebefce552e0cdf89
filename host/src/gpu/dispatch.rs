//! Pipelines and bindings of the stages.

use wgpu::{BindGroup, Buffer, ComputePipeline};

use super::device::Gpu;
use super::plan::Plan;
use super::shader::Stage;
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

/// The first storage binding of a stage, whether it reads `slice`, and how it uses its buffers.
pub(super) fn bindings(stage: Stage) -> (u32, bool, &'static [Access]) {
    match stage {
        Stage::RollOut => (2, false, &[Read, Read, Read, Read, Write, Write, Write]),
        Stage::Bootstrap => (2, false, &[Read, Read, Read, Read, Write]),
        Stage::FormTargets => (4, false, &[Read, Read, Write, Write]),
        Stage::VjpParameters => (2, true, &[Read, Read, Read, Read, Read, Write, Write, Write]),
        Stage::DenseVjpWeight => (2, true, &[Read, Read, Read, Read, Write]),
        Stage::AdamW => (2, false, &[Write, Write, Read, Read, Write]),
        Stage::Probe => (2, false, &[Read, Read, Read, Write]),
    }
}

pub(super) fn pipeline(
    gpu: &Gpu,
    stage: Stage,
    plan: &Plan,
    (first, slice, accesses): (u32, bool, &[Access]),
) -> Result<(ComputePipeline, wgpu::BindGroupLayout)> {
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
    let mut entries = vec![entry(0, uniform, true)];
    entries.extend(slice.then(|| entry(1, uniform, false)));
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
    // Counters that end every loop after 2^64 iterations would prevent compilers from unrolling.
    let checks = wgpu::ShaderRuntimeChecks {
        force_loop_bounding: false,
        ..wgpu::ShaderRuntimeChecks::checked()
    };
    // SAFETY: all loops in the shaders terminate, since their bounds are constants of the plan. Indices are still checked.
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
        cache: None,
    });
    Ok((pipeline, layout))
}

pub(super) fn bind(
    gpu: &Gpu,
    layout: &wgpu::BindGroupLayout,
    now: &Buffer,
    slice: Option<&Buffer>,
    first: u32,
    buffers: &[&Buffer],
) -> BindGroup {
    let entry = |binding, resource| wgpu::BindGroupEntry { binding, resource };
    let update = wgpu::BindingResource::Buffer(wgpu::BufferBinding {
        buffer: now,
        offset: 0,
        size: std::num::NonZeroU64::new(32),
    });
    let mut entries = vec![entry(0, update)];
    entries.extend(slice.map(|slice| entry(1, slice.as_entire_binding())));
    entries.extend(
        (first..)
            .zip(buffers)
            .map(|(binding, buffer)| entry(binding, buffer.as_entire_binding())),
    );
    gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout,
        entries: &entries,
    })
}
