//! What an update needs to know about its place in training.

use crate::config::Config;

/// What changes from one step of the optimiser to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptimizerStep {
    /// The learning rate.
    pub eta: f32,
    /// `1 / (1 - beta^n)` of both moments, where `n` counts the steps from 1.
    pub corrections: [f32; 2],
}

impl OptimizerStep {
    /// The step of update `update`, counted from 0, in a run with this configuration. As on the CPU, the learning rate
    /// changes with the outer iteration.
    pub fn of(config: &Config, update: usize) -> Self {
        let corrections = config.settings().optimizer.corrections(update as u32 + 1);
        Self {
            eta: config.eta_at(update - update % config.updates_per_outer()) as f32,
            corrections: corrections.map(|correction| correction as f32),
        }
    }
}
