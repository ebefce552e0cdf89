//! Training runs side by side on one device: equal but for their seeds.

use std::sync::Arc;

use meva_core::algorithm1::Settings;

use super::trainer::Trainer;
use crate::config::{Algorithm, Config};
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::game::AnyGame;
use crate::gpu::device::Gpu;
use crate::gpu::engine::{Engine, Outer, Step};
use crate::gpu::layout::Layout;
use crate::gpu::shader::Plan;
use crate::model::network::with_shape;

/// Chunks that a batch is cut into: enough for their partial sums to fill a large GPU, few enough to add up in no time.
const CHUNKS: usize = 16;
/// Steps that one workgroup passes back through.
const SEGMENT: usize = 8;

/// Runs that advance together. What they have learned lives on the device until [`Fleet::store`] fetches it.
pub struct Fleet {
    engine: Engine,
    configs: Vec<Config>,
    iteration: usize,
}

/// The plan for runs with this configuration.
///
/// # Errors
/// The configuration asks for what the GPU engine cannot do.
pub fn plan(config: &Config, seeds: usize) -> Result<Plan> {
    if config.sampling().is_some() {
        return Err(
            Error::usage("the GPU engine knows games by their formula, not by `estimator` = rollouts")
                .hint("use --engine cpu"),
        );
    }
    Ok(Plan {
        layout: Layout::of(config.shape())?,
        game: AnyGame::of(config)?,
        settings: config.settings(),
        batch: config.batch,
        stride: config.stride,
        seeds,
        networks: config.parameters.networks(),
        chunk: config.batch.div_ceil(CHUNKS),
        segment: SEGMENT,
    })
}

impl Fleet {
    /// Puts runs on a device, where they continue from what the trainers hold.
    ///
    /// # Errors
    /// The runs differ in more than their seeds, or do not fit the device.
    pub fn new(gpu: &Arc<Gpu>, trainers: &[&Trainer]) -> Result<Self> {
        let Some(first) = trainers.first() else {
            return Err(Error::usage("there is nothing to train"));
        };
        if first.config().algorithm == Algorithm::Cola {
            return Err(Error::usage("the GPU engine trains meta-values, not COLA").hint("leave out --engine gpu"));
        }
        Self::with_plan(gpu, trainers, plan(first.config(), trainers.len())?)
    }

    /// As [`Fleet::new`], with chunks and segments of one's own.
    ///
    /// # Errors
    /// As [`Fleet::new`].
    pub fn with_plan(gpu: &Arc<Gpu>, trainers: &[&Trainer], plan: Plan) -> Result<Self> {
        let configs: Vec<Config> = trainers.iter().map(|trainer| trainer.config().clone()).collect();
        let iteration = trainers.first().map_or(0, |trainer| trainer.iteration());
        let alike = |trainer: &&&Trainer| {
            let same = Config {
                seed: configs[0].seed,
                ..trainer.config().clone()
            } == configs[0];
            same && trainer.iteration() == iteration
        };
        if !trainers.iter().all(|trainer| alike(&trainer)) {
            return Err(Error::usage("runs side by side may differ only in their seeds"));
        }
        let engine = Engine::new(Arc::clone(gpu), plan, configs[0].updates_per_outer())?;
        for (seed, trainer) in trainers.iter().enumerate() {
            engine.set_state(seed, &trainer.numbers());
        }
        Ok(Fleet {
            engine,
            configs,
            iteration,
        })
    }

    /// Outer iterations so far.
    pub fn iteration(&self) -> usize {
        self.iteration
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Runs at least one and at most `limit` outer iterations, as many as take a tenth of a second. Returns the mean losses
    /// by iteration, then run; a run that has diverged has losses that are not finite and does not disturb the others.
    ///
    /// # Errors
    /// The device failed; the trainers keep what was last stored.
    pub fn advance(&mut self, limit: usize) -> Result<Vec<Vec<f32>>> {
        let count = self.engine.at_once().min(limit).max(1);
        let config = &self.configs[0];
        let per_outer = config.updates_per_outer();
        let outers: Vec<Outer> = (self.iteration..self.iteration + count)
            .map(|iteration| self.draws(iteration))
            .collect::<Result<_>>()?;
        let steps: Vec<Step> = (self.iteration * per_outer..(self.iteration + count) * per_outer)
            .map(|update| step(config, update, per_outer))
            .collect();
        let losses = self.engine.run(&outers, &steps)?;
        self.iteration += count;
        let seeds = self.configs.len();
        let mean = |outer: &[f32], seed: usize| outer.iter().skip(seed).step_by(seeds).sum::<f32>() / per_outer as f32;
        let by_outer = losses.chunks_exact(per_outer * seeds);
        Ok(by_outer
            .map(|outer| (0..seeds).map(|seed| mean(outer, seed)).collect())
            .collect())
    }

    /// The draws of all runs, as the engine takes them.
    fn draws(&self, iteration: usize) -> Result<Outer> {
        let each: Vec<Outer> = self
            .configs
            .iter()
            .map(|config| flat_draws(config, iteration))
            .collect::<Result<_>>()?;
        let config = &self.configs[0];
        Ok(Outer {
            starts: each.iter().flat_map(|draws| &draws.starts).copied().collect(),
            gammas: (0..config.updates_per_outer())
                .flat_map(|update| {
                    let of_update = 2 * config.batch * update..2 * config.batch * (update + 1);
                    each.iter().flat_map(move |draws| &draws.gammas[of_update.clone()])
                })
                .copied()
                .collect(),
        })
    }

    /// Fetches what run `index` has learned into its trainer.
    ///
    /// # Errors
    /// The device failed, or the run diverged; the trainer is then as it was.
    pub fn store(&self, index: usize, trainer: &mut Trainer) -> Result<()> {
        let numbers = self.engine.state(index)?;
        if !numbers.iter().all(|number| number.is_finite()) {
            return Err(diverged(
                self.iteration,
                "a parameter of the network or a moment is not finite",
            ));
        }
        trainer.set_numbers(&numbers, self.iteration);
        Ok(())
    }
}

/// The error of a run that has left the range of numbers at or before an outer iteration.
pub fn diverged(iteration: usize, what: &str) -> Error {
    Error::diverged(format!("training diverged by outer iteration {iteration}: {what}"))
        .hint("try a smaller eta or alpha, or another seed; the last good model is kept")
}

/// What the optimiser needs to know in update `update`, counted from 0; as on the CPU, the learning rate changes with the outer
/// iteration.
pub(crate) fn step(config: &Config, update: usize, per_outer: usize) -> Step {
    let Settings { optimizer, .. } = config.settings();
    let [c1, c2] = optimizer.corrections(update as u32 + 1);
    Step {
        eta: config.eta_at(update / per_outer * per_outer) as f32,
        corrections: [c1 as f32, c2 as f32],
    }
}

/// One run's draws: players side by side.
pub(crate) fn flat_draws(config: &Config, iteration: usize) -> Result<Outer> {
    macro_rules! flat {
        ($n:literal, $h:literal, $r:literal, $m:literal) => {
            flat::<$n, $h>(config, iteration)
        };
    }
    match AnyGame::of(config)? {
        AnyGame::Plane(_) => with_shape!(1, config.shape(), flat),
        AnyGame::Iterated(_) => with_shape!(5, config.shape(), flat),
    }
}

fn flat<const N: usize, const H: usize>(config: &Config, iteration: usize) -> Outer {
    let updates = config.updates_per_outer();
    let draws = Draws::<N, H>::new(
        config.seed,
        iteration,
        config.batch,
        updates,
        config.starts(),
        config.flips(),
    );
    let mut outer = Outer::default();
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
