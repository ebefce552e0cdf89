//! Trains COLA: the network that predicts the steps of two agents who each anticipate the other's step, for every
//! length of the imagined step.
//!
//! An update draws a batch of joint policies in the way that the game's trajectories start, and for each a length
//! `alpha` uniform on `[0, alpha_max]`; it descends the consistency loss of [`meva_core::learner::cola`], averaged over
//! the batch and the players.

use std::array;
use std::sync::Arc;

use meva_core::algorithm1::{Settings, State};
use meva_core::learner::cola::{self, Form, Predictor};
use meva_core::meta_value::{MetaValue, Tape};
use meva_core::parameters::Parameters;
use meva_core::random::{Purpose, Stream};
use meva_core::{Dual, Game, Scalar};
use rayon::prelude::*;

use crate::cpu::Cpu;
use crate::cpu::Number;
use crate::cpu::fault::{Learned, descend, finite_loss};
use crate::cpu::memory::zeroed;
use crate::cpu::team::{Alone, Report, Team};
use crate::cpu::{WIDTH, lane_of};
use crate::draws::{Draws, Start};
use crate::limits::product;

/// The memory for one group of points.
struct Group<const N: usize, const H: usize, const R: usize> {
    tape: Box<Tape<Number, N, H, R>>,
    dual_tape: Box<Tape<Dual<Number>, N, H, R>>,
    dual_gradient: Box<Parameters<Dual<f32>, N, H, R, N>>,
    gradient: Box<Parameters<f32, N, H, R, N>>,
}

/// A training run of COLA on the CPU.
pub struct ColaEngine<G, const N: usize, const H: usize, const R: usize> {
    game: G,
    form: Form,
    cpu: Cpu,
    batch: usize,
    team: Arc<dyn Team>,
    /// Those that this process computes. Empty until the first update.
    groups: Vec<Group<N, H, R>>,
    gradient: Box<Parameters<f32, N, H, R, N>>,
    /// The training state.
    pub state: Box<State<f32, N, H, R, N>>,
}

impl<G: Game<N> + Sync, const N: usize, const H: usize, const R: usize> ColaEngine<G, N, H, R> {
    /// An engine for batches of `batch` points, with parameters initialised from `seed`, for a network that predicts `form`.
    pub fn new(game: G, form: Form, cpu: Cpu, batch: usize, seed: u64) -> Self {
        let mut state: Box<State<f32, N, H, R, N>> = zeroed();
        state.theta.initialize(&mut Stream::new(seed, Purpose::Parameters, 0));
        ColaEngine {
            game,
            form,
            cpu,
            batch,
            team: Arc::new(Alone),
            groups: Vec::new(),
            gradient: zeroed(),
            state,
        }
    }

    /// Lets the engine compute its share of the groups of a team.
    pub fn join(&mut self, team: Arc<dyn Team>) {
        self.team = team;
        self.groups.clear();
    }

    /// Tells the team that an outer iteration begins.
    pub fn begin(&self) {
        self.team.begin();
    }

    /// The bytes that an engine takes for its groups.
    pub fn bytes(batch: usize) -> u128 {
        let group = size_of::<Tape<Number, N, H, R>>()
            + size_of::<Tape<Dual<Number>, N, H, R>>()
            + 3 * size_of::<Parameters<f32, N, H, R, N>>();
        product([group, batch.div_ceil(WIDTH)])
    }

    /// One update at the joint policies of `draws`, each with an imagined step, and the gradient clipped to a norm, if one
    /// is given. Returns the mean loss, and whether the gradient was clipped.
    ///
    /// # Errors
    /// A number that is not finite.
    pub fn update(&mut self, settings: &Settings, clip: Option<f64>, draws: &Points<N>) -> Result<Learned, String> {
        let count = self.batch.div_ceil(WIDTH);
        let share_of_groups = self.team.share(count);
        if self.groups.is_empty() {
            let group = |_| Group {
                tape: zeroed(),
                dual_tape: zeroed(),
                dual_gradient: zeroed(),
                gradient: zeroed(),
            };
            self.groups = share_of_groups.clone().map(group).collect();
        }
        let predictor = Predictor {
            network: MetaValue::new(&self.state.theta, settings.architecture),
            form: self.form,
        };
        let (game, cpu, batch) = (&self.game, self.cpu, self.batch);
        let share = 1.0 / (2 * batch * N) as f32;
        let first = share_of_groups.start;
        let reports: Vec<Report> = self
            .groups
            .par_iter_mut()
            .enumerate()
            .map(
                |(
                    own,
                    Group {
                        tape,
                        dual_tape,
                        dual_gradient,
                        gradient,
                    },
                )| {
                    let at = |l| lane_of(first + own, l, batch);
                    let weight = Number::from_lanes(|l| if at(l).idle { 0.0 } else { share });
                    let alpha = Number::from_lanes(|l| draws.alpha[at(l).source]);
                    let x = array::from_fn(|i| array::from_fn(|n| Number::from_lanes(|l| draws.x[at(l).source][i][n])));
                    gradient.clear();
                    let loss = cola::loss_and_gradient(
                        &cpu,
                        game,
                        &predictor,
                        &x,
                        alpha,
                        weight,
                        tape,
                        dual_tape,
                        dual_gradient,
                        gradient,
                    );
                    Report {
                        loss: (weight * loss).sum_lanes(),
                        lost: None,
                    }
                },
            )
            .collect();
        let own: Vec<Vec<&[f32]>> = self
            .groups
            .iter()
            .map(|group| group.gradient.iter().map(|(_, numbers)| numbers).collect())
            .collect();
        let mut total: Vec<&mut [f32]> = self.gradient.iter_mut().map(|(_, numbers)| numbers).collect();
        let reports = self.team.add_up(count, &own, reports, &mut total);
        let loss = reports.iter().map(|report| report.loss).sum();
        finite_loss(loss)?;
        let clipped = descend(settings, clip, &mut self.state, &mut self.gradient)?;
        Ok(Learned { loss, clipped })
    }
}

/// The points of one update.
pub struct Points<const N: usize> {
    /// Joint policies.
    pub x: Vec<[[f32; N]; 2]>,
    /// Lengths of the imagined step.
    pub alpha: Vec<f32>,
}

impl<const N: usize> Points<N> {
    /// Draws the points of update `update` of the run with seed `seed`.
    pub fn new(seed: u64, update: usize, batch: usize, start: Start, alpha_max: f64) -> Self {
        let Draws { x, .. } = Draws::<N, 0>::new(seed, update, batch, 0, start, None);
        let mut stream = Stream::new(seed, Purpose::Discounts, update as u64);
        Points {
            x,
            alpha: (0..batch).map(|_| stream.uniform(0.0, alpha_max) as f32).collect(),
        }
    }
}
