//! `meva figure`: the figures of the paper.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::agents::model_title;
use super::trajectories::uniform_starts;
use super::{Outcome, print};
use crate::ascent::{Agent, Ascent, Precision};
use crate::config::Algorithm;
use crate::cpu::Cpu;
use crate::error::{Error, Result};
use crate::figure::{Axis, Content, Figure as Drawing, Mark, Panel, Row, Ticks};
use crate::game::PlaneGame;
use crate::learner::NamedLearner;
use crate::model::{AnyNetwork, Model};
use crate::plane::{Grid, basin, returns, stable_fixed_points};

/// Draw a figure of the paper as SVG and PNG.
#[derive(Debug, Args)]
pub struct Figure {
    /// 1: the game; 2a: trajectories; 2b: basins of attraction
    number: Number,
    /// With 2a and 2b: models to draw a row of each with, COLA or meta-value
    #[arg(long, num_args = 1.., value_name = "DIR")]
    model: Vec<PathBuf>,
    /// Where the files go
    #[arg(long, default_value = "figures", value_name = "DIR")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Number {
    #[value(name = "1")]
    One,
    #[value(name = "2a")]
    TwoA,
    #[value(name = "2b")]
    TwoB,
}

/// The settings of each panel of Figure 2, from left to right.
const ALPHAS: [f64; 5] = [0.0, 1.0, 5.0, 10.0, 20.0];
const COLA_ALPHAS: [f64; 5] = [0.0, 1.0, 2.0, 5.0, 10.0];
const GAMMAS: [f64; 5] = [0.0, 0.8, 0.9, 0.95, 0.99];
const STEPS: usize = 200;

impl Figure {
    pub(super) fn run(&self) -> Result<Outcome> {
        let cpu = Cpu::detect()?;
        let models = self
            .model
            .iter()
            .map(|path| Model::load(path))
            .collect::<Result<Vec<Model>>>()?;
        let name = match self.number {
            Number::One => "figure-1",
            Number::TwoA => "figure-2a",
            Number::TwoB => "figure-2b",
        };
        let figure = match self.number {
            Number::One => figure_1(cpu),
            Number::TwoA => {
                let starts = uniform_starts(40, 8.0, 0);
                figure_2(&models, 150.0, |title, agent, ascent| {
                    let paths = ascent.paths([agent; 2], &PlaneGame::Logistic, cpu, &starts);
                    let paths = paths
                        .iter()
                        .map(|path| path.iter().map(|[[a], [b]]| [*a, *b]).collect())
                        .collect();
                    trajectories_panel(title, paths, PlaneGame::Logistic, cpu)
                })?
            }
            Number::TwoB => figure_2(&models, 120.0, |title, agent, ascent| {
                let cells = basin(agent, &PlaneGame::Logistic, cpu, Grid::PUBLISHED, ascent);
                basins_panel(title, Grid::PUBLISHED, cells)
            })?,
        };
        if models.is_empty() && self.number != Number::One {
            eprintln!("note: name trained models with --model to add the rows of COLA and of meta-value learning");
        }
        let mut lines = String::new();
        for extension in ["svg", "png"] {
            let path = self.out.join(format!("{name}.{extension}"));
            save(&figure, &path)?;
            lines += &format!("{}\n", path.display());
        }
        print(&lines)?;
        Ok(Outcome::Done)
    }
}

/// Figure 1: both players' returns over the plane.
fn figure_1(cpu: Cpu) -> Drawing {
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

/// The rows of Figure 2: LOLA, HOLA2, and one for each model.
fn figure_2(models: &[Model], size: f64, panel: impl Fn(String, Agent<1>, Ascent) -> Panel) -> Result<Drawing> {
    let mut rows = Vec::new();
    for learner in [NamedLearner::Lola, NamedLearner::Hola2] {
        let panels = ALPHAS.map(|alpha| {
            let ascent = Ascent {
                rate: 1.0,
                steps: STEPS,
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
        let AnyNetwork::Plane(network) = &model.network else {
            return Err(Error::usage("the model was trained for another game than the Logistic Game").at("--model"));
        };
        let (label, settings) = match model.config.algorithm {
            Algorithm::Cola => ("COLA", COLA_ALPHAS),
            Algorithm::Meva => ("MeVa", GAMMAS),
        };
        let panels = settings.map(|setting| {
            let ascent = Ascent {
                rate: model.config.alpha,
                steps: STEPS,
                precision: Precision::F32,
            };
            panel(
                model_title(model, [setting; 2]),
                model.agent(&**network, [setting; 2]),
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
    let ticks = Ticks::At([-10.0, -5.0, 0.0, 5.0, 10.0].map(|at| (at, at.to_string())).to_vec());
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
    fs::write(path, bytes).map_err(|error| Error::io("write", path, &error))
}
