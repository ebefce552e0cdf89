//! Options that several commands share: which agents, on which plane, how far.

use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use meva_core::choice::UnknownName;
use meva_core::game::{AnyGame, GameError, GameName, IteratedMatrix, PlaneGame};
use serde::Deserialize;
use serde_json::{Value, json};

use meva::config::{Algorithm, Estimator, unknown};
use meva::cpu::WIDTH;
use meva::draws::Sampling;
use meva::error::{Error, Result};
use meva::follow::{Agent, Ascent, Learner, Precision, plane};
use meva::limits::{product, room_for};
use meva::model::Model;
use meva::ranks::Ranks;
use meva::training::Backend;
use meva::training::run::{self, OnRanks, Parallel};

/// What trains runs.
#[derive(Debug, Args)]
pub struct EngineOptions {
    /// Where to compute; a GPU trains models that differ in their seeds side by side
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(["cpu", "gpu"]), default_value = "cpu")]
    engine: String,
    /// The adapter that --engine gpu uses, as `meva devices` lists them
    #[arg(long, value_name = "NAME|INDEX")]
    adapter: Option<String>,
    /// What the ranks of an MPI job share: runs, each of which one rank trains, or the batch of one run after the other [default: the
    /// batch of a single run, otherwise runs]
    #[arg(long, value_name = "WHAT", value_parser = choice::<Parallel>(Parallel::NAMES))]
    parallel: Option<Parallel>,
}

impl EngineOptions {
    /// The backend for this many runs with batches of this size.
    pub fn backend(&self, ranks: Option<&Arc<Ranks>>, runs: usize, batch: usize) -> Result<Backend> {
        let backend = match ranks {
            None if self.parallel.is_some() => {
                return Err(Error::usage("this process is alone: there is nothing to share")
                    .at("--parallel")
                    .hint("start several ranks, as in `mpirun -n 4 meva train ..`, with a build that has `--features mpi`"));
            }
            None => Backend::open(&self.engine, self.adapter.as_deref())?,
            Some(ranks) => {
                let parallel = match self.parallel {
                    Some(parallel) => parallel,
                    None if runs == 1 && self.engine == "cpu" => Parallel::Batch,
                    None => Parallel::Runs,
                };
                note_idle(ranks.size(), parallel, runs, batch);
                Backend::Ranks(OnRanks::new(ranks, &self.engine, self.adapter.as_deref(), parallel)?)
            }
        };
        if let Some(gpu) = backend.gpu()
            && gpu.description.is_software()
        {
            eprintln!(
                "note: {} computes on the CPU, many times slower than --engine cpu",
                gpu.description
            );
        }
        Ok(backend)
    }
}

/// Says so if some ranks will have nothing to do.
fn note_idle(ranks: usize, parallel: Parallel, runs: usize, batch: usize) {
    let groups = batch.div_ceil(WIDTH);
    match parallel {
        Parallel::Runs if runs < ranks => eprintln!(
            "note: {runs} runs for {ranks} ranks: the others have nothing to do; with --parallel batch they share each run's batch"
        ),
        Parallel::Batch if groups < ranks => eprintln!(
            "note: a batch of {batch} has {groups} groups of {WIDTH} trajectories: of {ranks} ranks the others have nothing to do"
        ),
        _ => {}
    }
}

/// Which agents to follow, and how.
#[derive(Debug, Args)]
pub struct AgentOptions {
    /// naive, lookahead, lola, lola-2018, lola-taylor, hola0 .. hola3, sos, sga, cgd, consensus, extragradient,
    /// lookahead2, lookahead3, pola, cola, or meva
    #[arg(long, value_name = "NAME")]
    learner: String,
    /// Length of the imagined step of a learner other than meva [default: 1]
    #[arg(long, value_name = "LENGTH", allow_negative_numbers = true)]
    alpha: Option<f64>,
    /// With `--learner meva` or `cola`: a run directory or model file
    #[arg(long, alias = "runs", value_name = "DIR")]
    model: Option<PathBuf>,
    /// With `--learner meva`: the meta-discount, or one for each player [default: 0.95]
    #[arg(long, value_name = "G[,G]", value_delimiter = ',', allow_negative_numbers = true)]
    gamma: Option<Vec<f64>>,
    /// The game: logistic, tandem, matching-pennies, bilinear or quadratic; a model knows its own [default: logistic]
    #[arg(long, value_name = "NAME")]
    game: Option<String>,
    /// Number of steps
    #[arg(long, default_value_t = 200)]
    steps: usize,
    /// Learning rate of both agents; a model knows its own [default: 1]
    #[arg(long, allow_negative_numbers = true)]
    rate: Option<f64>,
    /// What to compute in [default: f64 for learners, f32 for models]
    #[arg(long, value_name = "TYPE", value_parser = choice::<Precision>(Precision::NAMES))]
    scalar: Option<Precision>,
}

/// The options, read and checked.
pub struct Checked {
    learners: [Learner; 2],
    model: Option<Model>,
    /// The game whose plane the agents walk on.
    pub game: PlaneGame,
    /// How far, how long and how precisely.
    pub ascent: Ascent,
}

impl AgentOptions {
    /// Reads the model, if there is one, and checks every option.
    pub fn check(&self) -> Result<Checked> {
        let gammas = self.gamma.as_deref().map(discounts).transpose()?;
        let options = ["--learner", "--alpha", "--gamma"];
        let first = learner(&self.learner, self.alpha, gammas.map(|[gamma, _]| gamma), options)?;
        let learners = [first, gammas.map_or(first, |[_, gamma]| first.with(gamma))];
        let model = self.model(first)?;
        let game = match &model {
            Some(model) => self.game_of(model)?,
            None => plane_named(self.game.as_deref().unwrap_or("logistic"))?,
        };
        let default = plane::ascent(model.as_ref(), self.steps);
        let ascent = Ascent {
            rate: finite(self.rate.unwrap_or(default.rate), "--rate", 0.0)?,
            precision: self.scalar.unwrap_or(default.precision),
            ..default
        };
        Ok(Checked {
            learners,
            model,
            game,
            ascent,
        })
    }

    /// The model, if the learner follows one.
    fn model(&self, learner: Learner) -> Result<Option<Model>> {
        let preset = match learner.algorithm() {
            None if self.model.is_some() => {
                return Err(Error::usage(format!("learner `{learner}` does not follow a model"))
                    .at("--model")
                    .hint("use --learner meva or cola, or leave the model out"));
            }
            None => return Ok(None),
            Some(Algorithm::Cola) => "cola",
            Some(Algorithm::Meva) => "logistic",
        };
        let Some(path) = &self.model else {
            return Err(Error::usage(format!("learner `{learner}` needs a trained model"))
                .at("--learner")
                .hint(format!(
                    "train one with `meva train {preset}` and name its directory with --model"
                )));
        };
        let model = Model::load(path)?;
        learner.check(&model).map_err(|error| error.at(path.display()))?;
        Ok(Some(model))
    }

    /// The game that the model was trained for.
    fn game_of(&self, model: &Model) -> Result<PlaneGame> {
        let AnyGame::Plane(game) = model.config().any_game()? else {
            return Err(not_a_plane(model.config().game.name()).at("--model"));
        };
        match &self.game {
            Some(name) if plane_named(name)? != game => Err(Error::usage(format!(
                "the model was trained for another game than `{name}`"
            ))
            .at("--game")
            .hint("leave the option out: a model knows its game")),
            _ => Ok(game),
        }
    }
}

impl Checked {
    /// What both agents follow.
    pub fn agents(&self) -> Result<[Agent<'_, 1>; 2]> {
        Agent::pair(self.learners, [self.model.as_ref(); 2])
    }

    /// The agents in words.
    pub fn title(&self) -> String {
        Learner::title_of_both(self.learners)
    }

    /// The options as interpreted, for `--json`.
    pub fn json(&self) -> Value {
        let mut value = json!({
            "learner": self.learners[0].name(),
            "game": self.game.name(),
            "steps": self.ascent.steps,
            "rate": self.ascent.rate,
            "scalar": self.ascent.precision.name(),
        });
        value[self.learners[0].setting_name()] = match self.learners[0] {
            Learner::MetaValue { .. } => json!(self.learners.map(Learner::setting)),
            learner => json!(learner.setting()),
        };
        value
    }
}

/// The game that is played.
#[derive(Debug, Args)]
pub struct GameOptions {
    /// ipd, imp, chicken, stag-hunt, hawk-dove, battle-of-the-sexes, matrix, logistic, tandem, matching-pennies, bilinear
    /// or quadratic
    #[arg(id = "GAME", value_name = "GAME")]
    pub name: String,
    /// Payoffs of game `matrix`, as TOML: rows DD, DC, CD, CC, columns players; with `--discount 0` it is played once
    #[arg(long, value_name = "TABLE")]
    payoffs: Option<String>,
    /// Discount inside an iterated game [default: 0.96]
    #[arg(long, allow_negative_numbers = true)]
    pub discount: Option<f64>,
}

impl GameOptions {
    /// Whether only the name is given.
    pub fn is_bare(&self) -> bool {
        self.payoffs.is_none() && self.discount.is_none()
    }

    /// The game with this name, with the given payoffs and discount.
    pub fn game(&self) -> Result<AnyGame> {
        let Ok(name) = self.name.parse::<GameName>() else {
            return Err(unknown("game", &self.name, GameName::NAMES.iter().copied()));
        };
        let published = IteratedMatrix::PRISONERS_DILEMMA.discount;
        let payoffs = self.payoffs.as_deref().map(payoffs).transpose()?;
        let game = AnyGame::of(name, payoffs, self.discount.unwrap_or(published)).map_err(|error| match error {
            GameError::MissingPayoffs => Error::from(error).at("--payoffs").hint(format!(
                "rows are DD, DC, CD, CC, columns players: --payoffs '{PAYOFFS}'"
            )),
            GameError::SurplusPayoffs => Error::from(error)
                .at("--payoffs")
                .hint("play `matrix`, or leave the payoffs out"),
            GameError::Payoffs => Error::from(error).at("--payoffs"),
            _ => Error::from(error).at("--discount"),
        })?;
        if self.discount.is_some() && matches!(game, AnyGame::Plane(_)) {
            return Err(Error::usage(format!("`{name}` is not iterated and has no discount"))
                .at("--discount")
                .hint("leave the option out"));
        }
        Ok(game)
    }
}

/// Payoffs read from TOML.
fn payoffs(text: &str) -> Result<[[f64; 2]; 4]> {
    #[derive(Deserialize)]
    struct Payoffs {
        payoffs: [[f64; 2]; 4],
    }
    let Payoffs { payoffs } = toml::from_str(&format!("payoffs = {text}")).map_err(|_| {
        Error::usage(format!("`{text}` is not a table of payoffs"))
            .at("--payoffs")
            .hint(format!("write a row of two for each of DD, DC, CD, CC: '{PAYOFFS}'"))
    })?;
    Ok(payoffs)
}

/// The expected form of payoffs.
const PAYOFFS: &str = "[[1, 1], [3, 0], [0, 3], [2, 2]]";

/// How agents know the game.
#[derive(Debug, Args)]
pub struct SamplingOptions {
    /// How agents know their naive gradients, exact or rollouts; outcomes and best responses are exact in any case
    #[arg(long, default_value_t = Estimator::Exact)]
    pub estimator: Estimator,
    /// With `--estimator rollouts`: episodes per estimate [default: 16]
    #[arg(long, alias = "rollouts")]
    episodes: Option<usize>,
    /// With `--estimator rollouts`: turns per episode [default: 100]
    #[arg(long, alias = "rollout-length")]
    turns: Option<usize>,
}

impl SamplingOptions {
    /// The episodes from which agents estimate the game, if they do not know it exactly.
    pub fn check(&self, game: AnyGame, seed: u64, pairs: usize) -> Result<Option<Sampling>> {
        if self.estimator == Estimator::Exact {
            for (count, option) in [(self.episodes, "--episodes"), (self.turns, "--turns")] {
                if count.is_some() {
                    return Err(Error::usage("an exact estimator plays no episodes")
                        .at(option)
                        .hint("add --estimator rollouts"));
                }
            }
            return Ok(None);
        }
        if let AnyGame::Plane(game) = game {
            return Err(Error::usage(format!("`{}` has no turns to sample", game.name()))
                .at("--estimator")
                .hint("use --estimator exact"));
        }
        let episodes = self.episodes.unwrap_or(Sampling::USUAL.episodes);
        let turns = self.turns.unwrap_or(Sampling::USUAL.turns);
        at_least_one(episodes, "--episodes")?;
        at_least_one(turns, "--turns")?;
        let sampling = Sampling { episodes, turns, seed };
        room_for(sampling.bytes(pairs), &format!("--episodes {episodes}"))?;
        Ok(Some(sampling))
    }
}

/// A learner by its name, with its alpha or its gamma if given; `options` holds the names of these three options.
pub fn learner(name: &str, alpha: Option<f64>, gamma: Option<f64>, options: [&str; 3]) -> Result<Learner> {
    let [named, with_alpha, with_gamma] = options;
    let learner: Learner = name.parse().map_err(|error: Error| error.at(named))?;
    if learner.prepares() {
        return match (alpha, gamma) {
            (None, None) => Ok(learner),
            (given, _) => Err(Error::usage(format!("learner `{learner}` has no setting"))
                .at(if given.is_some() { with_alpha } else { with_gamma })
                .hint("leave the option out")),
        };
    }
    match learner {
        Learner::MetaValue { gamma: default } => {
            if alpha.is_some() {
                return Err(Error::usage("learner `meva` imagines no step")
                    .at(with_alpha)
                    .hint(format!("use {with_gamma}")));
            }
            let gamma = gamma.unwrap_or(default);
            Ok(learner.with(discount(gamma).map_err(|error| error.at(with_gamma))?))
        }
        _ => {
            if gamma.is_some() {
                return Err(Error::usage(format!("learner `{learner}` has no discount"))
                    .at(with_gamma)
                    .hint(format!("use {with_alpha}")));
            }
            Ok(learner.with(finite(alpha.unwrap_or(learner.setting()), with_alpha, 0.0)?))
        }
    }
}

fn plane_named(name: &str) -> Result<PlaneGame> {
    name.parse().map_err(|_| not_a_plane(name).at("--game"))
}

fn not_a_plane(name: &str) -> Error {
    Error::usage(format!("the joint policies of `{name}` do not form a plane to draw")).hint(format!(
        "the games of one parameter per policy are {}",
        PlaneGame::NAMES.join(", ")
    ))
}

/// One discount for both players, or one for each.
fn discounts(gamma: &[f64]) -> Result<[f64; 2]> {
    let each = match *gamma {
        [both] => [both; 2],
        [zero, one] => [zero, one],
        _ => {
            return Err(Error::usage(format!("{} discounts for 2 players", gamma.len()))
                .at("--gamma")
                .hint("give one for both, or two separated by a comma"));
        }
    };
    each.iter()
        .try_for_each(|gamma| discount(*gamma).map(drop))
        .map_err(|error| error.at("--gamma"))?;
    Ok(each)
}

fn discount(gamma: f64) -> Result<f64> {
    if (0.0..=1.0).contains(&gamma) {
        Ok(gamma)
    } else {
        Err(Error::usage(format!("a discount of {gamma}")).hint("it must lie in [0, 1]"))
    }
}

/// A choice by its name; the help lists all of them.
pub fn choice<T>(names: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = UnknownName> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse())
}

/// The seconds of --save-every.
pub fn period(seconds: f64) -> Result<Duration> {
    run::period(seconds).map_err(|error| error.at("--save-every"))
}

/// A range of seeds, in the form that options take.
pub fn seeds(text: &str) -> std::result::Result<Range<u64>, String> {
    let parsed = text
        .split_once("..")
        .and_then(|(a, b)| Some(a.parse().ok()?..b.parse().ok()?));
    match parsed {
        Some(range) if range.start < range.end => Ok(range),
        _ => Err("write two numbers, the first below the second, as in 0..8".to_string()),
    }
}

/// A finite number that is not below `least`.
pub fn finite(value: f64, option: &str, least: f64) -> Result<f64> {
    if value.is_finite() && value >= least {
        Ok(value)
    } else {
        Err(Error::usage(format!("it cannot be {value}"))
            .at(option)
            .hint(format!("give a finite number that is at least {least}")))
    }
}

/// An error if everything has left the numbers.
pub fn diverged_wholly(diverged: usize, all: usize, what: &str) -> Result<()> {
    if diverged < all {
        return Ok(());
    }
    Err(Error::diverged(format!(
        "all {all} {what} diverged: the policies that they lead to are infinite or NaN"
    ))
    .hint("use a smaller rate or a shorter imagined step"))
}

/// What is said if something has left the numbers.
pub fn diverged_in_part(diverged: usize, what: &str) -> String {
    match diverged {
        0 => String::new(),
        count => format!(" ({count} {what} diverged)"),
    }
}

/// Refuses more pairs of agents than the machine can hold.
pub fn room_for_pairs(pairs: usize, parameters: usize) -> Result<()> {
    // Joint policies at the start and at the end, as numbers of both kinds, and what is measured.
    let each = 6 * 2 * parameters * size_of::<f64>() + 128;
    room_for(product([pairs, each]), &format!("--pairs {pairs}"))
}

/// Rejects a count of 0.
pub fn at_least_one(count: usize, option: &str) -> Result<()> {
    if count == 0 {
        return Err(Error::usage("0 is too few").at(option).hint("give at least 1"));
    }
    Ok(())
}
