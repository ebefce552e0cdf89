//! The contents of the paper's figures as plain data: computed here, drawn by the module `drawing`.

use meva_core::choice;
use meva_core::game::PlaneGame;
use meva_core::learner::LearnerName;

use crate::cpu::Cpu;
use crate::draws::Start;
use crate::error::{Error, Result};
use crate::follow::calibration::Calibration;
use crate::follow::fixed_points::Kind;
use crate::follow::plane::{Grid, ascent, basin, returns, stable_fixed_points, trajectories};
use crate::follow::play::Spread;
use crate::follow::reciprocity::{Curve, Sweep};
use crate::follow::starts::starts;
use crate::follow::{Agent, Ascent, Learner};
use crate::model::Model;
use crate::paper::published;

/// A figure of the paper, by its number.
///
/// ```
/// use meva::paper::figures::Number;
/// assert_eq!("2a".parse(), Ok(Number::TwoA));
/// assert_eq!(Number::ThreeB.to_string(), "3b");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// The Logistic Game.
    One,
    /// Trajectories in the Logistic Game.
    TwoA,
    /// Basins of attraction in the Logistic Game.
    TwoB,
    /// Meta-value learners in the iterated prisoner's dilemma.
    ThreeA,
    /// LOLA in the iterated prisoner's dilemma.
    ThreeB,
}

choice! { Number, "figure":
    One = "1",
    TwoA = "2a",
    TwoB = "2b",
    ThreeA = "3a",
    ThreeB = "3b",
}

/// Rows of panels.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// From top to bottom.
    pub rows: Vec<Row>,
    /// Width and height of a panel's frame, in units of 1/96 inch.
    pub panel_size: [f64; 2],
}

impl Figure {
    /// A single row without a label, of square panels.
    pub fn of(panels: Vec<Panel>, side: f64) -> Self {
        let label = String::new();
        Figure {
            rows: vec![Row { label, panels }],
            panel_size: [side; 2],
        }
    }
}

/// Panels side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What its panels have in common; may be empty.
    pub label: String,
    /// From left to right.
    pub panels: Vec<Panel>,
}

/// One frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// The title above the frame.
    pub title: String,
    /// What it shows.
    pub content: Content,
}

/// What a panel shows. Where a game has stable fixed points, they are A and B, in this order.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// A player's return over the plane of joint policies.
    Returns {
        /// Where it was evaluated.
        grid: Grid,
        /// As [`Grid::points`].
        values: Vec<f64>,
        /// The points to mark.
        fixed_points: Option<[[f64; 2]; 2]>,
    },
    /// Paths over the plane.
    Trajectories {
        /// By start and step.
        paths: Vec<Vec<[f64; 2]>>,
        /// The points to mark.
        fixed_points: Option<[[f64; 2]; 2]>,
    },
    /// Which points of the plane lead to B.
    Basins {
        /// Where agents started.
        grid: Grid,
        /// As [`Grid::points`].
        cells: Vec<bool>,
    },
    /// A field over the plane, with its fixed points.
    Field {
        /// The largest coordinate.
        range: f64,
        /// Points with the directions there.
        arrows: Vec<([f64; 2], [f64; 2])>,
        /// Fixed points with their kinds.
        points: Vec<([f64; 2], Kind)>,
    },
    /// Numbers for pairs of players, as colours.
    Heat {
        /// The players, of rows from top to bottom and of columns from left to right.
        names: Vec<String>,
        /// By row and column; what is not finite is missing.
        values: Vec<Vec<f64>>,
    },
    /// Numbers against what they should be, with the diagonal on which they would be.
    Agreement {
        /// What the axes show, the horizontal one first.
        axes: [&'static str; 2],
        /// The ends of both axes.
        range: [f64; 2],
        /// Points with the names of those that they belong to.
        series: Vec<(String, Vec<[f64; 2]>)>,
        /// Whether the points of a series form a line.
        joined: bool,
    },
    /// Returns over a learner's setting.
    Curves {
        /// The setting's symbol.
        symbol: &'static str,
        /// The settings, categories from left to right.
        settings: Vec<f64>,
        /// The curves.
        lines: Vec<Line>,
        /// How many seeds the ranges of the curves cover.
        seeds: usize,
    },
}

/// A curve of mean returns per step, with the published values.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Whose return.
    pub name: String,
    /// Lines of the same colour belong together.
    pub colour: usize,
    /// At each setting, over the seeds.
    pub returns: Vec<Spread>,
    /// The published means at each setting; empty if there are none.
    pub published: Vec<f64>,
}

/// The settings of each panel of Figure 2, from left to right.
const ALPHAS: [f64; 5] = [0.0, 1.0, 5.0, 10.0, 20.0];
const COLA_ALPHAS: [f64; 5] = [0.0, 1.0, 2.0, 5.0, 10.0];
const GAMMAS: [f64; 5] = [0.0, 0.8, 0.9, 0.95, 0.99];
/// Steps that agents take in Figure 2.
pub const STEPS: usize = 200;

/// Figure 1: both players' returns over the plane of the Logistic Game.
pub fn figure_1(cpu: Cpu) -> Figure {
    let grid = Grid { side: 161, range: 10.0 };
    let fixed_points = Some(stable_fixed_points(cpu));
    let panel = |player: usize| Panel {
        title: format!("f_{}(x)", player + 1),
        content: Content::Returns {
            grid,
            values: returns(&PlaneGame::Logistic, grid, player),
            fixed_points,
        },
    };
    Figure::of(vec![panel(0), panel(1)], 220.0)
}

/// Figure 2a: where learners of the Logistic Game go from 40 random starts. LOLA, HOLA2 and each model have a row; in the
/// paper they take [`STEPS`] steps.
///
/// # Errors
/// As [`on_the_logistic_game`].
pub fn figure_2a(models: &[&Model], cpu: Cpu, steps: usize) -> Result<Figure> {
    let starts = starts(40, Start::Uniform(8.0), 0);
    let fixed_points = Some(stable_fixed_points(cpu));
    figure_2(models, 150.0, steps, |agents, ascent| Content::Trajectories {
        paths: trajectories(agents, &PlaneGame::Logistic, cpu, &starts, ascent),
        fixed_points,
    })
}

/// Figure 2b: which starts lead to B, in the rows of [`figure_2a`].
///
/// # Errors
/// As [`on_the_logistic_game`].
pub fn figure_2b(models: &[&Model], cpu: Cpu, steps: usize) -> Result<Figure> {
    let grid = Grid::PUBLISHED;
    figure_2(models, 120.0, steps, |agents, ascent| Content::Basins {
        grid,
        cells: basin(agents, &PlaneGame::Logistic, cpu, grid, ascent).cells,
    })
}

/// A row of panels for LOLA, HOLA2 and each model.
fn figure_2(
    models: &[&Model],
    side: f64,
    steps: usize,
    content: impl Fn([Agent<1>; 2], Ascent) -> Content,
) -> Result<Figure> {
    let row = |learner: Learner, settings: [f64; 5], model: Option<&Model>| {
        let panel = |setting| {
            let learner = learner.with(setting);
            Ok(Panel {
                title: learner.title(),
                content: content(Agent::both(learner, model)?, ascent(model, steps)),
            })
        };
        Ok(Row {
            label: learner.label().to_string(),
            panels: settings.into_iter().map(panel).collect::<Result<_>>()?,
        })
    };
    let formulas = [LearnerName::Lola, LearnerName::Hola2].map(|name| {
        let learner = Learner::Formula { name, alpha: 0.0 };
        row(learner, ALPHAS, None)
    });
    let trained = models.iter().map(|model| {
        on_the_logistic_game(model)?;
        let learner = Learner::of(model, 0.0);
        let settings = if let Learner::Cola { .. } = learner {
            COLA_ALPHAS
        } else {
            GAMMAS
        };
        row(learner, settings, Some(model))
    });
    Ok(Figure {
        rows: formulas.into_iter().chain(trained).collect::<Result<_>>()?,
        panel_size: [side; 2],
    })
}

/// Checks that a model can have a row in Figure 2.
///
/// # Errors
/// The model was trained for a game other than the Logistic Game.
pub fn on_the_logistic_game(model: &Model) -> Result<()> {
    match model.game() {
        Some(PlaneGame::Logistic) => Ok(()),
        _ => Err(Error::usage(format!(
            "the model was trained for another game than the Logistic Game, `{}`",
            model.config().game.name()
        ))),
    }
}

/// Figure 3a or 3b: mean returns in the iterated prisoner's dilemma over a learner's setting, in self-play, against a best
/// response that was learned, against an exact one, and against a naive learner. Meta-value learners are shown with the results of the authors' first version.
pub fn figure_3(sweep: &Sweep) -> Figure {
    let learner = sweep.learners.first().copied().unwrap_or(Learner::NAIVE);
    let (name, settings) = (learner.label(), sweep.settings());
    let has_published = matches!(learner, Learner::MetaValue { .. });
    let line = |&(curve, name, colour): &(Curve, &str, usize)| Line {
        name: name.to_string(),
        colour,
        returns: (0..settings.len())
            .map(|k| Spread::of(&sweep.returns(curve, k)))
            .collect(),
        published: published::RETURNS
            .get(curve as usize)
            .filter(|_| has_published)
            .map_or_else(Vec::new, |curve| curve.to_vec()),
    };
    let panels = [
        ("self-play", &[(Curve::SelfPlay, name, 0)][..]),
        (
            "against its best response",
            &[(Curve::Response, "best response", 1), (Curve::Held, name, 0)],
        ),
        (
            "against an exact best response",
            &[
                (Curve::ExactResponse, "exact response", 1),
                (Curve::HeldExactly, name, 0),
            ],
        ),
        (
            "against a naive learner",
            &[(Curve::Naive, "naive learner", 2), (Curve::Shaper, name, 0)],
        ),
    ]
    .map(|(title, curves)| Panel {
        title: title.to_string(),
        content: Content::Curves {
            symbol: learner.symbol(),
            settings: settings.clone(),
            lines: curves.iter().map(line).collect(),
            seeds: sweep.by_seed.len(),
        },
    });
    Figure {
        rows: vec![Row {
            label: name.to_string(),
            panels: panels.into(),
        }],
        panel_size: [230.0, 170.0],
    }
}

/// What meta-values predict against what comes, for named models at the same discounts: a column for each discount, with what came over
/// what was predicted, and below it the share of outcomes under each quantile.
pub fn calibrations(models: &[(String, Vec<Calibration>)]) -> Figure {
    let gammas: Vec<f64> = models
        .first()
        .map_or_else(Vec::new, |(_, each)| each.iter().map(|at| at.gamma).collect());
    let panel = |k: usize, content: Content| Panel {
        title: format!("\u{3b3} = {}", gammas[k]),
        content,
    };
    let series = |k: usize, points: &dyn Fn(&Calibration) -> Vec<[f64; 2]>| {
        let of = |(name, each): &(String, Vec<Calibration>)| (name.clone(), points(&each[k]));
        models.iter().map(of).collect::<Vec<_>>()
    };
    let outcomes = |k: usize| {
        let series = series(k, &|at| pairs(&at.predicted, &at.realised));
        let all = || series.iter().flat_map(|(_, points)| points.iter().flatten().copied());
        let (low, high) = (
            all().fold(f64::INFINITY, f64::min),
            all().fold(f64::NEG_INFINITY, f64::max),
        );
        let margin = 0.04 * (high - low) + 1e-6;
        let content = Content::Agreement {
            axes: ["predicted", "realised"],
            range: [low - margin, high + margin],
            series,
            joined: false,
        };
        panel(k, content)
    };
    let coverage = |k: usize| {
        let content = Content::Agreement {
            axes: ["level of the quantile", "share of outcomes below"],
            range: [0.0, 1.0],
            series: series(k, &|at| pairs(&at.levels(), &at.coverage)),
            joined: true,
        };
        panel(k, content)
    };
    let row = |label: &str, panel: &dyn Fn(usize) -> Panel| Row {
        label: label.to_string(),
        panels: (0..gammas.len()).map(panel).collect(),
    };
    Figure {
        rows: vec![row("meta-value", &outcomes), row("quantiles", &coverage)],
        panel_size: [170.0; 2],
    }
}

fn pairs(x: &[f64], y: &[f64]) -> Vec<[f64; 2]> {
    x.iter().zip(y).map(|(x, y)| [*x, *y]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::follow::reciprocity::{lola_learners, meta_value_learners};

    #[test]
    fn learners_have_rows_of_their_own_settings() {
        let figure = figure_2a(&[], Cpu::detect().unwrap(), 2).unwrap();
        let labels: Vec<&str> = figure.rows.iter().map(|row| row.label.as_str()).collect();
        assert_eq!(labels, ["LOLA", "HOLA2"]);
        let titles: Vec<&str> = figure.rows[1].panels.iter().map(|panel| panel.title.as_str()).collect();
        assert_eq!(titles[0], "HOLA2, \u{3b1} = 0");
        assert_eq!(titles[4], "HOLA2, \u{3b1} = 20");
        for panel in figure.rows.iter().flat_map(|row| &row.panels) {
            let Content::Trajectories { paths, fixed_points } = &panel.content else {
                panic!("{panel:?}");
            };
            assert!(paths.len() == 40 && paths.iter().all(|path| path.len() == 3));
            assert!(fixed_points.is_some());
        }
    }

    /// Only meta-value learners are shown with published curves; the ranges are those of the seeds.
    #[test]
    fn curves_are_over_the_settings_and_seeds() {
        for (learners, published) in [(meta_value_learners(), 9), (lola_learners(), 0)] {
            let sweep = Sweep {
                by_seed: [-1.5, -1.0].map(|at| vec![[at; 7]; learners.len()]).into(),
                learners,
            };
            let figure = figure_3(&sweep);
            assert_eq!(figure.rows[0].panels.len(), 4);
            for (k, panel) in figure.rows[0].panels.iter().enumerate() {
                let Content::Curves {
                    settings, lines, seeds, ..
                } = &panel.content
                else {
                    panic!("{panel:?}");
                };
                assert_eq!((settings.len(), *seeds), (sweep.learners.len(), 2));
                for line in lines {
                    // Exact responses were not published.
                    assert_eq!(line.published.len(), if k == 2 { 0 } else { published });
                    let Spread { mean, least, greatest } = line.returns[3];
                    assert_eq!([mean, least, greatest], [-1.25, -1.5, -1.0]);
                }
            }
        }
    }
}
