//! The published experiments, by name.

use meva_core::activation::Activation;
use meva_core::algorithm1::{Bootstrap, Exploration};
use meva_core::arithmetic::ArithmeticName;
use meva_core::game::GameName;
use meva_core::learner::meta_value::Field;

use super::text::unknown;
use super::{Algorithm, Config, Distribution, Schedule, Sharing};
use crate::error::Result;

type Preset = (&'static str, fn() -> Config);

/// The presets: names and configurations.
const PRESETS: [Preset; 8] = [
    ("logistic", logistic),
    ("logistic-paper", logistic_paper),
    ("ipd", ipd),
    ("ipd-paper", ipd_paper),
    ("imp", imp),
    ("chicken", chicken),
    ("cola", cola),
    ("cola-ipd", cola_ipd),
];

/// The Logistic Game: V, with the residual gradient, with which agents reached B from everywhere in every seed that was
/// tried. In fused arithmetic, as all presets whose eight seeds trained no worse in it; those of [`ipd_paper`] and [`cola_ipd`] were not compared.
fn logistic() -> Config {
    Config::base()
}

/// The Logistic Game, following the paper to the letter: V, with the semi-gradient.
fn logistic_paper() -> Config {
    Config {
        bootstrap: Bootstrap::SemiGradient,
        ..logistic()
    }
}

/// The iterated prisoner's dilemma as in [`ipd_paper`], but with trajectories twice as long, a learning rate that starts three times
/// as high and falls, and three quarters of the updates, before agents learn to extort from each other: they are harder to exploit. Once trained, they give
/// what the network says the weight of the root of the horizon, which makes them harder to exploit still.
fn ipd() -> Config {
    Config {
        arithmetic: ArithmeticName::Fused,
        evaluation_field: Some(Field::URoot),
        outer: 750,
        steps: 200,
        eta: 3e-4,
        schedule: Schedule::Cosine,
        anneal: 0.75,
        ..ipd_paper()
    }
}

/// The iterated prisoner's dilemma, following the paper to the letter: U, with exploration and a target network.
fn ipd_paper() -> Config {
    Config {
        arithmetic: ArithmeticName::Separate,
        game: GameName::Ipd.into(),
        outer: 2000,
        alpha: 2.0,
        steps: 100,
        stride: 10,
        lambda: 0.9,
        rho: Some(0.99),
        eta: 1e-4,
        weight_decay: 1e-2,
        field: Field::U,
        exploration: Exploration::SignFlips,
        residual_blocks: 2,
        quantiles: 32,
        last_activation: Activation::Tanh,
        start: Distribution::Normal,
        scale: 1.0,
        ..logistic_paper()
    }
}

/// Iterated matching pennies, with a network for each player, otherwise as [`ipd_paper`].
fn imp() -> Config {
    Config {
        arithmetic: ArithmeticName::Fused,
        game: GameName::Imp.into(),
        networks: Sharing::Separate,
        ..ipd_paper()
    }
}

/// Iterated chicken, otherwise as [`ipd_paper`].
fn chicken() -> Config {
    Config {
        arithmetic: ArithmeticName::Fused,
        game: GameName::Chicken.into(),
        ..ipd_paper()
    }
}

/// COLA on the Logistic Game: an outer iteration is ten updates, each at fresh points.
fn cola() -> Config {
    Config {
        algorithm: Algorithm::Cola,
        steps: 10,
        stride: 1,
        schedule: Schedule::Cosine,
        quantiles: 1,
        ..logistic_paper()
    }
}

/// COLA on the iterated prisoner's dilemma: its five outputs are the steps of a policy's five parameters.
fn cola_ipd() -> Config {
    Config {
        arithmetic: ArithmeticName::Separate,
        game: GameName::Ipd.into(),
        alpha: 2.0,
        residual_blocks: 2,
        quantiles: 5,
        last_activation: Activation::Tanh,
        start: Distribution::Normal,
        scale: 1.0,
        ..cola()
    }
}

impl Config {
    /// The preset with this name.
    ///
    /// | name | what it trains |
    /// |---|---|
    /// | `logistic` | the Logistic Game: V, with the residual gradient |
    /// | `logistic-paper` | the Logistic Game to the letter of the paper: V, with the semi-gradient |
    /// | `ipd` | the iterated prisoner's dilemma, with longer trajectories and a falling learning rate |
    /// | `ipd-paper` | the iterated prisoner's dilemma to the letter of the paper: U, exploration, a target network |
    /// | `imp` | iterated matching pennies, with a network for each player |
    /// | `chicken` | iterated chicken |
    /// | `cola` | COLA on the Logistic Game |
    /// | `cola-ipd` | COLA on the iterated prisoner's dilemma |
    ///
    /// # Errors
    /// No preset has this name; the hint suggests the one that may have been meant.
    pub fn preset(name: &str) -> Result<Self> {
        match PRESETS.iter().find(|(preset, _)| *preset == name) {
            Some((_, config)) => Ok(Config {
                preset: Some(name.to_owned()),
                ..config()
            }),
            None => Err(unknown("preset", name, Self::presets())),
        }
    }

    /// The names of the presets.
    pub fn presets() -> impl Iterator<Item = &'static str> + Clone {
        PRESETS.iter().map(|(name, _)| *name)
    }

    /// The configuration with the default value of every key: that of the preset.
    ///
    /// # Errors
    /// There is no preset with this name.
    pub(super) fn usual(&self) -> Result<Self> {
        self.preset.as_deref().map_or_else(|| Ok(Self::base()), Self::preset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_valid_and_know_their_names() {
        for name in Config::presets() {
            let config = Config::preset(name).unwrap();
            config.validate().unwrap();
            assert_eq!(config.preset.as_deref(), Some(name));
        }
    }

    /// A table of the documentation names each of them.
    #[test]
    fn presets_are_documented() {
        for name in Config::presets() {
            let row = format!("/// | `{name}` | ");
            assert!(include_str!("presets.rs").contains(&row), "{name}");
        }
    }
}
