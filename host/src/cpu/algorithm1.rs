//! The CPU engine: Algorithm 1 on groups of 64 trajectories in lockstep, groups spread over threads.
//!
//! A batch is split into groups in order, whatever the number of threads, and gradients are summed in the order of the
//! groups, so the result does not depend on the number of threads.

use meva_core::Scalar;
use meva_core::algorithm1::{self, Algorithm1, Settings, State, Step, Trajectory};
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use rayon::prelude::*;

use super::{Cpu, Number, WIDTH, lane_of};
use crate::cpu::estimate::{Knowledge, Playable};
use crate::cpu::memory::{zeroed, zeroed_slice};
use crate::draws::{Draws, Sampling};

/// A group's trajectories and the memory to learn from them.
struct Group<const N: usize, const H: usize, const R: usize, const M: usize, const P: usize> {
    knowledge: Box<dyn Knowledge<N>>,
    trajectory: Trajectory<Number, N, H>,
    steps: Box<[Step<Number, N, H, R, M, P>]>,
    gradients: Box<[Parameters<f32, N, H, R, M>; P]>,
}

/// A training run's state on the CPU, with one network for both players or one each.
pub struct Engine<const N: usize, const H: usize, const R: usize, const M: usize, const P: usize> {
    cpu: Cpu,
    batch: usize,
    groups: Vec<Group<N, H, R, M, P>>,
    gradients: Box<[Parameters<f32, N, H, R, M>; P]>,
    /// The training state, by network.
    pub states: Box<[State<f32, N, H, R, M>; P]>,
}

impl<const N: usize, const H: usize, const R: usize, const M: usize, const P: usize> Engine<N, H, R, M, P> {
    /// An engine for batches of `batch` trajectories and rollouts of `stride` steps, with parameters initialised from
    /// `seed`. Agents know the game exactly, or estimate it by sampling.
    pub fn new<G: Playable<N>>(
        game: &G,
        sampling: Option<Sampling>,
        cpu: Cpu,
        batch: usize,
        stride: usize,
        seed: u64,
    ) -> Self {
        let groups = (0..batch.div_ceil(WIDTH))
            .map(|_| Group {
                knowledge: game.knowledge(sampling),
                trajectory: Trajectory::ZERO,
                steps: zeroed_slice(stride + 1),
                gradients: zeroed(),
            })
            .collect();
        let mut states: Box<[State<f32, N, H, R, M>; P]> = zeroed();
        for (n, state) in states.iter_mut().enumerate() {
            state.initialize(&mut Stream::new(seed, Purpose::Parameters, n as u64));
        }
        Engine {
            cpu,
            batch,
            groups,
            gradients: zeroed(),
            states,
        }
    }

    /// One outer iteration: one update for each set of discounts in the draws. Returns the mean of their losses.
    pub fn outer_iteration(&mut self, settings: &Settings, draws: &Draws<N, H>) -> f32 {
        for (g, Group { trajectory, .. }) in self.groups.iter_mut().enumerate() {
            let at = |l| lane_of(g, l, self.batch);
            trajectory.weight = Number::from_lanes(|l| if at(l).idle { 0.0 } else { 1.0 });
            for i in 0..2 {
                trajectory.exploration_gamma[i] = Number::from_lanes(|l| draws.exploration_gamma[at(l).source][i]);
                for n in 0..N {
                    trajectory.x[i][n] = Number::from_lanes(|l| draws.x[at(l).source][i][n]);
                }
                if !draws.mask.is_empty() {
                    for u in 0..H {
                        trajectory.mask[i][u] = Number::from_lanes(|l| draws.mask[at(l).source][i][u]);
                    }
                }
            }
        }
        let mut losses = 0.0;
        for (update, gamma) in draws.gamma.iter().enumerate() {
            let streams = draws.rollouts.get(update).map_or(&[][..], Vec::as_slice);
            losses += self.update(settings, gamma, streams);
        }
        losses / draws.gamma.len() as f32
    }

    /// One update of Algorithm 1, as [`algorithm1::update`], with the groups in parallel.
    fn update(&mut self, settings: &Settings, gamma: &[[f32; 2]], streams: &[Stream]) -> f32 {
        let steps = self.groups.first().map_or(0, |group| group.steps.len());
        let Some(share) = algorithm1::share(self.batch as f32, steps) else {
            return 0.0;
        };
        let (cpu, batch) = (self.cpu, self.batch);
        let algorithm1 = Algorithm1::new(&cpu, settings, &self.states);
        let learn = |(g, group): (usize, &mut Group<N, H, R, M, P>)| {
            let Group {
                knowledge,
                trajectory,
                steps,
                gradients,
            } = group;
            trajectory.gamma = std::array::from_fn(|i| Number::from_lanes(|l| gamma[lane_of(g, l, batch).source][i]));
            let first = g * WIDTH;
            if let Some(streams) = streams.get(first..batch.min(first + WIDTH)) {
                knowledge.reseed(streams);
            }
            for gradient in gradients.iter_mut() {
                gradient.clear();
            }
            algorithm1.learn(&mut **knowledge, trajectory, share, steps, gradients)
        };
        let losses: Vec<f32> = self.groups.par_iter_mut().enumerate().map(learn).collect();
        for (n, (state, gradient)) in self.states.iter_mut().zip(self.gradients.iter_mut()).enumerate() {
            gradient.clear();
            for group in &self.groups {
                gradient.add(&group.gradients[n]);
            }
            algorithm1::descend(settings, state, gradient);
        }
        losses.iter().sum()
    }
}
