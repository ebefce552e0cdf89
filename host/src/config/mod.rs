//! The complete configuration of a training run: one flat table of keys, the same in a file and on the command line.
//!
//! [`Config::preset`] returns a published experiment, [`Config::load`] reads a file, [`Config::set`] changes one key, and
//! [`Config::validate`] checks that everything is consistent. [`KEYS`] lists the keys; new ones are added in `key.rs`.

mod key;
mod opponents;
mod presets;
pub mod sweep;
mod text;
mod validate;

use std::fmt;
use std::str::FromStr;

use meva_core::adamw::AdamW;
use meva_core::algorithm1::{Exploration, Settings};
use meva_core::choice;
use meva_core::choice::UnknownName;
use meva_core::game::{AnyGame, GameName};
use meva_core::learner::meta_value::Field;
use meva_core::meta_value::{Architecture, Input};
use meva_core::shape::Shape;

use crate::draws::{Sampling, Start};
use crate::error::{Error, Result};

pub use key::{Config, Idle, KEYS, Key};
pub use opponents::Opponents;
pub use text::{Renamed, nearest, unknown};

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How agents know their returns and the gradients of their returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Estimator {
    /// From the game's formula.
    #[default]
    Exact,
    /// From sampled episodes, where a game has turns: Monte Carlo, and REINFORCE with a baseline.
    Rollouts,
}

choice! { Estimator, "estimator":
    Exact = "exact",
    Rollouts = "rollouts",
}

/// What is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Meta-values, with Algorithm 1.
    #[default]
    Meva,
    /// COLA's steps, with the consistency loss.
    Cola,
}

choice! { Algorithm, "algorithm":
    Meva = "meva",
    Cola = "cola",
}

/// How the network's learning rate changes during a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Schedule {
    /// It stays the same.
    Constant,
    /// It falls linearly to zero.
    Linear,
    /// It falls to zero along half a period of a cosine.
    Cosine,
}

choice! { Schedule, "schedule":
    Constant = "constant",
    Linear = "linear",
    Cosine = "cosine",
}

impl Schedule {
    /// The fraction of the learning rate that remains after a fraction `progress` of the run, from 0 to 1.
    ///
    /// ```
    /// use meva::config::Schedule;
    /// assert_eq!(Schedule::Constant.share(0.75), 1.0);
    /// assert_eq!(Schedule::Linear.share(0.75), 0.25);
    /// assert!((Schedule::Cosine.share(0.75) - 0.146447).abs() < 1e-6); // (1 + cos(3 pi / 4)) / 2
    /// ```
    pub fn share(self, progress: f64) -> f64 {
        match self {
            Schedule::Constant => 1.0,
            Schedule::Linear => 1.0 - progress,
            Schedule::Cosine => 0.5 * (1.0 + libm::cos(std::f64::consts::PI * progress)),
        }
    }
}

/// Whether the players share a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// One network for both, for symmetric games.
    Shared,
    /// One network for each, for asymmetric games.
    Separate,
}

choice! { Sharing, "sharing":
    Shared = "shared",
    Separate = "separate",
}

impl Sharing {
    /// The number of networks.
    pub fn count(self) -> usize {
        match self {
            Sharing::Shared => 1,
            Sharing::Separate => 2,
        }
    }
}

/// The distribution that policies are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Distribution {
    /// Uniform on `[-scale, scale]`.
    Uniform,
    /// Normal with mean 0 and standard deviation `scale`.
    Normal,
}

choice! { Distribution, "distribution":
    Uniform = "uniform",
    Normal = "normal",
}

/// The game that is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Game {
    /// A game given by name.
    Named(GameName),
    /// A game provided by a program; see [`Trainer::for_game`](crate::training::Trainer::for_game).
    Custom,
}

impl Game {
    const CUSTOM: &str = "custom";

    /// Its name in configurations.
    pub const fn name(self) -> &'static str {
        match self {
            Game::Named(name) => name.name(),
            Game::Custom => Self::CUSTOM,
        }
    }

    /// Whether it is one of the iterated games, which have turns and a discount.
    pub const fn is_iterated(self) -> bool {
        matches!(self, Game::Named(name) if name.plane().is_none())
    }
}

impl From<GameName> for Game {
    fn from(name: GameName) -> Self {
        Game::Named(name)
    }
}

impl fmt::Display for Game {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Game {
    type Err = UnknownName;

    fn from_str(name: &str) -> std::result::Result<Self, UnknownName> {
        if name == Self::CUSTOM {
            Ok(Game::Custom)
        } else {
            name.parse().map(Game::Named)
        }
    }
}

impl Config {
    /// The sizes of the network.
    ///
    /// # Errors
    /// As [`Config::any_game`], which determines the number of parameters per policy.
    pub fn shape(&self) -> Result<Shape> {
        Ok(Shape {
            parameters: self.any_game()?.parameters(),
            hidden: self.hidden,
            residual_blocks: self.residual_blocks,
            quantiles: self.quantiles,
        })
    }

    /// The same configuration for a game that a program provides, with a network of other sizes. Policies enter the
    /// network in the same way.
    #[must_use]
    pub(crate) fn for_own_game(&self, shape: Shape) -> Self {
        let base = Config::base();
        let mut own = Config {
            preset: None,
            game: Game::Custom,
            input: Some(self.input()),
            payoffs: base.payoffs,
            discount: base.discount,
            hidden: shape.hidden,
            residual_blocks: shape.residual_blocks,
            quantiles: shape.quantiles,
            ..self.clone()
        };
        // Where a preset supplied what has no effect, nothing does now.
        for key in KEYS {
            if key.idle(&own).is_some() {
                (key.copy)(&mut own, &base);
            }
        }
        own
    }

    /// The same configuration with another seed.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Self {
        Config { seed, ..self.clone() }
    }

    /// The probability that a unit's sign is flipped, if there is any exploration.
    pub fn flips(&self) -> Option<f64> {
        (self.exploration == Exploration::SignFlips).then_some(self.flip_probability)
    }

    /// The episodes from which agents estimate the game, if they do not know it exactly.
    pub fn sampling(&self) -> Option<Sampling> {
        (self.estimator == Estimator::Rollouts).then_some(Sampling {
            episodes: self.episodes,
            turns: self.turns,
            seed: self.seed,
        })
    }

    /// How initial policies are drawn.
    pub fn starts(&self) -> Start {
        match self.start {
            Distribution::Uniform => Start::Uniform(self.scale),
            Distribution::Normal => Start::Normal(self.scale),
        }
    }

    /// What an update does, with the learning rate at the start of the run; [`Config::eta_at`] returns that of later updates.
    pub fn settings(&self) -> Settings {
        Settings {
            architecture: self.architecture(),
            field: self.field,
            exploration: self.exploration,
            bootstrap: self.bootstrap,
            phi: self.phi,
            alpha: self.alpha,
            lambda: self.lambda,
            rho: self.rho,
            optimizer: AdamW {
                eta: self.eta,
                beta1: self.beta1,
                beta2: self.beta2,
                epsilon: self.epsilon,
                weight_decay: self.weight_decay,
            },
        }
    }

    /// What agents follow once the network is trained.
    pub fn followed(&self) -> Field {
        self.evaluation_field.unwrap_or(self.field)
    }

    /// The network's input and last activation.
    pub fn architecture(&self) -> Architecture {
        Architecture {
            input: self.input(),
            last_activation: self.last_activation,
        }
    }

    /// How policies enter the network: a point of the plane divided by ten, log-odds as probabilities; for a custom
    /// game, as `input` says.
    pub fn input(&self) -> Input {
        match self.game {
            Game::Named(GameName::MatchingPennies) => Input::Sigmoid,
            Game::Named(name) if name.plane().is_some() => Input::Tenth,
            Game::Named(_) => Input::Sigmoid,
            Game::Custom => self.input.unwrap_or(Input::Sigmoid),
        }
    }

    /// The game with its payoffs and discount.
    ///
    /// # Errors
    /// A matrix game has no payoffs; payoffs or the discount do not make a valid game; or the game is custom, and only
    /// the program that provides it has it.
    pub fn any_game(&self) -> Result<AnyGame> {
        match self.game {
            Game::Named(name) => Ok(AnyGame::of(name, self.payoffs, self.discount)?),
            Game::Custom => Err(
                Error::usage("the game is `custom`: only the program that trained on it has it")
                    .hint("in that program, use Trainer::resume_for_game or Model::load_for_game"),
            ),
        }
    }

    /// Updates per outer iteration, `T / k`; like the following functions, for a valid configuration.
    pub fn updates_per_outer(&self) -> usize {
        self.steps / self.stride
    }

    /// Updates in the whole run.
    pub fn updates(&self) -> usize {
        self.outer * self.updates_per_outer()
    }

    /// The network's learning rate in update `update`, counted from 0.
    pub fn eta_at(&self, update: usize) -> f64 {
        let whole = self.updates() as f64 / self.anneal;
        self.eta * self.schedule.share(update as f64 / whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::assert_says;
    use meva_core::game::{IteratedMatrix, PlaneGame};

    fn preset(name: &str) -> Config {
        Config::preset(name).unwrap()
    }

    #[test]
    fn games_and_inputs() {
        let with = |game: GameName| Config {
            game: game.into(),
            ..preset("ipd")
        };
        assert_eq!(with(GameName::Tandem).input(), Input::Tenth);
        assert_eq!(with(GameName::Tandem).any_game(), Ok(PlaneGame::Tandem.into()));
        assert_eq!(with(GameName::Imp).input(), Input::Sigmoid);
        assert_eq!(
            with(GameName::Imp).any_game(),
            Ok(IteratedMatrix::MATCHING_PENNIES.into())
        );
        assert_says(with(GameName::Matrix).any_game(), &["needs payoffs"]);
        let half = Config {
            discount: 0.5,
            ..preset("ipd")
        };
        let game = IteratedMatrix {
            discount: 0.5,
            ..IteratedMatrix::PRISONERS_DILEMMA
        };
        assert_eq!(half.any_game(), Ok(game.into()));
    }

    #[test]
    fn schedules_start_at_eta_and_fall_to_zero() {
        let eta = |schedule, update| {
            Config {
                schedule,
                ..preset("ipd-paper")
            }
            .eta_at(update)
        };
        assert_eq!(preset("ipd-paper").updates(), 20_000);
        let ipd = preset("ipd");
        assert_eq!(ipd.updates(), 15_000);
        // It ends where three quarters of the way to zero are gone.
        assert!((ipd.eta_at(15_000) / 3e-4 - 0.146447).abs() < 1e-6);
        for schedule in Schedule::ALL {
            assert_eq!(eta(schedule, 0), 1e-4);
        }
        assert_eq!(eta(Schedule::Constant, 19_999), 1e-4);
        assert_eq!(eta(Schedule::Linear, 15_000), 0.25e-4);
        assert_eq!(eta(Schedule::Linear, 20_000), 0.0);
        assert_eq!(eta(Schedule::Cosine, 20_000), 0.0);
        assert!((eta(Schedule::Cosine, 10_000) - 0.5e-4).abs() < 1e-18);
    }
}
