//! Updates of Algorithm 1 on a device: buffers and the order of dispatches.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use meva_core::shape::Shape;
use wgpu::{BindGroup, Buffer, BufferUsages, ComputePipeline};

use super::device::Gpu;
use super::dispatch::{UNIFORM_STRIDE, bind, bindings, pipeline};
use super::draws::OuterDraws;
use super::layout::{STATE_SETS, WEIGHT_COPIES};
use super::plan::{ADAMW_WIDTH, Plan};
use super::shader::Stage;
use super::step::OptimizerStep;
use crate::error::{Error, Result};

/// How long a submission should take: well below the shortest watchdog timeout (2 s), but long enough to hide its overhead.
const SUBMISSION: Duration = Duration::from_millis(100);
/// The maximum number of updates whose draws and losses are kept on the device.
const MOST_UPDATES: usize = 1024;
/// The maximum number of bytes of draws that are kept on the device.
const MOST_DRAWS: usize = 32 << 20;

/// A pipeline with its bindings and its number of workgroups.
struct Dispatch {
    pipeline: ComputePipeline,
    bind_group: BindGroup,
    groups: [u32; 3],
}

/// Algorithm 1 on a device, for all seeds of a plan.
pub struct Updater {
    gpu: Arc<Gpu>,
    plan: Plan,
    updates_per_outer: usize,
    outers: usize,
    dispatches: Vec<Dispatch>,
    now: Buffer,
    starts: Buffer,
    gammas: Buffer,
    state: Buffer,
    weights: Buffer,
    losses: Buffer,
    copies: Vec<Option<[usize; 2]>>,
    /// Updates in a submission that takes about [`SUBMISSION`].
    per_submission: usize,
}

impl Updater {
    /// Creates buffers and pipelines for a plan with this many updates per outer iteration.
    ///
    /// # Errors
    /// The plan needs a larger buffer than the device can bind, or the device fails.
    pub fn new(gpu: Arc<Gpu>, plan: Plan, updates_per_outer: usize) -> Result<Self> {
        let layout = &plan.layout;
        let shape = layout.shape;
        trainable(shape)?;
        let Plan {
            batch,
            stride,
            seeds,
            chunk,
            ..
        } = plan;
        let most = gpu.device.limits().max_compute_workgroups_per_dimension as usize;
        for (count, what) in [
            (batch, "`batch` is"),
            (stride, "`stride` is"),
            (seeds, "the seeds side by side are"),
        ] {
            if count > most {
                return Err(
                    Error::usage(format!("{what} {count}: this device takes at most {most}"))
                        .hint("make it smaller, or use --engine cpu"),
                );
            }
        }
        let trajectories = seeds * batch;
        let draws = trajectories * (8 * plan.draw_len() + 8 * updates_per_outer);
        let outers = (MOST_UPDATES / updates_per_outer).min(MOST_DRAWS / draws).max(1);
        let updates = outers * updates_per_outer;

        let limit = gpu.device.limits().max_storage_buffer_binding_size;
        let buffer = |label: &str, bytes: usize, usage: BufferUsages| -> Result<Buffer> {
            if bytes as u64 > limit {
                return Err(Error::usage(format!(
                    "the buffer `{label}` would need {} MiB, but this device binds at most {} MiB",
                    bytes >> 20,
                    limit >> 20
                ))
                .hint("use fewer seeds at once, a smaller batch, or --engine cpu"));
            }
            Ok(gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: bytes.max(16) as u64,
                usage: usage | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }))
        };
        let storage = |label: &str, numbers: usize| buffer(label, 4 * numbers, BufferUsages::STORAGE);
        let now = buffer("now", UNIFORM_STRIDE * updates, BufferUsages::UNIFORM)?;
        let starts = storage("starts", outers * trajectories * 2 * plan.draw_len())?;
        let gammas = storage("gammas", updates * trajectories * 2)?;
        let networks = plan.all_networks();
        let state = storage("state", networks * STATE_SETS * layout.len)?;
        let weights = storage("weights", networks * WEIGHT_COPIES * layout.len)?;
        let positions = storage("positions", trajectories * 2 * shape.parameters)?;
        let path = storage("path", trajectories * (stride + 1) * 2 * (shape.parameters + 1))?;
        let predictions = storage("predictions", trajectories * (stride + 1) * 6 * shape.quantiles)?;
        let trajectory_losses = storage("trajectory losses", trajectories)?;
        let partials = storage("partials", networks * plan.chunks() * (layout.len + 1))?;
        let losses = storage("losses", updates * seeds)?;

        // As many chunks per slice as the space for their records allows.
        let chunks = networks * plan.chunks();
        let record = chunk * plan.learned() * layout.products * 2 * shape.hidden;
        let vectors = chunk * plan.segments() * layout.sums.len() * shape.hidden;
        let slice = (limit as usize / (4 * record.max(vectors)))
            .min(most / chunk)
            .clamp(1, chunks);
        let inputs = storage("inputs", slice * record)?;
        let deltas = storage("deltas", slice * record)?;
        let vector_sums = storage("vector sums", slice * vectors)?;

        let copies = layout.copies();
        let places = storage("places", 2 * layout.len)?;
        let words = copies
            .iter()
            .flat_map(|copy| copy.map_or([u32::MAX; 2], |place| place.map(|p| p as u32)));
        gpu.queue
            .write_buffer(&places, 0, bytemuck::cast_slice(&words.collect::<Vec<u32>>()));

        let build = |stage: Stage| pipeline(&gpu, stage, &plan, bindings(stage));
        let group = |stage: Stage, layout: &wgpu::BindGroupLayout, slice: Option<&Buffer>, buffers: &[&Buffer]| {
            let first = bindings(stage).0;
            bind(&gpu, layout, &now, slice, first, buffers)
        };
        let mut dispatches = Vec::new();
        let mut add = |stage: Stage, groups: [usize; 3], buffers: &[&Buffer]| -> Result<()> {
            let (pipeline, layout) = build(stage)?;
            let bind_group = group(stage, &layout, None, buffers);
            dispatches.push(Dispatch {
                pipeline,
                bind_group,
                groups: groups.map(|g| g as u32),
            });
            Ok(())
        };
        add(
            Stage::RollOut,
            [batch, seeds, 1],
            &[&state, &weights, &starts, &gammas, &positions, &path, &predictions],
        )?;
        if plan.settings.rho.is_some() {
            let buffers = [&state, &weights, &gammas, &path, &predictions];
            add(Stage::Bootstrap, [stride, batch, seeds], &buffers)?;
        }
        let buffers = [&gammas, &path, &predictions, &trajectory_losses];
        add(Stage::FormTargets, [batch, seeds, 1], &buffers)?;
        let (vjp, vjp_layout) = build(Stage::VjpParameters)?;
        let (outer, outer_layout) = build(Stage::DenseVjpWeight)?;
        for first in (0..chunks).step_by(slice) {
            let count = slice.min(chunks - first);
            let uniform = buffer("slice", 16, BufferUsages::UNIFORM)?;
            gpu.queue
                .write_buffer(&uniform, 0, bytemuck::cast_slice(&[first as u32, 0, 0, 0]));
            let buffers = [
                &state,
                &weights,
                &gammas,
                &path,
                &predictions,
                &inputs,
                &deltas,
                &vector_sums,
            ];
            dispatches.push(Dispatch {
                pipeline: vjp.clone(),
                bind_group: group(Stage::VjpParameters, &vjp_layout, Some(&uniform), &buffers),
                groups: [plan.segments() as u32, (count * chunk) as u32, 1],
            });
            let buffers = [&inputs, &deltas, &vector_sums, &trajectory_losses, &partials];
            dispatches.push(Dispatch {
                pipeline: outer.clone(),
                bind_group: group(Stage::DenseVjpWeight, &outer_layout, Some(&uniform), &buffers),
                groups: [(layout.matrices.len() + layout.sums.len()) as u32, count as u32, 1],
            });
        }
        let (adamw, adamw_layout) = build(Stage::AdamW)?;
        let buffers = [&state, &weights, &partials, &places, &losses];
        dispatches.push(Dispatch {
            pipeline: adamw,
            bind_group: group(Stage::AdamW, &adamw_layout, None, &buffers),
            groups: [(layout.len + 1).div_ceil(ADAMW_WIDTH) as u32, networks as u32, 1],
        });
        gpu.wait()?;
        Ok(Updater {
            gpu: Arc::clone(&gpu),
            updates_per_outer,
            outers,
            dispatches,
            now,
            starts,
            gammas,
            state,
            weights,
            losses,
            copies,
            per_submission: 1,
            plan,
        })
    }

    /// How many outer iterations [`Updater::run`] should be given at once, so that a call takes about a tenth of a second.
    pub fn at_once(&self) -> usize {
        (self.per_submission / self.updates_per_outer).clamp(1, self.outers)
    }

    /// Replaces a seed's state: `theta`, `theta_bar`, `m` and `v` of one network after the other.
    pub fn set_state(&self, seed: usize, numbers: &[f32]) {
        let Plan { layout, networks, .. } = &self.plan;
        let len = layout.len;
        let numbers = &numbers[..networks * STATE_SETS * len];
        let weights = weights(&self.copies, numbers);
        let write = |buffer: &Buffer, offset: usize, numbers: &[f32]| {
            self.gpu
                .queue
                .write_buffer(buffer, 4 * offset as u64, bytemuck::cast_slice(numbers));
        };
        write(&self.state, seed * networks * STATE_SETS * len, numbers);
        write(&self.weights, seed * networks * WEIGHT_COPIES * len, &weights);
    }

    /// A seed's state, in the layout that [`Updater::set_state`] takes.
    ///
    /// # Errors
    /// The device failed.
    pub fn state(&self, seed: usize) -> Result<Vec<f32>> {
        let bytes = (4 * self.plan.networks * STATE_SETS * self.plan.layout.len) as u64;
        self.gpu.read(&self.state, seed as u64 * bytes, bytes)
    }

    /// Runs outer iterations, at most [`Updater::at_once`], with one optimiser step for each of their updates. Returns
    /// the losses by update, then by seed.
    ///
    /// # Errors
    /// The device failed.
    pub fn run(&mut self, outers: &[OuterDraws], steps: &[OptimizerStep]) -> Result<Vec<f32>> {
        let mut uniforms = vec![0_u32; steps.len() * UNIFORM_STRIDE / 4];
        for (update, step) in steps.iter().enumerate() {
            let [c1, c2] = step.corrections.map(f32::to_bits);
            let (outer, start) = (update / self.updates_per_outer, update % self.updates_per_outer == 0);
            let words = [
                0,
                update as u32,
                outer as u32,
                u32::from(start),
                step.eta.to_bits(),
                c1,
                c2,
            ];
            uniforms[update * UNIFORM_STRIDE / 4..][..words.len()].copy_from_slice(&words);
        }
        self.gpu
            .queue
            .write_buffer(&self.now, 0, bytemuck::cast_slice(&uniforms));
        let (mut at_starts, mut at_gammas) = (0, 0);
        for outer in outers {
            self.gpu
                .queue
                .write_buffer(&self.starts, at_starts, bytemuck::cast_slice(&outer.starts));
            self.gpu
                .queue
                .write_buffer(&self.gammas, at_gammas, bytemuck::cast_slice(&outer.gammas));
            at_starts += 4 * outer.starts.len() as u64;
            at_gammas += 4 * outer.gammas.len() as u64;
        }
        let mut done = 0;
        while done < steps.len() {
            let next = (done + self.per_submission).min(steps.len());
            let start = Instant::now();
            self.submit(done..next)?;
            let each = start.elapsed().as_secs_f64() / (next - done) as f64;
            self.per_submission =
                ((SUBMISSION.as_secs_f64() / each) as usize).clamp(1, MOST_UPDATES.min(2 * self.per_submission));
            done = next;
        }
        self.gpu
            .read(&self.losses, 0, 4 * (steps.len() * self.plan.seeds) as u64)
    }

    fn submit(&self, updates: Range<usize>) -> Result<()> {
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        for update in updates {
            for Dispatch {
                pipeline,
                bind_group,
                groups: [x, y, z],
            } in &self.dispatches
            {
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, bind_group, &[(update * UNIFORM_STRIDE) as u32]);
                pass.dispatch_workgroups(*x, *y, *z);
            }
        }
        drop(pass);
        self.gpu.queue.submit([encoder.finish()]);
        self.gpu.wait()
    }
}

/// An error if the stages cannot evaluate a network of this shape.
pub(super) fn trainable(shape: Shape) -> Result<()> {
    let quads = shape.hidden.is_multiple_of(4) && shape.quantiles.is_multiple_of(4);
    if quads && shape.quantiles <= shape.hidden && shape.hidden <= 64 {
        return Ok(());
    }
    Err(
        Error::usage(format!("the GPU engine cannot train a network of this shape: {shape}"))
            .hint("hidden and quantiles must be multiples of 4, and quantiles <= hidden <= 64; or use --engine cpu"),
    )
}

/// The copies of the matrices that `dense.wgsl` reads, for each network whose `theta`, `theta_bar`, `m` and `v` are in
/// `numbers`: of `theta`, of `theta` transposed, and of `theta_bar`.
pub(super) fn weights(copies: &[Option<[usize; 2]>], numbers: &[f32]) -> Vec<f32> {
    let len = copies.len();
    let of_network = |numbers: &[f32]| {
        let mut weights = vec![0.0; WEIGHT_COPIES * len];
        for (p, copy) in copies.iter().enumerate() {
            if let Some([forward, backward]) = copy {
                weights[*forward] = numbers[p];
                weights[len + backward] = numbers[p];
                weights[2 * len + forward] = numbers[len + p];
            }
        }
        weights
    };
    numbers.chunks_exact(STATE_SETS * len).flat_map(of_network).collect()
}
