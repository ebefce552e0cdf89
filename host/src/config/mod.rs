//! The complete configuration of a training run: one flat table of keys, the same in a file and on the command line.
//!
//! [`Config::preset`] gives a published experiment, [`Config::load`] reads a file, [`Config::set`] changes one key, and
//! [`Config::validate`] says whether it all makes sense.

mod key;
mod presets;
mod text;
mod validate;

use meva_core::activation::Activation;
use meva_core::adamw::AdamW;
use meva_core::algorithm1::{Bootstrap, Exploration, Settings};
use meva_core::game::{AnyGame, GameName};
use meva_core::learner::meta_value::Field;
use meva_core::meta_value::{Architecture, Input};
use meva_core::shape::Shape;
use serde::{Deserialize, Serialize};

use crate::draws::{Sampling, Start};
use crate::error::Result;

pub use key::KEYS;
pub use text::{nearest, unknown};

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Everything that a training run depends on.
///
/// ```
/// use meva::config::Config;
/// let mut config = Config::preset("ipd")?;
/// config.set("batch=64")?;
/// config.set("rho=none")?;
/// config.validate()?;
/// assert_eq!((config.batch, config.rho, config.updates()), (64, None, 20_000));
/// # Ok::<(), meva::error::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The preset that keys were taken from; none if each was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// The version of this crate that wrote the configuration.
    pub version: String,

    /// What is trained.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// The game.
    pub game: GameName,
    /// Payoffs per turn of [`GameName::Matrix`]: rows DD, DC, CD, CC with player 0's action first, columns players.
    #[serde(
        default,
        deserialize_with = "text::four_by_two",
        skip_serializing_if = "Option::is_none"
    )]
    pub payoffs: Option<[[f64; 2]; 4]>,
    /// `delta` in [0, 1), the discount inside an iterated game; other games have none and ignore it.
    pub discount: f64,
    /// How agents know the game.
    #[serde(default)]
    pub estimator: Estimator,
    /// Episodes per estimate, with [`Estimator::Rollouts`].
    #[serde(default = "key::rollouts")]
    pub rollouts: usize,
    /// Turns per episode, with [`Estimator::Rollouts`].
    #[serde(default = "key::rollout_length")]
    pub rollout_length: usize,

    /// Outer iterations, each from new starts.
    pub outer: usize,
    /// Trajectories side by side.
    pub batch: usize,
    /// What every random draw follows from.
    pub seed: u64,
    /// `alpha`, the agents' learning rate.
    pub alpha: f64,
    /// COLA's longest imagined step.
    #[serde(default = "key::alpha_max")]
    pub alpha_max: f64,
    /// `T`, steps of exploration in an outer iteration: a multiple of `stride`.
    pub steps: usize,
    /// `k`, steps of a rollout.
    pub stride: usize,
    /// `lambda` in [0, 1]: how much of a target is observed rather than predicted.
    pub lambda: f64,
    /// `rho` in [0, 1): inertia of the target network; none, written `"none"`, without one.
    #[serde(with = "text::number_or_none")]
    pub rho: Option<f64>,

    /// The network's learning rate at the start of the run.
    pub eta: f64,
    /// How `eta` goes on.
    pub schedule: Schedule,
    /// Decay of the optimiser's first moment, in [0, 1).
    pub beta1: f64,
    /// Decay of the optimiser's second moment, in [0, 1).
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Weight decay; multiplied by `eta`.
    pub weight_decay: f64,

    /// What the network models and agents follow.
    pub field: Field,
    /// How starts for the rollouts are found.
    pub exploration: Exploration,
    /// Probability that exploration by sign flips flips a unit; there are no flips without it.
    pub flip_probability: f64,
    /// Where the gradient of the loss flows.
    pub bootstrap: Bootstrap,
    /// How much of the gradient through the targets counts, in [0, 1], with a residual `bootstrap`.
    #[serde(default = "key::phi")]
    pub phi: f64,

    /// Whether players share a network.
    pub parameters: Sharing,
    /// `H`, hidden units.
    pub hidden: usize,
    /// `R`, residual blocks in each of the two networks.
    pub residual_blocks: usize,
    /// `M`, quantiles.
    pub quantiles: usize,
    /// The last hidden activation.
    pub last_activation: Activation,

    /// How policies are drawn at the start of an outer iteration.
    pub start: Distribution,
    /// The width of that distribution.
    pub scale: f64,
}

/// How agents know their returns and the gradients of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Estimator {
    /// By the game's formula.
    #[default]
    Exact,
    /// By episodes of play, where a game has turns: Monte Carlo, and REINFORCE with a baseline.
    Rollouts,
}

/// What is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// Meta-values, by Algorithm 1.
    #[default]
    Meva,
    /// COLA's steps, by their consistency.
    Cola,
}

/// How the network's learning rate goes on over a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// It stays.
    Constant,
    /// It falls to zero along a line.
    Linear,
    /// It falls to zero along half a cosine.
    Cosine,
}

impl Schedule {
    /// The learning rate's share that is left after `progress`, from 0 to 1, of the run.
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

/// Whether players share a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// One network for both, for symmetric games.
    Shared,
    /// A network each.
    Separate,
}

impl Sharing {
    /// How many networks there are.
    pub fn networks(self) -> usize {
        match self {
            Sharing::Shared => 1,
            Sharing::Separate => 2,
        }
    }
}

/// What policies are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distribution {
    /// Uniform on `[-scale, scale]`.
    Uniform,
    /// Normal with mean 0 and deviation `scale`.
    Normal,
}

impl Config {
    /// The sizes of the network.
    pub fn shape(&self) -> Shape {
        Shape {
            parameters: self.game.parameters(),
            hidden: self.hidden,
            residual_blocks: self.residual_blocks,
            quantiles: self.quantiles,
        }
    }

    /// The probability that a unit's sign is flipped, if there is exploration at all.
    pub fn flips(&self) -> Option<f64> {
        (self.exploration == Exploration::SignFlips).then_some(self.flip_probability)
    }

    /// The episodes that agents know the game by, if they do not know it exactly.
    pub fn sampling(&self) -> Option<Sampling> {
        (self.estimator == Estimator::Rollouts).then_some(Sampling {
            episodes: self.rollouts,
            length: self.rollout_length,
            seed: self.seed,
        })
    }

    /// How policies start.
    pub fn starts(&self) -> Start {
        match self.start {
            Distribution::Uniform => Start::Uniform(self.scale),
            Distribution::Normal => Start::Normal(self.scale),
        }
    }

    /// What an update does, with the learning rate of the start; [`Config::eta_at`] has those of later updates.
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

    /// The network's input and last activation.
    pub fn architecture(&self) -> Architecture {
        Architecture {
            input: self.input(),
            last_activation: self.last_activation,
        }
    }

    /// How the network reads policies: a point of the plane by a tenth, log-odds by probabilities.
    pub fn input(&self) -> Input {
        match self.game {
            GameName::Logistic | GameName::Tandem => Input::Tenth,
            GameName::Ipd | GameName::Imp | GameName::Chicken | GameName::Matrix => Input::Sigmoid,
        }
    }

    /// The game with its payoffs and discount.
    ///
    /// # Errors
    /// A matrix game without payoffs, or payoffs or a discount that make no game.
    pub fn any_game(&self) -> Result<AnyGame> {
        Ok(AnyGame::of(self.game, self.payoffs, self.discount)?)
    }

    /// Updates of an outer iteration, `T / k`; like what follows, of a valid configuration.
    pub fn updates_per_outer(&self) -> usize {
        self.steps / self.stride
    }

    /// Updates of the whole run.
    pub fn updates(&self) -> usize {
        self.outer * self.updates_per_outer()
    }

    /// The network's learning rate in update `update`, counted from 0.
    pub fn eta_at(&self, update: usize) -> f64 {
        self.eta * self.schedule.share(update as f64 / self.updates() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::presets::{ipd, ipd_paper};
    use super::*;
    use crate::error::assert_says;
    use meva_core::game::{IteratedMatrix, PlaneGame};

    #[test]
    fn games_and_inputs() {
        let with = |game| Config { game, ..ipd() };
        assert_eq!(with(GameName::Tandem).input(), Input::Tenth);
        assert_eq!(with(GameName::Tandem).any_game(), Ok(PlaneGame::Tandem.into()));
        assert_eq!(with(GameName::Imp).input(), Input::Sigmoid);
        assert_eq!(
            with(GameName::Imp).any_game(),
            Ok(IteratedMatrix::MATCHING_PENNIES.into())
        );
        assert_says(with(GameName::Matrix).any_game(), &["needs payoffs"]);
        let half = Config { discount: 0.5, ..ipd() };
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
                ..ipd_paper()
            }
            .eta_at(update)
        };
        assert_eq!((ipd_paper().updates(), ipd().updates()), (20_000, 20_000));
        for schedule in [Schedule::Constant, Schedule::Linear, Schedule::Cosine] {
            assert_eq!(eta(schedule, 0), 1e-4);
        }
        assert_eq!(eta(Schedule::Constant, 19_999), 1e-4);
        assert_eq!(eta(Schedule::Linear, 15_000), 0.25e-4);
        assert_eq!(eta(Schedule::Linear, 20_000), 0.0);
        assert_eq!(eta(Schedule::Cosine, 20_000), 0.0);
        assert!((eta(Schedule::Cosine, 10_000) - 0.5e-4).abs() < 1e-18);
    }
}
