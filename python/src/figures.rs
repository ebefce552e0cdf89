//! Figures: drawn as SVG where a notebook shows them, and saved as SVG or PNG.

use std::path::PathBuf;

use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use meva::Error;
use meva::cpu::Cpu;
use meva::follow::calibration::Calibration;
use meva::follow::plane::{Grid, stable_fixed_points};
use meva::follow::reciprocity::{self, Protocol, Sweep, lola_learners, meta_value_learners};
use meva::paper::drawing;
use meva::paper::figures::{self, Content, Number, Panel, STEPS, calibrations, figure_1, figure_2a, figure_2b, figure_3};

use crate::arrays::Array;
use crate::error::OrRaise;
use crate::model::Model;
use crate::run::compute;

/// A figure, which notebooks show.
#[pyclass(frozen, module = "meva")]
pub struct Figure(figures::Figure);

fn single(title: String, content: Content, side: f64) -> Figure {
    Figure(figures::Figure::of(vec![Panel { title, content }], side))
}

#[pymethods]
impl Figure {
    /// Which points of a grid lead to B, the positive quadrant.
    #[staticmethod]
    fn basins(title: String, range: f64, side: usize, cells: PyReadonlyArray1<bool>) -> PyResult<Self> {
        let cells = cells.as_slice()?.to_vec();
        Ok(single(
            title,
            Content::Basins {
                grid: Grid { side, range },
                cells,
            },
            240.0,
        ))
    }

    /// Paths over the plane, `[paths, steps, 2]`, with A and B where they are those of the Logistic Game.
    #[staticmethod]
    fn trajectories(title: String, paths: &Bound<PyAny>, is_logistic: bool) -> PyResult<Self> {
        let py = paths.py();
        let array = Array::read(paths, "paths")?;
        let &[_, steps, 2] = &array.shape[..] else {
            return Err(
                Error::usage(format!("paths of shape {:?} are not on a plane", array.shape))
                    .hint("only games of one parameter per policy have trajectories to draw"),
            )
            .or_raise(py);
        };
        let points = array.wide();
        let paths = points
            .chunks_exact(2 * steps)
            .map(|path| path.as_chunks::<2>().0.to_vec())
            .collect();
        let fixed_points = compute(py, || Ok(is_logistic.then_some(stable_fixed_points(Cpu::detect()?))))?;
        Ok(single(title, Content::Trajectories { paths, fixed_points }, 240.0))
    }

    /// Numbers for pairs of players.
    #[staticmethod]
    fn heat(title: String, names: Vec<String>, values: Vec<Vec<f64>>) -> Self {
        let side = 44.0 * names.len().max(3) as f64;
        single(title, Content::Heat { names, values }, side)
    }

    /// What a meta-value predicts against what comes, `[pairs, 2]` each, and the share of outcomes below each quantile.
    #[staticmethod]
    fn calibration(
        name: String,
        gamma: f64,
        predicted: PyReadonlyArray2<f64>,
        realised: PyReadonlyArray2<f64>,
        coverage: PyReadonlyArray1<f64>,
    ) -> PyResult<Self> {
        let at = Calibration {
            gamma,
            steps: 0,
            predicted: predicted.as_slice()?.to_vec(),
            realised: realised.as_slice()?.to_vec(),
            coverage: coverage.as_slice()?.to_vec(),
            diverged: 0,
        };
        Ok(Figure(calibrations(&[(name, vec![at])])))
    }

    /// The figure as an SVG document.
    fn svg(&self, py: Python) -> PyResult<String> {
        compute(py, || Ok(drawing::svg(&self.0)))
    }

    fn _repr_svg_(&self, py: Python) -> PyResult<String> {
        self.svg(py)
    }

    /// Writes it as the path's extension says: `.svg` or `.png`.
    fn save(&self, py: Python, path: PathBuf) -> PyResult<()> {
        compute(py, || drawing::save(&self.0, &path))
    }
}

/// A figure of the paper: `1`, `2a` and `2b` with models of the Logistic Game, `3a` with meta-values of the iterated
/// prisoner's dilemma, `3b`.
#[pyfunction]
pub fn figure(
    py: Python,
    number: &str,
    models: Vec<Bound<Model>>,
    seeds: u64,
    pairs: usize,
    steps: usize,
) -> PyResult<Figure> {
    let models: Vec<Model> = models.iter().map(|model| model.get().clone()).collect();
    compute(py, || {
        let number: Number = number.parse()?;
        let cpu = Cpu::detect()?;
        let models: Vec<&meva::Model> = models.iter().map(|model| &model.0.model).collect();
        let protocol = Protocol {
            pairs,
            steps,
            response_steps: steps,
        };
        let figure = match number {
            Number::One => figure_1(cpu),
            Number::TwoA => figure_2a(&models, cpu, STEPS)?,
            Number::TwoB => figure_2b(&models, cpu, STEPS)?,
            Number::ThreeA => {
                if models.is_empty() {
                    return Err(Error::usage("figure 3a needs trained models")
                        .hint("train some: meva.train(\"ipd\", seeds=range(8))"));
                }
                models.iter().try_for_each(|model| reciprocity::check(model))?;
                figure_3(&sweep(
                    cpu,
                    meta_value_learners(),
                    &models.into_iter().map(Some).collect::<Vec<_>>(),
                    protocol,
                )?)
            }
            Number::ThreeB => figure_3(&sweep(cpu, lola_learners(), &vec![None; seeds as usize], protocol)?),
        };
        Ok(Figure(figure))
    })
}

/// The returns of learners with each of these models, from starts of a seed of their own.
fn sweep(
    cpu: Cpu,
    learners: Vec<meva::follow::Learner>,
    models: &[Option<&meva::Model>],
    protocol: Protocol,
) -> meva::Result<Sweep> {
    let by_seed = (0..).zip(models).map(|(seed, model)| {
        let returns = |learner: &meva::follow::Learner| reciprocity::returns(cpu, *learner, *model, protocol, seed);
        learners.iter().map(returns).collect()
    });
    Ok(Sweep {
        by_seed: by_seed.collect::<meva::Result<_>>()?,
        learners,
    })
}
