//! Two agents that follow a field: `x(t+1) = x(t) + rate field(x(t))`, from many starts at once.

use meva_core::{Game, Real, Scalar};
use rayon::prelude::*;

use crate::cpu::Cpu;
use crate::engine::WIDTH;
use crate::learner::NamedLearner;
use crate::network::{Network, Number};
use meva_core::learner::meta_value::Field;

/// A joint policy, `x[player][parameter]`.
pub type Joint<const N: usize> = [[f64; N]; 2];

/// What both agents follow.
#[derive(Clone, Copy)]
pub enum Agents<'a, const N: usize> {
    /// A learner that imagines a step of length `alpha`.
    Learner {
        /// Which one.
        learner: NamedLearner,
        /// Length of the imagined step.
        alpha: f64,
    },
    /// A trained network with a discount for each player.
    MetaValue {
        /// The network.
        network: &'a dyn Network<N>,
        /// What it models.
        field: Field,
        /// Each player's meta-discount.
        gamma: [f64; 2],
    },
}

/// What to compute in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// `f32`.
    F32,
    /// `f64`.
    F64,
}

/// How far, how long and how precisely to go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ascent {
    /// Learning rate.
    pub rate: f64,
    /// Number of steps.
    pub steps: usize,
    /// What to compute in.
    pub precision: Precision,
}

/// The joint policies that one start leads through, the start first.
pub type Path<const N: usize> = Vec<Joint<N>>;

impl Ascent {
    /// The path from each start: `steps + 1` joint policies.
    pub fn paths<const N: usize, G: Game<N> + Sync>(
        &self,
        agents: Agents<N>,
        game: &G,
        cpu: Cpu,
        starts: &[Joint<N>],
    ) -> Vec<Path<N>> {
        match (agents, self.precision) {
            (Agents::Learner { learner, alpha }, Precision::F32) => {
                self.one_by_one(starts, |x: &[[f32; N]; 2]| learner.field(alpha, game, x))
            }
            (Agents::Learner { learner, alpha }, Precision::F64) => {
                self.one_by_one(starts, |x: &[[f64; N]; 2]| learner.field(alpha, game, x))
            }
            (Agents::MetaValue { network, field, gamma }, Precision::F64) => self.one_by_one(starts, |x| {
                let gradients = network.gradients_f64(x, &gamma);
                directions(field, game, x, &gamma, &gradients)
            }),
            (Agents::MetaValue { network, field, gamma }, Precision::F32) => {
                let gamma = gamma.map(Number::from_f64);
                let in_lockstep = |starts: &[Joint<N>]| {
                    let mut gradients = network.gradients(cpu);
                    self.in_lockstep(starts, |x| directions(field, game, x, &gamma, &gradients(x, &gamma)))
                };
                starts.par_chunks(WIDTH).flat_map_iter(in_lockstep).collect()
            }
        }
    }

    /// Where each start leads.
    pub fn ends<const N: usize, G: Game<N> + Sync>(
        &self,
        agents: Agents<N>,
        game: &G,
        cpu: Cpu,
        starts: &[Joint<N>],
    ) -> Vec<Joint<N>> {
        self.paths(agents, game, cpu, starts)
            .iter()
            .zip(starts)
            .map(|(path, start)| *path.last().unwrap_or(start))
            .collect()
    }

    fn one_by_one<T: Real, const N: usize>(
        &self,
        starts: &[Joint<N>],
        field: impl Fn(&[[T; N]; 2]) -> [[T; N]; 2] + Sync,
    ) -> Vec<Path<N>> {
        let path = |start: &Joint<N>| {
            let mut x = start.map(|row| row.map(T::round));
            let mut path = Vec::with_capacity(self.steps + 1);
            path.push(*start);
            for _ in 0..self.steps {
                let directions = field(&x);
                advance(&mut x, self.rate, &directions);
                path.push(x.map(|row| row.map(T::to_f64)));
            }
            path
        };
        starts.par_iter().map(path).collect()
    }

    /// At most [`WIDTH`] starts together.
    fn in_lockstep<const N: usize>(
        &self,
        starts: &[Joint<N>],
        mut field: impl FnMut(&[[Number; N]; 2]) -> [[Number; N]; 2],
    ) -> Vec<Path<N>> {
        let mut paths: Vec<Path<N>> = starts.iter().map(|start| vec![*start]).collect();
        let mut x = [[Number::ZERO; N]; 2];
        for (l, start) in starts.iter().enumerate() {
            for i in 0..2 {
                for n in 0..N {
                    x[i][n].set_lane(l, start[i][n] as f32);
                }
            }
        }
        for _ in 0..self.steps {
            let directions = field(&x);
            advance(&mut x, self.rate, &directions);
            for (l, path) in paths.iter_mut().enumerate() {
                path.push(x.map(|row| row.map(|number| f64::from(number.lane(l)))));
            }
        }
        paths
    }
}

/// Both agents' directions from the game's and the network's own gradients.
pub(crate) fn directions<S: Scalar, G: Game<N>, const N: usize>(
    field: Field,
    game: &G,
    x: &[[S; N]; 2],
    gamma: &[S; 2],
    network: &[[S; N]; 2],
) -> [[S; N]; 2] {
    let naive = if field.is_correction() {
        game.own_gradients(x)
    } else {
        [[S::ZERO; N]; 2]
    };
    std::array::from_fn(|i| field.direction(&naive[i], &network[i], gamma[i]))
}

/// `x <- x + rate direction`.
fn advance<S: Scalar, const N: usize>(x: &mut [[S; N]; 2], rate: f64, directions: &[[S; N]; 2]) {
    for (row, direction) in x.iter_mut().zip(directions) {
        for (x, direction) in row.iter_mut().zip(direction) {
            x.add_scaled(S::Real::round(rate), direction);
        }
    }
}
