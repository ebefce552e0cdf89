//! A step of the optimiser from any state and gradient, for the cross-check.

use std::sync::Arc;

use wgpu::BufferUsages;

use super::device::Gpu;
use super::dispatch::{bind, filled, pipeline};
use super::layout::PARTIAL_REST;
use super::plan::{ADAMW_WIDTH, Plan};
use super::stage::Stage;
use super::step::OptimizerStep;
use super::updater::{places, trainable, uniforms, weights};
use crate::error::Result;

/// The state after one step of the optimiser on a device.
///
/// `state` holds `theta`, `theta_bar`, `m` and `v` of one network after the other, `gradient` the gradient of each.
///
/// # Errors
/// The device failed, or the GPU engine cannot train the network.
pub fn optimize(
    gpu: &Arc<Gpu>,
    plan: &Plan,
    state: &[f32],
    gradient: &[f32],
    step: &OptimizerStep,
) -> Result<Vec<f32>> {
    trainable(plan)?;
    let (len, copies) = (plan.layout.len, plan.layout.copies());
    // The chunks' gradients are summed; all but the first are 0.
    let mut partials = Vec::new();
    for gradient in gradient.chunks_exact(len) {
        let start = partials.len();
        partials.extend(gradient);
        partials.resize(start + plan.chunks() * (len + PARTIAL_REST), 0.0);
    }
    let storage = |numbers: &[u8]| filled(gpu, "optimize", numbers, BufferUsages::STORAGE);
    let uniform = |words: &[u32]| filled(gpu, "optimize", bytemuck::cast_slice(words), BufferUsages::UNIFORM);
    let held = storage(bytemuck::cast_slice(state));
    let buffers = [
        &held,
        &storage(bytemuck::cast_slice(&weights(&copies, state))),
        &storage(bytemuck::cast_slice(&partials)),
        &storage(bytemuck::cast_slice(&places(&copies))),
        &storage(bytemuck::cast_slice(&vec![0.0_f32; plan.seeds])),
    ];
    let now = uniform(&uniforms(std::slice::from_ref(step), 1));
    let slice = uniform(&[0; super::dispatch::UNIFORM_STRIDE / 4]);
    let (pipeline, layout) = pipeline(gpu, Stage::AdamW, plan)?;
    let bind_group = bind(gpu, Stage::AdamW, &layout, [&now, &slice], &buffers);
    let mut encoder = gpu.device.create_command_encoder(&Default::default());
    let mut pass = encoder.begin_compute_pass(&Default::default());
    pass.set_pipeline(&pipeline);
    pass.set_bind_group(0, &bind_group, &[0, 0]);
    pass.dispatch_workgroups((len + 1).div_ceil(ADAMW_WIDTH) as u32, plan.all_networks() as u32, 1);
    drop(pass);
    gpu.queue.submit([encoder.finish()]);
    gpu.read(&held, 0, 4 * state.len() as u64)
}
