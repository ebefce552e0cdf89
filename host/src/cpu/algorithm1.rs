//! The CPU engine: Algorithm 1 on groups of 64 trajectories in lockstep, groups spread over threads.
//!
//! A batch is split into groups in order, whatever the number of threads, and gradients are summed in the order of the
//! groups, so the result does not depend on the number of threads, nor on how many processes a [`Team`] has.

use std::sync::Arc;

use meva_core::Scalar;
use meva_core::algorithm1::{self, Algorithm1, Opponents, Rollout, Settings, State, Step, Trajectory};
use meva_core::game::rollouts::Episode;
use meva_core::meta_value::Tape;
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use rayon::prelude::*;

use super::fault::{Fault, Learned, descend, finite_loss};
use super::{Cpu, Number, WIDTH, lane_of};
use crate::cpu::estimate::{Knowledge, Playable};
use crate::cpu::memory::{zeroed, zeroed_slice};
use crate::cpu::opponents::{Mixture, Moving};
use crate::cpu::team::{Alone, Report, Team};
use crate::draws::{Draws, Sampling};
use crate::limits::product;

/// A group's trajectories and the memory to learn from them.
struct Group<const N: usize, const H: usize, const R: usize, const M: usize, const P: usize> {
    knowledge: Box<dyn Knowledge<N>>,
    trajectory: Trajectory<Number, N, H>,
    steps: Box<[Step<Number, N, M>]>,
    tapes: Box<[[Tape<Number, N, H, R>; P]]>,
    gradients: Box<[Parameters<f32, N, H, R, M>; P]>,
}

/// A training run's state on the CPU, with one network for both players or one each.
pub struct Engine<const N: usize, const H: usize, const R: usize, const M: usize, const P: usize> {
    cpu: Cpu,
    batch: usize,
    stride: usize,
    know: Box<dyn Fn() -> Box<dyn Knowledge<N>> + Send + Sync>,
    team: Arc<dyn Team>,
    mixture: Mixture<N>,
    /// Those that this process computes. Empty until the first update: a run that another engine trains needs none.
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
        let game = game.clone();
        let mut states: Box<[State<f32, N, H, R, M>; P]> = zeroed();
        for (n, state) in states.iter_mut().enumerate() {
            state.initialize(&mut Stream::new(seed, Purpose::Parameters, n as u64));
        }
        Engine {
            cpu,
            batch,
            stride,
            know: Box::new(move || game.knowledge(sampling)),
            team: Arc::new(Alone),
            mixture: Mixture::default(),
            groups: Vec::new(),
            gradients: zeroed(),
            states,
        }
    }

    /// Lets learners meet these opponents in the trajectories for which the draws name one.
    #[must_use]
    pub fn against(self, mixture: Mixture<N>) -> Self {
        Engine { mixture, ..self }
    }

    /// Lets the engine compute its share of the groups of a team.
    pub fn join(&mut self, team: Arc<dyn Team>) {
        self.team = team;
        self.groups.clear();
    }

    /// The bytes that an engine takes for its groups, with [`Settings::tapes`] tapes.
    pub fn bytes(batch: usize, stride: usize, tapes: usize, sampling: Option<Sampling>) -> u128 {
        let episodes = sampling.map_or(0, |sampling| product([sampling.episodes, size_of::<Episode>()]));
        let fixed = size_of::<Group<N, H, R, M, P>>() + size_of::<[Parameters<f32, N, H, R, M>; P]>();
        let steps = product([stride.saturating_add(1), size_of::<Step<Number, N, M>>()]);
        let tapes = product([tapes, size_of::<[Tape<Number, N, H, R>; P]>()]);
        let group = [steps, tapes, episodes]
            .into_iter()
            .fold(fixed as u128, u128::saturating_add);
        group.saturating_mul(batch.div_ceil(WIDTH) as u128)
    }

    fn groups(&self, tapes: usize) -> Vec<Group<N, H, R, M, P>> {
        let group = |_| Group {
            knowledge: (self.know)(),
            trajectory: Trajectory::ZERO,
            steps: zeroed_slice(self.stride + 1),
            tapes: zeroed_slice(tapes),
            gradients: zeroed(),
        };
        self.team.share(self.batch.div_ceil(WIDTH)).map(group).collect()
    }

    /// One outer iteration: one update for each set of discounts in the draws, with gradients clipped to a norm, if one is
    /// given. Returns the mean of the losses, and how many gradients were clipped.
    ///
    /// # Errors
    /// A number that is not finite, in the update in which it appears.
    pub fn outer_iteration(
        &mut self,
        settings: &Settings,
        clip: Option<f64>,
        draws: &Draws<N, H>,
    ) -> Result<Learned, Fault> {
        if self.groups.is_empty() {
            self.groups = self.groups(settings.tapes(self.stride));
        }
        self.team.begin();
        let own = self.team.share(self.batch.div_ceil(WIDTH));
        let assignment = self.mixture.assign(&draws.opponents);
        for (g, Group { trajectory, .. }) in own.zip(&mut self.groups) {
            let at = |l| lane_of(g, l, self.batch);
            trajectory.weight = Number::from_lanes(|l| if at(l).idle { 0.0 } else { 1.0 });
            let told = |b: usize| assignment.told(b, draws.exploration_gamma[b]);
            let start = |b: usize| assignment.start(b, draws.x[b]);
            for i in 0..2 {
                trajectory.exploration_gamma[i] = Number::from_lanes(|l| told(at(l).source)[i]);
                for n in 0..N {
                    trajectory.x[i][n] = Number::from_lanes(|l| start(at(l).source)[i][n]);
                }
                if !draws.mask.is_empty() {
                    for u in 0..H {
                        trajectory.mask[i][u] = Number::from_lanes(|l| draws.mask[at(l).source][i][u]);
                    }
                }
            }
        }
        let mut learned = Learned::default();
        for (update, gamma) in draws.gamma.iter().enumerate() {
            let streams = draws.rollouts.get(update).map_or(&[][..], Vec::as_slice);
            let given = self.update(settings, clip, gamma, streams, &draws.opponents);
            learned.add(given.map_err(|what| Fault { update, what })?);
        }
        Ok(learned.mean(draws.gamma.len()))
    }

    /// One update of Algorithm 1, as [`algorithm1::update`], with the groups in parallel.
    fn update(
        &mut self,
        settings: &Settings,
        clip: Option<f64>,
        gamma: &[[f32; 2]],
        streams: &[Stream],
        opponents: &[usize],
    ) -> Result<Learned, String> {
        let assignment = self.mixture.assign(opponents);
        let trajectories = assignment.learners(self.batch) as f32 / 2.0;
        let Some(share) = algorithm1::share(trajectories, self.stride + 1) else {
            return Ok(Learned::default());
        };
        let (cpu, batch) = (self.cpu, self.batch);
        let count = batch.div_ceil(WIDTH);
        let first = self.team.share(count).start;
        let algorithm1 = Algorithm1::new(&cpu, settings, &self.states);
        let learn = |(own, group): (usize, &mut Group<N, H, R, M, P>)| {
            let g = first + own;
            let Group {
                knowledge,
                trajectory,
                steps,
                tapes,
                gradients,
            } = group;
            let source = |l| lane_of(g, l, batch).source;
            let told = |b: usize| assignment.told(b, gamma[b]);
            trajectory.gamma = std::array::from_fn(|i| Number::from_lanes(|l| told(source(l))[i]));
            let start = g * WIDTH;
            if let Some(streams) = streams.get(start..batch.min(start + WIDTH)) {
                knowledge.reseed(streams);
            }
            for gradient in gradients.iter_mut() {
                gradient.clear();
            }
            let rollout = &mut Rollout { steps, tapes };
            let mut moving: Moving<N> = assignment.moving(cpu, source);
            let movers = moving.movers;
            let opponents = &mut Opponents {
                movers,
                rules: &mut moving.rules(),
            };
            let loss = algorithm1.learn_against(opponents, &mut **knowledge, trajectory, share, rollout, gradients);
            Report {
                loss,
                lost: lost(steps, WIDTH.min(batch - start)),
            }
        };
        let reports: Vec<Report> = self.groups.par_iter_mut().enumerate().map(learn).collect();
        let own: Vec<Vec<&[f32]>> = self
            .groups
            .iter()
            .map(|group| {
                group
                    .gradients
                    .iter()
                    .flat_map(Parameters::iter)
                    .map(|(_, numbers)| numbers)
                    .collect()
            })
            .collect();
        let total = self.gradients.iter_mut().flat_map(Parameters::iter_mut);
        let mut total: Vec<&mut [f32]> = total.map(|(_, numbers)| numbers).collect();
        let reports = self.team.add_up(count, &own, reports, &mut total);
        if let Some((g, (l, t))) = (0..).zip(&reports).find_map(|(g, report)| Some((g, report.lost?))) {
            let which = g * WIDTH + l as usize;
            return Err(format!("a policy of trajectory {which} is not finite after {t} steps"));
        }
        let mut learned = Learned {
            loss: reports.iter().map(|report| report.loss).sum(),
            clipped: 0,
        };
        finite_loss(learned.loss)?;
        for (state, gradient) in self.states.iter_mut().zip(self.gradients.iter_mut()) {
            learned.clipped += descend(settings, clip, state, gradient)?;
        }
        Ok(learned)
    }
}

/// The first of the group's lanes whose policies left the finite numbers, at the first step at which one has.
fn lost<const N: usize, const M: usize>(steps: &[Step<Number, N, M>], lanes: usize) -> Option<(u32, u32)> {
    (0..).zip(steps).find_map(|(t, step)| {
        let policies = step.x.as_flattened();
        let lost = |l: &usize| !policies.iter().all(|number| number.lane(*l).is_finite());
        (0..lanes).find(lost).map(|l| (l as u32, t))
    })
}
