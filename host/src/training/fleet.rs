//! Training runs side by side on one GPU. They differ only in their seeds.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::trainer::Trainer;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, OptimizerStep, OuterDraws, Plan, Profile, Updater};

/// Runs that advance together. Their results stay on the device until [`Fleet::store`] fetches them.
pub struct Fleet {
    updater: Updater,
    configs: Vec<Config>,
    iteration: usize,
    /// Draws for the iterations from the current one on, as far as they have been made.
    drawn: VecDeque<OuterDraws>,
}

impl Fleet {
    /// Puts runs on a device, where they continue from the state of their trainers.
    ///
    /// # Errors
    /// The runs differ in more than their seeds, the GPU engine cannot train them, or they need too much memory.
    pub fn new(gpu: &Arc<Gpu>, trainers: &[&Trainer]) -> Result<Self> {
        let first = trainers.first().ok_or_else(nothing)?;
        Self::with_plan(gpu, trainers, Plan::of(first.config(), trainers.len())?.on(gpu))
    }

    /// As [`Fleet::new`], with the caller's own plan, for other chunks and segments.
    ///
    /// # Errors
    /// As [`Fleet::new`].
    pub fn with_plan(gpu: &Arc<Gpu>, trainers: &[&Trainer], plan: Plan) -> Result<Self> {
        let first = trainers.first().ok_or_else(nothing)?;
        let configs: Vec<Config> = trainers.iter().map(|trainer| trainer.config().clone()).collect();
        let iteration = first.iteration();
        let alike = |trainer: &&Trainer| {
            let same = trainer.config().with_seed(first.config().seed) == *first.config();
            same && trainer.iteration() == iteration
        };
        if !trainers.iter().all(alike) {
            return Err(Error::usage("runs side by side may differ only in their seeds"));
        }
        let updater = Updater::new(Arc::clone(gpu), plan, first.config().updates_per_outer())?;
        for (seed, trainer) in trainers.iter().enumerate() {
            updater.set_state(seed, &trainer.numbers());
        }
        Ok(Fleet {
            updater,
            configs,
            iteration,
            drawn: VecDeque::new(),
        })
    }

    /// Outer iterations so far.
    pub fn iteration(&self) -> usize {
        self.iteration
    }

    /// Runs at least one and at most `limit` outer iterations, about as many as take a tenth of a second. Returns the mean
    /// losses by iteration, then by run. The losses of a diverged run are not finite; it does not disturb the others.
    ///
    /// # Errors
    /// The device failed; the trainers keep what was last stored in them.
    pub fn advance(&mut self, limit: usize) -> Result<Vec<Vec<f32>>> {
        let count = self.updater.at_once().min(limit).max(1);
        let config = &self.configs[0];
        let per_outer = config.updates_per_outer();
        let mut draws: Vec<OuterDraws> = self.drawn.drain(..count.min(self.drawn.len())).collect();
        draws.extend(draw(
            &self.configs,
            self.iteration + draws.len()..self.iteration + count,
        )?);
        let steps = self.steps(count);
        // While the device works, what it will need next is drawn.
        let next = self.iteration + count..(self.iteration + 2 * count).min(config.outer);
        let missing = (next.start + self.drawn.len()).min(next.end)..next.end;
        let (updater, configs) = (&mut self.updater, &self.configs);
        let (losses, drawn) = rayon::join(|| updater.run(&draws, &steps), || draw(configs, missing));
        let losses = losses?;
        self.drawn.extend(drawn?);
        self.iteration += count;
        let seeds = self.configs.len();
        let mean = |outer: &[f32], seed: usize| outer.iter().skip(seed).step_by(seeds).sum::<f32>() / per_outer as f32;
        let by_outer = losses.chunks_exact(per_outer * seeds);
        Ok(by_outer
            .map(|outer| (0..seeds).map(|seed| mean(outer, seed)).collect())
            .collect())
    }

    /// Measures where the time of the next updates would go. Nothing changes.
    ///
    /// # Errors
    /// The device failed.
    pub fn profile(&mut self) -> Result<Profile> {
        let states: Vec<Vec<f32>> = (0..self.configs.len())
            .map(|seed| self.updater.state(seed))
            .collect::<Result<_>>()?;
        let count = self.updater.at_once();
        let draws = draw(&self.configs, self.iteration..self.iteration + count)?;
        let steps = self.steps(count);
        let profile = self.updater.profile(&draws, &steps);
        for (seed, state) in states.iter().enumerate() {
            self.updater.set_state(seed, state);
        }
        profile
    }

    /// The steps of the optimiser in the next outer iterations.
    fn steps(&self, count: usize) -> Vec<OptimizerStep> {
        let config = &self.configs[0];
        let per_outer = config.updates_per_outer();
        (self.iteration * per_outer..(self.iteration + count) * per_outer)
            .map(|update| OptimizerStep::of(config, update))
            .collect()
    }

    /// Stores the results of run `index` in its trainer.
    ///
    /// # Errors
    /// The device failed, or the run has diverged; the trainer is then left unchanged.
    pub fn store(&self, index: usize, trainer: &mut Trainer) -> Result<()> {
        let numbers = self.updater.state(index)?;
        if !numbers.iter().all(|number| number.is_finite()) {
            return Err(diverged(
                self.iteration,
                "a parameter of the network or a moment of the optimiser is not finite",
            ));
        }
        trainer.set_numbers(&numbers, self.iteration);
        Ok(())
    }
}

/// The draws of these outer iterations, made side by side.
fn draw(configs: &[Config], iterations: Range<usize>) -> Result<Vec<OuterDraws>> {
    iterations
        .into_par_iter()
        .map(|iteration| OuterDraws::of(configs, iteration))
        .collect()
}

fn nothing() -> Error {
    Error::usage("there is nothing to train")
}

/// The error of a run whose numbers are found to be infinite or NaN after an outer iteration.
pub fn diverged(iteration: usize, what: &str) -> Error {
    Error::diverged(format!("training diverged by outer iteration {iteration}: {what}"))
        .hint("try a smaller eta or alpha, or another seed; the last good model is kept")
}
