//! Every formula of the shaders evaluated at given points, for the cross-check.

use std::sync::Arc;

use wgpu::BufferUsages;

use super::device::Gpu;
use super::dispatch::{UNIFORM_STRIDE, bind, pipeline};
use super::layout::STATE_SETS;
use super::plan::Plan;
use super::stage::Stage;
use super::updater::{trainable, weights};
use crate::error::Result;

/// Evaluates every formula at points.
///
/// `theta` holds the numbers of one network after the other. A point consists of pairs of numbers, one per player: `N`
/// policy parameters, the discount, and `H` signs of the last hidden units. An answer likewise: `M` quantiles, `N` own
/// gradients of their mean, `N` with the signs, the game's value, its `N` own gradients, and `exp`, `tanh`, `sigmoid`,
/// GELU and GELU's slope of the first policy parameter.
///
/// # Errors
/// The device failed.
pub fn probe(gpu: &Arc<Gpu>, plan: &Plan, theta: &[f32], points: &[f32]) -> Result<Vec<f32>> {
    let shape = plan.layout.shape;
    trainable(shape)?;
    let count = points.len() / (2 * (shape.parameters + 1 + shape.hidden));
    let answer = 2 * (shape.quantiles + 3 * shape.parameters + 6);
    let buffer = |numbers: usize| {
        gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("probe"),
            size: 4 * numbers as u64,
            usage: BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    };
    let filled = |numbers: &[f32]| {
        let buffer = buffer(numbers.len());
        gpu.queue.write_buffer(&buffer, 0, bytemuck::cast_slice(numbers));
        buffer
    };
    // Moments and target networks are not read.
    let len = plan.layout.len;
    let state: Vec<f32> = theta
        .chunks_exact(len)
        .flat_map(|theta| theta.repeat(STATE_SETS))
        .collect();
    let weights = filled(&weights(&plan.layout.copies(), &state));
    let (state, asked, answers) = (filled(&state), filled(points), buffer(count * answer));
    let now = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("now"),
        size: UNIFORM_STRIDE as u64,
        usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    gpu.queue
        .write_buffer(&now, 0, bytemuck::cast_slice(&[0_u32; UNIFORM_STRIDE / 4]));
    let (pipeline, layout) = pipeline(gpu, Stage::Probe, plan)?;
    let buffers = [&state, &weights, &asked, &answers];
    let bind_group = bind(gpu, Stage::Probe, &layout, [&now, &now], &buffers);
    let mut encoder = gpu.device.create_command_encoder(&Default::default());
    let mut pass = encoder.begin_compute_pass(&Default::default());
    pass.set_pipeline(&pipeline);
    pass.set_bind_group(0, &bind_group, &[0, 0]);
    pass.dispatch_workgroups(count as u32, 1, 1);
    drop(pass);
    gpu.queue.submit([encoder.finish()]);
    gpu.read(&answers, 0, 4 * (count * answer) as u64)
}
