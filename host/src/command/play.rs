//! `meva play`: two agents learn together; how do they fare?

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use meva_core::game::{AnyGame, GameVisitor, NamedGame};
use meva_core::strategy::StrategyName;
use serde_json::{Value, json};

use super::options::{GameOptions, SamplingOptions, at_least_one, diverged_in_part, finite, learner, room_for_pairs};
use super::{Outcome, path_json, print};
use meva::config::{Algorithm, Config};
use meva::cpu::Cpu;
use meva::error::{Error, Result};
use meva::follow::Learner;
use meva::follow::play::{Fared, Match, Mean, Opponent, Side, play};
use meva::follow::player::Entrant;
use meva::model::{Model, of_one_configuration};

/// Let pairs of agents learn together and measure how they fare.
#[derive(Debug, Args)]
pub struct Play {
    #[command(flatten)]
    game: GameOptions,
    /// Player 0: naive, lola, .., cola, or meva
    #[arg(long, default_value = "meva", value_name = "NAME")]
    learner: String,
    /// Length of player 0's imagined step [default: 1]
    #[arg(long, allow_negative_numbers = true)]
    alpha: Option<f64>,
    /// Player 0's meta-discount [default: 0.95]
    #[arg(long, allow_negative_numbers = true)]
    gamma: Option<f64>,
    /// With `--learner meva` or `cola`: run directories or model files, one for each seed; several joined by + are one, followed as their mean
    #[arg(long, alias = "model", num_args = 1.., value_name = "DIR")]
    runs: Vec<PathBuf>,
    /// Take runs with equal seeds or different configurations, too
    #[arg(long)]
    mixed: bool,
    /// Player 1: `self` (as player 0), `best-response` (follows its gradient to player 0, held where self-play ends),
    /// `exact-response` (the best of all policies), a learner, or a strategy, as tit-for-tat, zd:3 or policy:1,0,1,0,1
    #[arg(long, default_value = "self", value_name = "WHO")]
    against: String,
    /// Length of player 1's imagined step [default: 1]
    #[arg(long, allow_negative_numbers = true)]
    against_alpha: Option<f64>,
    /// Player 1's meta-discount; 0 makes a naive learner of a model of U [default: 0.95]
    #[arg(long, allow_negative_numbers = true)]
    against_gamma: Option<f64>,
    /// With `--against meva` or `cola`: player 1's models [default: those of player 0]
    #[arg(long, alias = "against-model", num_args = 1.., value_name = "DIR")]
    against_runs: Vec<PathBuf>,
    /// Pairs of agents for each model
    #[arg(long, default_value_t = 256)]
    pairs: usize,
    /// Steps that the agents learn together
    #[arg(long, default_value_t = 500)]
    steps: usize,
    /// Steps of the best response [default: as --steps]
    #[arg(long)]
    response_steps: Option<usize>,
    /// Learning rate of all agents [default: the model's, or 1 for logistic and tandem and 2 for other games]
    #[arg(long, allow_negative_numbers = true)]
    rate: Option<f64>,
    #[command(flatten)]
    sampling: SamplingOptions,
    /// Seed of the starts
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON object: options, `diverged`, and `players`; the standard error of a single pair or seed is null
    #[arg(long)]
    json: bool,
}

/// Plays the game that was named.
struct On<'a>(&'a Play);

impl GameVisitor for On<'_> {
    type Output = Result<Outcome>;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Result<Outcome> {
        self.0.on(&game)
    }
}

impl Play {
    pub(super) fn run(&self) -> Result<Outcome> {
        at_least_one(self.pairs, "--pairs")?;
        room_for_pairs(self.pairs, 5)?;
        at_least_one(self.response_steps.unwrap_or(self.steps), "--response-steps")?;
        self.game()?.visit(On(self))
    }

    /// The game; a model knows the payoffs and the discount that options leave out.
    fn game(&self) -> Result<AnyGame> {
        if let (Some(path), true) = (self.runs.first(), self.game.is_bare()) {
            let model = Model::load(path)?;
            if model.config().game.name() == self.game.name {
                return model.config().any_game();
            }
        }
        self.game.game()
    }

    fn on<const N: usize, G: NamedGame<N>>(&self, game: &G) -> Result<Outcome> {
        let options = ["--learner", "--alpha", "--gamma"];
        let first = learner(&self.learner, self.alpha, self.gamma, options)?;
        let second = match self.against.as_str() {
            "self" | "best-response" | "exact-response" => first,
            name if is_strategy(name) => {
                Entrant::read(name, (*game).into())
                    .map_err(|error| error.at("--against"))?
                    .learner
            }
            name => {
                let options = ["--against", "--against-alpha", "--against-gamma"];
                learner(name, self.against_alpha, self.against_gamma, options)?
            }
        };
        let sampling = self.sampling.check((*game).into(), self.seed, self.pairs)?;
        if sampling.is_some() {
            first.samples().map_err(|error| error.at("--learner"))?;
            second.samples().map_err(|error| error.at("--against"))?;
        }
        let models = self.load(&self.runs, first, "--runs", game)?;
        let own: &[PathBuf] = if second.algorithm().is_some() && self.against_runs.is_empty() {
            &self.runs
        } else {
            &self.against_runs
        };
        let opponents = self.load(own, second, "--against-runs", game)?;
        let published = Match::published::<N>();
        let rate = models.iter().chain(&opponents).map(|model| model.config().alpha).next();
        let how = Match {
            pairs: self.pairs,
            steps: self.steps,
            rate: finite(self.rate.or(rate).unwrap_or(published.rate), "--rate", 0.0)?,
            seed: self.seed,
            sampling,
            ..published
        };
        let side = |learner, models| Side { learner, models };
        let opponent = match self.against.as_str() {
            "best-response" => Opponent::BestResponse {
                steps: self.response_steps.unwrap_or(self.steps),
            },
            "exact-response" => Opponent::ExactResponse,
            _ => Opponent::Other(side(second, &opponents)),
        };
        let players = play(game, Cpu::detect()?, side(first, &models), opponent, &how)?;
        self.show(&players, [first, second], &how)
    }

    /// Loads the models that a player needs, and checks that they were trained for the game.
    fn load<const N: usize, G: NamedGame<N>>(
        &self,
        paths: &[PathBuf],
        learner: Learner,
        option: &str,
        game: &G,
    ) -> Result<Vec<Model>> {
        let example = match learner.algorithm() {
            None if paths.is_empty() => return Ok(Vec::new()),
            None => {
                return Err(Error::usage("only learners `meva` and `cola` need models")
                    .at(option)
                    .hint("leave the option out"));
            }
            // Not every game has a preset of its own.
            Some(Algorithm::Meva) if Config::preset(&self.game.name).is_ok() => self.game.name.clone(),
            Some(Algorithm::Meva) if N == 1 => format!("logistic --set game={}", self.game.name),
            Some(Algorithm::Meva) => format!("ipd --set game={}", self.game.name),
            Some(Algorithm::Cola) => format!("cola-ipd --set game={}", self.game.name),
        };
        if paths.is_empty() {
            return Err(Error::usage(format!("learner `{learner}` needs trained models"))
                .at(option)
                .hint(format!("train one with `meva train {example}` and name its directory")));
        }
        let model = |path: &PathBuf| {
            let model = Model::load(path)?;
            if model.game() != Some(game) {
                let own = model.config().game.name();
                return Err(Error::usage(format!("the model was trained for another game, `{own}`")).at(path.display()));
            }
            learner.check(&model).map_err(|error| error.at(path.display()))?;
            Ok(model)
        };
        let models: Vec<Model> = paths.iter().map(model).collect::<Result<_>>()?;
        if !self.mixed {
            let named = paths.iter().map(PathBuf::as_path).zip(&models);
            of_one_configuration(named).map_err(|error| error.at(option.to_owned()))?;
        }
        Ok(models)
    }

    fn show(&self, players: &[Fared; 2], [first, second]: [Learner; 2], how: &Match) -> Result<Outcome> {
        let is_response = self.against == "best-response";
        if self.json {
            let paths = |paths: &[PathBuf]| paths.iter().map(|path| path_json(path)).collect::<Vec<_>>();
            let mut value = json!({
                "game": self.game.name,
                "learner": self.learner,
                "runs": paths(&self.runs),
                "against": self.against,
                "against_runs": paths(&self.against_runs),
                "pairs": self.pairs,
                "steps": self.steps,
                "rate": how.rate,
                "seed": self.seed,
                "estimator": self.sampling.estimator.name(),
                "discount": self.game.discount,
                "diverged": players[0].diverged,
                "players": players.iter().map(player_json).collect::<Vec<_>>(),
            });
            value[first.setting_name()] = first.setting().into();
            if is_response {
                value["response_steps"] = self.response_steps.unwrap_or(self.steps).into();
                value["response"] = RESPONSE.into();
            } else {
                value[format!("against_{}", second.setting_name())] = second.setting().into();
            }
            print(&value.to_string())?;
            return Ok(Outcome::Done);
        }
        let mut text = String::new();
        for (i, fared) in players.iter().enumerate() {
            let name = if i == 0 { &self.learner } else { &self.against };
            let Fared {
                pooled,
                by_seed,
                quantiles,
                style,
                diverged,
            } = fared;
            // A single pair says nothing about its error.
            let error = if pooled.error.is_nan() {
                String::new()
            } else {
                format!(" +- {:.4}", pooled.error)
            };
            let lost = diverged_in_part(*diverged, "pairs");
            let _ = writeln!(text, "player {i} ({name}): return {:.4}{error}{lost}", pooled.mean);
            let _ = writeln!(text, "  5, 25, 50, 75, 95 %: {}", list(quantiles));
            if by_seed.len() > 1 {
                let spread = Mean::of(by_seed);
                let _ = writeln!(
                    text,
                    "  by seed: {} (mean {:.4} +- {:.4})",
                    list(by_seed),
                    spread.mean,
                    spread.error
                );
            }
            if let Some(style) = style {
                let _ = writeln!(
                    text,
                    "  tit-for-tat-like: {:.0} %; cooperates at the start {:.2}, after DD {:.2}, DC {:.2}, CD {:.2}, CC {:.2}",
                    100.0 * style.tit_for_tat,
                    style.cooperation[0],
                    style.cooperation[1],
                    style.cooperation[2],
                    style.cooperation[3],
                    style.cooperation[4],
                );
            }
        }
        if is_response {
            let _ = writeln!(text, "the best response is {RESPONSE}");
        }
        print(&text)?;
        Ok(Outcome::Done)
    }
}

/// How a best response is found.
const RESPONSE: &str = "where gradient ascent ends: a better one, which leaves player 0 less, may exist";

/// Whether the words name a strategy rather than a learner.
fn is_strategy(words: &str) -> bool {
    words.contains(':') || words.parse::<StrategyName>().is_ok()
}

fn list(numbers: &[f64]) -> String {
    numbers
        .iter()
        .map(|number| format!("{number:.3}"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn player_json(fared: &Fared) -> Value {
    let spread = Mean::of(&fared.by_seed);
    json!({
        "return_mean": fared.pooled.mean,
        "return_se": fared.pooled.error,
        "return_by_seed": fared.by_seed,
        "return_se_by_seed": spread.error,
        "return_quantiles": fared.quantiles,
        "tit_for_tat_share": fared.style.map(|style| style.tit_for_tat),
        "cooperation": fared.style.map(|style| style.cooperation),
    })
}
