//! The random numbers of one outer iteration, for the whole batch: drawn here and passed to an engine.

use std::ops::Range;

use meva_core::random::{Purpose, Stream};

/// How initial policies are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// Uniform on `[-scale, scale]`.
    Uniform(f64),
    /// Normal with mean 0 and this standard deviation.
    Normal(f64),
}

impl Start {
    /// Draws a parameter.
    pub fn draw(self, stream: &mut Stream) -> f64 {
        match self {
            Start::Uniform(scale) => stream.uniform(-scale, scale),
            Start::Normal(deviation) => deviation * stream.normal(),
        }
    }
}

/// Estimates of returns and gradients from this many episodes of this many turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Episodes per estimate.
    pub episodes: usize,
    /// Turns per episode.
    pub turns: usize,
    /// The seed of the episodes.
    pub seed: u64,
}

impl Sampling {
    /// The number that agents use unless told otherwise. At the usual discount, everything after the hundredth turn has
    /// a weight of less than 2 %.
    pub const USUAL: Self = Sampling {
        episodes: 16,
        turns: 100,
        seed: 0,
    };
}

/// The draws of one outer iteration: one element per trajectory and, within it, one per player.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws<const N: usize, const H: usize> {
    /// Where trajectories start, `x~(0)`.
    pub x: Vec<[[f32; N]; 2]>,
    /// Discounts while exploring, `gamma~`.
    pub exploration_gamma: Vec<[f32; 2]>,
    /// Signs of the last hidden units while exploring, `theta~`; empty without exploration.
    pub mask: Vec<[[f32; H]; 2]>,
    /// Discounts of each update's rollouts, `gamma`.
    pub gamma: Vec<Vec<[f32; 2]>>,
    /// The random streams for the episodes of a sampled game in each update's rollouts; empty for a game that is known
    /// exactly.
    pub rollouts: Vec<Vec<Stream>>,
    /// Which opponent each trajectory has, by its index in the mixture; empty if everybody meets themselves.
    pub opponents: Vec<usize>,
}

impl<const N: usize, const H: usize> Draws<N, H> {
    /// Draws outer iteration `iteration` of the run with seed `seed`: `batch` trajectories and `updates` updates, with
    /// signs flipped with probability `flip` if there is any exploration.
    pub fn new(seed: u64, iteration: usize, batch: usize, updates: usize, start: Start, flip: Option<f64>) -> Self {
        let stream = |purpose, index| Stream::new(seed, purpose, index);
        let iteration = iteration as u64;
        let discounts = |mut stream: Stream| -> Vec<[f32; 2]> {
            (0..batch)
                .map(|_| std::array::from_fn(|_| stream.discount() as f32))
                .collect()
        };
        let mut starts = stream(Purpose::Policies, iteration);
        let mut signs = stream(Purpose::SignFlips, iteration);
        let mut policy = || start.draw(&mut starts) as f32;
        Draws {
            x: (0..batch)
                .map(|_| std::array::from_fn(|_| std::array::from_fn(|_| policy())))
                .collect(),
            exploration_gamma: discounts(stream(Purpose::ExplorationDiscounts, iteration)),
            mask: match flip {
                None => Vec::new(),
                Some(p) => (0..batch)
                    .map(|_| std::array::from_fn(|_| std::array::from_fn(|_| signs.sign(p) as f32)))
                    .collect(),
            },
            gamma: (0..updates as u64)
                .map(|update| discounts(stream(Purpose::Discounts, iteration * updates as u64 + update)))
                .collect(),
            rollouts: Vec::new(),
            opponents: Vec::new(),
        }
    }

    /// Adds the opponents of outer iteration `iteration`, drawn in proportion to these shares.
    #[must_use]
    pub fn with_opponents(mut self, seed: u64, iteration: usize, shares: &[f64]) -> Self {
        let mut stream = Stream::new(seed, Purpose::Opponents, iteration as u64);
        let total: f64 = shares.iter().sum();
        let possible = |k: &usize| shares[*k] > 0.0;
        // Where rounding leaves nothing for the last, it is still the last that is meant.
        let last = (0..shares.len()).rfind(possible).unwrap_or_default();
        let draw = |_| {
            let mut left = total * stream.unit();
            let below = |k: &usize| {
                left -= shares[*k];
                left < 0.0
            };
            (0..last).find(below).unwrap_or(last)
        };
        self.opponents = (0..self.x.len()).map(draw).collect();
        self
    }

    /// Adds the streams of outer iteration `iteration` for a sampled game.
    #[must_use]
    pub fn with_rollouts(mut self, seed: u64, iteration: usize) -> Self {
        let (updates, batch) = (self.gamma.len(), self.x.len());
        let mut streams =
            rollout_streams(iteration, updates, batch).map(|index| Stream::new(seed, Purpose::Rollouts, index));
        self.rollouts = (0..updates).map(|_| streams.by_ref().take(batch).collect()).collect();
        self
    }
}

/// The indices of the streams for the episodes of outer iteration `iteration`, by update and then by trajectory.
pub fn rollout_streams(iteration: usize, updates: usize, batch: usize) -> Range<u64> {
    let first = |iteration| iteration * (updates * batch) as u64;
    first(iteration as u64)..first(iteration as u64 + 1)
}
