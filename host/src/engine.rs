//! The CPU engine: Algorithm 1 on groups of 64 trajectories in lockstep, groups spread over threads.
//!
//! A batch is cut into groups in order, whatever the number of threads, and gradients are added in the order of the groups:
//! the result does not depend on how many threads there are.

use meva_core::algorithm1::{self, Settings, State, Step, Trajectory};
use meva_core::meta_value::MetaValue;
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use meva_core::{Game, Lanes, Scalar};
use rayon::prelude::*;

use crate::cpu::Cpu;
use crate::draws::Draws;
use crate::memory::{zeroed, zeroed_slice};

/// Trajectories per group.
pub const WIDTH: usize = 64;
type Number = Lanes<WIDTH>;

/// A group's trajectories with the memory to learn from them.
struct Group<const N: usize, const H: usize, const R: usize, const M: usize> {
    trajectory: Trajectory<Number, N, H>,
    steps: Box<[Step<Number, N, H, R, M>]>,
    gradient: Box<Parameters<f32, N, H, R, M>>,
}

/// A training run's state on the CPU.
pub struct Engine<G, const N: usize, const H: usize, const R: usize, const M: usize> {
    game: G,
    cpu: Cpu,
    batch: usize,
    groups: Vec<Group<N, H, R, M>>,
    gradient: Box<Parameters<f32, N, H, R, M>>,
    /// What is learned.
    pub state: Box<State<f32, N, H, R, M>>,
}

impl<G: Game<N> + Sync, const N: usize, const H: usize, const R: usize, const M: usize> Engine<G, N, H, R, M> {
    /// An engine for batches of `batch` trajectories and rollouts of `stride` steps, with parameters initialised from
    /// `seed`.
    pub fn new(game: G, cpu: Cpu, batch: usize, stride: usize, seed: u64) -> Self {
        let groups = (0..batch.div_ceil(WIDTH))
            .map(|_| Group {
                trajectory: Trajectory::ZERO,
                steps: zeroed_slice(stride + 1),
                gradient: zeroed(),
            })
            .collect();
        let mut state: Box<State<f32, N, H, R, M>> = zeroed();
        state.theta.initialize(&mut Stream::new(seed, Purpose::Parameters, 0));
        let State { theta, target, .. } = &mut *state;
        target.copy_from(theta);
        Engine {
            game,
            cpu,
            batch,
            groups,
            gradient: zeroed(),
            state,
        }
    }

    /// One outer iteration: as many updates as the draws have discounts for. Returns the mean of their losses.
    pub fn outer_iteration(&mut self, settings: &Settings, draws: &Draws<N, H>) -> f32 {
        for (g, group) in self.groups.iter_mut().enumerate() {
            let trajectory = &mut group.trajectory;
            for l in 0..WIDTH {
                // Lanes beyond the batch repeat the group's first trajectory, with weight 0.
                let index = g * WIDTH + l;
                let idle = index >= self.batch;
                let source = if idle { g * WIDTH } else { index };
                trajectory.weight.set_lane(l, if idle { 0.0 } else { 1.0 });
                for i in 0..2 {
                    for n in 0..N {
                        trajectory.x[i][n].set_lane(l, draws.x[source][i][n]);
                    }
                    trajectory.exploration_gamma[i].set_lane(l, draws.exploration_gamma[source][i]);
                    if let Some(mask) = draws.mask.get(source) {
                        for u in 0..H {
                            trajectory.mask[i][u].set_lane(l, mask[i][u]);
                        }
                    }
                }
            }
        }
        let mut losses = 0.0;
        for gamma in &draws.gamma {
            losses += self.update(settings, gamma);
        }
        losses / draws.gamma.len() as f32
    }

    /// One update of Algorithm 1, as [`algorithm1::update`], with the groups side by side.
    fn update(&mut self, settings: &Settings, gamma: &[[f32; 2]]) -> f32 {
        let theta = MetaValue::new(&self.state.theta, settings.architecture);
        let target = settings
            .rho
            .map(|_| MetaValue::new(&self.state.target, settings.architecture));
        let steps = self.groups.first().map_or(0, |group| group.steps.len());
        let Some(share) = algorithm1::share(self.batch as f32, steps) else {
            return 0.0;
        };
        let (game, cpu, batch) = (&self.game, self.cpu, self.batch);
        let losses: Vec<f32> = self
            .groups
            .par_iter_mut()
            .enumerate()
            .map(
                |(
                    g,
                    Group {
                        trajectory,
                        steps,
                        gradient,
                    },
                )| {
                    for l in 0..WIDTH {
                        let index = if g * WIDTH + l < batch {
                            g * WIDTH + l
                        } else {
                            g * WIDTH
                        };
                        for i in 0..2 {
                            trajectory.gamma[i].set_lane(l, gamma[index][i]);
                        }
                    }
                    gradient.clear();
                    algorithm1::learn(
                        &cpu,
                        game,
                        settings,
                        &theta,
                        target.as_ref(),
                        trajectory,
                        share,
                        steps,
                        gradient,
                    )
                },
            )
            .collect();
        self.gradient.clear();
        for group in &self.groups {
            self.gradient.add(&group.gradient);
        }
        algorithm1::descend(settings, &mut self.state, &self.gradient);
        losses.iter().sum()
    }
}
