//! `meva calibrate`: how far a meta-value may be trusted.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use meva_core::game::{GameVisitor, NamedGame};
use serde_json::{Value, json};

use super::options::{SamplingOptions, at_least_one, diverged_in_part, finite, room_for_pairs};
use super::{Outcome, drawing, path_json, print};
use meva::cpu::Cpu;
use meva::error::Result;
use meva::follow::calibration::{Calibration, Terms, calibrate, check_discount};
use meva::follow::play::Mean;
use meva::model::Model;
use meva::paper::figures::calibrations;

/// Compare what trained meta-values predict for held-out starts with the discounted returns that follow.
///
/// Both agents follow the model from starts that are distributed as in its training but drawn anew. At each discount: the
/// mean of what was predicted and of what came, their difference (the bias), the standard deviation of what came, the rank
/// correlation of the two, and for each quantile the share of outcomes below it.
#[derive(Debug, Args)]
pub struct Calibrate {
    /// Run directories or model files; several joined by + are one, the mean of their values
    #[arg(required = true, num_args = 1.., value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Discounts of both agents, below 1
    #[arg(long, num_args = 1.., value_delimiter = ',', value_name = "GAMMA", allow_negative_numbers = true,
          default_values_t = [0.0, 0.5, 0.8, 0.9, 0.95, 0.99])]
    gamma: Vec<f64>,
    /// Pairs of agents for each model and discount
    #[arg(long, default_value_t = 256)]
    pairs: usize,
    /// Steps that the agents learn [default: until the rest weighs less than a thousandth]
    #[arg(long)]
    steps: Option<usize>,
    /// Learning rate of both agents [default: the model's]
    #[arg(long, allow_negative_numbers = true)]
    rate: Option<f64>,
    #[command(flatten)]
    sampling: SamplingOptions,
    /// Seed of the starts
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Draw predictions against outcomes, and the coverage of quantiles, into this .svg or .png file
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
    /// Print one JSON object: options, and `runs` with an object for each discount
    #[arg(long)]
    json: bool,
}

/// Calibrates the model of a game.
struct On<'a> {
    of: &'a Calibrate,
    model: &'a Model,
}

impl GameVisitor for On<'_> {
    type Output = Result<Vec<Calibration>>;

    fn visit<const N: usize, G: NamedGame<N>>(self, game: G) -> Result<Vec<Calibration>> {
        let Calibrate {
            gamma, pairs, steps, ..
        } = self.of;
        let usual = Terms::of(self.model);
        let terms = Terms {
            pairs: *pairs,
            steps: *steps,
            rate: finite(self.of.rate.unwrap_or(usual.rate), "--rate", 0.0)?,
            seed: self.of.seed,
            sampling: self.of.sampling.check(game.into(), self.of.seed, *pairs)?,
            ..usual
        };
        let cpu = Cpu::detect()?;
        gamma
            .iter()
            .map(|gamma| calibrate(self.model, &game, cpu, *gamma, &terms))
            .collect()
    }
}

impl Calibrate {
    pub(super) fn run(&self) -> Result<Outcome> {
        at_least_one(self.pairs, "--pairs")?;
        at_least_one(self.steps.unwrap_or(1), "--steps")?;
        room_for_pairs(self.pairs, 5)?;
        let checks = self.gamma.iter().try_for_each(|gamma| check_discount(*gamma));
        checks.map_err(|error| error.at("--gamma"))?;
        if self.figure.is_some() {
            drawing::check()?;
        }
        let mut found = Vec::new();
        for path in &self.runs {
            let model = Model::load(path)?;
            let of = On {
                of: self,
                model: &model,
            };
            let each = model.config().any_game()?.visit(of);
            found.push(each.map_err(|error| error.at(path.display()))?);
        }
        if let Some(path) = &self.figure {
            let name = |path: &PathBuf| {
                path.file_name()
                    .unwrap_or(path.as_os_str())
                    .to_string_lossy()
                    .into_owned()
            };
            let named: Vec<_> = self.runs.iter().map(name).zip(found.clone()).collect();
            drawing::save(&calibrations(&named), path)?;
        }
        let named = || self.runs.iter().zip(&found);
        if self.json {
            let run = |(path, each): (&PathBuf, &Vec<Calibration>)| json!({ "run": path_json(path), "gammas": each.iter().map(described).collect::<Vec<_>>() });
            let value = json!({
                "pairs": self.pairs,
                "seed": self.seed,
                "rate": self.rate,
                "estimator": self.sampling.estimator.name(),
                "runs": named().map(run).collect::<Vec<_>>(),
            });
            print(&value.to_string())?;
        } else {
            print(
                &named()
                    .map(|(path, each)| lines(&path.display().to_string(), each))
                    .collect::<String>(),
            )?;
        }
        Ok(Outcome::Done)
    }
}

fn mean(numbers: &[f64]) -> f64 {
    Mean::of(numbers).mean
}

fn described(at: &Calibration) -> Value {
    json!({
        "gamma": at.gamma,
        "steps": at.steps,
        "predicted": mean(&at.predicted),
        "realised": mean(&at.realised),
        "bias": at.bias(),
        "spread": at.spread(),
        "rank_correlation": at.rank_correlation(),
        "levels": at.levels(),
        "coverage": at.coverage,
        "diverged": at.diverged,
        "verdict": at.verdict(),
    })
}

fn lines(name: &str, each: &[Calibration]) -> String {
    let mut text = format!(
        "{name}\n   gamma  steps  predicted  realised     bias   spread    rank  below the outer and middle quantiles\n"
    );
    for at in each {
        let last = at.coverage.len() - 1;
        let [low, middle, high] = [0, last / 2, last].map(|k| at.coverage[k]);
        let _ = writeln!(
            text,
            "{:8} {:6} {:10.4} {:9.4} {:+8.4} {:8.4} {:7.4}  {low:.2} {middle:.2} {high:.2}  {}{}",
            at.gamma,
            at.steps,
            mean(&at.predicted),
            mean(&at.realised),
            at.bias(),
            at.spread(),
            at.rank_correlation(),
            at.verdict(),
            diverged_in_part(at.diverged, "pairs"),
        );
    }
    text
}
