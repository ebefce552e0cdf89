//! Every formula of the shaders evaluated at given points, for the cross-check.

use std::sync::Arc;

use wgpu::BufferUsages;

use super::device::Gpu;
use super::dispatch::{UNIFORM_STRIDE, bind, filled, pipeline};
use super::draws::{STREAM, words};
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
/// GELU and GELU's slope of the first policy parameter. Where the plan's game is sampled, its value and gradients are
/// estimates from the episodes that each point's [generator](meva_core::random::Stream::generator) in `streams` gives.
///
/// # Errors
/// The device failed.
pub fn probe(gpu: &Arc<Gpu>, plan: &Plan, theta: &[f32], points: &[f32], streams: &[[u128; 2]]) -> Result<Vec<f32>> {
    let shape = plan.layout.shape;
    trainable(plan)?;
    let count = points.len() / (2 * (shape.parameters + 1 + shape.hidden));
    let answer = 2 * (shape.quantiles + 3 * shape.parameters + 6);
    let storage = |numbers: &[f32]| filled(gpu, "probe", bytemuck::cast_slice(numbers), BufferUsages::STORAGE);
    // Moments and target networks are not read.
    let len = plan.layout.len;
    let state: Vec<f32> = theta
        .chunks_exact(len)
        .flat_map(|theta| theta.repeat(STATE_SETS))
        .collect();
    let weights = storage(&weights(&plan.layout.copies(), &state));
    let (state, asked, answers) = (storage(&state), storage(points), storage(&vec![0.0; count * answer]));
    let mut words: Vec<u32> = streams.iter().copied().flat_map(words).collect();
    words.resize(STREAM * count.max(1), 0);
    let streams = filled(gpu, "probe", bytemuck::cast_slice(&words), BufferUsages::STORAGE);
    let now = filled(gpu, "probe", &[0; UNIFORM_STRIDE], BufferUsages::UNIFORM);
    let (pipeline, layout) = pipeline(gpu, Stage::Probe, plan)?;
    let buffers = [&state, &weights, &asked, &answers, &streams];
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
