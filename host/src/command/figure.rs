//! `meva figure`: the figures of the paper.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::agents::model_title;
use super::train::seeds;
use super::trajectories::uniform_starts;
use super::{Outcome, print};
use meva::config::Algorithm;
use meva::cpu::Cpu;
use meva::error::{Error, Result};
use meva::figure::{Axis, Content, Figure as Drawing, Look, Mark, Panel, Point, Row, Series, Ticks};
use meva::files::write_atomically;
use meva::follow::ascent::{Agent, Ascent, Precision};
use meva::follow::plane::{Grid, basin, returns, stable_fixed_points};
use meva::follow::play::Spread;
use meva::follow::reciprocity::{self, Curve, Protocol, Subject, Sweep};
use meva::model::{Model, Trained};
use meva::paper::published;
use meva_core::game::PlaneGame;
use meva_core::learner::LearnerName;

/// Draw a figure of the paper as SVG and PNG.
#[derive(Debug, Args)]
pub struct Figure {
    /// 1: the game; 2a: trajectories; 2b: basins of attraction; 3a and 3b: meta-value learners and LOLA in the iterated
    /// prisoner's dilemma
    number: Number,
    /// With 2a and 2b: models to draw a row of each with, COLA or meta-value
    #[arg(long, num_args = 1.., value_name = "DIR")]
    model: Vec<PathBuf>,
    /// With 3a: run directories or model files, one for each seed
    #[arg(long, num_args = 1.., value_name = "DIR")]
    runs: Vec<PathBuf>,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Number {
    #[value(name = "1")]
    One,
    #[value(name = "2a")]
    TwoA,
    #[value(name = "2b")]
    TwoB,
    #[value(name = "3a")]
    ThreeA,
    #[value(name = "3b")]
    ThreeB,
}

impl Number {
    fn name(self) -> &'static str {
        match self {
            Number::One => "1",
            Number::TwoA => "2a",
            Number::TwoB => "2b",
            Number::ThreeA => "3a",
            Number::ThreeB => "3b",
        }
    }
}

/// The settings of each panel of Figure 2, from left to right.
const ALPHAS: [f64; 5] = [0.0, 1.0, 5.0, 10.0, 20.0];
const COLA_ALPHAS: [f64; 5] = [0.0, 1.0, 2.0, 5.0, 10.0];
const GAMMAS: [f64; 5] = [0.0, 0.8, 0.9, 0.95, 0.99];
const STEPS: usize = 200;

impl Figure {
    pub(super) fn run(&self) -> Result<Outcome> {
        self.check()?;
        let cpu = Cpu::detect()?;
        let mut value = json!({ "figure": self.number.name() });
        let figure = match self.number {
            Number::One => figure_1(cpu),
            Number::TwoA => figure_2a(&self.models()?.iter().collect::<Vec<_>>(), cpu, STEPS)?,
            Number::TwoB => figure_2b(&self.models()?.iter().collect::<Vec<_>>(), cpu, STEPS)?,
            Number::ThreeA | Number::ThreeB => {
                let protocol = self.protocol()?;
                let models = load(&self.runs)?;
                let (learner, sweep) = if self.number == Number::ThreeA {
                    (Swept::Meva, self.sweep_models(&models, cpu, protocol)?)
                } else {
                    (Swept::Lola, self.sweep_lola(cpu, protocol))
                };
                value["protocol"] = json!(protocol);
                value[learner.setting()] = json!(sweep.settings);
                value["curves"] = sweep.json();
                figure_3(learner, &sweep)
            }
        };
        let files = save_both(&figure, &self.out, self.number.name())?;
        if self.json {
            value["files"] = json!(files);
            print(&value.to_string())?;
        } else {
            let line = |path: &PathBuf| format!("{}\n", path.display());
            print(&files.iter().map(line).collect::<String>())?;
        }
        Ok(Outcome::Done)
    }

    /// Options that another figure has.
    fn check(&self) -> Result<()> {
        use Number::{ThreeA, ThreeB, TwoA, TwoB};
        let unused = [
            (!self.model.is_empty(), "--model", &[TwoA, TwoB][..]),
            (!self.runs.is_empty(), "--runs", &[ThreeA]),
            (self.seeds.is_some(), "--seeds", &[ThreeB]),
            (self.pairs.is_some(), "--pairs", &[ThreeA, ThreeB]),
            (self.steps.is_some(), "--steps", &[ThreeA, ThreeB]),
            (self.response_steps.is_some(), "--response-steps", &[ThreeA, ThreeB]),
        ];
        for (given, option, figures) in unused {
            if given && !figures.contains(&self.number) {
                let names = figures.iter().map(|figure| figure.name()).collect::<Vec<_>>();
                let number = self.number.name();
                return Err(Error::usage(format!("figure {number} has no use for it"))
                    .at(option)
                    .hint(format!("it is for figure {}", names.join(" and "))));
            }
        }
        if self.number == ThreeA && self.runs.is_empty() {
            return Err(Error::usage("figure 3a needs trained models")
                .at("--runs")
                .hint("train some with `meva train ipd --seeds 0..8` and name their directories"));
        }
        if [TwoA, TwoB].contains(&self.number) && self.model.is_empty() {
            eprintln!("note: name trained models with --model to add the rows of COLA and of meta-value learning");
        }
        Ok(())
    }

    fn models(&self) -> Result<Vec<Model>> {
        let models = load(&self.model)?;
        for (model, path) in models.iter().zip(&self.model) {
            on_the_logistic_game(model).map_err(|error| error.at(format!("--model {}", path.display())))?;
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
        Ok(protocol)
    }

    /// Figure 3a's curves: seed `k` of the starts for the `k`-th model.
    fn sweep_models(&self, models: &[Model], cpu: Cpu, protocol: Protocol) -> Result<Sweep> {
        let subjects = models
            .iter()
            .zip(&self.runs)
            .map(|(model, path)| Subject::of(model).map_err(|error| error.at(path.display())))
            .collect::<Result<Vec<Subject>>>()?;
        let by_seed = (0..).zip(&subjects).map(|(seed, subject)| {
            eprintln!("model {} of {}", seed + 1, subjects.len());
            let returns = |gamma: &f64| subject.returns(cpu, protocol, *gamma, seed);
            reciprocity::GAMMAS.iter().map(returns).collect()
        });
        Ok(Sweep {
            settings: reciprocity::GAMMAS.into(),
            by_seed: by_seed.collect(),
        })
    }

    /// Figure 3b's curves.
    fn sweep_lola(&self, cpu: Cpu, protocol: Protocol) -> Sweep {
        let returns = |seed| {
            let returns = |alpha: &f64| Subject::Lola.returns(cpu, protocol, *alpha, seed);
            reciprocity::ALPHAS.iter().map(returns).collect()
        };
        Sweep {
            settings: reciprocity::ALPHAS.into(),
            by_seed: self.seeds.clone().unwrap_or(0..8).map(returns).collect(),
        }
    }
}

/// Refuses a count of 0.
pub(super) fn at_least_one(count: usize, option: &str) -> Result<()> {
    if count == 0 {
        return Err(Error::usage("0 of them show nothing")
            .at(option)
            .hint("give at least 1"));
    }
    Ok(())
}

fn load(paths: &[PathBuf]) -> Result<Vec<Model>> {
    paths.iter().map(|path| Model::load(path)).collect()
}

/// Whether agents of the Logistic Game can follow a model.
pub(super) fn on_the_logistic_game(model: &Model) -> Result<()> {
    match model.game::<PlaneGame>() {
        Some(PlaneGame::Logistic) => Ok(()),
        _ => Err(Error::usage(format!(
            "the model was trained for another game than the Logistic Game, `{}`",
            model.config().game.name()
        ))),
    }
}

/// Figure 1: both players' returns over the plane.
pub(super) fn figure_1(cpu: Cpu) -> Drawing {
    let grid = Grid { side: 161, range: 10.0 };
    let panel = |player: usize| Panel {
        title: format!("f_{}(x)", player + 1),
        x: coordinate(0, grid.range),
        y: coordinate(1, grid.range),
        content: Content::Contours {
            side: grid.side,
            values: returns(&PlaneGame::Logistic, grid, player),
        },
        marks: marks(cpu),
    };
    Drawing {
        rows: vec![Row {
            label: String::new(),
            panels: vec![panel(0), panel(1)],
        }],
        panel_size: [220.0; 2],
    }
}

/// Figure 2a: where agents go from random starts.
pub(super) fn figure_2a(models: &[&Model], cpu: Cpu, steps: usize) -> Result<Drawing> {
    let starts = uniform_starts(40, 8.0, 0);
    figure_2(models, 150.0, steps, |title, agent, ascent| {
        let paths = ascent.paths([agent; 2], &PlaneGame::Logistic, cpu, &starts);
        let paths = paths
            .iter()
            .map(|path| path.iter().map(|[[a], [b]]| [*a, *b]).collect())
            .collect();
        trajectories_panel(title, paths, PlaneGame::Logistic, cpu)
    })
}

/// Figure 2b: which starts lead to B.
pub(super) fn figure_2b(models: &[&Model], cpu: Cpu, steps: usize) -> Result<Drawing> {
    figure_2(models, 120.0, steps, |title, agent, ascent| {
        let cells = basin(agent, &PlaneGame::Logistic, cpu, Grid::PUBLISHED, ascent);
        basins_panel(title, Grid::PUBLISHED, cells)
    })
}

/// The rows of Figure 2: LOLA, HOLA2, and one for each model.
fn figure_2(
    models: &[&Model],
    size: f64,
    steps: usize,
    panel: impl Fn(String, Agent<1>, Ascent) -> Panel,
) -> Result<Drawing> {
    let mut rows = Vec::new();
    for learner in [LearnerName::Lola, LearnerName::Hola2] {
        let panels = ALPHAS.map(|alpha| {
            let ascent = Ascent {
                rate: 1.0,
                steps,
                precision: Precision::F64,
            };
            panel(
                format!("{}, \u{3b1} = {alpha}", learner.title()),
                Agent::Learner { learner, alpha },
                ascent,
            )
        });
        rows.push(Row {
            label: learner.title().to_string(),
            panels: panels.into(),
        });
    }
    for model in models {
        on_the_logistic_game(model)?;
        let trained = model.trained([0.0; 2])?;
        let (label, settings) = match model.config().algorithm {
            Algorithm::Cola => ("COLA", COLA_ALPHAS),
            Algorithm::Meva => ("MeVa", GAMMAS),
        };
        let panels = settings.map(|setting| {
            let ascent = Ascent {
                rate: model.config().alpha,
                steps,
                precision: Precision::F32,
            };
            panel(
                model_title(model, [setting; 2]),
                Agent::Trained(Trained {
                    setting: [setting; 2],
                    ..trained
                }),
                ascent,
            )
        });
        rows.push(Row {
            label: label.to_string(),
            panels: panels.into(),
        });
    }
    Ok(Drawing {
        rows,
        panel_size: [size; 2],
    })
}

/// Whose curves Figure 3 shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swept {
    /// Figure 3a.
    Meva,
    /// Figure 3b.
    Lola,
}

impl Swept {
    pub(super) fn name(self) -> &'static str {
        match self {
            Swept::Meva => "MeVa",
            Swept::Lola => "LOLA",
        }
    }

    /// The setting's name for machines.
    fn setting(self) -> &'static str {
        match self {
            Swept::Meva => "gamma",
            Swept::Lola => "alpha",
        }
    }
}

/// Figure 3: mean returns over the settings, in self-play, against a best response and against a naive learner.
pub(super) fn figure_3(learner: Swept, sweep: &Sweep) -> Drawing {
    let name = learner.name();
    let line = |curve: Curve, name: &str, colour| {
        let point = |k| {
            let Spread { mean, least, greatest } = Spread::of(&sweep.returns(curve, k));
            Point {
                x: k as f64,
                mean,
                low: least,
                high: greatest,
            }
        };
        Series {
            name: name.to_string(),
            points: (0..sweep.settings.len()).map(point).collect(),
            colour,
            look: Look::Line,
        }
    };
    // The authors' curves are over the same settings.
    let rings = |line: &Series, curve: Curve| Series {
        name: "published".to_string(),
        points: (0..)
            .zip(published::RETURNS[curve as usize])
            .map(|(k, mean)| Point {
                x: f64::from(k),
                mean,
                low: mean,
                high: mean,
            })
            .collect(),
        look: Look::Rings,
        ..*line
    };
    let panels = [
        ("self-play", &[(Curve::SelfPlay, name, 0)][..]),
        (
            "against its best response",
            &[(Curve::Response, "best response", 1), (Curve::Held, name, 0)],
        ),
        (
            "against a naive learner",
            &[(Curve::Naive, "naive learner", 2), (Curve::Shaper, name, 0)],
        ),
    ]
    .map(|(title, curves)| {
        let mut series = Vec::new();
        for &(curve, name, colour) in curves {
            let line = line(curve, name, colour);
            if learner == Swept::Meva {
                series.push(rings(&line, curve));
            }
            series.push(line);
        }
        (title, series)
    });
    let heights = panels
        .iter()
        .flat_map(|(_, series)| series)
        .flat_map(|series| &series.points);
    let least = heights.clone().map(|point| point.low).fold(-2.0, f64::min);
    let greatest = heights.map(|point| point.high).fold(-1.0, f64::max);
    let settings: Vec<String> = sweep.settings.iter().map(f64::to_string).collect();
    let symbol = match learner {
        Swept::Meva => "\u{3b3}",
        Swept::Lola => "\u{3b1}",
    };
    let band = match sweep.by_seed.len() {
        1 => String::new(),
        seeds => format!("range of {seeds} seeds"),
    };
    let panels = panels.map(|(title, series)| Panel {
        title: title.to_string(),
        x: Axis::categories(symbol, &settings),
        y: Axis::new("return per step", least - 0.1, greatest + 0.1),
        content: Content::Lines {
            series,
            band: band.clone(),
        },
        marks: Vec::new(),
    });
    Drawing {
        rows: vec![Row {
            label: name.to_string(),
            panels: panels.into(),
        }],
        panel_size: [230.0, 170.0],
    }
}

/// A panel of basins.
pub fn basins_panel(title: String, grid: Grid, cells: Vec<bool>) -> Panel {
    // Cells are centred on the grid's points.
    let reach = grid.range * (1.0 + 1.0 / (grid.side - 1) as f64);
    Panel {
        title,
        x: coordinate(0, reach),
        y: coordinate(1, reach),
        content: Content::Basins { side: grid.side, cells },
        marks: Vec::new(),
    }
}

/// A panel of trajectories.
pub fn trajectories_panel(title: String, paths: Vec<Vec<[f64; 2]>>, game: PlaneGame, cpu: Cpu) -> Panel {
    let marks = if game == PlaneGame::Logistic {
        marks(cpu)
    } else {
        Vec::new()
    };
    Panel {
        title,
        x: coordinate(0, 10.0),
        y: coordinate(1, 10.0),
        content: Content::Trajectories { paths },
        marks,
    }
}

fn coordinate(player: usize, range: f64) -> Axis {
    let ticks = Ticks::At(vec![-10.0, -5.0, 0.0, 5.0, 10.0]);
    let axis = Axis::new(format!("x_{}", player + 1), -range, range);
    if (10.0..11.0).contains(&range) {
        Axis { ticks, ..axis }
    } else {
        axis
    }
}

fn marks(cpu: Cpu) -> Vec<Mark> {
    let points = stable_fixed_points(cpu).into_iter().zip(["A", "B"]);
    points
        .map(|(at, label)| Mark {
            at,
            label: label.to_string(),
        })
        .collect()
}

/// Pixels per unit of the SVG.
const SCALE: f32 = 2.5;

/// Writes a figure of the paper as SVG and PNG.
pub(super) fn save_both(figure: &Drawing, directory: &Path, number: &str) -> Result<[PathBuf; 2]> {
    let files = ["svg", "png"].map(|extension| directory.join(format!("figure-{number}.{extension}")));
    files.iter().try_for_each(|path| save(figure, path))?;
    Ok(files)
}

/// Writes a figure as its file's extension says.
pub fn save(figure: &Drawing, path: &Path) -> Result<()> {
    let bytes = match path.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => figure.svg().into_bytes(),
        Some("png") => figure.png(SCALE).map_err(|error| Error::other(error.to_string()))?,
        _ => {
            return Err(Error::usage(format!("no format for `{}`", path.display()))
                .hint("name a file that ends in .svg or .png"));
        }
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| Error::io("create", parent, &error))?;
    }
    write_atomically(path, &bytes)
}
