//! The complete configuration of a training run: one flat table of keys, the same in a file and on the command line.
//!
//! [`Config::preset`] gives a published experiment, [`Config::load`] reads a file, [`Config::set`] changes one key, and
//! [`Config::validate`] says whether it all makes sense.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use meva_core::activation::Activation;
use meva_core::adamw::AdamW;
use meva_core::algorithm1::{Bootstrap, Exploration, Settings};
use meva_core::game::IteratedMatrix;
use meva_core::learner::meta_value::Field;
use meva_core::meta_value::{Architecture, Input};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::cpu::estimate::Sampling;
use crate::draws::Start;
use crate::error::{Error, Result};
use crate::model::network::Shape;

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
    #[serde(default, deserialize_with = "four_by_two", skip_serializing_if = "Option::is_none")]
    pub payoffs: Option<[[f64; 2]; 4]>,
    /// `delta` in [0, 1), the discount inside an iterated game; other games have none and ignore it.
    pub discount: f64,
    /// How agents know the game.
    #[serde(default)]
    pub estimator: Estimator,
    /// Episodes per estimate, with [`Estimator::Rollouts`].
    #[serde(default = "rollouts")]
    pub rollouts: usize,
    /// Turns per episode, with [`Estimator::Rollouts`].
    #[serde(default = "rollout_length")]
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
    #[serde(default = "alpha_max")]
    pub alpha_max: f64,
    /// `T`, steps of exploration in an outer iteration: a multiple of `stride`.
    pub steps: usize,
    /// `k`, steps of a rollout.
    pub stride: usize,
    /// `lambda` in [0, 1]: how much of a target is observed rather than predicted.
    pub lambda: f64,
    /// `rho` in [0, 1): inertia of the target network; none, written `"none"`, without one.
    #[serde(with = "number_or_none")]
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
    #[serde(default = "phi")]
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

/// Every key in the order of the file, with a note on its meaning.
pub const KEYS: [(&str, &str); 36] = [
    ("preset", "where absent keys come from"),
    ("version", "of the program that wrote this"),
    ("algorithm", "meva or cola"),
    ("game", "logistic, tandem, ipd, imp, chicken or matrix"),
    ("payoffs", "of game matrix: rows DD, DC, CD, CC, a column per player"),
    ("discount", "delta, inside iterated games"),
    ("estimator", "of returns and naive gradients: exact or rollouts"),
    ("rollouts", "episodes per estimate, with estimator rollouts"),
    ("rollout_length", "turns per episode, with estimator rollouts"),
    ("outer", "outer iterations"),
    ("batch", "trajectories side by side"),
    ("seed", "of every random draw"),
    ("alpha", "the agents' learning rate"),
    ("alpha_max", "COLA's longest imagined step"),
    ("steps", "T, steps of an outer iteration, a multiple of stride"),
    ("stride", "k, steps of a rollout"),
    ("lambda", "how much of a target is observed, 0 to 1"),
    ("rho", "inertia of the target network, below 1, or \"none\""),
    ("eta", "the network's learning rate"),
    ("schedule", "of eta: constant, linear or cosine, the latter two to zero"),
    ("beta1", "decay of the first moment"),
    ("beta2", "decay of the second moment"),
    ("epsilon", "added to the root of the second moment"),
    ("weight_decay", "times eta"),
    ("field", "what agents follow: v, u or u-normalized"),
    ("exploration", "none or sign-flips"),
    ("flip_probability", "per unit and player, of sign-flips"),
    ("bootstrap", "semi-gradient or residual"),
    (
        "phi",
        "how much of the residual gradient through targets counts, 0 to 1",
    ),
    ("parameters", "shared by the players or separate"),
    ("hidden", "H, units of a layer"),
    ("residual_blocks", "R, in each of the two networks"),
    ("quantiles", "M"),
    ("last_activation", "gelu or tanh"),
    ("start", "of policies: uniform on [-scale, scale], or normal"),
    ("scale", "half the width, or the deviation"),
];

/// Keys that a file without preset may leave out.
const OPTIONAL: [&str; 11] = [
    "preset",
    "version",
    "algorithm",
    "payoffs",
    "discount",
    "estimator",
    "rollouts",
    "rollout_length",
    "phi",
    "alpha_max",
    "rho",
];

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// COLA's longest imagined step in the paper.
fn alpha_max() -> f64 {
    10.0
}

/// The whole residual gradient, where nobody says.
fn phi() -> f64 {
    1.0
}

/// Episodes per estimate, where nobody says.
fn rollouts() -> usize {
    16
}

/// Turns per episode, where nobody says: what comes later weighs less than 2 % at the usual discount.
fn rollout_length() -> usize {
    100
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

/// Games by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GameName {
    /// The Logistic Game.
    Logistic,
    /// The Tandem Game.
    Tandem,
    /// The iterated prisoner's dilemma.
    Ipd,
    /// Iterated matching pennies.
    Imp,
    /// Iterated chicken.
    Chicken,
    /// An iterated 2 x 2 game with payoffs of one's own.
    Matrix,
}

impl GameName {
    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            GameName::Logistic => "logistic",
            GameName::Tandem => "tandem",
            GameName::Ipd => "ipd",
            GameName::Imp => "imp",
            GameName::Chicken => "chicken",
            GameName::Matrix => "matrix",
        }
    }
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

/// The Logistic Game with V and the residual gradient, with which every seed that was tried reaches B from everywhere.
fn logistic() -> Config {
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
fn ipd() -> Config {
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
fn ipd_paper() -> Config {
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

    /// Reads a file, as [`Config::from_toml`] reads its text.
    ///
    /// # Errors
    /// The file cannot be read, or its text is not that of a valid configuration.
    pub fn load(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(|cause| Error::io("read", path, &cause))?;
        Self::from_toml(&text).map_err(|error| error.at(path.display()))
    }

    /// Reads a valid configuration from TOML: absent keys have the values of the `preset` that the text names. Without
    /// one it must give every key, except that `payoffs` and `rho` may be none and `discount` the usual one.
    ///
    /// ```
    /// use meva::config::Config;
    /// let config = Config::from_toml("preset = 'ipd'\nbatch = 32")?;
    /// assert_eq!((config.batch, config.alpha), (32, 2.0));
    /// assert!(Config::from_toml("batch = 32").unwrap_err().to_string().starts_with("missing keys: `game`, "));
    /// # Ok::<(), meva::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// The text is not TOML, a key is unknown or missing, or a value is not one that the key can have.
    pub fn from_toml(text: &str) -> Result<Self> {
        let table: Table = text.parse().map_err(|error| syntax_error(text, &error))?;
        let mut config = match table.get("preset") {
            Some(Value::String(name)) => Self::preset(name)?,
            Some(value) => {
                return Err(Error::usage(format!(
                    "`preset` is {value}: it must be a name in quotes"
                )));
            }
            None => Config {
                preset: None,
                ..logistic()
            },
        };
        for (key, value) in &table {
            config.assign(key, value)?;
        }
        if config.preset.is_none() {
            require_all_keys(&table)?;
        }
        config.validate()?;
        Ok(config)
    }

    /// Changes one key: `"key=value"`, with a value as in TOML, or a bare word.
    ///
    /// A change may need another one to make sense, so [`Config::validate`] after the last.
    ///
    /// # Errors
    /// There is no such key, or the value is not of its kind.
    pub fn set(&mut self, assignment: &str) -> Result<()> {
        self.set_inner(assignment)
            .map_err(|error| error.at(format_args!("--set {assignment}")))
    }

    fn set_inner(&mut self, assignment: &str) -> Result<()> {
        let Some((key, text)) = assignment.split_once('=') else {
            return Err(Error::usage(format!("`{assignment}` sets nothing")).hint("write key=value, as in batch=64"));
        };
        let (key, text) = (key.trim(), text.trim());
        if ["preset", "version"].contains(&key) {
            return Err(Error::usage(format!("`{key}` cannot be set")).hint("start from another preset instead"));
        }
        let value = match text.parse() {
            Ok(value) => value,
            Err(_) if is_bare(text) => Value::String(text.to_owned()),
            Err(error) => {
                return Err(
                    Error::usage(format!("the value of `{key}` cannot be read: {}", error.message()))
                        .hint("values are numbers, words, and lists in brackets, as in TOML"),
                );
            }
        };
        self.assign(key, &value)
    }

    fn assign(&mut self, key: &str, value: &Value) -> Result<()> {
        let mut keys = KEYS.iter().map(|(key, _)| *key);
        if !keys.any(|known| known == key) {
            return Err(unknown("key", key, KEYS.iter().map(|(key, _)| *key)));
        }
        let mut table = self.to_table()?;
        table.insert(key.to_owned(), value.clone());
        *self = table.try_into().map_err(|error: toml::de::Error| {
            unknown_variant(key, error.message()).unwrap_or_else(|| {
                Error::usage(format!("`{key}` cannot be {value}: {}", error.message())).hint(self.example(key))
            })
        })?;
        Ok(())
    }

    fn to_table(&self) -> Result<Table> {
        Table::try_from(self).map_err(|error| Error::usage(format!("a number does not fit into TOML: {error}")))
    }

    /// The whole configuration as TOML, with notes. [`Config::from_toml`] gives the same one back.
    ///
    /// # Errors
    /// A seed or a count is beyond TOML's integers, which end at 2^63 - 1.
    pub fn to_toml(&self) -> Result<String> {
        let table = self.to_table()?;
        let line = |(key, note): &(&str, &str)| {
            let assignment = format!("{key} = {}", written(table.get(*key)?));
            Some(format!("{assignment:<31} # {note}\n"))
        };
        Ok(KEYS.iter().filter_map(line).collect())
    }

    /// The configuration as the metadata of a model file.
    ///
    /// # Errors
    /// As [`Config::to_toml`].
    pub fn to_metadata(&self) -> Result<BTreeMap<String, String>> {
        Ok(BTreeMap::from([("config".to_owned(), self.to_toml()?)]))
    }

    /// The configuration that a model file's metadata holds.
    ///
    /// # Errors
    /// There is none, or it is not valid.
    pub fn of_metadata(metadata: &BTreeMap<String, String>) -> Result<Self> {
        let text = metadata.get("config").ok_or_else(|| {
            Error::files("this is no model of meva: its metadata has no `config`")
                .hint("name a file that `meva train` wrote")
        })?;
        Self::from_toml(text).map_err(|error| error.at("metadata `config`"))
    }

    /// The sizes of the network.
    pub fn shape(&self) -> Shape {
        Shape {
            parameters: if self.iterated_matrix().is_some() { 5 } else { 1 },
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

    /// Whether every value lies in its range and they go together. Numbers are judged as the `f32` that they become.
    ///
    /// # Errors
    /// They do not: the first that stands out.
    pub fn validate(&self) -> Result<()> {
        self.validate_numbers()?;
        self.validate_counts()?;
        self.validate_payoffs()?;
        if self.bootstrap == Bootstrap::Residual && self.rho.is_some() {
            return Err(
                Error::usage("`bootstrap` is residual, but with `rho` a target network predicts the targets")
                    .hint("set rho = \"none\", or bootstrap = \"semi-gradient\""),
            );
        }
        if self.algorithm == Algorithm::Cola && self.parameters == Sharing::Separate {
            return Err(Error::usage(
                "`parameters` is separate, but COLA's consistency ties both players to one network",
            )
            .hint("set parameters = \"shared\""));
        }
        if self.estimator == Estimator::Rollouts {
            let refused = if self.algorithm == Algorithm::Cola {
                Some("COLA needs second derivatives, which rollouts do not estimate")
            } else if matches!(self.game, GameName::Logistic | GameName::Tandem) {
                Some("the game has no turns to sample")
            } else {
                None
            };
            if let Some(why) = refused {
                return Err(
                    Error::usage(format!("`estimator` is rollouts, but {why}")).hint("set estimator = \"exact\"")
                );
            }
        }
        Ok(())
    }

    fn validate_numbers(&self) -> Result<()> {
        for (key, value, range) in [
            ("discount", self.discount, Range::BelowOne),
            ("alpha", self.alpha, Range::Positive),
            ("alpha_max", self.alpha_max, Range::NotNegative),
            ("lambda", self.lambda, Range::Unit),
            ("rho", self.rho.unwrap_or(0.0), Range::BelowOne),
            ("eta", self.eta, Range::Positive),
            ("beta1", self.beta1, Range::BelowOne),
            ("beta2", self.beta2, Range::BelowOne),
            ("epsilon", self.epsilon, Range::Positive),
            ("weight_decay", self.weight_decay, Range::NotNegative),
            ("flip_probability", self.flip_probability, Range::Unit),
            ("phi", self.phi, Range::Unit),
            ("scale", self.scale, Range::NotNegative),
        ] {
            if !range.contains(value) {
                return Err(Error::usage(format!("`{key}` is {value}: it must be {range}")).hint(self.example(key)));
            }
        }
        Ok(())
    }

    fn validate_counts(&self) -> Result<()> {
        for (key, count) in [
            ("outer", self.outer),
            ("batch", self.batch),
            ("steps", self.steps),
            ("stride", self.stride),
            ("hidden", self.hidden),
            ("quantiles", self.quantiles),
            ("rollouts", self.rollouts),
            ("rollout_length", self.rollout_length),
        ] {
            if count == 0 {
                return Err(Error::usage(format!("`{key}` is 0: it must be at least 1")).hint(self.example(key)));
            }
        }
        let Config { steps, stride, .. } = *self;
        if !steps.is_multiple_of(stride) {
            let near = (steps / stride).max(1) * stride;
            return Err(Error::usage(format!(
                "`steps` is {steps}: it must be a multiple of `stride`, which is {stride}"
            ))
            .hint(format!("{near} is one")));
        }
        let updates = self.outer.checked_mul(steps / stride);
        let countable = updates.is_some_and(|updates| u32::try_from(updates).is_ok());
        if !countable {
            return Err(Error::usage(format!(
                "`outer` is {}: the run would have more than {} updates",
                self.outer,
                u32::MAX
            ))
            .hint(self.example("outer")));
        }
        Ok(())
    }

    fn validate_payoffs(&self) -> Result<()> {
        let own = self.game != GameName::Matrix;
        match &self.payoffs {
            None if own => Ok(()),
            None => Err(Error::usage("game matrix needs `payoffs`").hint(self.example("payoffs"))),
            Some(_) if own => Err(Error::usage("`payoffs` are given, but the game has its own")
                .hint("set game = \"matrix\", or leave them out")),
            Some(payoffs) => match payoffs.as_flattened().iter().find(|r| !(**r as f32).is_finite()) {
                None => Ok(()),
                Some(r) => Err(Error::usage(format!("`payoffs` has {r} in it: payoffs must be finite"))
                    .hint(self.example("payoffs"))),
            },
        }
    }

    /// What the preset has for `key`, or for what no preset has, the payoffs, how they look.
    fn example(&self, key: &str) -> String {
        let name = self.preset.as_deref().unwrap_or("logistic");
        let table = Self::preset(name).and_then(|preset| preset.to_table());
        match table.ok().as_ref().and_then(|table| table.get(key)) {
            Some(value) => format!("preset `{name}` has {key} = {}", written(value)),
            None => "rows are DD, DC, CD, CC, columns players: payoffs = [[1, 1], [3, 0], [0, 3], [2, 2]]".to_owned(),
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

    /// The iterated game with its payoffs and discount; none if the game is no iterated one, or a matrix is missing.
    pub fn iterated_matrix(&self) -> Option<IteratedMatrix> {
        let payoffs = match self.game {
            GameName::Logistic | GameName::Tandem => return None,
            GameName::Ipd => IteratedMatrix::PRISONERS_DILEMMA.payoffs,
            GameName::Imp => IteratedMatrix::MATCHING_PENNIES.payoffs,
            GameName::Chicken => IteratedMatrix::CHICKEN.payoffs,
            GameName::Matrix => self.payoffs?,
        };
        Some(IteratedMatrix {
            payoffs,
            discount: self.discount,
        })
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

/// Where a number must lie.
#[derive(Clone, Copy)]
enum Range {
    Positive,
    NotNegative,
    Unit,
    BelowOne,
}

impl Range {
    fn contains(self, value: f64) -> bool {
        let value = value as f32;
        match self {
            Range::Positive => value > 0.0 && value.is_finite(),
            Range::NotNegative => value >= 0.0 && value.is_finite(),
            Range::Unit => (0.0..=1.0).contains(&value),
            Range::BelowOne => (0.0..1.0).contains(&value),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Range::Positive => "positive and finite",
            Range::NotNegative => "at least 0 and finite",
            Range::Unit => "from 0 to 1",
            Range::BelowOne => "at least 0 and below 1",
        })
    }
}

/// The candidate that `word` is probably a misspelling of: at most a third of its letters, or one, are wrong.
///
/// ```
/// use meva::config::nearest;
/// assert_eq!(nearest("logistik", ["ipd", "logistic"]), Some("logistic"));
/// assert_eq!(nearest("poker", ["ipd", "logistic"]), None);
/// assert_eq!(nearest("x", ["u", "v"]), None);
/// ```
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    let bound = (length / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, candidate), candidate))
        .filter(|(distance, _)| *distance <= bound && *distance < length)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// No `kind` is called `word`; perhaps one of the candidates was meant.
fn unknown<'a>(kind: &str, word: &str, candidates: impl Iterator<Item = &'a str> + Clone) -> Error {
    let hint = match nearest(word, candidates.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("choose from {}", candidates.collect::<Vec<_>>().join(", ")),
    };
    Error::usage(format!("unknown {kind} `{word}`")).hint(hint)
}

/// Reads the message "unknown variant `word`, expected one of `a`, `b`": the candidates are known to the enum alone.
fn unknown_variant(key: &str, message: &str) -> Option<Error> {
    let mut quoted = message.strip_prefix("unknown variant ")?.split('`').skip(1).step_by(2);
    Some(unknown(key, quoted.next()?, quoted))
}

fn require_all_keys(table: &Table) -> Result<()> {
    let missing: Vec<_> = KEYS
        .iter()
        .filter(|(key, _)| !OPTIONAL.contains(key) && !table.contains_key(*key))
        .map(|(key, _)| format!("`{key}`"))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::usage(format!("missing keys: {}", missing.join(", ")))
        .hint("add them, or take them from a preset, as in preset = \"logistic\""))
}

fn syntax_error(text: &str, error: &toml::de::Error) -> Error {
    let wrong = Error::usage(format!("not TOML: {}", error.message()));
    match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => wrong.at(format_args!("line {}", 1 + before.matches('\n').count())),
        None => wrong,
    }
}

/// A word that needs no quotes on the command line.
fn is_bare(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// A value as in TOML, small numbers with an exponent.
fn written(value: &Value) -> String {
    match value {
        Value::Float(number) if number.is_finite() => format!("{number:?}"),
        value => value.to_string(),
    }
}

/// A payoff table, whose shape an error can tell.
fn four_by_two<'de, D: serde::Deserializer<'de>>(input: D) -> std::result::Result<Option<[[f64; 2]; 4]>, D::Error> {
    let rows = Vec::<Vec<f64>>::deserialize(input)?;
    let pairs: Option<Vec<[f64; 2]>> = rows.iter().map(|row| row.as_slice().try_into().ok()).collect();
    match pairs.and_then(|pairs| pairs.try_into().ok()) {
        Some(table) => Ok(Some(table)),
        None => Err(serde::de::Error::custom(format!(
            "it has {} rows of lengths {:?}, expected 4 rows (DD, DC, CD, CC) of length 2 (players)",
            rows.len(),
            rows.iter().map(Vec::len).collect::<Vec<_>>()
        ))),
    }
}

/// A number, or the word none: TOML has no null, and a file must be able to take a preset's number back.
mod number_or_none {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged, expecting = "expected a number or \"none\"")]
    enum NumberOrWord {
        Number(f64),
        Word(Word),
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Word {
        None,
    }

    pub fn serialize<S: Serializer>(value: &Option<f64>, output: S) -> Result<S::Ok, S::Error> {
        match *value {
            Some(number) => NumberOrWord::Number(number),
            None => NumberOrWord::Word(Word::None),
        }
        .serialize(output)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<f64>, D::Error> {
        Ok(match NumberOrWord::deserialize(input)? {
            NumberOrWord::Number(number) => Some(number),
            NumberOrWord::Word(Word::None) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presets() -> impl Iterator<Item = Config> {
        PRESETS.iter().map(|(_, config)| config())
    }

    /// The error of a configuration made of `preset` and `lines`.
    fn error(preset: &str, lines: &str) -> String {
        Config::from_toml(&format!("preset = '{preset}'\n{lines}"))
            .expect_err(lines)
            .to_string()
    }

    fn assert_says(text: &str, words: &[&str]) {
        for word in words {
            assert!(text.contains(word), "{word:?} is missing in: {text}");
        }
    }

    #[test]
    fn presets_are_valid_and_know_their_names() {
        for (name, config) in Config::presets().zip(presets()) {
            config.validate().unwrap();
            assert_eq!(config.preset.as_deref(), Some(name));
        }
    }

    #[test]
    fn keys_are_those_of_the_configuration() {
        let config = Config {
            payoffs: Some([[0.0; 2]; 4]),
            ..ipd()
        };
        let mut known: Vec<_> = KEYS.iter().map(|(key, _)| *key).collect();
        known.sort_unstable();
        let table = config.to_table().unwrap();
        let mut keys: Vec<_> = table.keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, known);
    }

    #[test]
    fn files_come_back() {
        let matrix = Config {
            game: GameName::Matrix,
            payoffs: Some([[0.1, -1e-300], [3.0, 1e30], [-0.0, 1.0 / 3.0], [2.0, 2.0]]),
            rho: None,
            seed: i64::MAX as u64,
            epsilon: 1.25e-17,
            version: "0.0.1".to_owned(),
            ..ipd()
        };
        let nameless = Config {
            preset: None,
            schedule: Schedule::Cosine,
            field: Field::UNormalized,
            parameters: Sharing::Separate,
            ..ipd()
        };
        for config in presets().chain([matrix, nameless]) {
            let text = config.to_toml().unwrap();
            assert_eq!(Config::from_toml(&text).unwrap(), config, "{text}");
        }
    }

    #[test]
    fn a_file_is_as_readable_as_this() {
        let text = ipd().to_toml().unwrap();
        for line in [
            "preset = \"ipd\"                  # where absent keys come from",
            "rho = 0.99                      # inertia of the target network, below 1, or \"none\"",
            "epsilon = 1e-8                  # added to the root of the second moment",
            "flip_probability = 0.0625       # per unit and player, of sign-flips",
        ] {
            assert!(text.lines().any(|l| l == line), "{line:?} is missing in:\n{text}");
        }
        assert!(!text.contains("payoffs"), "{text}");
    }

    #[test]
    fn a_file_overrides_its_preset() {
        let config = Config::from_toml("preset = 'ipd'\nrho = 'none'\nalpha = 3\ngame = 'chicken'").unwrap();
        let expected = Config {
            rho: None,
            alpha: 3.0,
            game: GameName::Chicken,
            ..ipd()
        };
        assert_eq!(config, expected);
    }

    /// Without preset only some keys may be absent, and those do not come from a preset.
    #[test]
    fn a_file_without_preset_is_complete() {
        let lines = |left_out: &[&str]| -> String {
            let text = ipd().to_toml().unwrap();
            let stays = |line: &&str| !left_out.contains(&line.split(' ').next().unwrap());
            text.lines().filter(stays).map(|line| format!("{line}\n")).collect()
        };
        let config = Config::from_toml(&lines(&OPTIONAL)).unwrap();
        assert_eq!((config.preset, config.rho, config.discount), (None, None, 0.96));
        for (key, _) in KEYS.iter().filter(|(key, _)| !OPTIONAL.contains(key)) {
            let error = Config::from_toml(&lines(&["preset", key])).unwrap_err().to_string();
            assert_says(&error, &["missing keys", &format!("`{key}`"), "preset = "]);
        }
    }

    #[test]
    fn assignments() {
        let mut config = logistic();
        for assignment in [
            "game=matrix",
            "payoffs = [[1, 1], [3, 0], [0, 3], [2, 2.5]]",
            "eta=1e-2",
            "rho=0.5",
            "bootstrap=semi-gradient",
            "schedule=\"linear\"",
            "field=u-normalized",
        ] {
            config.set(assignment).unwrap();
        }
        config.validate().unwrap();
        let expected = Config {
            game: GameName::Matrix,
            payoffs: Some([[1.0, 1.0], [3.0, 0.0], [0.0, 3.0], [2.0, 2.5]]),
            eta: 1e-2,
            rho: Some(0.5),
            bootstrap: Bootstrap::SemiGradient,
            schedule: Schedule::Linear,
            field: Field::UNormalized,
            ..logistic()
        };
        assert_eq!(config, expected);
    }

    /// A failed assignment says so and changes nothing.
    #[test]
    fn bad_assignments() {
        for (assignment, words) in [
            ("batch", ["sets nothing", "key=value"]),
            ("batch=", ["the value of `batch`", "--set batch="]),
            ("bach=3", ["unknown key `bach`", "did you mean `batch`?"]),
            ("gamma=3", ["unknown key `gamma`", "lambda, rho"]),
            (
                "batch=many",
                ["`batch` cannot be \"many\"", "preset `logistic` has batch = 128"],
            ),
            ("batch=-1", ["`batch` cannot be -1", "--set batch=-1"]),
            ("batch=1.5", ["`batch` cannot be 1.5", "--set batch=1.5"]),
            ("batch=3\nseed=4", ["the value of `batch`", "batch=3"]),
            ("game=logistik", ["unknown game `logistik`", "did you mean `logistic`?"]),
            ("game=poker", ["unknown game `poker`", "ipd, imp, chicken, matrix"]),
            ("bootstrap=residula", ["unknown bootstrap", "did you mean `residual`?"]),
            ("schedule=3", ["`schedule` cannot be 3", "schedule = \"constant\""]),
            ("rho=often", ["`rho` cannot be \"often\"", "a number or \"none\""]),
            ("payoffs=[[1, 2", ["the value of `payoffs`", "--set payoffs"]),
            ("seed=99999999999999999999", ["`seed`", "--set seed"]),
            ("eta=1e-", ["the value of `eta`", "lists in brackets"]),
            (
                "payoffs=[[1, 2], [3], [4, 5]]",
                ["3 rows of lengths [2, 1, 2]", "expected 4 rows"],
            ),
            ("preset=ipd", ["`preset` cannot be set", "another preset"]),
        ] {
            let mut config = logistic();
            let error = config.set(assignment).expect_err(assignment);
            assert_says(&error.to_string(), &words);
            assert_eq!(error.exit_code(), 2);
            assert_eq!(config, logistic(), "{assignment}");
        }
    }

    #[test]
    fn out_of_range() {
        for key in [
            "alpha",
            "discount",
            "lambda",
            "rho",
            "eta",
            "beta1",
            "beta2",
            "epsilon",
            "weight_decay",
            "flip_probability",
            "scale",
        ] {
            for value in ["nan", "inf", "-inf", "-0.5", "1e39"] {
                let line = format!("{key} = {value}");
                assert_says(
                    &error("ipd", &line),
                    &[&format!("`{key}` is"), "it must be", "preset `ipd` has"],
                );
            }
        }
        for key in ["discount", "rho", "beta1", "beta2"] {
            for value in ["1.0", "0.99999999999"] {
                assert_says(&error("ipd", &format!("{key} = {value}")), &["below 1"]);
            }
        }
        for line in ["lambda = 1.001", "flip_probability = 1.001"] {
            assert_says(&error("ipd", line), &["from 0 to 1"]);
        }
        for key in ["alpha", "eta", "epsilon"] {
            for value in ["0", "1e-50"] {
                assert_says(&error("ipd", &format!("{key} = {value}")), &["positive"]);
            }
        }
        for key in ["outer", "batch", "steps", "stride", "hidden", "quantiles"] {
            assert_says(&error("ipd", &format!("{key} = 0")), &["it must be at least 1"]);
        }
        for line in [
            "lambda = 0",
            "lambda = 1",
            "rho = 0",
            "beta1 = 0",
            "flip_probability = 1",
            "residual_blocks = 0",
        ] {
            Config::from_toml(&format!("preset = 'ipd'\n{line}")).expect(line);
        }
    }

    #[test]
    fn keys_go_together() {
        assert_says(
            &error("ipd", "steps = 105"),
            &["multiple of `stride`, which is 10", "100 is one"],
        );
        assert_says(&error("ipd", "steps = 5"), &["hint: 10 is one"]);
        assert_says(&error("ipd", "outer = 429496730"), &["more than 4294967295 updates"]);
        assert_says(
            &error("ipd", "bootstrap = 'residual'"),
            &["target network", "rho = \"none\""],
        );
        assert_says(&error("ipd", "game = 'matrix'"), &["needs `payoffs`"]);
        let payoffs = "payoffs = [[1, 1], [3, 0], [0, 3], [2, 2]]";
        assert_says(&error("ipd", payoffs), &["the game has its own", "leave them out"]);
        assert_says(
            &error("ipd", "game = 'matrix'\npayoffs = [[1, 1], [3, nan], [0, 3], [2, 2]]"),
            &["NaN", "must be finite"],
        );
        Config::from_toml(&format!("preset = 'ipd'\ngame = 'matrix'\n{payoffs}")).unwrap();
        Config::from_toml("preset = 'logistic'\nbootstrap = 'residual'").unwrap();
    }

    #[test]
    fn errors_in_files_say_where() {
        let path = std::env::temp_dir().join(format!("meva-config-{}.toml", std::process::id()));
        let message = |text: &str| {
            fs::write(&path, text).unwrap();
            let error = Config::load(&path).unwrap_err();
            assert_says(&error.to_string(), &[&path.display().to_string()]);
            error.to_string()
        };
        assert_says(&message("preset = 'ipd'\n\nbatch = = 3\n"), &["not TOML", ", line 3)"]);
        assert_says(
            &message("preset = 'idp'"),
            &["unknown preset `idp`", "did you mean `ipd`?"],
        );
        assert_says(
            &message("preset = 'go'"),
            &["logistic, logistic-paper, ipd, ipd-paper, imp"],
        );
        assert_says(&message("preset = 3"), &["`preset` is 3"]);
        assert_says(
            &message("preset = 'ipd'\nalpha = -1"),
            &["`alpha` is -1", "alpha = 2.0"],
        );
        assert_says(
            &message("preset = 'ipd'\nlearning_rate = 1"),
            &["unknown key `learning_rate`"],
        );
        assert_says(&message("preset = 'ipd'\n[nested]"), &["unknown key `nested`"]);
        fs::remove_file(&path).unwrap();
        let absent = Config::load(&path).unwrap_err();
        assert_says(&absent.to_string(), &["cannot read", &path.display().to_string()]);
        assert_eq!(absent.exit_code(), 3);
    }

    #[test]
    fn a_seed_beyond_toml_is_an_error() {
        let config = Config {
            seed: u64::MAX,
            ..logistic()
        };
        assert_says(&config.to_toml().unwrap_err().to_string(), &["does not fit"]);
    }

    #[test]
    fn games_and_inputs() {
        let with = |game| Config { game, ..ipd() };
        assert_eq!(with(GameName::Tandem).input(), Input::Tenth);
        assert_eq!(with(GameName::Tandem).iterated_matrix(), None);
        assert_eq!(with(GameName::Imp).input(), Input::Sigmoid);
        assert_eq!(
            with(GameName::Imp).iterated_matrix(),
            Some(IteratedMatrix::MATCHING_PENNIES)
        );
        assert_eq!(with(GameName::Matrix).iterated_matrix(), None);
        let half = Config { discount: 0.5, ..ipd() };
        assert_eq!(half.iterated_matrix().map(|game| game.discount), Some(0.5));
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
