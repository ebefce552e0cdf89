//! `meva play`: two agents learn together; how do they fare?

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::agents::{discounts, finite, learner_named};
use super::{Outcome, print};
use meva::config::{Algorithm, Config, Estimator};
use meva::cpu::Cpu;
use meva::cpu::estimate::Playable;
use meva::draws::Sampling;
use meva::draws::Start;
use meva::error::{Error, Result};
use meva::follow::ascent::{Agent, Ascent, Precision};
use meva::follow::play::{Fared, Mean, best_responses, measure, starts};
use meva::model::Model;
use meva_core::game::AnyGame;
use meva_core::learner::LearnerName;

/// Let pairs of agents learn together and measure how they fare.
#[derive(Debug, Args)]
pub struct Play {
    /// ipd, imp, chicken, matrix, logistic or tandem
    game: String,
    /// Player 0: naive, lookahead, lola, lola-taylor, hola0 .. hola3, cola, or meva
    #[arg(long, default_value = "meva", value_name = "NAME")]
    learner: String,
    /// Length of player 0's imagined step [default: 1]
    #[arg(long, allow_negative_numbers = true)]
    alpha: Option<f64>,
    /// Player 0's meta-discount [default: 0.95]
    #[arg(long, allow_negative_numbers = true)]
    gamma: Option<f64>,
    /// With `--learner meva` or `cola`: run directories or model files, one for each seed
    #[arg(long, num_args = 1.., value_name = "DIR")]
    runs: Vec<PathBuf>,
    /// Player 1: `self` (as player 0), `best-response` (to player 0 held where self-play ends), or a learner
    #[arg(long, default_value = "self", value_name = "WHO")]
    against: String,
    /// Length of player 1's imagined step [default: 1]
    #[arg(long, allow_negative_numbers = true)]
    against_alpha: Option<f64>,
    /// Player 1's meta-discount; 0 makes a naive learner of a model of U [default: 0.95]
    #[arg(long, allow_negative_numbers = true)]
    against_gamma: Option<f64>,
    /// With `--against meva` or `cola`: player 1's models [default: those of player 0]
    #[arg(long, num_args = 1.., value_name = "DIR")]
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
    /// Payoffs of game `matrix`, as TOML: rows DD, DC, CD, CC, columns players
    #[arg(long, value_name = "TABLE")]
    payoffs: Option<String>,
    /// Discount inside an iterated game [default: 0.96]
    #[arg(long, allow_negative_numbers = true)]
    discount: Option<f64>,
    /// How agents know their naive gradients; outcomes and best responses are exact in any case
    #[arg(long, value_enum, default_value_t = Estimator::Exact)]
    estimator: Estimator,
    /// With `--estimator rollouts`: episodes per estimate [default: 16]
    #[arg(long)]
    rollouts: Option<usize>,
    /// With `--estimator rollouts`: turns per episode [default: 100]
    #[arg(long)]
    rollout_length: Option<usize>,
    /// Seed of the starts
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON object: options and `players`
    #[arg(long)]
    json: bool,
}

/// Who a player is, apart from its network.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    Learner(LearnerName, f64),
    MetaValue(f64),
    Cola(f64),
}

impl Who {
    /// What trained it, if anything did.
    fn algorithm(self) -> Option<Algorithm> {
        match self {
            Who::Learner(..) => None,
            Who::MetaValue(_) => Some(Algorithm::Meva),
            Who::Cola(_) => Some(Algorithm::Cola),
        }
    }
}

impl Play {
    pub(super) fn run(&self) -> Result<Outcome> {
        for (count, option) in [
            (self.pairs, "--pairs"),
            (self.response_steps.unwrap_or(self.steps), "--response-steps"),
        ] {
            if count == 0 {
                return Err(Error::usage("0 of them show nothing")
                    .at(option)
                    .hint("give at least 1"));
            }
        }
        match self.game_config()?.any_game()? {
            AnyGame::Plane(game) => self.on(game),
            AnyGame::IteratedMatrix(game) => self.on(game),
        }
    }

    /// A configuration that names the game, and how agents know it.
    fn game_config(&self) -> Result<Config> {
        let mut config = Config::preset("ipd")?;
        config.set(&format!("game={}", self.game))?;
        if let Some(payoffs) = &self.payoffs {
            config.set(&format!("payoffs={payoffs}"))?;
        }
        if let Some(discount) = self.discount {
            config.set(&format!("discount={discount}"))?;
        }
        config.estimator = self.estimator;
        config.seed = self.seed;
        for (count, key, default) in [
            (self.rollouts, "rollouts", &mut config.rollouts),
            (self.rollout_length, "rollout-length", &mut config.rollout_length),
        ] {
            match count {
                None => {}
                Some(_) if self.estimator == Estimator::Exact => {
                    return Err(Error::usage("an exact estimator plays no rollouts")
                        .at(format!("--{key}"))
                        .hint("add --estimator rollouts"));
                }
                Some(0) => {
                    return Err(Error::usage("0 of them show nothing")
                        .at(format!("--{key}"))
                        .hint("give at least 1"));
                }
                Some(count) => *default = count,
            }
        }
        config.validate()?;
        Ok(config)
    }

    fn on<const N: usize, G: Playable<N>>(&self, game: G) -> Result<Outcome> {
        let first = who(&self.learner, self.alpha, self.gamma, "--learner")?;
        let second = match self.against.as_str() {
            "self" | "best-response" => first,
            name => who(name, self.against_alpha, self.against_gamma, "--against")?,
        };
        let config = self.game_config()?;
        if self.estimator == Estimator::Rollouts {
            for (who, option) in [(first, "--learner"), (second, "--against")] {
                if let Who::Learner(learner, _) = who
                    && !matches!(learner, LearnerName::Naive | LearnerName::Hola0)
                {
                    return Err(Error::usage(format!(
                        "learner `{}` needs second derivatives, which rollouts do not estimate",
                        learner.name()
                    ))
                    .at(option)
                    .hint("use naive or meva, or --estimator exact"));
                }
            }
        }
        let models = load(&self.runs, first.algorithm(), "--runs", &config)?;
        let own: &[PathBuf] = if second.algorithm().is_some() && self.against_runs.is_empty() {
            &self.runs
        } else {
            &self.against_runs
        };
        let opponents = load(own, second.algorithm(), "--against-runs", &config)?;
        let seeds = models.len().max(opponents.len()).max(1);
        let rate = models.iter().chain(&opponents).map(|model| model.config().alpha).next();
        let rate = finite(
            self.rate.or(rate).unwrap_or(if N == 1 { 1.0 } else { 2.0 }),
            "--rate",
            0.0,
        )?;
        let ascent = Ascent {
            rate,
            steps: self.steps,
            precision: Precision::F32,
        };
        let start = if N == 1 {
            Start::Uniform(8.0)
        } else {
            Start::Normal(1.0)
        };
        let cpu = Cpu::detect()?;
        // A model conditions on both players' discounts; a player that is no meta-value learner has none.
        let discount = |who: Who| if let Who::MetaValue(gamma) = who { gamma } else { 0.0 };
        let gamma = [discount(first), discount(second)];
        let mut ends = Vec::with_capacity(seeds);
        for seed in 0..seeds {
            let agents = [
                agent(first, &models, seed, gamma)?,
                agent(second, &opponents, seed, gamma)?,
            ];
            let index = self.seed.wrapping_add(seed as u64);
            let sampling = config.sampling().map(|sampling| Sampling {
                seed: index,
                ..sampling
            });
            let mut joint = ascent.ends_knowing(agents, &game, sampling, cpu, &starts(self.pairs, start, index));
            if self.against == "best-response" {
                let response = Ascent {
                    steps: self.response_steps.unwrap_or(self.steps),
                    ..ascent
                };
                let fresh = starts(self.pairs, start, !index);
                joint = best_responses(&game, cpu, &joint, &fresh, response);
            }
            ends.push(joint);
        }
        self.show(&measure(&game, &ends), rate)
    }

    fn show(&self, players: &[Fared; 2], rate: f64) -> Result<Outcome> {
        if self.json {
            let value = json!({
                "game": self.game,
                "learner": self.learner,
                "against": self.against,
                "pairs": self.pairs,
                "steps": self.steps,
                "rate": rate,
                "players": players.iter().map(player_json).collect::<Vec<_>>(),
            });
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
            } = fared;
            let _ = writeln!(
                text,
                "player {i} ({name}): return {:.4} +- {:.4}",
                pooled.mean, pooled.error
            );
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
        print(&text)?;
        Ok(Outcome::Done)
    }
}

/// What an option says of a player.
fn who(name: &str, alpha: Option<f64>, gamma: Option<f64>, option: &str) -> Result<Who> {
    if name == "meva" {
        if alpha.is_some() {
            return Err(Error::usage("learner `meva` imagines no step")
                .at(option)
                .hint("give a gamma, not an alpha"));
        }
        let [gamma, _] = discounts(&[gamma.unwrap_or(0.95)])?;
        return Ok(Who::MetaValue(gamma));
    }
    if name == "cola" {
        if gamma.is_some() {
            return Err(Error::usage("learner `cola` has no discount")
                .at(option)
                .hint("give an alpha, not a gamma"));
        }
        return Ok(Who::Cola(finite(alpha.unwrap_or(1.0), "--alpha", 0.0)?));
    }
    let learner = learner_named(name).map_err(|error| error.at(option))?;
    if gamma.is_some() {
        return Err(Error::usage(format!("learner `{name}` has no discount"))
            .at(option)
            .hint("give an alpha, not a gamma"));
    }
    Ok(Who::Learner(learner, finite(alpha.unwrap_or(1.0), "--alpha", 0.0)?))
}

/// Loads the models that a player needs, and checks that they were trained for the game.
fn load(paths: &[PathBuf], algorithm: Option<Algorithm>, option: &str, game: &Config) -> Result<Vec<Model>> {
    let Some(algorithm) = algorithm else {
        return match paths {
            [] => Ok(Vec::new()),
            _ => Err(Error::usage("only learners `meva` and `cola` need models")
                .at(option)
                .hint("leave the option out")),
        };
    };
    let (name, example) = match algorithm {
        Algorithm::Meva => ("meva", game.game.name().to_owned()),
        Algorithm::Cola => ("cola", format!("cola-ipd --set game={}", game.game.name())),
    };
    if paths.is_empty() {
        return Err(Error::usage(format!("learner `{name}` needs trained models"))
            .at(option)
            .hint(format!("train one with `meva train {example}` and name its directory")));
    }
    let model = |path: &PathBuf| {
        let model = Model::load(path)?;
        if model.config().any_game()? != game.any_game()? {
            let own = model.config().game.name();
            return Err(Error::usage(format!("the model was trained for another game, `{own}`")).at(path.display()));
        }
        if model.config().algorithm != algorithm {
            return Err(Error::usage(format!("the model is none of learner `{name}`"))
                .at(path.display())
                .hint("use learner meva for meta-values and learner cola for COLA"));
        }
        Ok(model)
    };
    paths.iter().map(model).collect()
}

/// The agent that a player is in the run of this seed.
fn agent<'a, const N: usize>(who: Who, models: &'a [Model], seed: usize, gamma: [f64; 2]) -> Result<Agent<'a, N>> {
    match who {
        Who::Learner(learner, alpha) => Ok(Agent::Learner { learner, alpha }),
        Who::MetaValue(_) | Who::Cola(_) => {
            let model = &models[seed % models.len()];
            let setting = if let Who::Cola(alpha) = who { [alpha; 2] } else { gamma };
            Agent::of(model, setting)
        }
    }
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
