//! Training runs side by side on one device: equal but for their seeds.

use std::sync::Arc;

use super::trainer::Trainer;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, OptimizerStep, OuterDraws, Plan, Updater};

/// Runs that advance together. What they have learned lives on the device until [`Fleet::store`] fetches it.
pub struct Fleet {
    updater: Updater,
    configs: Vec<Config>,
    iteration: usize,
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
        Self::with_plan(gpu, trainers, Plan::of(first.config(), trainers.len())?)
    }

    /// As [`Fleet::new`], with chunks and segments of one's own.
    ///
    /// # Errors
    /// As [`Fleet::new`].
    pub fn with_plan(gpu: &Arc<Gpu>, trainers: &[&Trainer], plan: Plan) -> Result<Self> {
        let configs: Vec<Config> = trainers.iter().map(|trainer| trainer.config().clone()).collect();
        let iteration = trainers.first().map_or(0, |trainer| trainer.iteration());
        let alike = |trainer: &&&Trainer| {
            let same = trainer.config().with_seed(configs[0].seed) == configs[0];
            same && trainer.iteration() == iteration
        };
        if !trainers.iter().all(|trainer| alike(&trainer)) {
            return Err(Error::usage("runs side by side may differ only in their seeds"));
        }
        let updater = Updater::new(Arc::clone(gpu), plan, configs[0].updates_per_outer())?;
        for (seed, trainer) in trainers.iter().enumerate() {
            updater.set_state(seed, &trainer.numbers());
        }
        Ok(Fleet {
            updater,
            configs,
            iteration,
        })
    }

    /// Outer iterations so far.
    pub fn iteration(&self) -> usize {
        self.iteration
    }

    /// What updates them on the device.
    pub fn updater(&self) -> &Updater {
        &self.updater
    }

    /// Runs at least one and at most `limit` outer iterations, as many as take a tenth of a second. Returns the mean losses
    /// by iteration, then run; a run that has diverged has losses that are not finite and does not disturb the others.
    ///
    /// # Errors
    /// The device failed; the trainers keep what was last stored.
    pub fn advance(&mut self, limit: usize) -> Result<Vec<Vec<f32>>> {
        let count = self.updater.at_once().min(limit).max(1);
        let config = &self.configs[0];
        let per_outer = config.updates_per_outer();
        let draws: Vec<OuterDraws> = (self.iteration..self.iteration + count)
            .map(|iteration| OuterDraws::of(&self.configs, iteration))
            .collect::<Result<_>>()?;
        let steps: Vec<OptimizerStep> = (self.iteration * per_outer..(self.iteration + count) * per_outer)
            .map(|update| OptimizerStep::of(config, update))
            .collect();
        let losses = self.updater.run(&draws, &steps)?;
        self.iteration += count;
        let seeds = self.configs.len();
        let mean = |outer: &[f32], seed: usize| outer.iter().skip(seed).step_by(seeds).sum::<f32>() / per_outer as f32;
        let by_outer = losses.chunks_exact(per_outer * seeds);
        Ok(by_outer
            .map(|outer| (0..seeds).map(|seed| mean(outer, seed)).collect())
            .collect())
    }

    /// Fetches what run `index` has learned into its trainer.
    ///
    /// # Errors
    /// The device failed, or the run diverged; the trainer is then as it was.
    pub fn store(&self, index: usize, trainer: &mut Trainer) -> Result<()> {
        let numbers = self.updater.state(index)?;
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
