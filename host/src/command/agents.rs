//! Options that several commands share: which agents, on which plane, how far.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use meva::config::{Algorithm, nearest};
use meva::error::{Error, Result};
use meva::follow::ascent::{Agent, Ascent, Precision};
use meva::model::Model;
use meva_core::game::{AnyGame, PlaneGame};
use meva_core::learner::LearnerName;

/// Which agents to follow, and how.
#[derive(Debug, Args)]
pub struct AgentOptions {
    /// naive, lookahead, lola, lola-taylor, hola0 .. hola3, cola, or meva
    #[arg(long, value_name = "NAME")]
    learner: String,
    /// Length of the imagined step of a learner other than meva [default: 1]
    #[arg(long, value_name = "LENGTH", allow_negative_numbers = true)]
    alpha: Option<f64>,
    /// With `--learner meva` or `cola`: a run directory or model file
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// With `--learner meva`: the meta-discount, or one for each player [default: 0.95]
    #[arg(long, value_name = "G[,G]", value_delimiter = ',', allow_negative_numbers = true)]
    gamma: Option<Vec<f64>>,
    /// The game, logistic or tandem; a model knows its own [default: logistic]
    #[arg(long, value_name = "NAME")]
    game: Option<String>,
    /// Number of steps
    #[arg(long, default_value_t = 200)]
    steps: usize,
    /// Learning rate of both agents; a model knows its own [default: 1]
    #[arg(long, allow_negative_numbers = true)]
    rate: Option<f64>,
    /// What to compute in [default: f64 for learners, f32 for models]
    #[arg(long, value_name = "TYPE")]
    scalar: Option<Scalar>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scalar {
    F32,
    F64,
}

impl Scalar {
    fn precision(self) -> Precision {
        match self {
            Scalar::F32 => Precision::F32,
            Scalar::F64 => Precision::F64,
        }
    }
}

/// The options, read and checked.
pub struct Checked {
    who: Who,
    /// The game whose plane the agents walk on.
    pub game: PlaneGame,
    /// How far, how long and how precisely.
    pub ascent: Ascent,
}

enum Who {
    Learner { learner: LearnerName, alpha: f64 },
    Model { model: Box<Model>, setting: [f64; 2] },
}

impl AgentOptions {
    /// Reads the model, if any, and checks every option.
    pub fn check(&self) -> Result<Checked> {
        let (who, game, rate, precision) = if let Some(algorithm) = trained(&self.learner) {
            let (model, setting) = self.model(algorithm)?;
            let game = plane(model.config().any_game()?, model.config().game.name())?;
            if let Some(name) = &self.game
                && plane_named(name)? != game
            {
                return Err(
                    Error::usage(format!("the model was trained for another game than `{name}`"))
                        .at("--game")
                        .hint("leave the option out: a model knows its game"),
                );
            }
            let rate = model.config().alpha;
            (Who::Model { model, setting }, game, rate, Precision::F32)
        } else {
            let learner = learner_named(&self.learner).map_err(|error| error.at("--learner"))?;
            for (given, option) in [(self.model.is_some(), "--model"), (self.gamma.is_some(), "--gamma")] {
                if given {
                    return Err(Error::usage(format!("learner `{}` has no use for it", learner.name()))
                        .at(option)
                        .hint("use --learner meva, or --alpha"));
                }
            }
            let alpha = finite(self.alpha.unwrap_or(1.0), "--alpha", 0.0)?;
            let game = plane_named(self.game.as_deref().unwrap_or("logistic"))?;
            (Who::Learner { learner, alpha }, game, 1.0, Precision::F64)
        };
        let ascent = Ascent {
            rate: finite(self.rate.unwrap_or(rate), "--rate", 0.0)?,
            steps: self.steps,
            precision: self.scalar.map_or(precision, Scalar::precision),
        };
        Ok(Checked { who, game, ascent })
    }
}

impl AgentOptions {
    /// The model with what it is set to: both players' discounts, or COLA's length of the imagined step in their place.
    fn model(&self, algorithm: Algorithm) -> Result<(Box<Model>, [f64; 2])> {
        let name = &self.learner;
        let Some(path) = &self.model else {
            let preset = if algorithm == Algorithm::Cola {
                "cola"
            } else {
                "logistic"
            };
            return Err(Error::usage(format!("learner `{name}` needs a trained model"))
                .at("--learner")
                .hint(format!(
                    "train one with `meva train {preset}` and name its directory with --model"
                )));
        };
        let model = Box::new(Model::load(path)?);
        if model.config().algorithm != algorithm {
            return Err(Error::usage(format!("the model is none of learner `{name}`"))
                .at(path.display())
                .hint("use --learner meva for meta-values and --learner cola for COLA"));
        }
        let unused = |option: &str, hint: &str| {
            Err(Error::usage(format!("learner `{name}` has no use for it"))
                .at(option)
                .hint(hint))
        };
        match algorithm {
            Algorithm::Meva if self.alpha.is_some() => unused("--alpha", "use --gamma"),
            Algorithm::Cola if self.gamma.is_some() => unused("--gamma", "use --alpha"),
            Algorithm::Meva => Ok((model, discounts(self.gamma.as_deref().unwrap_or(&[0.95]))?)),
            Algorithm::Cola => Ok((model, [finite(self.alpha.unwrap_or(1.0), "--alpha", 0.0)?; 2])),
        }
    }
}

/// The algorithm that a learner is trained by, if it is.
pub fn trained(learner: &str) -> Option<Algorithm> {
    match learner {
        "meva" => Some(Algorithm::Meva),
        "cola" => Some(Algorithm::Cola),
        _ => None,
    }
}

impl Checked {
    /// What both agents follow.
    ///
    /// # Errors
    /// The model's policies have more than one parameter, which [`AgentOptions::check`] has ruled out.
    pub fn agent(&self) -> Result<Agent<'_, 1>> {
        match &self.who {
            Who::Learner { learner, alpha } => Ok(Agent::Learner {
                learner: *learner,
                alpha: *alpha,
            }),
            Who::Model { model, setting } => Agent::of(model, *setting),
        }
    }

    /// The agents in words.
    pub fn title(&self) -> String {
        match &self.who {
            Who::Learner {
                learner: LearnerName::Naive | LearnerName::Hola0,
                ..
            } => "Naive".to_string(),
            Who::Learner { learner, alpha } => format!("{}, \u{3b1} = {alpha}", learner.title()),
            Who::Model { model, setting } => model_title(model, *setting),
        }
    }

    /// The options as they were understood, for `--json`.
    pub fn json(&self) -> Value {
        let mut value = json!({
            "game": match self.game { PlaneGame::Logistic => "logistic", PlaneGame::Tandem => "tandem" },
            "steps": self.ascent.steps,
            "rate": self.ascent.rate,
            "scalar": match self.ascent.precision { Precision::F32 => "f32", Precision::F64 => "f64" },
        });
        match &self.who {
            Who::Learner { learner, alpha } => {
                value["learner"] = learner.name().into();
                value["alpha"] = (*alpha).into();
            }
            Who::Model { model, setting } => match model.config().algorithm {
                Algorithm::Meva => {
                    value["learner"] = "meva".into();
                    value["gamma"] = json!(setting);
                }
                Algorithm::Cola => {
                    value["learner"] = "cola".into();
                    value["alpha"] = setting[0].into();
                }
            },
        }
        value
    }
}

/// The learner of a name.
pub fn learner_named(name: &str) -> Result<LearnerName> {
    LearnerName::ALL
        .into_iter()
        .find(|learner| learner.name() == name)
        .ok_or_else(|| {
            let names = || {
                LearnerName::ALL
                    .iter()
                    .map(|learner| learner.name())
                    .chain(["cola", "meva"])
            };
            let error = Error::usage(format!("unknown learner `{name}`"));
            match nearest(name, names()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!("there are {}", names().collect::<Vec<_>>().join(", "))),
            }
        })
}

fn plane_named(name: &str) -> Result<PlaneGame> {
    match name {
        "logistic" => Ok(PlaneGame::Logistic),
        "tandem" => Ok(PlaneGame::Tandem),
        _ => Err(not_a_plane(name).at("--game")),
    }
}

fn plane(game: AnyGame, name: &str) -> Result<PlaneGame> {
    match game {
        AnyGame::Plane(game) => Ok(game),
        AnyGame::IteratedMatrix(_) => Err(not_a_plane(name).at("--model")),
    }
}

fn not_a_plane(name: &str) -> Error {
    Error::usage(format!("the joint policies of `{name}` are no plane to draw"))
        .hint("games of one parameter per policy are logistic and tandem")
}

/// One discount for both players, or one for each.
pub fn discounts(gamma: &[f64]) -> Result<[f64; 2]> {
    let gamma = match *gamma {
        [both] => [both; 2],
        [zero, one] => [zero, one],
        _ => {
            return Err(Error::usage(format!("{} discounts for 2 players", gamma.len()))
                .at("--gamma")
                .hint("give one for both, or two separated by a comma"));
        }
    };
    match gamma.iter().find(|gamma| !(0.0..=1.0).contains(*gamma)) {
        Some(gamma) => Err(Error::usage(format!("a discount of {gamma}"))
            .at("--gamma")
            .hint("it must lie in [0, 1]")),
        None => Ok(gamma),
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

/// A model's agents in words.
pub fn model_title(model: &Model, [zero, one]: [f64; 2]) -> String {
    match model.config().algorithm {
        Algorithm::Cola => format!("COLA, \u{3b1} = {zero}"),
        Algorithm::Meva if zero == one => format!("MeVa, \u{3b3} = {zero}"),
        Algorithm::Meva => format!("MeVa, \u{3b3} = {zero}, {one}"),
    }
}
