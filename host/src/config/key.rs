//! The keys of a configuration. Everything about a key is in its entry in the table below: the field, its type, its
//! value in preset `logistic`, its note, its range, its former names, and what gives it an effect.
//!
//! The entry's type says how a value is read and written; see [`Entry`].

use std::fmt;
use std::str::FromStr;

use meva_core::activation::Activation;
use meva_core::algorithm1::{Bootstrap, Exploration};
use meva_core::arithmetic::ArithmeticName;
use meva_core::choice::UnknownName;
use meva_core::game::{GameName, IteratedMatrix};
use meva_core::learner::cola::Form;
use meva_core::learner::meta_value::Field;
use meva_core::meta_value::Input;
use toml::Value;

use super::{Algorithm, Distribution, Estimator, Game, Opponents, Schedule, Sharing, VERSION};
use crate::draws::Sampling;

/// Defines [`Config`], [`KEYS`] and [`Config::base`] from entries of the form `name: type = value => key("note").facts();`.
macro_rules! keys {
    (
        $(#[$about:meta])*
        pub struct Config {
            $($(#[$doc:meta])* $name:ident: $kind:ty = $value:expr => $facts:expr;)+
        }
    ) => {
        $(#[$about])*
        pub struct Config {
            $($(#[$doc])* pub $name: $kind,)+
        }

        /// Every key, in the order of files.
        pub const KEYS: &[Key] = &[$(Key {
            name: stringify!($name),
            facts: $facts,
            read: |config, value| <$kind as Entry>::read(value).map(|value| config.$name = value),
            write: |config| config.$name.write(),
            lies_in: |config, range| config.$name.lies_in(range),
            copy: |config, from| config.$name.clone_from(&from.$name),
        }),+];

        impl Config {
            /// The values in the table, which are those of preset `logistic`.
            pub(super) fn base() -> Self {
                Config { $($name: $value),+ }
            }
        }
    };
}

keys! {
    /// Everything that a training run depends on.
    ///
    /// Start from a preset or a file, change keys with [`Config::set`] or through the fields, and check the result with
    /// [`Config::validate`].
    ///
    /// ```
    /// use meva::config::Config;
    /// let mut config = Config::preset("ipd")?;
    /// config.set("batch=64")?;
    /// config.set("rho=none")?;
    /// config.validate()?;
    /// assert_eq!((config.batch, config.rho, config.updates()), (64, None, 15_000));
    /// # Ok::<(), meva::error::Error>(())
    /// ```
    #[derive(Clone, Debug, PartialEq)]
    #[non_exhaustive]
    pub struct Config {
        /// The preset that supplies what a file leaves out; `None` if the file gives everything itself.
        preset: Option<String> = None => key("supplies the keys that are left out").optional();
        /// The version of this crate that wrote the configuration.
        version: String = VERSION.to_owned() => key("of the program that wrote this file").optional();

        /// What is trained.
        algorithm: Algorithm = Algorithm::Meva => key("meva or cola").optional();
        /// The game.
        game: Game = Game::Named(GameName::Logistic) => key(
            "logistic, tandem, ipd, imp, chicken, stag-hunt, hawk-dove, battle-of-the-sexes, matching-pennies, bilinear, \
             quadratic or matrix"
        );
        /// Payoffs per turn of [`GameName::Matrix`]: rows DD, DC, CD, CC with player 0's action first, columns players.
        payoffs: Option<[[f64; 2]; 4]> = None => key("of game matrix: rows DD, DC, CD, CC, a column per player")
            .optional()
            .within(Range::Finite)
            .needs(matrix)
            .example("rows are DD, DC, CD, CC, columns are players: payoffs = [[1, 1], [3, 0], [0, 3], [2, 2]]");
        /// How policies of a custom game enter the network; by default, log-odds as probabilities.
        input: Option<Input> = None => key("of a custom game's policies: tenth or sigmoid").optional().needs(custom);
        /// `delta` in [0, 1), the discount inside an iterated game.
        discount: f64 = IteratedMatrix::DISCOUNT => key("delta, inside an iterated game")
            .optional()
            .within(Range::BelowOne)
            .needs(iterated);
        /// How agents know their returns and the gradients of their returns.
        estimator: Estimator = Estimator::Exact => key("of returns and naive gradients: exact or rollouts").optional();
        /// Episodes per estimate, with [`Estimator::Rollouts`].
        episodes: usize = Sampling::USUAL.episodes => key("played per estimate")
            .formerly("rollouts")
            .optional()
            .within(Range::Count)
            .needs(rollouts);
        /// Turns per episode, with [`Estimator::Rollouts`].
        turns: usize = Sampling::USUAL.turns => key("per episode")
            .formerly("rollout_length")
            .optional()
            .within(Range::Count)
            .needs(rollouts);
        /// Who the learner meets, with shares of the trajectories.
        opponents: Opponents = Opponents::itself() => key("met in training, with shares, as in \"self 0.5, lola:10 0.25, grim 0.25\"")
            .optional()
            .within(Range::NotNegative)
            .needs(meva)
            .words();

        /// Outer iterations, each from fresh starts.
        outer: usize = 1000 => key("outer iterations").within(Range::Count);
        /// Number of trajectories in a batch.
        batch: usize = 128 => key("trajectories side by side").within(Range::Count);
        /// The seed of every random draw.
        seed: u64 = 0 => key("of every random draw").within(Range::Whole);
        /// How the CPU engine rounds products that are added to sums. A GPU rounds as it does.
        arithmetic: ArithmeticName = ArithmeticName::Fused => key("of products added to sums: fused or separate").optional();
        /// `alpha`, the agents' learning rate.
        alpha: f64 = 1.0 => key("the agents' learning rate").within(Range::Positive);
        /// The maximum length of COLA's imagined step.
        alpha_max: f64 = 10.0 => key("COLA's longest imagined step")
            .optional()
            .within(Range::NotNegative)
            .needs(cola);
        /// What COLA's network predicts.
        cola_form: Form = Form::Direct => key("what COLA's network predicts: direct, the step; or correction, to the naive gradient")
            .optional()
            .needs(cola);
        /// `T`, steps of exploration in an outer iteration: a multiple of `stride`.
        steps: usize = 50 => key("T, per outer iteration, a multiple of stride").within(Range::Count);
        /// `k`, steps in a rollout.
        stride: usize = 50 => key("k, steps of a rollout").within(Range::Count);
        /// `lambda` in [0, 1]: how much of a target is observed rather than predicted.
        lambda: f64 = 0.0 => key("the share of a target that is observed, 0 to 1").within(Range::Unit).needs(several_steps);
        /// `rho` in [0, 1), the inertia of the target network; `None`, written `"none"`, for no target network.
        rho: Option<f64> = None => key("inertia of the target network, below 1, or \"none\"")
            .optional()
            .within(Range::BelowOne);

        /// The network's learning rate at the start of the run.
        eta: f64 = 1e-3 => key("the network's learning rate").within(Range::Positive);
        /// How `eta` changes over the run.
        schedule: Schedule = Schedule::Constant => key("of eta: constant, or linear or cosine, down to zero");
        /// How far along its schedule `eta` is at the end of the run, in [0, 1].
        anneal: f64 = 1.0 => key("how much of the schedule the run goes through, 0 to 1")
            .optional()
            .within(Range::Unit)
            .needs(falling);
        /// Decay of the optimiser's first moment, in [0, 1).
        beta1: f64 = 0.9 => key("decay of the first moment").within(Range::BelowOne);
        /// Decay of the optimiser's second moment, in [0, 1).
        beta2: f64 = 0.99 => key("decay of the second moment").within(Range::BelowOne);
        /// Added to the root of the second moment.
        epsilon: f64 = 1e-8 => key("added to the root of the second moment").within(Range::Positive);
        /// Weight decay; multiplied by `eta`.
        weight_decay: f64 = 0.0 => key("times eta").within(Range::NotNegative);
        /// The largest norm of a gradient, which is shortened to it; `None`, written `"none"`, for any norm.
        clip: Option<f64> = None => key("the largest norm of a gradient, or \"none\"")
            .optional()
            .within(Range::Positive);

        /// What the network models and agents follow.
        field: Field = Field::V => key("what agents follow: v, u, u-normalized or u-root")
            .formerly_valued(&[("algorithm1", "u"), ("normalized", "u-normalized")])
            .needs(meva);
        /// What agents follow once the network is trained; `None` for what they followed in training.
        evaluation_field: Option<Field> = None => key("what agents follow once it is trained, or \"none\" for field")
            .optional()
            .needs(correction);
        /// How the starts for the rollouts are found.
        exploration: Exploration = Exploration::None => key("none or sign-flips").needs(meva);
        /// The probability that exploration by sign flips flips the sign of a unit.
        flip_probability: f64 = 1.0 / 16.0 => key("of a sign flip, per unit and player")
            .within(Range::Unit)
            .needs(sign_flips);
        /// Where the gradient of the loss flows.
        bootstrap: Bootstrap = Bootstrap::Residual => key("semi-gradient or residual").needs(meva);
        /// How much of the gradient through the targets counts, in [0, 1], with a residual `bootstrap`.
        phi: f64 = 1.0 => key("the share of the gradient through targets, 0 to 1")
            .optional()
            .within(Range::Unit)
            .needs(residual);

        /// Whether the players share a network.
        networks: Sharing = Sharing::Shared => key("shared by the players or separate").formerly("parameters");
        /// `H`, hidden units.
        hidden: usize = 64 => key("H, units per layer").within(Range::Count);
        /// `R`, residual blocks in each of the two networks.
        residual_blocks: usize = 1 => key("R, in the policy network and in the value network").within(Range::Whole);
        /// `M`, quantiles.
        quantiles: usize = 16 => key("M").within(Range::Count);
        /// The last hidden activation.
        last_activation: Activation = Activation::Gelu => key("gelu or tanh");

        /// How policies are drawn at the start of an outer iteration.
        start: Distribution = Distribution::Uniform => key("of policies: uniform on [-scale, scale], or normal");
        /// The width of that distribution.
        scale: f64 = 8.0 => key("half the width, or the standard deviation").within(Range::NotNegative);
    }
}

/// A key of a configuration.
pub struct Key {
    /// Its name in files and on the command line, and the name of the field.
    pub name: &'static str,
    pub(super) facts: Facts,
    /// Sets its value, unless the value is not allowed.
    pub(super) read: fn(&mut Config, &Value) -> Result<(), Refusal>,
    /// Its value as in TOML; `None` if TOML cannot express it.
    pub(super) write: fn(&Config) -> Option<String>,
    /// Whether its value is within a range.
    pub(super) lies_in: fn(&Config, Range) -> bool,
    /// Copies its value from another configuration.
    pub(super) copy: fn(&mut Config, &Config),
}

impl Key {
    /// Its meaning in one line.
    pub fn note(&self) -> &'static str {
        self.facts.note
    }

    /// Its name in older files, which is still understood.
    pub fn formerly(&self) -> Option<&'static str> {
        self.facts.formerly
    }

    /// Which numbers it can be, in words; `None` if its type says everything.
    pub fn range(&self) -> Option<String> {
        (self.facts.range != Range::Any).then(|| self.facts.range.to_string())
    }

    /// Its value in this configuration, as TOML; `None` if it has none there.
    ///
    /// ```
    /// use meva::config::{Config, KEYS};
    /// let ipd = Config::preset("ipd")?;
    /// let alpha = KEYS.iter().find(|key| key.name == "alpha").unwrap();
    /// assert_eq!(alpha.value(&ipd).as_deref(), Some("2.0"));
    /// assert_eq!(alpha.range().as_deref(), Some("positive and finite"));
    /// # Ok::<(), meva::error::Error>(())
    /// ```
    pub fn value(&self, config: &Config) -> Option<String> {
        (self.write)(config)
    }

    /// Why it has no effect in this configuration; `None` if it has one.
    pub fn idle(&self, config: &Config) -> Option<Idle> {
        (self.facts.needs)(config)
    }

    /// The key with this current or former name.
    pub(super) fn named(name: &str) -> Option<&'static Key> {
        let current = KEYS.iter().find(|key| key.name == name);
        current.or_else(|| KEYS.iter().find(|key| key.facts.formerly == Some(name)))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.name).finish()
    }
}

/// What is known about a key besides the name, type and value of its field.
pub(super) struct Facts {
    pub(super) note: &'static str,
    pub(super) formerly: Option<&'static str>,
    pub(super) formerly_valued: &'static [(&'static str, &'static str)],
    pub(super) optional: bool,
    pub(super) range: Range,
    pub(super) example: Option<&'static str>,
    pub(super) words: bool,
    needs: fn(&Config) -> Option<Idle>,
}

/// A key that is mandatory, always has an effect, and may have any value of its type.
const fn key(note: &'static str) -> Facts {
    Facts {
        note,
        formerly: None,
        formerly_valued: &[],
        optional: false,
        range: Range::Any,
        example: None,
        words: false,
        needs: |_| None,
    }
}

impl Facts {
    /// Its name in older files.
    const fn formerly(self, formerly: &'static str) -> Self {
        Facts {
            formerly: Some(formerly),
            ..self
        }
    }

    /// Words for some of its values in older files, each with the current one.
    const fn formerly_valued(self, formerly_valued: &'static [(&'static str, &'static str)]) -> Self {
        Facts {
            formerly_valued,
            ..self
        }
    }

    /// A file without a preset may leave it out.
    const fn optional(self) -> Self {
        Facts { optional: true, ..self }
    }

    /// The range of its value.
    const fn within(self, range: Range) -> Self {
        Facts { range, ..self }
    }

    /// The condition for it to have an effect.
    const fn needs(self, needs: fn(&Config) -> Option<Idle>) -> Self {
        Facts { needs, ..self }
    }

    /// Its value may be several words, which need no quotes in an assignment.
    const fn words(self) -> Self {
        Facts { words: true, ..self }
    }

    /// A hint about its form, for when presets have no value to show.
    const fn example(self, example: &'static str) -> Self {
        Facts {
            example: Some(example),
            ..self
        }
    }
}

/// Why a key has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Idle {
    /// The property of the configuration that is the reason.
    pub reason: String,
    /// What would give the key an effect.
    pub remedy: &'static str,
}

/// Idle unless `condition` holds.
fn unless(condition: bool, reason: impl FnOnce() -> String, remedy: &'static str) -> Option<Idle> {
    (!condition).then(|| Idle {
        reason: reason(),
        remedy,
    })
}

fn meva(config: &Config) -> Option<Idle> {
    let Config { algorithm, .. } = config;
    let reason = || format!("`algorithm` is {algorithm}");
    unless(*algorithm == Algorithm::Meva, reason, "algorithm = \"meva\"")
}

fn cola(config: &Config) -> Option<Idle> {
    let Config { algorithm, .. } = config;
    let reason = || format!("`algorithm` is {algorithm}");
    unless(*algorithm == Algorithm::Cola, reason, "algorithm = \"cola\"")
}

fn matrix(config: &Config) -> Option<Idle> {
    let Config { game, .. } = config;
    let reason = || format!("`game` is {game}, which has payoffs of its own");
    unless(*game == Game::Named(GameName::Matrix), reason, "game = \"matrix\"")
}

fn custom(config: &Config) -> Option<Idle> {
    let Config { game, .. } = config;
    let reason = || format!("`game` is {game}, whose policies enter in one way only");
    unless(
        *game == Game::Custom,
        reason,
        "a game of your own, which a program brings along",
    )
}

fn iterated(config: &Config) -> Option<Idle> {
    let Config { game, .. } = config;
    let one_shot = !game.is_iterated();
    let reason = || format!("`game` is {game}, which is not iterated");
    unless(!one_shot, reason, "an iterated game, such as game = \"ipd\"")
}

fn rollouts(config: &Config) -> Option<Idle> {
    let Config { estimator, .. } = config;
    let reason = || format!("`estimator` is {estimator}");
    unless(*estimator == Estimator::Rollouts, reason, "estimator = \"rollouts\"")
}

/// If a rollout is a single step, its target is fully observed.
fn several_steps(config: &Config) -> Option<Idle> {
    let reason = || "`stride` is 1".to_owned();
    meva(config).or_else(|| unless(config.stride != 1, reason, "a stride of at least 2"))
}

fn sign_flips(config: &Config) -> Option<Idle> {
    let Config { exploration, .. } = config;
    let reason = || format!("`exploration` is {exploration}");
    let own = || {
        unless(
            *exploration == Exploration::SignFlips,
            reason,
            "exploration = \"sign-flips\"",
        )
    };
    meva(config).or_else(own)
}

fn falling(config: &Config) -> Option<Idle> {
    let reason = || "`schedule` is constant".to_owned();
    unless(config.schedule != Schedule::Constant, reason, "schedule = \"cosine\"")
}

/// There is one way to follow V.
fn correction(config: &Config) -> Option<Idle> {
    let reason = || "`field` is v".to_owned();
    meva(config).or_else(|| unless(config.field.is_correction(), reason, "field = \"u\""))
}

fn residual(config: &Config) -> Option<Idle> {
    let Config { bootstrap, .. } = config;
    let reason = || format!("`bootstrap` is {bootstrap}");
    let own = || unless(*bootstrap == Bootstrap::Residual, reason, "bootstrap = \"residual\"");
    meva(config).or_else(own)
}

/// The range of a number, judged as the `f32` that it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    Any,
    Finite,
    Positive,
    NotNegative,
    Unit,
    BelowOne,
    /// An integer of at least 1; like the next range, limited to what TOML can hold.
    Count,
    /// An integer of at least 0.
    Whole,
}

impl Range {
    fn contains(self, value: f64) -> bool {
        let value = value as f32;
        match self {
            Range::Any => true,
            Range::Finite => value.is_finite(),
            Range::Positive => value > 0.0 && value.is_finite(),
            Range::NotNegative => value >= 0.0 && value.is_finite(),
            Range::Unit => (0.0..=1.0).contains(&value),
            Range::BelowOne => (0.0..1.0).contains(&value),
            Range::Count => value >= 1.0,
            Range::Whole => value >= 0.0,
        }
    }

    fn contains_whole(self, value: u64) -> bool {
        i64::try_from(value).is_ok() && (value > 0 || self != Range::Count)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Range::Any => "anything",
            Range::Finite => "finite throughout",
            Range::Positive => "positive and finite",
            Range::NotNegative => "at least 0 and finite",
            Range::Unit => "from 0 to 1",
            Range::BelowOne => "at least 0 and below 1",
            Range::Count => "at least 1 and below 2^63",
            Range::Whole => "below 2^63",
        })
    }
}

/// Why a key cannot have a value.
pub(super) enum Refusal {
    /// The value is of the wrong kind; says what it must be.
    MustBe(String),
    /// The value is an unknown name.
    Unknown(UnknownName),
}

/// A type that a key can have: how its values are read from and written to TOML.
pub(super) trait Entry: Sized {
    fn read(value: &Value) -> Result<Self, Refusal>;
    /// `None` if TOML cannot express the value.
    fn write(&self) -> Option<String>;
    fn lies_in(&self, _: Range) -> bool {
        true
    }
}

/// The word for an absent value: TOML has no null, and a file must be able to unset a preset's value.
const NONE: &str = "none";

impl Entry for f64 {
    fn read(value: &Value) -> Result<Self, Refusal> {
        match *value {
            Value::Float(number) => Ok(number),
            Value::Integer(number) => Ok(number as f64),
            _ => Err(Refusal::MustBe("a number".to_owned())),
        }
    }

    fn write(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn lies_in(&self, range: Range) -> bool {
        range.contains(*self)
    }
}

macro_rules! or_none {
    ($($type:ty),+) => {
        $(impl Entry for Option<$type> {
            fn read(value: &Value) -> Result<Self, Refusal> {
                if value.as_str() == Some(NONE) {
                    return Ok(None);
                }
                <$type>::read(value).map(Some).map_err(|refusal| match refusal {
                    Refusal::MustBe(what) => Refusal::MustBe(format!("{what} or {NONE:?}")),
                    unknown => unknown,
                })
            }

            fn write(&self) -> Option<String> {
                self.as_ref().map_or_else(|| Some(format!("{NONE:?}")), Entry::write)
            }

            fn lies_in(&self, range: Range) -> bool {
                self.as_ref().is_none_or(|value| value.lies_in(range))
            }
        })+
    };
}
or_none!(f64, Field);

macro_rules! whole {
    ($($type:ty),+) => {
        $(impl Entry for $type {
            fn read(value: &Value) -> Result<Self, Refusal> {
                let number = value.as_integer().and_then(|number| Self::try_from(number).ok());
                number.ok_or_else(|| Refusal::MustBe("a whole number, not a negative one".to_owned()))
            }

            fn write(&self) -> Option<String> {
                Some(self.to_string())
            }

            fn lies_in(&self, range: Range) -> bool {
                range.contains_whole(*self as u64)
            }
        })+
    };
}
whole!(usize, u64);

impl Entry for String {
    fn read(value: &Value) -> Result<Self, Refusal> {
        let text = value.as_str().map(str::to_owned);
        text.ok_or_else(|| Refusal::MustBe("a text in quotes".to_owned()))
    }

    fn write(&self) -> Option<String> {
        Some(Value::String(self.clone()).to_string())
    }
}

impl Entry for Opponents {
    fn read(value: &Value) -> Result<Self, Refusal> {
        let opponents = value.as_str().and_then(|text| text.parse().ok());
        opponents.ok_or_else(|| {
            Refusal::MustBe("players in quotes, with a comma and a space between them, each with its share, as in \"self 0.5, naive 0.5\"".to_owned())
        })
    }

    fn write(&self) -> Option<String> {
        self.to_string().write()
    }

    fn lies_in(&self, range: Range) -> bool {
        self.each().iter().all(|(_, share)| share.lies_in(range))
    }
}

impl Entry for Option<String> {
    fn read(value: &Value) -> Result<Self, Refusal> {
        String::read(value).map(Some)
    }

    fn write(&self) -> Option<String> {
        self.as_ref().and_then(String::write)
    }
}

impl Entry for Option<Input> {
    fn read(value: &Value) -> Result<Self, Refusal> {
        let word = value
            .as_str()
            .ok_or_else(|| Refusal::MustBe("a word in quotes".to_owned()))?;
        word.parse().map(Some).map_err(Refusal::Unknown)
    }

    fn write(&self) -> Option<String> {
        self.map(|input| format!("\"{input}\""))
    }
}

impl Entry for Option<[[f64; 2]; 4]> {
    fn read(value: &Value) -> Result<Self, Refusal> {
        if value.as_str() == Some(NONE) {
            return Ok(None);
        }
        let row = |row: &Value| -> Option<Vec<f64>> { row.as_array()?.iter().map(|r| f64::read(r).ok()).collect() };
        let rows: Option<Vec<_>> = value.as_array().and_then(|rows| rows.iter().map(row).collect());
        let rows = rows.ok_or_else(|| Refusal::MustBe("a list of rows of numbers".to_owned()))?;
        let pairs: Option<Vec<[f64; 2]>> = rows.iter().map(|row| row.as_slice().try_into().ok()).collect();
        match pairs.and_then(|pairs| pairs.try_into().ok()) {
            Some(table) => Ok(Some(table)),
            None => Err(Refusal::MustBe(format!(
                "4 rows (DD, DC, CD, CC) of length 2 (players), not {} of lengths {:?}",
                rows.len(),
                rows.iter().map(Vec::len).collect::<Vec<_>>()
            ))),
        }
    }

    fn write(&self) -> Option<String> {
        self.map(|table| format!("{table:?}"))
    }

    fn lies_in(&self, range: Range) -> bool {
        self.iter().flatten().flatten().all(|number| range.contains(*number))
    }
}

macro_rules! choices {
    ($($type:ty),+) => {
        $(impl Entry for $type {
            fn read(value: &Value) -> Result<Self, Refusal> {
                let text = value.to_string();
                Self::from_str(value.as_str().unwrap_or(&text)).map_err(Refusal::Unknown)
            }

            fn write(&self) -> Option<String> {
                Some(format!("\"{self}\""))
            }
        })+
    };
}
choices!(
    Activation,
    ArithmeticName,
    Algorithm,
    Bootstrap,
    Distribution,
    Estimator,
    Exploration,
    Field,
    Form,
    Game,
    Schedule,
    Sharing
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::training::trainer::Trainer;

    /// Values other than the configuration's, written as in an assignment: double and half a number, every other name.
    fn others(key: &Key, config: &Config) -> Vec<String> {
        if let Err(Refusal::Unknown(known)) = (key.read)(&mut config.clone(), &Value::from("nothing")) {
            let own = (key.write)(config);
            let names = known.names.iter().map(|name| format!("{name:?}"));
            return names.filter(|name| Some(name) != own.as_ref()).collect();
        }
        match (key.write)(config).map(|text| text.parse().unwrap()) {
            Some(Value::Integer(0)) => vec!["1".to_owned()],
            Some(Value::Integer(number)) => vec![(2 * number).to_string(), (number / 2).to_string()],
            Some(Value::Float(number)) => vec![(if number == 0.0 { 0.5 } else { number / 2.0 }).to_string()],
            Some(Value::String(none)) if none == NONE => vec!["0.5".to_owned()],
            Some(_) => vec!["ipd".to_owned()],
            None => vec!["[[1, 1], [3, 0], [0, 3], [2, 2]]".to_owned()],
        }
    }

    /// The tensors of the model after a few updates.
    fn trained(config: &Config) -> crate::error::Result<Vec<(String, Vec<f32>)>> {
        let mut trainer = Trainer::new(config)?;
        while trainer.iteration() < config.outer {
            trainer.outer_iteration()?;
        }
        let tensors = trainer.model_file()?.tensors.into_iter();
        Ok(tensors.map(|tensor| (tensor.name, tensor.data)).collect())
    }

    /// The preset, with a small network if there is one, and few small updates.
    fn small(preset: &str) -> Config {
        let mut config = Config::preset(preset).unwrap();
        if config.algorithm == Algorithm::Meva {
            (config.hidden, config.residual_blocks, config.quantiles) = (16, 1, 16);
            config.steps = 4;
            config.stride = if config.stride == 50 { 4 } else { 2 };
        } else {
            config.steps = 2;
        }
        // Halfway, linear and cosine schedules agree.
        (config.batch, config.outer) = (4, 3);
        config
    }

    /// Every key of every preset has an effect or is rejected.
    #[test]
    fn no_key_is_without_effect() {
        for preset in Config::presets() {
            let config = small(preset);
            let model = trained(&config).unwrap();
            for key in KEYS {
                // COLA's training does not use the agents' rate; agents that follow the model do, as the tests of
                // `play` show.
                if key.name == "alpha" && config.algorithm == Algorithm::Cola {
                    continue;
                }
                // It is for agents that follow the model alone, and has its effect there.
                if key.name == "evaluation_field" {
                    continue;
                }
                let mut learned = 0;
                for value in others(key, &config) {
                    let assignment = format!("{} = {value}", key.name);
                    let mut changed = config.clone();
                    match changed.set(&assignment).and_then(|_| trained(&changed)) {
                        Ok(other) => {
                            assert!(other != model, "{preset}: {assignment} has no effect");
                            learned += 1;
                        }
                        Err(error) => assert_eq!(error.kind(), Kind::Usage, "{preset}, {assignment}: {error}"),
                    }
                }
                let refused = key.idle(&config).is_some();
                assert!(!refused || learned == 0, "{preset}: {} is not refused", key.name);
            }
        }
    }

    #[test]
    fn what_has_no_effect_where() {
        for (preset, idle) in [
            (
                "logistic",
                "payoffs input discount episodes turns alpha_max cola_form anneal evaluation_field flip_probability",
            ),
            (
                "logistic-paper",
                "payoffs input discount episodes turns alpha_max cola_form anneal evaluation_field flip_probability phi",
            ),
            ("ipd", "payoffs input episodes turns alpha_max cola_form phi"),
            ("imp", "payoffs input episodes turns alpha_max cola_form anneal phi"),
            (
                "cola",
                "payoffs input discount episodes turns opponents lambda field evaluation_field exploration flip_probability bootstrap phi",
            ),
            (
                "cola-ipd",
                "payoffs input episodes turns opponents lambda field evaluation_field exploration flip_probability bootstrap phi",
            ),
        ] {
            let config = Config::preset(preset).unwrap();
            let keys: Vec<_> = KEYS.iter().filter(|key| key.idle(&config).is_some()).collect();
            let names: Vec<_> = keys.iter().map(|key| key.name).collect();
            assert_eq!(names.join(" "), idle, "{preset}");
            for key in keys {
                for value in others(key, &config) {
                    let mut changed = config.clone();
                    changed.set(&format!("{} = {value}", key.name)).unwrap();
                    let error = changed.validate().unwrap_err().to_string();
                    let idle = key.idle(&changed);
                    assert!(idle.is_none() || error.contains("has no effect"), "{preset}: {error}");
                }
            }
        }
        let mut single = Config::preset("ipd").unwrap();
        (single.stride, single.lambda) = (1, 0.5);
        let error = single.validate().unwrap_err().to_string();
        assert!(
            error.starts_with("`lambda` is 0.5, but has no effect: `stride` is 1"),
            "{error}"
        );
    }

    /// Former names and words do not shadow current ones.
    #[test]
    fn names_are_unique() {
        let names = KEYS
            .iter()
            .flat_map(|key| [Some(key.name), key.facts.formerly])
            .flatten();
        let mut names: Vec<_> = names.collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for key in KEYS {
            assert_eq!(Key::named(key.name).unwrap().name, key.name);
            for (old, new) in key.facts.formerly_valued {
                let mut config = Config::base();
                assert!((key.read)(&mut config, &Value::from(*old)).is_err(), "{old}");
                assert!((key.read)(&mut config, &Value::from(*new)).is_ok(), "{new}");
            }
        }
    }
}
