//! `meva evaluate`: what a trained model says at given points.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use meva_core::game::{GameVisitor, NamedGame};
use serde_json::{Value, json};

use super::{Outcome, path_json, print};
use meva::check::model::points;
use meva::config::Algorithm;
use meva::error::{Error, Result};
use meva::follow::play::Mean;
use meva::model::Model;

/// Evaluate a trained model at points: each player's quantiles, their mean, and the direction that it follows, in f64.
///
/// The file of points is that of `meva check --points`: {"points": [{"x": [[..], [..]], "gamma": [g0, g1]}, ..]}, a row of `x` for each
/// player. "quantiles" and "field" in it are ignored: `meva check --model RUN --points FILE` compares them.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// A run directory or model file
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Where to evaluate it
    #[arg(long, value_name = "FILE")]
    points: PathBuf,
    /// Print one JSON object: `model`, `diverged`, and `points` with `x`, `gamma`, `quantiles`, `value` and `field`, by player
    #[arg(long)]
    json: bool,
}

/// Evaluates the model of a game.
struct On<'a> {
    of: &'a Evaluate,
    model: &'a Model,
}

impl GameVisitor for On<'_> {
    type Output = Result<Outcome>;

    fn visit<const N: usize, G: NamedGame<N>>(self, _: G) -> Result<Outcome> {
        self.of.at::<N>(self.model)
    }
}

impl Evaluate {
    pub(super) fn run(&self) -> Result<Outcome> {
        let model = Model::load(&self.run)?;
        if model.config().algorithm == Algorithm::Cola {
            return Err(
                Error::usage("this is COLA's model: its outputs are steps, and it has no discounts")
                    .at(self.run.display())
                    .hint("give a run of a meta-value"),
            );
        }
        let game = model.config().any_game()?;
        game.visit(On {
            of: self,
            model: &model,
        })
    }

    fn at<const N: usize>(&self, model: &Model) -> Result<Outcome> {
        let (mut all, mut text, mut diverged) = (Vec::new(), String::new(), 0);
        for (x, gamma) in points::<N>(&self.points, model.shape().quantiles)? {
            let rows = [&x[0][..], &x[1][..]];
            let (quantiles, field) = (model.quantiles(rows, gamma)?, model.field(rows, gamma)?);
            let value = quantiles.each_ref().map(|quantiles| Mean::of(quantiles).mean);
            let numbers = || quantiles.iter().chain(&field).flatten();
            diverged += usize::from(!numbers().all(|number| number.is_finite()));
            for i in 0..2 {
                let _ = writeln!(
                    text,
                    "player {i} at {}, gamma {}: value {:.6}, quantiles {:.4} to {:.4}, field {}",
                    list(rows[i], 4),
                    gamma[i],
                    value[i],
                    quantiles[i].iter().copied().fold(f64::INFINITY, f64::min),
                    quantiles[i].iter().copied().fold(f64::NEG_INFINITY, f64::max),
                    list(&field[i], 6),
                );
            }
            all.push(json!({ "x": rows, "gamma": gamma, "quantiles": quantiles, "value": value, "field": field }));
        }
        if diverged == all.len() {
            let told = format!("at all {diverged} points what the model says is infinite or NaN");
            return Err(Error::diverged(told)
                .at(self.points.display())
                .hint("policies are finite numbers of moderate size: the network squares them"));
        }
        if self.json {
            let told = json!({ "model": path_json(&self.run), "points": Value::from(all), "diverged": diverged });
            print(&told.to_string())?;
        } else {
            print(&text)?;
            if diverged > 0 {
                print(&format!("at {diverged} points what the model says is infinite or NaN"))?;
            }
        }
        Ok(Outcome::Done)
    }
}

fn list(numbers: &[f64], decimals: usize) -> String {
    let words: Vec<String> = numbers.iter().map(|number| format!("{number:.decimals$}")).collect();
    format!("({})", words.join(", "))
}
