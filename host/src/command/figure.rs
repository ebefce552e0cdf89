//! `meva figure`: the figures of the paper.

use std::ops::Range;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::drawing;
use super::options::seeds;
use super::options::{at_least_one, choice, room_for_pairs};
use super::{Outcome, path_json, print};
use meva::cpu::Cpu;
use meva::error::{Error, Result};
use meva::follow::Learner;
use meva::follow::reciprocity::{self, Protocol, Sweep, lola_learners, meta_value_learners};
use meva::limits::{product, room_for};
use meva::model::{Model, of_one_configuration};
use meva::paper::figures::{Number, STEPS, figure_1, figure_2a, figure_2b, figure_3, on_the_logistic_game};

/// Draw a figure of the paper as SVG and PNG.
#[derive(Debug, Args)]
pub struct Figure {
    /// 1: the game; 2a: trajectories; 2b: basins of attraction; 3a and 3b: meta-value learners and LOLA in the iterated
    /// prisoner's dilemma
    #[arg(value_parser = choice::<Number>(Number::NAMES))]
    number: Number,
    /// Run directories or model files: with 2a and 2b, COLA's or meta-values, each with a row of its own; with 3a, one for
    /// each seed; several joined by + are one, followed as their mean
    #[arg(long, alias = "model", num_args = 1.., value_name = "DIR")]
    runs: Vec<PathBuf>,
    /// With 3a: take runs with equal seeds or different configurations, too
    #[arg(long)]
    mixed: bool,
    /// With 3b: seeds of the starts [default: 0..8]
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: Option<Range<u64>>,
    /// With 3a and 3b: pairs of agents for each seed [default: 256]
    #[arg(long)]
    pairs: Option<usize>,
    /// With 3a and 3b: steps that two agents learn together [default: 500]
    #[arg(long)]
    steps: Option<usize>,
    /// With 3a and 3b: steps of the best response [default: as --steps]
    #[arg(long)]
    response_steps: Option<usize>,
    /// Where the files go
    #[arg(long, default_value = "figures", value_name = "DIR")]
    out: PathBuf,
    /// Print one JSON object: `files`, and with 3a and 3b the numbers of the curves, mean and by seed
    #[arg(long)]
    json: bool,
}

impl Figure {
    pub(super) fn run(&self) -> Result<Outcome> {
        let number = self.number;
        self.check()?;
        drawing::check()?;
        let cpu = Cpu::detect()?;
        let mut value = json!({ "figure": number.name() });
        let figure = match number {
            Number::One => figure_1(cpu),
            Number::TwoA => figure_2a(&self.models()?.iter().collect::<Vec<_>>(), cpu, STEPS)?,
            Number::TwoB => figure_2b(&self.models()?.iter().collect::<Vec<_>>(), cpu, STEPS)?,
            Number::ThreeA | Number::ThreeB => {
                let protocol = self.protocol()?;
                let sweep = match number {
                    Number::ThreeA => self.sweep_models(cpu, protocol)?,
                    _ => self.sweep_lola(cpu, protocol)?,
                };
                value["protocol"] = json!(protocol);
                value[sweep.learners[0].setting_name()] = json!(sweep.settings());
                value["curves"] = sweep.json();
                figure_3(&sweep)
            }
        };
        // What shows less than the paper's figure must not take its place.
        let is_partial = matches!(number, Number::TwoA | Number::TwoB) && self.runs.is_empty();
        let name = format!("figure-{number}{}", if is_partial { "-learners" } else { "" });
        let files = ["svg", "png"].map(|extension| self.out.join(format!("{name}.{extension}")));
        files.iter().try_for_each(|path| drawing::save(&figure, path))?;
        if self.json {
            value["files"] = files.iter().map(|path| path_json(path)).collect();
            print(&value.to_string())?;
        } else {
            let line = |path: &PathBuf| format!("{}\n", path.display());
            print(&files.iter().map(line).collect::<String>())?;
        }
        Ok(Outcome::Done)
    }

    /// Rejects options that belong to another figure.
    fn check(&self) -> Result<()> {
        use Number::{ThreeA, ThreeB, TwoA, TwoB};
        let number = self.number;
        let unused = [
            (!self.runs.is_empty(), "--runs", &[TwoA, TwoB, ThreeA][..]),
            (self.mixed, "--mixed", &[ThreeA]),
            (self.seeds.is_some(), "--seeds", &[ThreeB]),
            (self.pairs.is_some(), "--pairs", &[ThreeA, ThreeB]),
            (self.steps.is_some(), "--steps", &[ThreeA, ThreeB]),
            (self.response_steps.is_some(), "--response-steps", &[ThreeA, ThreeB]),
        ];
        for (given, option, figures) in unused {
            if given && !figures.contains(&number) {
                let names = figures.iter().map(|figure| figure.name()).collect::<Vec<_>>();
                return Err(Error::usage(format!("figure {number} has no use for it"))
                    .at(option)
                    .hint(format!("it is for figure {}", names.join(", "))));
            }
        }
        if number == ThreeA && self.runs.is_empty() {
            return Err(Error::usage("figure 3a needs trained models")
                .at("--runs")
                .hint("train some with `meva train ipd --seeds 0..8` and name their directories"));
        }
        if [TwoA, TwoB].contains(&number) && self.runs.is_empty() {
            eprintln!("note: name trained models with --runs to add the rows of COLA and of meta-value learning");
        }
        Ok(())
    }

    fn models(&self) -> Result<Vec<Model>> {
        let models = load(&self.runs)?;
        for (model, path) in models.iter().zip(&self.runs) {
            on_the_logistic_game(model).map_err(|error| error.at(format!("--runs {}", path.display())))?;
        }
        Ok(models)
    }

    fn protocol(&self) -> Result<Protocol> {
        let Protocol { pairs, steps, .. } = Protocol::PUBLISHED;
        let steps = self.steps.unwrap_or(steps);
        let protocol = Protocol {
            pairs: self.pairs.unwrap_or(pairs),
            steps,
            response_steps: self.response_steps.unwrap_or(steps),
        };
        for (count, option) in [
            (protocol.pairs, "--pairs"),
            (protocol.steps, "--steps"),
            (protocol.response_steps, "--response-steps"),
        ] {
            at_least_one(count, option)?;
        }
        room_for_pairs(protocol.pairs, 5)?;
        let seeds = self.seeds.clone().unwrap_or(0..8);
        let count = usize::try_from(seeds.end - seeds.start).unwrap_or(usize::MAX);
        let each = lola_learners().len() * size_of::<reciprocity::Returns>();
        room_for(
            product([count, each]),
            &format!("--seeds {}..{}", seeds.start, seeds.end),
        )?;
        Ok(protocol)
    }

    /// Figure 3a's curves: seed `k` of the starts for the `k`-th model.
    fn sweep_models(&self, cpu: Cpu, protocol: Protocol) -> Result<Sweep> {
        let models = load(&self.runs)?;
        for (model, path) in models.iter().zip(&self.runs) {
            reciprocity::check(model).map_err(|error| error.at(path.display()))?;
        }
        if !self.mixed {
            let named = self.runs.iter().map(PathBuf::as_path).zip(&models);
            of_one_configuration(named).map_err(|error| error.at("--runs"))?;
        }
        let learners = meta_value_learners();
        let by_seed = (0..).zip(&models).map(|(seed, model)| {
            eprintln!("model {} of {}", seed + 1, models.len());
            let returns = |learner: &Learner| reciprocity::returns(cpu, *learner, Some(model), protocol, seed);
            learners.iter().map(returns).collect()
        });
        Ok(Sweep {
            by_seed: by_seed.collect::<Result<_>>()?,
            learners,
        })
    }

    /// Figure 3b's curves.
    fn sweep_lola(&self, cpu: Cpu, protocol: Protocol) -> Result<Sweep> {
        let learners = lola_learners();
        let by_seed = self.seeds.clone().unwrap_or(0..8).map(|seed| {
            let returns = |learner: &Learner| reciprocity::returns(cpu, *learner, None, protocol, seed);
            learners.iter().map(returns).collect()
        });
        Ok(Sweep {
            by_seed: by_seed.collect::<Result<_>>()?,
            learners,
        })
    }
}

fn load(paths: &[PathBuf]) -> Result<Vec<Model>> {
    paths.iter().map(|path| Model::load(path)).collect()
}
