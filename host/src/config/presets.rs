//! The published experiments, by name.

use meva_core::activation::Activation;
use meva_core::algorithm1::{Bootstrap, Exploration};
use meva_core::game::{GameName, IteratedMatrix};
use meva_core::learner::meta_value::Field;

use super::key::{alpha_max, phi, rollout_length, rollouts};
use super::text::unknown;
use super::{Algorithm, Config, Distribution, Estimator, Schedule, Sharing, VERSION};
use crate::error::Result;

pub(super) type Preset = (&'static str, fn() -> Config);

/// The presets: names and configurations.
pub(super) const PRESETS: [Preset; 8] = [
    ("logistic", logistic),
    ("logistic-paper", logistic_paper),
    ("ipd", ipd),
    ("ipd-paper", ipd_paper),
    ("imp", imp),
    ("chicken", chicken),
    ("cola", cola),
    ("cola-ipd", cola_ipd),
];

impl Config {
    /// The preset of this name.
    ///
    /// # Errors
    /// There is none; the hint says which one may have been meant.
    pub fn preset(name: &str) -> Result<Self> {
        match PRESETS.iter().find(|(preset, _)| *preset == name) {
            Some((_, config)) => Ok(config()),
            None => Err(unknown("preset", name, Self::presets())),
        }
    }

    /// The presets' names.
    pub fn presets() -> impl Iterator<Item = &'static str> + Clone {
        PRESETS.iter().map(|(name, _)| *name)
    }
}

/// The Logistic Game with V and the residual gradient, with which every seed that was tried reaches B from everywhere.
pub(super) fn logistic() -> Config {
    Config {
        preset: Some("logistic".to_owned()),
        version: VERSION.to_owned(),
        algorithm: Algorithm::Meva,
        game: GameName::Logistic,
        payoffs: None,
        discount: IteratedMatrix::DISCOUNT,
        estimator: Estimator::Exact,
        rollouts: rollouts(),
        rollout_length: rollout_length(),
        outer: 1000,
        batch: 128,
        seed: 0,
        alpha: 1.0,
        alpha_max: alpha_max(),
        steps: 50,
        stride: 50,
        lambda: 0.0,
        rho: None,
        eta: 1e-3,
        schedule: Schedule::Constant,
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
        weight_decay: 0.0,
        field: Field::V,
        exploration: Exploration::None,
        flip_probability: 1.0 / 16.0,
        bootstrap: Bootstrap::Residual,
        phi: phi(),
        parameters: Sharing::Shared,
        hidden: 64,
        residual_blocks: 1,
        quantiles: 16,
        last_activation: Activation::Gelu,
        start: Distribution::Uniform,
        scale: 8.0,
    }
}

/// The Logistic Game by the letter of the paper.
fn logistic_paper() -> Config {
    Config {
        preset: Some("logistic-paper".to_owned()),
        bootstrap: Bootstrap::SemiGradient,
        ..logistic()
    }
}

/// COLA on the Logistic Game: ten updates, each from new points, count as an outer iteration.
fn cola() -> Config {
    Config {
        preset: Some("cola".to_owned()),
        algorithm: Algorithm::Cola,
        steps: 10,
        stride: 1,
        schedule: Schedule::Cosine,
        bootstrap: Bootstrap::SemiGradient,
        quantiles: 1,
        ..logistic()
    }
}

/// COLA on the iterated prisoner's dilemma: five outputs, the steps of a policy's five parameters.
fn cola_ipd() -> Config {
    Config {
        preset: Some("cola-ipd".to_owned()),
        game: GameName::Ipd,
        alpha: 2.0,
        residual_blocks: 2,
        quantiles: 5,
        last_activation: Activation::Tanh,
        start: Distribution::Normal,
        scale: 1.0,
        ..cola()
    }
}

/// The iterated prisoner's dilemma as [`ipd_paper`], in as many updates, but with trajectories twice as long, and a learning
/// rate three times as high that falls to zero: agents are harder to exploit.
pub(super) fn ipd() -> Config {
    Config {
        preset: Some("ipd".to_owned()),
        outer: 1000,
        steps: 200,
        eta: 3e-4,
        schedule: Schedule::Cosine,
        ..ipd_paper()
    }
}

/// The iterated prisoner's dilemma by the letter of the paper: U, exploration and a target network.
pub(super) fn ipd_paper() -> Config {
    Config {
        preset: Some("ipd-paper".to_owned()),
        version: VERSION.to_owned(),
        algorithm: Algorithm::Meva,
        game: GameName::Ipd,
        payoffs: None,
        discount: IteratedMatrix::DISCOUNT,
        estimator: Estimator::Exact,
        rollouts: rollouts(),
        rollout_length: rollout_length(),
        outer: 2000,
        batch: 128,
        seed: 0,
        alpha: 2.0,
        alpha_max: alpha_max(),
        steps: 100,
        stride: 10,
        lambda: 0.9,
        rho: Some(0.99),
        eta: 1e-4,
        schedule: Schedule::Constant,
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
        weight_decay: 1e-2,
        field: Field::U,
        exploration: Exploration::SignFlips,
        flip_probability: 1.0 / 16.0,
        bootstrap: Bootstrap::SemiGradient,
        phi: phi(),
        parameters: Sharing::Shared,
        hidden: 64,
        residual_blocks: 2,
        quantiles: 32,
        last_activation: Activation::Tanh,
        start: Distribution::Normal,
        scale: 1.0,
    }
}

/// Iterated matching pennies, with a network for each player, otherwise as [`ipd_paper`].
fn imp() -> Config {
    Config {
        preset: Some("imp".to_owned()),
        game: GameName::Imp,
        parameters: Sharing::Separate,
        ..ipd_paper()
    }
}

/// Iterated chicken, otherwise as [`ipd_paper`].
fn chicken() -> Config {
    Config {
        preset: Some("chicken".to_owned()),
        game: GameName::Chicken,
        ..ipd_paper()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presets() -> impl Iterator<Item = Config> {
        PRESETS.iter().map(|(_, config)| config())
    }

    #[test]
    fn presets_are_valid_and_know_their_names() {
        for (name, config) in Config::presets().zip(presets()) {
            config.validate().unwrap();
            assert_eq!(config.preset.as_deref(), Some(name));
        }
    }
}
