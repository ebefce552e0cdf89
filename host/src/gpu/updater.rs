//! Updates of Algorithm 1 on a device: buffers and the order of dispatches.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wgpu::{BindGroup, Buffer, BufferUsages, ComputePipeline};

use super::device::Gpu;
use super::dispatch::{UNIFORM_STRIDE, bind, pipeline};
use super::draws::OuterDraws;
use super::layout::{STATE_SETS, WEIGHT_COPIES};
use super::memory::Memory;
use super::plan::{ADAMW_WIDTH, Plan};
use super::profile::{Profile, StageTime};
use super::stage::Stage;
use super::step::OptimizerStep;
use crate::error::{Error, Result};

/// How long a submission should take: well below the shortest watchdog timeout (2 s), but long enough to hide its overhead.
const SUBMISSION: Duration = Duration::from_millis(100);
/// The most workgroups that a dispatch may have in one dimension.
const MOST_GROUPS: usize = 65_535;
/// The most parts that an update may be split into.
const MOST_PARTS: usize = 4096;
/// Operations per second that a device is first taken to be capable of: less than the slowest known reach.
const FIRST_RATE: f64 = 5e10;
const FIRST_RATE_OF_SOFTWARE: f64 = 2e7;
/// Updates that a profile is taken over.
const PROFILED: usize = 20;

/// A stage of one group of seeds, or of one slice of its chunks.
struct Dispatch {
    stage: Stage,
    pipeline: ComputePipeline,
    bind_group: BindGroup,
    /// Workgroups in x, a part of which a dispatch may do, and in y.
    items: usize,
    rows: usize,
    /// An estimate of its operations.
    work: f64,
    /// The first seed and the first chunk, as in `slice.wgsl`.
    seed: usize,
    chunk: usize,
}

/// Some workgroups of a dispatch, in x.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Part {
    dispatch: usize,
    first: usize,
    count: usize,
    work: f64,
}

/// Algorithm 1 on a device, for all seeds of a plan.
pub struct Updater {
    gpu: Arc<Gpu>,
    plan: Plan,
    updates_per_outer: usize,
    outers: usize,
    dispatches: Vec<Dispatch>,
    /// An update, in order.
    parts: Vec<Part>,
    now: Buffer,
    slices: Buffer,
    starts: Buffer,
    /// Numbers of the current policies, before the draws in `starts`.
    policies: usize,
    gammas: Buffer,
    streams: Buffer,
    state: Buffer,
    weights: Buffer,
    losses: Buffer,
    copies: Vec<Option<[usize; 2]>>,
    /// Operations per second, as estimated from submissions so far.
    rate: f64,
    longest: Duration,
}

impl Updater {
    /// Creates buffers and pipelines for a plan with this many updates per outer iteration.
    ///
    /// # Errors
    /// The plan needs a larger buffer than the device can bind, or the device fails.
    pub fn new(gpu: Arc<Gpu>, plan: Plan, updates_per_outer: usize) -> Result<Self> {
        let layout = &plan.layout;
        trainable(&plan)?;
        let memory = Memory::of(&plan, updates_per_outer, gpu.binds())?;

        let buffer = |label: &str, bytes: usize, usage: BufferUsages| {
            gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: bytes.max(16) as u64,
                usage: usage | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let storage = |label: &str, numbers: usize| buffer(label, 4 * numbers, BufferUsages::STORAGE);
        let now = buffer(
            "now",
            UNIFORM_STRIDE * memory.outers * updates_per_outer,
            BufferUsages::UNIFORM,
        );
        let slices = buffer("slices", UNIFORM_STRIDE * MOST_PARTS, BufferUsages::UNIFORM);
        let starts = storage("starts", memory.starts);
        let gammas = storage("gammas", memory.gammas);
        let streams = storage("streams", memory.streams);
        let state = storage("state", memory.state);
        let weights = storage("weights", memory.weights);
        let path = storage("path", memory.path);
        let predictions = storage("predictions", memory.predictions);
        let trajectory_losses = storage("trajectory losses", memory.trajectory_losses);
        let records = storage("records", memory.records);
        let deltas = storage("deltas", memory.deltas);
        let vector_sums = storage("vector sums", memory.vector_sums);
        let partials = storage("partials", memory.partials);
        let losses = storage("losses", memory.losses);
        let copies = layout.copies();
        let words = places(&copies);
        let places = storage("places", words.len());
        gpu.queue.write_buffer(&places, 0, bytemuck::cast_slice(&words));

        let stages = plan.stages();
        let mut built = Vec::new();
        for (stage, compiled) in stages.iter().zip(pipelines(&gpu, &stages, &plan)) {
            let (pipeline, bindings) = compiled?;
            let buffers: &[&Buffer] = match stage {
                Stage::RollOut => &[
                    &state,
                    &weights,
                    &starts,
                    &gammas,
                    &path,
                    &predictions,
                    &streams,
                    &records,
                ],
                Stage::Bootstrap => &[&state, &weights, &gammas, &path, &predictions],
                Stage::FormTargets => &[&gammas, &path, &predictions, &trajectory_losses],
                Stage::VjpParameters => &[
                    &state,
                    &weights,
                    &gammas,
                    &path,
                    &predictions,
                    &records,
                    &deltas,
                    &vector_sums,
                ],
                Stage::Cola => &[
                    &state,
                    &weights,
                    &starts,
                    &trajectory_losses,
                    &records,
                    &deltas,
                    &vector_sums,
                ],
                Stage::DenseVjpWeight => &[&records, &deltas, &vector_sums, &trajectory_losses, &partials],
                Stage::AdamW => &[&state, &weights, &partials, &places, &losses],
                Stage::Probe => &[],
            };
            built.push((
                *stage,
                pipeline,
                bind(&gpu, *stage, &bindings, [&now, &slices], buffers),
            ));
        }
        gpu.store_cache();

        let mut dispatches = Vec::new();
        for seed in (0..plan.seeds).step_by(memory.group) {
            let seeds = memory.group.min(plan.seeds - seed);
            let chunks = seeds * plan.networks * plan.chunks();
            let mut add = |wanted: Stage, chunk: usize, chunks_held: usize, items: usize, rows: usize| {
                for (stage, pipeline, bind_group) in built.iter().filter(|(stage, ..)| *stage == wanted) {
                    let share = chunks_held as f64 / chunks as f64 * seeds as f64 / plan.seeds as f64;
                    dispatches.push(Dispatch {
                        stage: *stage,
                        pipeline: pipeline.clone(),
                        bind_group: bind_group.clone(),
                        items,
                        rows,
                        work: share * plan.work(*stage),
                        seed,
                        chunk,
                    });
                }
            };
            let trajectories = seeds * plan.batch;
            let rolled_out = seeds * plan.batch.div_ceil(plan.rolled_out.count());
            add(Stage::RollOut, 0, chunks, rolled_out, 1);
            let steps = plan.stride.div_ceil(plan.evaluated.count());
            add(Stage::Bootstrap, 0, chunks, trajectories * steps, 1);
            add(Stage::FormTargets, 0, chunks, trajectories, 1);
            for chunk in (0..chunks).step_by(memory.slice) {
                let held = memory.slice.min(chunks - chunk);
                add(
                    Stage::VjpParameters,
                    chunk,
                    held,
                    held * plan.chunk * plan.segments(),
                    1,
                );
                add(Stage::Cola, chunk, held, held * plan.chunk, 1);
                let sums = layout.matrices.len() + layout.sums.len();
                add(Stage::DenseVjpWeight, chunk, held, held * sums, 1);
            }
            let rows = seeds * plan.networks;
            add(Stage::AdamW, 0, chunks, (layout.len + 1).div_ceil(ADAMW_WIDTH), rows);
        }
        gpu.wait()?;
        let mut updater = Updater {
            gpu: Arc::clone(&gpu),
            updates_per_outer,
            outers: memory.outers,
            parts: Vec::new(),
            dispatches,
            now,
            slices,
            starts,
            policies: memory.policies,
            gammas,
            streams,
            state,
            weights,
            losses,
            copies,
            rate: if gpu.description.is_software() {
                FIRST_RATE_OF_SOFTWARE
            } else {
                FIRST_RATE
            },
            longest: Duration::ZERO,
            plan,
        };
        updater.split()?;
        Ok(updater)
    }

    /// How many outer iterations [`Updater::run`] should be given at once, so that a call takes about a tenth of a second.
    pub fn at_once(&self) -> usize {
        let updates = self.rate * SUBMISSION.as_secs_f64() / self.work();
        ((updates / self.updates_per_outer as f64) as usize).clamp(1, self.outers)
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
        write(
            &self.weights,
            seed * networks * WEIGHT_COPIES * layout.copy_len(),
            &weights,
        );
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
        self.write(outers, steps);
        let (mut update, mut part) = (0, 0);
        // Two submissions are under way, so that the device never waits for the next.
        let mut submitted: VecDeque<(wgpu::SubmissionIndex, f64)> = VecDeque::new();
        let mut last = Instant::now();
        while update < steps.len() || !submitted.is_empty() {
            if update < steps.len() && submitted.len() < 2 {
                // What is under way counts, since the second waits for the first.
                let most = self.rate * SUBMISSION.as_secs_f64() / if submitted.is_empty() { 1.0 } else { 2.0 };
                let mut jobs = Vec::new();
                let mut work = 0.0;
                while update < steps.len() && (jobs.is_empty() || work + self.parts[part].work <= most) {
                    jobs.push((update, part));
                    work += self.parts[part].work;
                    part += 1;
                    if part == self.parts.len() {
                        (update, part) = (update + 1, 0);
                    }
                }
                if submitted.is_empty() {
                    last = Instant::now();
                }
                submitted.push_back((self.submit(&jobs), work));
                continue;
            }
            let Some((index, work)) = submitted.pop_front() else {
                break;
            };
            self.gpu.wait_for(Some(index))?;
            let elapsed = last.elapsed();
            last = Instant::now();
            self.longest = self.longest.max(elapsed);
            // At most twice as fast as before: a submission may have been lucky.
            let rate = work / elapsed.as_secs_f64().max(1e-6);
            self.rate = rate.min(2.0 * self.rate);
            if part == 0 {
                self.split()?;
            }
        }
        self.gpu
            .read(&self.losses, 0, 4 * (steps.len() * self.plan.seeds) as u64)
    }

    /// Measures the stages in up to 20 updates of these outer iterations. The state of all seeds is then that after these
    /// updates.
    ///
    /// # Errors
    /// The device failed.
    pub fn profile(&mut self, outers: &[OuterDraws], steps: &[OptimizerStep]) -> Result<Profile> {
        // Once for what a first run takes, once to see how long an update takes.
        self.run(outers, steps)?;
        // Some drivers compile a pipeline when it is first used, which is no work of the device.
        self.longest = Duration::ZERO;
        let start = Instant::now();
        self.run(outers, steps)?;
        let update = start.elapsed().as_secs_f64() / steps.len() as f64;
        self.write(outers, steps);
        let updates = steps.len().min(PROFILED);
        let (by_timestamps, seconds) = match self.by_timestamps(updates)? {
            Some(seconds) => (true, seconds),
            None => (false, self.by_clock()?),
        };
        let mut stages: Vec<StageTime> = Vec::new();
        for (dispatch, seconds) in self.dispatches.iter().zip(seconds) {
            match stages.iter_mut().find(|time| time.stage == dispatch.stage) {
                Some(time) => time.seconds += seconds,
                None => stages.push(StageTime {
                    stage: dispatch.stage,
                    seconds,
                    operations: self.plan.operations(dispatch.stage),
                }),
            }
        }
        Ok(Profile {
            stages,
            choices: self.plan.choices(),
            by_timestamps,
            update,
            longest_submission: self.longest,
        })
    }

    /// Seconds per update of each dispatch by the device's clock, if it has one.
    fn by_timestamps(&self, updates: usize) -> Result<Option<Vec<f64>>> {
        let Some(period) = self.gpu.timestamp_period() else {
            return Ok(None);
        };
        let device = &self.gpu.device;
        let mut seconds = vec![0.0; self.dispatches.len()];
        let count = 2 * self.parts.len() as u32;
        if count > wgpu::QUERY_SET_MAX_QUERIES {
            return Ok(None);
        }
        let queries = device.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("profile"),
            ty: wgpu::QueryType::Timestamp,
            count,
        });
        let resolved = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("profile"),
            size: 8 * u64::from(count),
            usage: BufferUsages::QUERY_RESOLVE | BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        for update in 0..updates {
            let mut encoder = device.create_command_encoder(&Default::default());
            for (index, part) in self.parts.iter().enumerate() {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                    label: None,
                    timestamp_writes: Some(wgpu::ComputePassTimestampWrites {
                        query_set: &queries,
                        beginning_of_pass_write_index: Some(2 * index as u32),
                        end_of_pass_write_index: Some(2 * index as u32 + 1),
                    }),
                });
                self.dispatch(&mut pass, update, index, *part);
            }
            encoder.resolve_query_set(&queries, 0..count, &resolved, 0);
            self.gpu.queue.submit([encoder.finish()]);
            let words = self.gpu.read(&resolved, 0, 8 * u64::from(count))?;
            let ticks: Vec<u64> = words
                .chunks_exact(2)
                .map(|pair| u64::from(pair[0].to_bits()) | u64::from(pair[1].to_bits()) << 32)
                .collect();
            for (part, ticks) in self.parts.iter().zip(ticks.chunks_exact(2)) {
                seconds[part.dispatch] += ticks[1].saturating_sub(ticks[0]) as f64 * 1e-9 * period / updates as f64;
            }
        }
        Ok(Some(seconds))
    }

    /// Seconds of each dispatch, from repetitions that take about as long as a submission should.
    fn by_clock(&self) -> Result<Vec<f64>> {
        let time = |index: usize, repetitions: usize| -> Result<f64> {
            let jobs: Vec<(usize, usize)> = (0..self.parts.len())
                .filter(|part| self.parts[*part].dispatch == index)
                .map(|part| (0, part))
                .collect();
            let start = Instant::now();
            let last = self.submit(&jobs.repeat(repetitions));
            self.gpu.wait_for(Some(last))?;
            Ok(start.elapsed().as_secs_f64() / repetitions as f64)
        };
        let seconds = (0..self.dispatches.len()).map(|index| {
            let once = time(index, 1)?;
            let repetitions = (SUBMISSION.as_secs_f64() / once) as usize;
            time(index, repetitions.clamp(1, 100))
        });
        seconds.collect()
    }

    /// Writes what the next updates start from.
    fn write(&self, outers: &[OuterDraws], steps: &[OptimizerStep]) {
        let queue = &self.gpu.queue;
        let uniforms = uniforms(steps, self.updates_per_outer);
        queue.write_buffer(&self.now, 0, bytemuck::cast_slice(&uniforms));
        let (mut at_starts, mut at_gammas, mut at_streams) = (4 * self.policies as u64, 0, 0);
        for outer in outers {
            queue.write_buffer(&self.starts, at_starts, bytemuck::cast_slice(&outer.starts));
            queue.write_buffer(&self.gammas, at_gammas, bytemuck::cast_slice(&outer.gammas));
            queue.write_buffer(&self.streams, at_streams, bytemuck::cast_slice(&outer.streams));
            at_starts += 4 * outer.starts.len() as u64;
            at_gammas += 4 * outer.gammas.len() as u64;
            at_streams += 4 * outer.streams.len() as u64;
        }
    }

    /// Operations of an update.
    fn work(&self) -> f64 {
        self.dispatches.iter().map(|dispatch| dispatch.work).sum()
    }

    /// Splits an update into parts that take at most half of what a submission should, as far as is known and as
    /// [`MOST_PARTS`] allows. What has been submitted is not affected: writes to buffers wait for it.
    fn split(&mut self) -> Result<()> {
        let most = 0.5 * self.rate * SUBMISSION.as_secs_f64();
        let dispatches: Vec<(usize, f64)> = self.dispatches.iter().map(|d| (d.items, d.work)).collect();
        let parts = split_into(&dispatches, most, MOST_PARTS);
        if parts == self.parts {
            return Ok(());
        }
        if parts.len() > MOST_PARTS {
            return Err(Error::usage(format!(
                "an update has to be split into {} parts for this GPU; at most {MOST_PARTS} are possible",
                parts.len()
            ))
            .hint("use a smaller `batch`, or --engine cpu"));
        }
        let mut words = vec![0_u32; parts.len() * UNIFORM_STRIDE / 4];
        for (index, part) in parts.iter().enumerate() {
            let Dispatch { seed, chunk, .. } = &self.dispatches[part.dispatch];
            words[index * UNIFORM_STRIDE / 4..][..3].copy_from_slice(&[part.first, *seed, *chunk].map(|n| n as u32));
        }
        self.gpu
            .queue
            .write_buffer(&self.slices, 0, bytemuck::cast_slice(&words));
        self.parts = parts;
        Ok(())
    }

    /// Submits parts of updates.
    fn submit(&self, jobs: &[(usize, usize)]) -> wgpu::SubmissionIndex {
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        for &(update, part) in jobs {
            self.dispatch(&mut pass, update, part, self.parts[part]);
        }
        drop(pass);
        self.gpu.queue.submit([encoder.finish()])
    }

    fn dispatch(&self, pass: &mut wgpu::ComputePass<'_>, update: usize, index: usize, part: Part) {
        let dispatch = &self.dispatches[part.dispatch];
        let offsets = [update, index].map(|index| (index * UNIFORM_STRIDE) as u32);
        pass.set_pipeline(&dispatch.pipeline);
        pass.set_bind_group(0, &dispatch.bind_group, &offsets);
        pass.dispatch_workgroups(part.count as u32, dispatch.rows as u32, 1);
    }
}

/// [Splits](split) dispatches with as little more work in a part as it takes to have at most `count` parts, if that is possible.
fn split_into(dispatches: &[(usize, f64)], mut most: f64, count: usize) -> Vec<Part> {
    let all: f64 = dispatches.iter().map(|(_, work)| work).sum();
    loop {
        let parts = split(dispatches, most);
        if parts.len() <= count || most >= all {
            return parts;
        }
        most *= 2.0;
    }
}

/// Splits dispatches, given by their workgroups and their work, so that no part has more work than `most`, unless it is a
/// single workgroup, and none has more workgroups than a dispatch may have.
fn split(dispatches: &[(usize, f64)], most: f64) -> Vec<Part> {
    let mut parts = Vec::new();
    for (dispatch, &(groups, work)) in dispatches.iter().enumerate() {
        let count = ((most / work * groups as f64) as usize).clamp(1, groups.clamp(1, MOST_GROUPS));
        // Equal parts, so that none is too small to fill the device.
        let count = groups.div_ceil(groups.div_ceil(count));
        for first in (0..groups).step_by(count) {
            let count = count.min(groups - first);
            parts.push(Part {
                dispatch,
                first,
                count,
                work: work * count as f64 / groups as f64,
            });
        }
    }
    parts
}

/// Compiles stages side by side, on a thread each.
fn pipelines(gpu: &Gpu, stages: &[Stage], plan: &Plan) -> Vec<Result<(ComputePipeline, wgpu::BindGroupLayout)>> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = stages
            .iter()
            .map(|stage| scope.spawn(move || pipeline(gpu, *stage, plan)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// An error if the stages cannot evaluate a network of this shape.
pub(super) fn trainable(plan: &Plan) -> Result<()> {
    let shape = plan.layout.shape;
    // COLA's outputs are summed one by one.
    let fits = plan.form.is_some() || shape.quantiles.is_multiple_of(16);
    if fits && shape.hidden.is_multiple_of(16) && shape.quantiles <= shape.hidden && shape.hidden <= 64 {
        return Ok(());
    }
    Err(
        Error::usage(format!("the GPU engine cannot train a network of this shape: {shape}"))
            .hint("hidden and quantiles must be multiples of 16, and quantiles <= hidden <= 64; or use --engine cpu"),
    )
}

/// What `update.wgsl` reads about each of these updates.
pub(super) fn uniforms(steps: &[OptimizerStep], updates_per_outer: usize) -> Vec<u32> {
    let mut uniforms = vec![0_u32; steps.len() * UNIFORM_STRIDE / 4];
    for (update, step) in steps.iter().enumerate() {
        let [c1, c2] = step.corrections.map(f32::to_bits);
        let (outer, start) = (update / updates_per_outer, update % updates_per_outer == 0);
        let words = [
            0,
            update as u32,
            outer as u32,
            u32::from(start),
            step.eta.to_bits(),
            c1,
            c2,
            0,
        ];
        uniforms[update * UNIFORM_STRIDE / 4..][..words.len()].copy_from_slice(&words);
    }
    uniforms
}

/// Where `adamw.wgsl` writes each parameter's copies.
pub(super) fn places(copies: &[Option<[usize; 2]>]) -> Vec<u32> {
    let words = copies
        .iter()
        .flat_map(|copy| copy.map_or([u32::MAX; 2], |place| place.map(|p| p as u32)));
    words.collect()
}

/// The copies of the matrices that `dense.wgsl` reads, for each network whose `theta`, `theta_bar`, `m` and `v` are in
/// `numbers`: of `theta`, of `theta` transposed, and of `theta_bar`.
pub(super) fn weights(copies: &[Option<[usize; 2]>], numbers: &[f32]) -> Vec<f32> {
    let len = copies.len();
    let copy_len = len.next_multiple_of(4);
    let of_network = |numbers: &[f32]| {
        let mut weights = vec![0.0; WEIGHT_COPIES * copy_len];
        for (p, copy) in copies.iter().enumerate() {
            if let Some([forward, backward]) = copy {
                weights[*forward] = numbers[p];
                weights[copy_len + backward] = numbers[p];
                weights[2 * copy_len + forward] = numbers[len + p];
            }
        }
        weights
    };
    numbers.chunks_exact(STATE_SETS * len).flat_map(of_network).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts follow each other, cover everything once, and respect both limits.
    #[test]
    fn parts_cover_dispatches() {
        let dispatches = [(7, 70.0), (100_000, 1.0), (1, 1e9), (64, 640.0)];
        for most in [1e-9, 1.0, 25.0, 1e12] {
            let parts = split(&dispatches, most);
            let mut next = vec![0; dispatches.len()];
            for Part {
                dispatch,
                first,
                count,
                work,
            } in parts
            {
                assert_eq!(first, next[dispatch]);
                assert!((1..=MOST_GROUPS).contains(&count));
                assert!(count == 1 || work <= most * 1.001, "{count} {work} {most}");
                next[dispatch] += count;
            }
            assert_eq!(next, dispatches.map(|(items, _)| items));
        }
        assert_eq!(split(&dispatches, 1e12).len(), 5);
        // A device that seems to be slow gets longer parts, not too many.
        for count in [10, 100, 1000] {
            let parts = split_into(&dispatches, 1e-9, count);
            assert!((count / 4..=count).contains(&parts.len()), "{}", parts.len());
            assert_eq!(parts.iter().map(|part| part.count).sum::<usize>(), 100_072);
        }
        assert_eq!(split_into(&dispatches, 1e-9, 1).len(), 5, "as few as possible");
    }
}
