//! The random numbers of an outer iteration as the shaders read them.

use rayon::prelude::*;

use crate::config::{Algorithm, Config};
use crate::cpu::cola::Points;
use crate::draws::{Draws, rollout_streams};
use crate::error::Result;
use meva_core::game::NamedGame;
use meva_core::random::{Purpose, Stream};
use meva_core::shape::{ColaVisitor, ShapeVisitor};

/// The draws of one outer iteration for runs side by side. The numbers of the two players are adjacent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OuterDraws {
    /// Per run and trajectory: [`Plan::draw_len`](super::Plan::draw_len) pairs. For COLA, per update, run and point.
    pub starts: Vec<f32>,
    /// Per update, run and trajectory: a pair of discounts.
    pub gammas: Vec<f32>,
    /// Per update, run and trajectory of sampled games: the [generator](Stream::generator) of its episodes, as eight words.
    pub streams: Vec<u32>,
}

/// Words of a stream's generator.
pub(super) const STREAM: usize = 8;

/// A generator as `random.wgsl` reads it: its state and its increment, the lowest words first.
pub(super) fn words(generator: [u128; 2]) -> [u32; STREAM] {
    std::array::from_fn(|word| (generator[word / 4] >> (32 * (word % 4))) as u32)
}

impl OuterDraws {
    /// The draws of runs with these configurations for outer iteration `iteration`.
    ///
    /// # Errors
    /// The shape of the network is not compiled in.
    pub fn of(configs: &[Config], iteration: usize) -> Result<Self> {
        let runs: Vec<OuterDraws> = configs
            .par_iter()
            .map(|config| of_run(config, iteration))
            .collect::<Result<_>>()?;
        let Some(config) = configs.first() else {
            return Ok(OuterDraws::default());
        };
        let updates = config.updates_per_outer();
        let starts: Vec<&[f32]> = runs.iter().map(|run| &run.starts[..]).collect();
        let gammas: Vec<&[f32]> = runs.iter().map(|run| &run.gammas[..]).collect();
        let streams: Vec<&[u32]> = runs.iter().map(|run| &run.streams[..]).collect();
        Ok(OuterDraws {
            starts: match config.algorithm {
                Algorithm::Meva => starts.concat(),
                Algorithm::Cola => by_update(updates, &starts),
            },
            gammas: by_update(updates, &gammas),
            streams: by_update(updates, &streams),
        })
    }
}

/// The numbers of all runs, update by update, from those of each.
fn by_update<T: Copy>(updates: usize, runs: &[&[T]]) -> Vec<T> {
    let of_run = |update, run: &&[T]| {
        let length = run.len() / updates;
        run[length * update..length * (update + 1)].to_vec()
    };
    let of_update = |update| runs.iter().flat_map(move |run| of_run(update, run));
    (0..updates).flat_map(of_update).collect()
}

fn of_run(config: &Config, iteration: usize) -> Result<OuterDraws> {
    let (shape, of) = (config.shape()?, SideBySide { config, iteration });
    Ok(match config.algorithm {
        Algorithm::Meva => shape.visit(of)?,
        Algorithm::Cola => shape.visit_cola(of)?,
    })
}

struct SideBySide<'a> {
    config: &'a Config,
    iteration: usize,
}

impl ShapeVisitor for SideBySide<'_> {
    type Output = OuterDraws;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize, const M: usize>(self) -> OuterDraws {
        side_by_side::<N, H>(self.config, self.iteration)
    }
}

impl ColaVisitor for SideBySide<'_> {
    type Output = OuterDraws;

    fn visit<G: NamedGame<N>, const N: usize, const H: usize, const R: usize>(self) -> OuterDraws {
        points_side_by_side::<N>(self.config, self.iteration)
    }
}

fn points_side_by_side<const N: usize>(config: &Config, iteration: usize) -> OuterDraws {
    let updates = config.updates_per_outer();
    let mut outer = OuterDraws::default();
    for update in iteration * updates..(iteration + 1) * updates {
        let points = Points::<N>::new(config.seed, update, config.batch, config.starts(), config.alpha_max);
        for ([a, b], alpha) in points.x.iter().zip(points.alpha) {
            outer.starts.extend(a.iter().zip(b).flat_map(|(a, b)| [*a, *b]));
            outer.starts.extend([alpha; 2]);
        }
    }
    outer
}

fn side_by_side<const N: usize, const H: usize>(config: &Config, iteration: usize) -> OuterDraws {
    let draws = Draws::<N, H>::new(
        config.seed,
        iteration,
        config.batch,
        config.updates_per_outer(),
        config.starts(),
        config.flips(),
    );
    let mut outer = OuterDraws::default();
    for index in 0..config.batch {
        let [a, b] = &draws.x[index];
        outer.starts.extend(a.iter().zip(b).flat_map(|(a, b)| [*a, *b]));
        outer.starts.extend(draws.exploration_gamma[index]);
        if let Some([a, b]) = draws.mask.get(index) {
            outer.starts.extend(a.iter().zip(b).flat_map(|(a, b)| [*a, *b]));
        }
    }
    outer.gammas = draws.gamma.concat().as_flattened().to_vec();
    if config.sampling().is_some() {
        let indices = rollout_streams(iteration, config.updates_per_outer(), config.batch);
        let generators = indices.map(|index| Stream::generator(config.seed, Purpose::Rollouts, index));
        outer.streams = generators.flat_map(words).collect();
    }
    outer
}
