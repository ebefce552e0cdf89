//! The random numbers of an outer iteration as the shaders read them.

use rayon::prelude::*;

use crate::config::Config;
use crate::draws::Draws;
use crate::error::Result;
use meva_core::game::NamedGame;
use meva_core::shape::ShapeVisitor;

/// The draws of one outer iteration for runs side by side. The numbers of the two players are adjacent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OuterDraws {
    /// Per run and trajectory: [`Plan::draw_len`](super::Plan::draw_len) pairs.
    pub starts: Vec<f32>,
    /// Per update, run and trajectory: a pair of discounts.
    pub gammas: Vec<f32>,
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
        let per_update = 2 * config.batch;
        let updates = 0..config.updates_per_outer();
        Ok(OuterDraws {
            starts: runs.iter().flat_map(|run| &run.starts).copied().collect(),
            gammas: updates
                .flat_map(|update| {
                    let of_update = per_update * update..per_update * (update + 1);
                    runs.iter().flat_map(move |run| &run.gammas[of_update.clone()])
                })
                .copied()
                .collect(),
        })
    }
}

fn of_run(config: &Config, iteration: usize) -> Result<OuterDraws> {
    Ok(config.shape()?.visit(SideBySide { config, iteration })?)
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
    outer
}
